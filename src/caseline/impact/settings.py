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
    least_regular: int
    regular_share: float
    sick_share: float
    sick_usual: float
    ticket_days_before: int
    ticket_days_after: int
    months: int
    unfiltered: float
    service_signatures: int
    service_places: int
    service_share: float
    service_names: float
    service_lines: int
    steady_signatures: int
    steady_places: int
    steady_daily: float
    steady_spread: float
    thinned_below: float
    thinned_lines: float
    sampling_words: tuple[str, ...]
    level_words: tuple[str, ...]
    levels: dict[str, int]
    ticket_lead_minutes: float
    ticket_lag_days: float
    stretches: tuple[int, ...]
    tiers: dict[str, float]
    severity_weights: dict[str, float]
    severity_words: tuple[tuple[float, str], ...]


@cache
def shipped_settings() -> ImpactSettings:
    """Return the settings that ship: ``weights/2026-11/impact.toml``.

    >>> shipped_settings().clear_from
    0.9
    """
    found = read_weights("impact")
    severity, places = found["severity"], found["places"]
    return ImpactSettings(
        **found["hits"],
        **found["power"],
        **found["scope"],
        **found["regular"],
        **{name: part for name, part in places.items() if not isinstance(part, list)},
        sampling_words=tuple(places["sampling_words"]),
        level_words=tuple(places["level_words"]),
        levels=found["levels"],
        ticket_lead_minutes=severity["ticket_lead_minutes"],
        ticket_lag_days=severity["ticket_lag_days"],
        stretches=tuple(severity["stretches"]),
        tiers=found["tiers"],
        severity_weights=severity["weights"],
        severity_words=tuple((low, word) for low, word in severity["words"]),
    )


def read_weights(name: str) -> dict[str, Any]:
    """Return the tables of ``weights/2026-11/<name>.toml``."""
    path = files("caseline.impact").joinpath("weights", _WEIGHTS, f"{name}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))
