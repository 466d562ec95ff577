"""How bad an issue is: what its lines say, how many it hits, how steadily."""

from __future__ import annotations

from dataclasses import dataclass
from math import log1p
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

    from caseline.impact.ledger.evidence import Evidence
    from caseline.impact.ledger.scope import Scope
    from caseline.impact.settings import ImpactSettings

_WORST = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Severity:
    """A number from 0 to 1, its word, and the parts it is made of.

    Args:
        value: The weighted sum of the parts.
        word: critical, high, medium or low.
        log: The worst OpenTelemetry severity number of its lines, 1 to 24; None if unknown.
        breadth: Expected share of customers hit, on a logarithmic scale from 0 to 1.
        persistence: Days with events as a share of the days from the first to the last.
    """

    value: float
    word: str
    log: int | None
    breadth: float
    persistence: float

    def to_dict(self) -> dict[str, Any]:
        """Return the parts by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def __str__(self) -> str:
        """Return the word."""
        return self.word


def rate_severity(evidence: Evidence, scope: Scope, settings: ImpactSettings) -> Severity:
    """Return how bad the issue of *evidence* is, hitting so many as *scope* says."""
    logged: list[int] = evidence.days["severity"].drop_nulls().to_list()
    log = max(logged, default=None)
    days: list[date] = evidence.days["day"].unique().to_list()
    persistence = len(days) / ((max(days) - min(days)).days + 1) if days else 0.0
    breadth = log1p(scope.point) / log1p(max(scope.customers, 1)) if scope.point > 0 else 0.0
    value = (
        settings.severity_log * (log or 0) / _WORST
        + settings.severity_breadth * breadth
        + settings.severity_persistence * persistence
    )
    return Severity(
        value=round(value, 3),
        word=next(word for low, word in settings.severity_words if value >= low),
        log=log,
        breadth=round(breadth, 3),
        persistence=round(persistence, 3),
    )
