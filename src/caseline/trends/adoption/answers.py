"""The answer to whether something is fixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from caseline.records.answers import plain

if TYPE_CHECKING:
    from datetime import date, datetime

    from caseline.records.answers import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class FixVerdict:
    """Whether an issue is fixed, how sure that is, and why.

    Args:
        issue_id: The issue or signature.
        verdict: ``fixed``, ``not yet``, ``partly`` or ``cannot tell``.
        probability: Of the verdict; None if nothing speaks for or against it. Where it is
            ``cannot tell``: that the error is gone where the fix runs.
        ratio: The rate with the fix to the rate that the same places would have without.
        low: Its lower limit, one-sided, 95 %.
        high: Its upper limit: so much of the old rate could go on unseen.
        needed: So many more customer-days with the fix, without an event, are needed until
            it can be called fixed: 0 if it can, None if days alone do not help.
        needed_until: About when, at the present speed of adoption.
        adoption: The share of the customers with logs lately that run the fix.
        source: Where the versions with the fix are from: ``recorded``, ``inferred``, ``none``.
        regressed_in: Versions that show the error again after others of them were rid of it.
        versions: version, has_fix, customers, customer_days, events, rate, low, high,
            verdict: one row for each version that ran.
        reasons: Why, in words and numbers.
        as_of: The moment that is asked for.
        notes: What else a reader must know.
    """

    issue_id: str
    verdict: str
    probability: float | None
    ratio: float | None
    low: float | None
    high: float | None
    needed: int | None
    needed_until: date | None
    adoption: float | None
    source: str
    regressed_in: tuple[str, ...]
    versions: Table
    reasons: tuple[str, ...]
    as_of: datetime
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        told = {name: getattr(self, name) for name in self.__slots__ if name != "versions"}
        lists = {name: list(told[name]) for name in ("regressed_in", "reasons", "notes")}
        return {**plain(told | lists), "versions": plain(self.versions.to_dicts())}

    def __repr__(self) -> str:
        """Return one line: the verdict and its first reason."""
        return f"FixVerdict({self.issue_id}: {self.verdict}; {self.reasons[0]})"
