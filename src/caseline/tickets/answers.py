"""What the questions about tickets answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from caseline.records.answers import plain

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.records.answers import Table


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Ticket:
    """A customer's case with its thread; texts are scrubbed.

    Args:
        messages: at, author, body, public: oldest first.
        as_of: The moment the answer speaks for.
    """

    ticket_id: str
    customer_id: str
    environment_id: str | None
    opened_at: datetime
    resolved_at: datetime | None
    status: str | None
    priority: str | None
    category: str | None
    subject: str | None
    description: str | None
    assignee: str | None
    group: str | None
    effort_hours: float | None
    messages: Table
    as_of: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        names = (n for n in self.__dataclass_fields__ if n != "messages")
        told = {name: plain(getattr(self, name)) for name in names}
        return {**told, "messages": self.messages.to_dicts()}

    def __repr__(self) -> str:
        """Return one line without any text of the customer's."""
        return (
            f"Ticket({self.ticket_id}: customer {self.customer_id}, opened "
            f"{self.opened_at.isoformat()}, {len(self.messages)} messages)"
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TicketsLoaded:
    """What a load of tickets did.

    Args:
        tables: One row for each table given: table, accepted (= added + replaced +
            unchanged), added, replaced, unchanged, refused, unknown (columns left out).
        refused: One row for each row refused: table, row (from 1), reason.
    """

    tables: Table
    refused: Table

    @property
    def accepted(self) -> int:
        """How many rows hold now, of both tables."""
        return sum(row.accepted for row in self.tables)

    def to_dict(self) -> dict[str, Any]:
        """Return both tables as JSON can hold them."""
        return {"tables": self.tables.to_dicts(), "refused": self.refused.to_dicts()}

    def __repr__(self) -> str:
        """Return the counts in one line."""
        changed = sum(row.added + row.replaced for row in self.tables)
        return (
            f"TicketsLoaded({self.accepted} rows accepted, {changed} of them new or changed, "
            f"{len(self.refused)} refused)"
        )
