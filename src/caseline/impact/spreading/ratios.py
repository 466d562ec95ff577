"""How many times as often the exposed are hit: a rate ratio with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from caseline.estimation.rates import rate_ratio_interval
from caseline.estimation.twoway import two_way_ratio

if TYPE_CHECKING:
    from caseline.impact.spreading.exposures import Vector
    from caseline.impact.spreading.ground import Ground

_LEAST_EVENTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A rate ratio.

    Args:
        ratio: Events a day of the exposed to those of the others; infinite if only the
            exposed have any, NaN if it cannot be told.
        low: Lower end.
        high: Upper end.
        method: ``within`` (each place against itself, days against each other) or
            ``between`` (places hit of the exposed against those of the others).
    """

    ratio: float
    low: float
    high: float
    method: str


def ratio_of(ground: Ground, vector: Vector, *, level: float) -> Ratio:
    """Return the rate ratio of an exposure.

    Where places were observed before and after, each is its own control. Where nobody
    has the issue without the exposure, places are compared: how many of the exposed
    were hit in so many observed days.

    Args:
        ground: Who was observed and hit, and who had what; days on which that changed are
            left out.
        vector: The exposure.
        level: Of the interval.
    """
    risk = ground.risk
    exposed, same = ground.steady(vector)
    observed = risk.observed & same
    inside, outside = observed & exposed, observed & ~exposed
    switched = inside.any(axis=1) & outside.any(axis=1)
    before = risk.events[switched][outside[switched]].sum()
    if before >= _LEAST_EVENTS:
        found = two_way_ratio(risk.events, observed, exposed, level=level)
        return Ratio(ratio=found[0], low=found[1], high=found[2], method="within")
    if not (inside.any() and outside.any()):
        return Ratio(ratio=float("nan"), low=0.0, high=float("inf"), method="between")
    struck = risk.hits > 0
    hit = [float((struck & part).any(axis=1).sum()) for part in (inside, outside)]
    days = (float(inside.sum()), float(outside.sum()))
    told = rate_ratio_interval(([hit[0]], [hit[1]]), days, level=level)
    ratio, low, high = (float(part[0]) for part in told)
    return Ratio(ratio=ratio, low=low, high=high, method="between")
