"""The report on an issue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from caseline.records.reports import Report

Audience = Literal["internal", "partner", "customer"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class IssueReport(Report):
    """What is known of an issue, for one audience.

    Args:
        issue_id: The issue or signature.
        customer_id: Whose, for a customer.
    """

    issue_id: str
    customer_id: str | None

    @property
    def about(self) -> str:
        """The issue or signature."""
        return self.issue_id

    @property
    def opening(self) -> tuple[str, ...]:
        """Its first paragraph, below the heading."""
        return (f"Reference {self.issue_id}, as of {self.as_of:%Y-%m-%d %H:%M} UTC.",)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        own = {"issue_id": self.issue_id, "customer_id": self.customer_id}
        return own | Report.to_dict(self)
