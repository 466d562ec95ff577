"""What is known around a ticket: read from the store, not weighed yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.impact.causes.complaints import Complaint, read_usual
from caseline.impact.causes.features import FleetCounts
from caseline.impact.causes.settings import CauseSettings, cause_settings, hours_between
from caseline.impact.lift import lift_settings
from caseline.impact.surroundings import find_place, past_of, weighed
from caseline.records.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from caseline.impact.causes.delays import Delay
    from caseline.impact.causes.recall import Lore
    from caseline.protocols import Engine

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known around a ticket, before it is weighed.

    Args:
        opened_at: When it was opened.
        text: What it says.
        hours: signature_id, hour, seen, first_at, last_at, graveness, graded: the window.
        past: signature_id, before, usual_severity: what is usual at the customer.
        covered_days: Days of the past with logs.
        logged: From when to when there are logs, in hours from the opening.
        usual: What tickets usually say.
        lore: What people decided about other tickets.
        named: Signatures that are candidates whatever was seen of them.
        spread: Asks what the fleet shows of some signatures.
        traces: Asks in which order traces show some signatures: see ``in_traces``.
        delay: How long the customer's troubles last before it writes.
        spans: Hours before and after the opening that are tried; None for those that ship.
        step_hours: Length of what the column ``hour`` counts.
    """

    opened_at: datetime
    text: str
    hours: pl.DataFrame
    past: pl.DataFrame
    covered_days: float
    logged: tuple[float, float]
    usual: list[str]
    lore: Lore
    named: tuple[str, ...]
    spread: Callable[[list[str]], FleetCounts]
    traces: Callable[[list[str]], pl.DataFrame]
    delay: Delay
    spans: tuple[tuple[float, float], ...] | None = None
    step_hours: float = 1.0


def reach_back(delay: Delay, settings: CauseSettings) -> float:
    """Return how many hours before a ticket its trouble may have begun."""
    late = settings.delay
    return min(delay.hours * late.window_delays, late.most_before_hours)


def window_around(
    opened_at: datetime, *, now: datetime, settings: CauseSettings, delay: Delay
) -> Window:
    """Return the whole hours around the opening of a ticket, not beyond *now*.

    A customer that writes late has its trouble longer ago.
    """
    start = opened_at - max(settings.before, timedelta(hours=reach_back(delay, settings)))
    end = max(opened_at + _HOUR, min(opened_at + settings.after, now))
    return Window(start=start.replace(minute=0, second=0, microsecond=0), end=end)


def read_evidence(
    engine: Engine, complaint: Complaint, *, lore: Lore, delay: Delay, now: datetime,
    as_of: datetime | None,
) -> tuple[Evidence, bool]:  # fmt: skip
    """Return what is known around a ticket, and whether any log reaches into its window."""
    settings, lift = cause_settings(), lift_settings()
    opened = complaint.opened_at
    place = find_place(engine, complaint.customer_id, as_of=as_of)
    window = window_around(opened, now=now, settings=settings, delay=delay)
    where: dict[str, Any] = {"environments": place.environments}
    who = {"customer": place.customer_id, **where}
    coverage = engine.ask("customer_coverage", window=window, as_of=as_of, **where)
    hours = weighed(engine.ask("customer_hours", window=window, as_of=as_of, **who), place)
    past, covered = past_of(engine, place, until=window.start, as_of=as_of, days=lift.baseline_days)
    evidence = Evidence(
        opened_at=opened,
        text=complaint.text,
        hours=hours,
        past=past,
        covered_days=max(covered, 1),
        logged=_logged(coverage, opened),
        usual=read_usual(engine, before=opened, limit=settings.usual_tickets, as_of=as_of),
        lore=lore.without(complaint.ticket_id),
        named=tuple(d.signature_id for d in lore.of(complaint.ticket_id) if d.signature_id),
        spread=lambda ids: _fleet_counts(engine, ids, window, as_of),
        traces=lambda ids: engine.ask(
            "trace_order", window=window, as_of=as_of, signature_ids=ids, **who
        ),
        delay=delay,
    )
    return evidence, coverage.height > 0 or hours.height > 0


def _logged(coverage: pl.DataFrame, opened_at: datetime) -> tuple[float, float]:
    """Return from when to when there are logs, in hours from the opening."""
    if coverage.is_empty():
        return -float("inf"), float("inf")
    first, last = coverage.select(pl.col("starts_at").min(), pl.col("ends_at").max()).row(0)
    return hours_between(opened_at, first), hours_between(opened_at, last)


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
