"""What ``impact.of`` answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from caseline.records.answers import plain

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.impact.ledger.scope import Scope
    from caseline.impact.ledger.severity import Severity
    from caseline.records.answers import Table
    from caseline.records.windows import Window


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Impact:
    """Whom an issue or a signature hits.

    Args:
        id: What was asked for.
        signature_ids: Its signatures.
        customers: One row for every customer: customer_id, status (hit, clear,
            unknown), probability, detection_power, events, first_seen, last_seen,
            versions, severity (the worst number of its lines), reasons, shared_events,
            unplaced_events, covered_days, affected_hours, tickets (opened while it struck).
        scope: How many customers, with an interval.
        severity: How bad, with its parts.
        events: Events in production.
        unattributed: Share of them that belongs to no customer.
        other_stages: customer_id, stage, events, first_seen, last_seen outside production.
        window: When, or None for all that is stored.
        as_of: The moment the answer speaks for.
        notes: What a reader must know besides, such as signatures counted as one.
    """

    id: str
    signature_ids: tuple[str, ...]
    customers: Table
    scope: Scope
    severity: Severity
    events: int
    unattributed: float
    other_stages: Table
    window: Window | None
    as_of: datetime
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        window = self.window and {"start": self.window.start, "end": self.window.end}
        return {
            "id": self.id,
            "signature_ids": list(self.signature_ids),
            "customers": self.customers.to_dicts(),
            "scope": self.scope.to_dict(),
            "severity": self.severity.to_dict(),
            "events": self.events,
            "unattributed": self.unattributed,
            "other_stages": self.other_stages.to_dicts(),
            "window": plain(window),
            "as_of": plain(self.as_of),
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        """Return one line of ids and counts."""
        scope = self.scope
        return (
            f"Impact({self.id}: {scope.low} to {scope.high} of {scope.customers} customers hit "
            f"(expected {scope.point:.1f}, {scope.unknown} unknown), {self.events} events, "
            f"severity {self.severity}, as of {self.as_of.isoformat()})"
        )
