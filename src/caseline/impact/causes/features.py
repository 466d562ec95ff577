"""What speaks for a signature as the cause of a ticket: numbers, one row each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.impact.lift import LiftSettings, with_lift
from caseline.impact.surroundings import mean_severity
from caseline.text import Likeness, concepts, grams

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_DAY_HOURS = 24.0
_INFO, _STEP = 9.0, 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Which time around a ticket is compared with which past.

    Args:
        opened_at: When the ticket was opened.
        spans: Hours before and after the opening, each a stretch that is tried.
        covered_days: Days of the past with logs, above 0.
        logged: From when to when there are logs, in hours from the opening: what nobody
            could see is not missing.
        step_hours: Length of what the column ``hour`` counts.
    """

    opened_at: datetime
    spans: Sequence[tuple[float, float]]
    covered_days: float
    logged: tuple[float, float] = (-math.inf, math.inf)
    step_hours: float = 1.0

    def share(self, before: float, after: float) -> float:
        """Return the length of the part with logs of a span, relative to the past."""
        length = min(after, self.logged[1]) - max(-before, self.logged[0])
        return max(length, self.step_hours) / _DAY_HOURS / self.covered_days


def own_features(
    hours: pl.DataFrame, past: pl.DataFrame, *, around: Around, settings: LiftSettings
) -> pl.DataFrame:
    """Return signature_id, seen, expected, surprise, missing, lift, novel_here, usual_severity.

    Several spans around the opening are tried, from hours to days; the most surprising
    counts, corrected for their number. Both tails count: ``surprise`` is of more lines
    than usual, ``missing`` of fewer.

    Args:
        hours: signature_id, hour, seen: the window.
        past: signature_id, before, usual_severity: what is usual.
        around: What is compared with what.
        settings: Of the lift.
    """
    ids = pl.concat([hours["signature_id"], past["signature_id"]]).unique().sort()
    told = pl.DataFrame({"signature_id": ids}).join(past, on="signature_id", how="left")
    told = told.with_columns(pl.col("before").fill_null(0.0))
    away = (pl.col("hour") - around.opened_at).dt.total_seconds() / 3600
    best = None
    for before, after in around.spans:
        inside = hours.filter(away > -before - around.step_hours, away < after)
        seen = inside.group_by("signature_id").agg(pl.col("seen").sum())
        counts = told.join(seen, on="signature_id", how="left").with_columns(
            pl.col("seen").fill_null(0.0)
        )
        lifted = with_lift(counts, share=around.share(before, after), settings=settings)
        best = lifted if best is None else _more_surprising(best, lifted)
    assert best is not None  # noqa: S101 - spans is not empty
    correction = math.log10(len(around.spans))
    return best.with_columns(
        (-pl.col("p_more").log10() - correction).clip(0, 12).alias("surprise"),
        (-pl.col("p_less").log10() - correction).clip(0, 6).alias("missing"),
        pl.col("lift").log(2).clip(-3, 8).alias("lift"),
        ((pl.col("before") == 0) & (pl.col("seen") > 0)).cast(pl.Float64).alias("novel_here"),
    )


