"""What each ticket with a known cause teaches: its candidates, and how long before it began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from caseline.impact.causes.candidates import weigh
from caseline.impact.causes.complaints import read_complaint
from caseline.impact.causes.delays import read_delay
from caseline.impact.causes.evidence import read_evidence
from caseline.impact.causes.fitting import Example
from caseline.impact.causes.settings import FEATURES, cause_settings, hours_between

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from caseline.impact.causes.choice import Weights
    from caseline.impact.causes.recall import Decided, Lore
    from caseline.protocols import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A ticket with what was decided about it, and how long its cause was there before."""

    customer_id: str
    example: Example
    lag_hours: float | None


def read_cases(engine: Engine, lore: Lore, used: Weights, *, now: datetime) -> list[Case]:
    """Return what the latest tickets with a known cause teach, oldest first."""
    by_ticket: dict[str, list[Decided]] = {}
    for one in lore.decided:
        by_ticket.setdefault(one.ticket_id, []).append(one)
    latest = sorted(by_ticket.values(), key=lambda ds: (ds[0].opened_at, ds[0].ticket_id))
    return [
        case
        for decided in latest[-cause_settings().fit.most_tickets :]
        if (case := _case(engine, lore, used, decided, now=now)) is not None
    ]


def _case(
    engine: Engine, lore: Lore, used: Weights, decided: Sequence[Decided], *, now: datetime
) -> Case | None:
    first = decided[0]
    complaint = read_complaint(engine, first.ticket_id, as_of=None)
    delay = read_delay(
        engine, first.customer_id, version=used.version,
        settings=cause_settings().delay, as_of=None,
    )  # fmt: skip
    # Of links, only what was decided of earlier tickets: as it would have been then.
    earlier = lore.without(first.ticket_id, before=first.opened_at)
    evidence, covered = read_evidence(
        engine, complaint, lore=earlier, delay=delay, now=now, as_of=None
    )
    if not covered:
        return None
    frame = weigh(evidence)
    example = _example(frame, decided)
    causes = {d.signature_id for d in decided if d.confirmed}
    began = evidence.hours.filter(
        pl.col("signature_id").is_in(causes), pl.col("first_at") <= first.opened_at
    )["first_at"].sort()
    lag = hours_between(began[0], first.opened_at) if len(began) else None
    if not example.says_something:
        return None
    return Case(customer_id=first.customer_id, example=example, lag_hours=lag)


def _example(frame: pl.DataFrame, decided: Sequence[Decided]) -> Example:
    """Return the ticket as something to learn from.

    A confirmed cause is the right one, and none is where it is no signature that is
    near the ticket. Where there are rejected ones only, all others may be right.
    """
    confirmed = [d.signature_id for d in decided if d.confirmed]
    rejected = [d.signature_id for d in decided if not d.confirmed]
    features = frame.select(FEATURES).to_numpy()
    ids = frame["signature_id"]
    if confirmed:
        right = ids.is_in([name for name in confirmed if name]).to_numpy()
        return Example(features=features, right=right, none=not right.any())
    return Example(features=features, right=~ids.is_in(rejected).to_numpy(), none=True)
