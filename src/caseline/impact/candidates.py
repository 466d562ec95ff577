"""The signatures near a ticket, with what speaks for each of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.impact.complaints import Complaint, read_usual
from caseline.impact.features import (
    FEATURES,
    FleetCounts,
    fleet_features,
    own_features,
    text_features,
    time_features,
)
from caseline.impact.lift import lift_settings
from caseline.impact.settings import read_weights
from caseline.impact.surroundings import find_place, past_of, weighed
from caseline.records.windows import Window

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.protocols import Engine

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseSettings:
    """What ``weights/2026-11/causes.toml`` says."""

    before: timedelta
    after: timedelta
    spans: tuple[tuple[float, float], ...]
    recency_hours: float
    onset_hours: float
    novel_days: int
    usual_tickets: int
    weights: tuple[float, ...]
    bias: float
    likely_from: float
    none_from: float


@cache
def cause_settings() -> CauseSettings:
    """Return the weights that ship."""
    found = read_weights("causes")
    window = found["window"]
    return CauseSettings(
        before=timedelta(hours=window["before_hours"]),
        after=timedelta(hours=window["after_hours"]),
        spans=tuple((before, after) for before, after in window["spans"]),
        recency_hours=window["recency_hours"],
        onset_hours=window["onset_hours"],
        novel_days=window["novel_days"],
        usual_tickets=window["usual_tickets"],
        weights=tuple(found["weights"][name] for name in FEATURES),
        bias=found["none"]["bias"],
        **found["verdict"],
    )


def window_around(opened_at: datetime, *, now: datetime, settings: CauseSettings) -> Window:
    """Return the whole hours around the opening of a ticket, not beyond *now*."""
    start = (opened_at - settings.before).replace(minute=0, second=0, microsecond=0)
    end = max(opened_at + _HOUR, min(opened_at + settings.after, now))
    return Window(start=start, end=end)


def read_candidates(
    engine: Engine, complaint: Complaint, *, now: datetime, as_of: datetime | None
) -> tuple[pl.DataFrame, bool]:
    """Return the features of each signature near the ticket, and whether there are logs.

    Returns:
        signature_id, template, seen, expected, units and the columns of ``FEATURES``;
        and whether any log of the customer's places reaches into the window.
    """
    settings, lift = cause_settings(), lift_settings()
    opened = complaint.opened_at
    place = find_place(engine, complaint.customer_id, as_of=as_of)
    window = window_around(opened, now=now, settings=settings)
    where: dict[str, Any] = {"environments": place.environments}
    coverage = engine.ask("customer_coverage", window=window, as_of=as_of, **where)
    hours = weighed(
        engine.ask(
            "customer_hours", window=window, as_of=as_of, customer=place.customer_id, **where
        ),
        place,
    )
    past, covered = past_of(engine, place, until=window.start, as_of=as_of, days=lift.baseline_days)
    own = own_features(
        hours, past, opened_at=opened, spans=settings.spans, covered_days=covered, settings=lift
    ).filter((pl.col("seen") > 0) | (pl.col("expected") >= lift.least_expected))
    fleet = _fleet_counts(engine, own["signature_id"].to_list(), window, as_of)
    frame = fleet_features(own, fleet, usual=lift.usual)
    frame = time_features(
        frame,
        hours,
        opened_at=opened,
        recency_hours=settings.recency_hours,
        onset_hours=settings.onset_hours,
        novel_days=settings.novel_days,
    )
    usual = read_usual(engine, before=opened, limit=settings.usual_tickets, as_of=as_of)
    known = coverage.height > 0 or hours.height > 0
    return text_features(frame, complaint.text, usual=usual), known


def _fleet_counts(
    engine: Engine, ids: list[str], window: Window, as_of: datetime | None
) -> FleetCounts:
    end = window.start.replace(hour=0)
    days = lift_settings().baseline_days
    past = Window(start=end - days * _DAY, end=end)
    return FleetCounts(
        texts=engine.ask("signature_texts", as_of=as_of, signature_ids=ids),
        near=engine.ask("fleet_spread", window=window, as_of=as_of, signature_ids=ids),
        past=engine.ask(
            "fleet_baseline",
            window=past,
            as_of=as_of,
            signature_ids=ids,
            first_day=past.start,
            last_day=past.end,
        ),
        customers=engine.ask("customer_ids", as_of=as_of).height,
        share=window.length / past.length,
    )
