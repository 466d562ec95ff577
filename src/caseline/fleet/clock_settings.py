"""What decides when the clock of a host counts as wrong."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_RULES = "2026-11"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSettings:
    """The numbers of ``rules/2026-11/clocks.toml``, which says what each is."""

    tolerance_seconds: float
    fresh_seconds: float
    quiet_gaps: float
    quiet_seconds: float
    margin_seconds: float
    jump_seconds: float
    pairs: int
    pair_spread_seconds: float
    step_back_seconds: float
    most_steps: int
    zone_step_seconds: float
    readings: int
    lone_readings: int
    ahead_readings: int
    envelope_share: float
    envelope_seconds: float
    cadence_share: float
    cadence_seconds: float
    extent_share: float
    extent_seconds: float


@cache
def shipped_clock_settings() -> ClockSettings:
    """Return the settings that ship: ``rules/2026-11/clocks.toml``.

    >>> shipped_clock_settings().pairs
    8
    """
    path = files("caseline.fleet").joinpath("rules", _RULES, "clocks.toml")
    return ClockSettings(**tomllib.loads(path.read_text(encoding="utf-8")))
