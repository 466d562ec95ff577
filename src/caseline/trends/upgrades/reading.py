"""What versions are judged by: who was observed, what was seen, what ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.estimation.exposure import other_stages
from caseline.trends.running import read_observed
from caseline.trends.upgrades.designs import Hits, Units
from caseline.trends.upgrades.states import parts_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from caseline.estimation.observed import Observed
    from caseline.protocols import Engine
    from caseline.records.windows import Window
    from caseline.store.kinship import Kin
    from caseline.trends.upgrades.settings import UpgradeSettings
    from caseline.trends.upgrades.states import Part

_SPAN = ("environment_id", "component", "value", "kind", "valid_from", "valid_to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What versions are judged by.

    Args:
        units: The customers' places.
        hits: Customer-days with signatures.
        parts: What ran where.
        signatures: The names of the signatures that *hits* numbers.
        first_day: Of all grids; None if nothing was observed.
        left_out: How many days were left out as late, or incomplete.
    """

    units: Units
    hits: Hits
    parts: list[Part]
    signatures: list[str]
    first_day: date | None
    left_out: int


def read_watched(  # noqa: PLR0913 - the parts of the question
    engine: Engine,
    signature_ids: Sequence[str] | None,
    *,
    window: Window | None,
    kin: Kin,
    reported: pl.DataFrame | None,
    now: datetime,
    as_of: datetime | None,
    settings: UpgradeSettings,
) -> Watched:
    """Return what is known of *signature_ids* (None: all) and of what ran.

    The day of *now* is not over and is left out, as are days that *reported* (day,
    reported) says are not nearly complete.
    """
    observed = read_observed(engine, window, as_of)
    days = observed.bits.shape[1]
    at = np.arange(days)
    usable = at + observed.first_day.toordinal() < now.date().toordinal()
    if reported is not None:
        poor = reported.filter(pl.col("reported") < settings.complete)["day"]
        usable &= ~np.isin(at + observed.first_day.toordinal(), [d.toordinal() for d in poor])
    scoped = engine.scope is not None
    units, names, environments = _units(observed, usable, nobody=not scoped)
    asked = None if signature_ids is None else sorted({kin.head(s) for s in signature_ids})
    last = observed.first_day.toordinal() + days
    found = engine.ask(
        "hit_days",
        as_of=as_of,
        first_day=observed.first_day,
        last_day=type(observed.first_day).fromordinal(last),
        other_stages=list(other_stages()),
        every=asked is None,
        signature_ids=asked or [],
        **kin.lists(),
    )
    hits, signatures = _hits(found, units, names, observed.first_day)
    spans = pl.concat(
        [
            engine.ask("fleet_spans", as_of=as_of).select(_SPAN),
            _spans_of_changes(engine, observed.pairs, as_of),
        ],
        how="vertical_relaxed",
    )
    parts = parts_of(spans, environments, observed.first_day, days, concurrent=settings.concurrent)
    return Watched(
        units=units, hits=hits, parts=parts, signatures=signatures,
        first_day=observed.first_day if days else None, left_out=int((~usable).sum()),
    )  # fmt: skip


def _units(
    observed: Observed, usable: np.ndarray, *, nobody: bool
) -> tuple[Units, pl.DataFrame, list[str]]:
    """Return the units, their names with numbers, and the environments in order.

    What names nobody in an environment of several customers is a unit of its own.
    """
    pairs = observed.pairs.with_columns(pl.Series("row", np.arange(observed.pairs.height)))
    if nobody:
        several = pairs.group_by("environment_id").agg(pl.len(), pl.col("row").first())
        lone = several.filter(pl.col("len") > 1).select(
            pl.lit(None, dtype=pl.String).alias("customer_id"), "environment_id", "row"
        )
        pairs = pl.concat([pairs, lone.select(pairs.columns)])
    pairs = pairs.sort("environment_id", "customer_id", nulls_last=True)
    environments = pairs["environment_id"].unique().sort().to_list()
    place = pairs["environment_id"].rank("dense").cast(pl.Int64).to_numpy() - 1
    customer = pairs["customer_id"].rank("dense").fill_null(0).cast(pl.Int64).to_numpy() - 1
    bits = observed.bits[pairs["row"].to_numpy()] & usable
    shared = pairs["customer_id"].is_null().to_numpy()
    if shared.any():
        everyone = np.zeros((len(environments), bits.shape[1]), dtype=bool)
        np.logical_or.at(everyone, place, bits)
        bits[shared] = everyone[place[shared]]
    names = pairs.select("customer_id", "environment_id").with_columns(
        pl.Series("unit", np.arange(pairs.height))
    )
    return Units(customer=customer, place=place, observed=bits), names, environments


def _hits(
    found: pl.DataFrame, units: Units, names: pl.DataFrame, first_day: date
) -> tuple[Hits, list[str]]:
    """Return the hits on observed days, and the names of their signatures."""
    signatures = found["signature_id"].unique().sort()
    alone = names.filter(pl.len().over("environment_id") == 1)
    owned = found.join(
        alone.select("environment_id", pl.col("customer_id").alias("lone")),
        on="environment_id",
        how="left",
    ).with_columns(pl.coalesce("customer_id", "lone"))
    placed = (
        owned.join(names, on=["customer_id", "environment_id"], nulls_equal=True)
        .join(
            pl.DataFrame({"signature_id": signatures, "number": np.arange(len(signatures))}),
            on="signature_id",
        )
        .with_columns(
            (pl.col("day").cast(pl.Date) - pl.lit(first_day)).dt.total_days().alias("column")
        )
        .group_by("number", "unit", "column")
        .agg(pl.col("events").sum())
        .sort("number", "unit", "column")
    )
    number, unit, day, events = (
        placed[name].cast(pl.Int64).to_numpy() for name in ("number", "unit", "column", "events")
    )
    kept = units.observed[unit, day]
    hits = Hits(
        signature=number[kept], unit=unit[kept], day=day[kept], events=events[kept],
        signatures=len(signatures),
    )  # fmt: skip
    return hits, signatures.to_list()


def _spans_of_changes(engine: Engine, pairs: pl.DataFrame, as_of: datetime | None) -> pl.DataFrame:
    """Return changes that no span tells of as spans: from their start on, where they name."""
    changes = engine.ask("fleet_changes", as_of=as_of)
    known = engine.ask("fleet_spans", as_of=as_of).select("component", "value").unique()
    rest = changes.filter(
        pl.col("component").is_not_null()
        & pl.col("value").is_not_null()
        & pl.coalesce("starts_at", "ends_at").is_not_null()
    ).join(known, on=["component", "value"], how="anti")
    named = rest.with_columns(
        pl.col("scope").str.split(",").list.eval(pl.element().str.strip_chars()).alias("name")
    ).explode("name", empty_as_null=True, keep_nulls=True)
    ids = pl.concat(
        [
            pairs.select("environment_id", pl.col("environment_id").alias("name")),
            pairs.select("environment_id", pl.col("customer_id").alias("name")),
        ]
    ).unique()
    end = pl.lit(None, dtype=pl.Datetime("us", "UTC"))
    return named.join(ids, on="name").select(
        "environment_id", "component", "value",
        pl.format("change: {}", pl.col("kind").fill_null("other")).alias("kind"),
        pl.coalesce("starts_at", "ends_at").cast(pl.Datetime("us", "UTC")).alias("valid_from"),
        end.alias("valid_to"),
    )  # fmt: skip
