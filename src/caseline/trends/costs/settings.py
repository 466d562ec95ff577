"""The numbers that hours and priorities are counted by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from caseline.trends.settings import read_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSettings:
    """What ``weights/README.md`` says of ``costs.toml``."""

    level: float
    upgrade_doubt_days: float
    confidence: float
    hours_per_ticket: float
    relative_error: float
    alike_tickets: float
    usual_tickets_per_customer: float
    log_spread: float
    stretch_days: int
    horizon_days: int
    growing_from: float
    least_severity: int
    effort_days: float
    habit_weight: float
    adoption_draws: int
    clumped: float
    trend_doubt: float


@cache
def cost_settings() -> CostSettings:
    """Return the settings that ship: ``weights/2026-11/costs.toml``.

    >>> cost_settings().level
    0.9
    """
    return CostSettings(**read_weights("costs"))
