"""What ``impact.tickets`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.records.answers import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import polars as pl


class IssueTickets(Table):
    """The tickets of an issue, the oldest first.

    Attributes:
        issue_id: The issue or signature.
        looked_at: How many tickets of its time and customers were looked at.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        *,
        issue_id: str,
        looked_at: int,
        as_of: datetime,
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__("tickets", frame, as_of=as_of, notes=notes)
        self.issue_id = issue_id
        self.looked_at = looked_at

    @property
    def customers(self) -> list[str]:
        """The customers who wrote them, each once, sorted."""
        return self._frame["customer_id"].unique().sort().to_list()

    def __repr__(self) -> str:
        """Return one line of counts."""
        return (
            f"IssueTickets({self.issue_id}: {len(self)} tickets of {len(self.customers)} "
            f"customers, {self.looked_at} looked at, as of {self.as_of.isoformat()})"
        )