def _more_surprising(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Return row by row the counts with the smaller tail, and the smaller of each tail."""
    tails = ("p_more", "p_less")
    likely = [frame.select(pl.min_horizontal(tails)).to_series() for frame in (one, other)]
    better = (likely[1] < likely[0]).to_numpy()
    columns = [
        pl.Series(name, np.where(better, other[name].to_numpy(), one[name].to_numpy()))
        for name in ("seen", "expected", "lift")
    ]
    columns += [
        pl.Series(name, np.minimum(one[name].to_numpy(), other[name].to_numpy())) for name in tails
    ]
    return one.with_columns(*columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetCounts:
    """What the whole fleet shows of some signatures.

    Args:
        texts: signature_id, template, kind, first_seen.
        near: signature_id, events, units: in the window.
        past: signature_id, events, units: in the past.
        customers: Of the fleet.
        share: Length of the window relative to the past.
    """

    texts: pl.DataFrame
    near: pl.DataFrame
    past: pl.DataFrame
    customers: int
    share: float


def fleet_features(own: pl.DataFrame, fleet: FleetCounts, *, usual: float) -> pl.DataFrame:
    """Add template, kind, first_seen, units, rarity, fleet_lift, elsewhere, trace.

    ``rarity`` is how few customers have the signature at all, ``fleet_lift`` how much
    more of it this customer has than the mean of the others, ``elsewhere`` how much
    more of it the fleet has than usual.
    """
    past = fleet.past.select(
        "signature_id",
        pl.col("events").alias("fleet_before"),
        pl.col("units").alias("units_before"),
    )
    near = fleet.near.rename({"events": "fleet_events"})
    texts = fleet.texts.select("signature_id", "template", "kind", "first_seen")
    counts = ("fleet_events", "units", "fleet_before", "units_before")
    customers = max(2, fleet.customers)
    held_by = pl.max_horizontal("units", "units_before")
    others = (pl.col("fleet_events") - pl.col("seen")).clip(0) / (customers - 1)
    more = (pl.col("fleet_events") + 1) / (pl.col("fleet_before") * fleet.share + 1)
    joined = own
    for table in (texts, near, past):
        joined = joined.join(table, on="signature_id", how="left")
    return joined.with_columns(pl.col(counts).fill_null(0)).with_columns(
        (-((held_by + 1) / (customers + 1)).log10()).clip(0, 3).alias("rarity"),
        ((pl.col("seen") + usual) / (others + usual)).log(2).clip(-3, 8).alias("fleet_lift"),
        more.log(2).clip(-3, 6).alias("elsewhere"),
        (pl.col("kind") == "trace").fill_null(value=False).cast(pl.Float64).alias("trace"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSettings:
    """How fast what is long ago counts less, and what is new or silent: see ``[window]``."""

    recency_hours: float
    onset_hours: float
    novel_days: int
    stopped_from: float


def time_features(
    frame: pl.DataFrame,
    hours: pl.DataFrame,
    *,
    opened_at: datetime,
    settings: TimeSettings,
) -> pl.DataFrame:
    """Add recency, onset, stopped, novel_fleet and severity.

    ``recency`` falls with the time from the last event to the opening, ``onset`` with
    that from the first one in the window; ``stopped`` is the same of a silence: 1 where
    a line that is missing was last seen just before the opening. ``severity`` is 0 for
    INFO, 1 for ERROR.
    """
    times = (
        hours.filter(pl.col("first_at") <= opened_at)
        .group_by("signature_id")
        .agg(pl.col("last_at").max(), pl.col("first_at").min())
    )
    graded = hours.group_by("signature_id").agg(mean_severity().alias("severity"))
    last, first = ((opened_at - pl.col(c)).dt.total_seconds() / 3600 for c in _TIMES)
    young = pl.col("first_seen") >= opened_at - timedelta(days=settings.novel_days)
    silent = pl.col("missing") >= settings.stopped_from
    severity = pl.coalesce("severity", "usual_severity").fill_null(_INFO)
    return (
        frame.join(times, on="signature_id", how="left")
        .join(graded, on="signature_id", how="left")
        .with_columns(
            (-last.clip(0) / settings.recency_hours).exp().fill_null(0.0).alias("recency"),
            (-first.clip(0) / settings.onset_hours).exp().fill_null(0.0).alias("onset"),
            pl.when(silent)
            .then((-last.clip(0) / settings.onset_hours).exp())
            .otherwise(0.0)
            .fill_null(0.0)
            .alias("stopped"),
            young.fill_null(value=False).cast(pl.Float64).alias("novel_fleet"),
            ((severity - _INFO) / _STEP).clip(-0.5, 1.5).alias("severity"),
        )
    )


_TIMES = ("last_at", "first_at")


def text_features(frame: pl.DataFrame, text: str, *, usual: Sequence[str]) -> pl.DataFrame:
    """Add words, grams, concepts, quoted: how alike the ticket's *text* and each template are.

    Args:
        frame: With the column template.
        text: What the ticket says.
        usual: What other tickets say: words that all of them use weigh little.
    """
    templates = frame["template"].fill_null("").to_list()
    by_words = Likeness(templates, usual=usual)
    by_grams = Likeness(templates, usual=usual, features=grams)
    by_concepts = Likeness(templates, usual=usual, features=concepts)
    return frame.with_columns(
        pl.Series("words", by_words.to(text)),
        pl.Series("grams", by_grams.to(text)),
        pl.Series("concepts", by_concepts.to(text)),
        pl.Series("quoted", by_words.covered_by(text)),
    )
