"""The numbers that decide about vectors and about who is next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from caseline.impact.settings import read_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadSettings:
    """What ``weights/README.md`` says of ``spread.toml``."""

    ratios: tuple[float, ...]
    slack_hours: float
    most_days: int
    least_chronic: int
    change_spread: float
    looked_at: int
    paired: int
    paired_from: float
    most_pairs: int
    wave_units: int
    volumes: tuple[float, ...]
    accept: float
    together: float
    rival: float
    rival_share: float
    least_hit: float
    none: float
    priors: Mapping[str, float]
    date_words: frozenset[str]
    calendar_hours: float
    calendar_level: float
    calendar_share: float
    horizon: timedelta
    bins: tuple[float, ...]
    weight_days: float
    least_posterior: float
    least_probability: float
    at_risk_from: float
    farthest: timedelta
    staging_odds: float
    owners: Mapping[str, str]
    third_words: frozenset[str]

    @property
    def grid(self) -> NDArray[np.float64]:
        """The rate ratios an exposure may have, shape (n_ratios,)."""
        return np.array(self.ratios)

    def prior(self, kind: str) -> float:
        """Return how likely a vector of this *kind* is before data."""
        return self.priors.get(kind, self.priors["other"])


@cache
def spread_settings() -> SpreadSettings:
    """Return the settings that ship: ``weights/2026-11/spread.toml``.

    >>> spread_settings().prior("version") > spread_settings().prior("no such kind")
    True
    """
    found = read_weights("spread")
    upcoming, calendar = found["next"], found["calendar"]
    model: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in found["model"].items()
    }
    third = frozenset(found["owners"].pop("third_words"))
    return SpreadSettings(
        **model,
        **found["decision"],
        priors=found["priors"],
        date_words=frozenset(found["dates"]["words"]),
        calendar_hours=calendar["hours"],
        calendar_level=calendar["level"],
        calendar_share=calendar["share"],
        horizon=timedelta(days=upcoming["horizon_days"]),
        bins=tuple(upcoming["bins"]),
        weight_days=upcoming["weight_days"],
        least_posterior=upcoming["least_posterior"],
        least_probability=upcoming["least_probability"],
        at_risk_from=upcoming["at_risk_from"],
        farthest=timedelta(days=upcoming["most_days"]),
        staging_odds=upcoming["staging_odds"],
        owners=found["owners"],
        third_words=third,
    )
