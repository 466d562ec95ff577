"""The numbers that decide about versions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from caseline.trends.settings import read_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeSettings:
    """What ``weights/README.md`` says of ``versions.toml``."""

    before: int
    after: int
    guard: int
    first: int
    late: int
    gap: int
    block: int
    pooled: float
    least: float
    most: float
    alone: float
    q: float
    level: float
    floor: float
    least_hits: float
    least_customers: int
    concurrent: float
    complete: float
    lasting: float
    alike: float
    rival: float
    told_ratio: float
    told_power: float


@cache
def upgrade_settings() -> UpgradeSettings:
    """Return the settings that ship: ``weights/2026-11/versions.toml``.

    >>> upgrade_settings().q
    0.05
    """
    found = read_weights("versions")
    return UpgradeSettings(**found["window"], **found["clumps"], **found["testing"])
