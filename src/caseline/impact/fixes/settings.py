"""The numbers that decide about fixes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from caseline.impact.settings import read_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class FixSettings:
    """What ``weights/README.md`` says of ``fixes.toml``."""

    slack: timedelta
    overdue: timedelta
    prior_fixed: float
    sure_from: float
    least_strength: float
    most_strength: float
    quiet_below: float


@cache
def fix_settings() -> FixSettings:
    """Return the settings that ship: ``weights/2026-11/fixes.toml``.

    >>> fix_settings().sure_from
    0.95
    """
    found = read_weights("fixes")
    return FixSettings(
        slack=timedelta(hours=found["slack_hours"]),
        overdue=timedelta(days=found["overdue_days"]),
        **found["inference"],
    )
