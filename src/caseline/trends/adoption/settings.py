"""The numbers that decide whether something is fixed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from caseline.trends.settings import read_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionSettings:
    """What ``weights/README.md`` says of ``adoption.toml``."""

    gone_ratio: float
    partly_below: float
    sure: float
    prior_strength: float
    least_before: float
    least_control: float
    silent_expected: float
    silent_severity: int
    speed_days: int
    change_point: float
    inferred_below: float


@cache
def adoption_settings() -> AdoptionSettings:
    """Return the settings that ship: ``weights/2026-11/adoption.toml``.

    >>> adoption_settings().gone_ratio
    0.1
    """
    return AdoptionSettings(**read_weights("adoption"))
