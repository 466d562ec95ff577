"""What a fix avoids that ships on a day: the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from caseline.records.answers import plain

if TYPE_CHECKING:
    from datetime import datetime

Limits = tuple[float | None, float, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """What a fix avoids that ships on a past day, or on one to come.

    Args:
        issue_id: The issue or signature.
        verdict: ``avoided`` (a past day, until now); ``avoidable`` (a day to come, until
            the horizon); ``cannot tell`` where nothing tells who would take it up, or
            what falls on whom now: low is 0 then, high what it is if the fix runs
            everywhere at once (None where not even that is known).
        fixed_on: When the fix ships.
        until: Until when it counts.
        hours: Support hours avoided, in the mean; low and high hold 90 %. None if it
            cannot be told.
        tickets: Tickets avoided: mean, low, high.
        customer_days: Days of customers with the error avoided: mean, low, high.
        spent_hours: What its tickets cost since then as it was; of a day to come, what
            they would cost until the horizon if nothing were done.
        reach: For which share of what comes the fix runs by then; None if unknown.
        customers: How many it falls on.
        as_of: The moment the answer speaks for.
        reasons: One sentence each.
        notes: What the answer takes for granted.
    """

    issue_id: str
    verdict: Literal["avoided", "avoidable", "cannot tell"]
    fixed_on: datetime
    until: datetime
    hours: float | None
    low: float
    high: float | None
    tickets: Limits
    customer_days: Limits
    spent_hours: float
    reach: float | None
    customers: int
    as_of: datetime
    reasons: tuple[str, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        return {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}
