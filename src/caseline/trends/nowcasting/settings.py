"""The numbers that decide about late logs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from caseline.trends.settings import read_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class NowcastSettings:
    """What ``weights/README.md`` says of ``nowcasting.toml``."""

    horizon_days: int
    history_days: int
    least_days: int
    coverage: float
    complete_from: float
    warn_below: float
    severe_from: int
    least_units: int
    logs_spread: float
    share_weekday_days: float
    share_least_size: float
    half_life_days: float
    weekday_days: float
    most_size_events: float
    most_size_logs: float


@cache
def nowcast_settings() -> NowcastSettings:
    """Return the settings that ship: ``weights/2026-11/nowcasting.toml``.

    >>> nowcast_settings().coverage
    0.9
    """
    found = read_weights("nowcasting")
    plain = {name: value for name, value in found.items() if not isinstance(value, dict)}
    shares = {f"share_{name}": value for name, value in found["share"].items()}
    return NowcastSettings(**plain, **shares, **found["level"])
