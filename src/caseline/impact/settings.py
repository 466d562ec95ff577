"""The numbers that decide about hits, power, scope and severity."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_WEIGHTS = "2026-11"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactSettings:
    """What ``weights/README.md`` says of ``impact.toml``."""

    hit_probability: float
    most_from_shared: float
    most_from_unplaced: float
    most_from_explained: float
    explained_from: float
    clear_from: float
    day_without_hits: float
    day_weight: float
    within_weight: float
    level: float
    z: float
    silent_odds: float
    severity_log: float
    severity_breadth: float
    severity_persistence: float
    severity_words: tuple[tuple[float, str], ...]


@cache
def shipped_settings() -> ImpactSettings:
    """Return the settings that ship: ``weights/2026-11/impact.toml``.

    >>> shipped_settings().clear_from
    0.9
    """
    found = read_weights("impact")
    severity = found["severity"]
    return ImpactSettings(
        **found["hits"],
        **found["power"],
        **found["scope"],
        severity_log=severity["log"],
        severity_breadth=severity["breadth"],
        severity_persistence=severity["persistence"],
        severity_words=tuple((low, word) for low, word in severity["words"]),
    )


def read_weights(name: str) -> dict[str, Any]:
    """Return the tables of ``weights/2026-11/<name>.toml``."""
    path = files("caseline.impact").joinpath("weights", _WEIGHTS, f"{name}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))
