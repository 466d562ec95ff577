"""What ``weights/2026-11/causes.toml`` says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from caseline.impact.settings import read_weights

if TYPE_CHECKING:
    from datetime import datetime

FEATURES = (
    "surprise", "missing", "stopped", "lift", "fleet_lift", "rarity", "novel_here",
    "novel_fleet", "severity", "trace", "words", "grams", "concepts", "quoted", "recency",
    "onset", "elsewhere", "upstream", "downstream", "carried", "recalled", "known", "refused",
)  # fmt: skip
"""What speaks for a signature, in the order of the columns of a matrix of features."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSettings:
    """How the order of signatures is told: see ``[order]``."""

    candidates: int
    anomaly_at: float
    burst_hours: float
    burst_weight: float
    sure_from: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DelaySettings:
    """How long troubles last before a ticket: see ``[delay]``."""

    hours: float
    weight: float
    factor_bounds: tuple[float, float]
    window_delays: float
    most_before_hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSettings:
    """How weights are learned from links: see ``[fit]``."""

    strength: float
    least_links: int
    most_tickets: int
    judged_share: float
    least_judged: int
    least_none: int
    least_for_temperature: int
    temperature_bounds: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseSettings:
    """All of it; ``weights`` as ``FEATURES`` are ordered."""

    before: timedelta
    after: timedelta
    spans: tuple[tuple[float, float], ...]
    recency_hours: float
    onset_hours: float
    novel_days: int
    usual_tickets: int
    stopped_from: float
    order: OrderSettings
    delay: DelaySettings
    fit: FitSettings
    weights: tuple[float, ...]
    bias: float
    temperature: float
    likely_from: float
    none_from: float


@cache
def cause_settings() -> CauseSettings:
    """Return the settings that ship: ``weights/2026-11/causes.toml``.

    >>> len(cause_settings().weights) == len(FEATURES)
    True
    """
    found = read_weights("causes")
    window = found["window"]
    return CauseSettings(
        before=timedelta(hours=window["before_hours"]),
        after=timedelta(hours=window["after_hours"]),
        spans=tuple((before, after) for before, after in window["spans"]),
        recency_hours=window["recency_hours"],
        onset_hours=window["onset_hours"],
        novel_days=window["novel_days"],
        usual_tickets=window["usual_tickets"],
        stopped_from=window["stopped_from"],
        order=OrderSettings(**found["order"]),
        delay=DelaySettings(**_pairs(found["delay"])),
        fit=FitSettings(**_pairs(found["fit"])),
        weights=tuple(found["weights"][name] for name in FEATURES),
        bias=found["none"]["bias"],
        temperature=found["none"]["temperature"],
        **found["verdict"],
    )


def _pairs(table: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(v) if isinstance(v, list) else v for name, v in table.items()}


def hours_between(start: datetime, end: datetime) -> float:
    """Return the hours from *start* to *end*.

    >>> from datetime import UTC, datetime
    >>> hours_between(datetime(2026, 3, 2, 6, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))
    -6.0
    """
    return (end - start) / timedelta(hours=1)
