"""Who is next: places not yet hit, by how soon what carries the issue will reach them.

Each vector that may carry the issue teaches a hazard: how soon places were hit once
they were exposed, by time since exposure. A place's chance is the mean over the
vectors, each by its probability; a place whose exposure is only planned starts then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from caseline.impact.spreading.risk import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.impact.spreading.risk import Risk
    from caseline.impact.spreading.settings import SpreadSettings

    Bits = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Times = NDArray[np.int64]

NEVER = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """How often exposed places are hit for the first time, by days since exposure.

    Args:
        bins: Lower ends of the stretches, in days, the first is 0, shape (n_bins,).
        rates: First hits a day of exposure, shape (n_bins,).
        hits: First hits that taught it.
        exposure_days: Days of exposure that taught it.
    """

    bins: Floats
    rates: Floats
    hits: float
    exposure_days: float

    def cumulated(self, days: Floats) -> Floats:
        """Return the expected first hits from exposure until so many *days* after it.

        >>> steady = Hazard(bins=np.array([0.0, 2.0]), rates=np.array([0.5, 0.1]), hits=1.0,
        ...                 exposure_days=1.0)
        >>> steady.cumulated(np.array([-1.0, 1.0, 4.0])).round(2).tolist()
        [0.0, 0.5, 1.2]
        """
        ends = np.append(self.bins[1:], np.inf)
        inside = np.clip(np.asarray(days)[..., np.newaxis], self.bins, ends) - self.bins
        found: Floats = np.maximum(inside, 0.0) @ self.rates
        return found

    def until(self, wanted: Floats) -> Floats:
        """Return the days from exposure until so many first hits are expected."""
        steps = self.cumulated(self.bins)
        at = np.searchsorted(steps, wanted, side="right") - 1
        found: Floats = self.bins[at] + (wanted - steps[at]) / np.maximum(self.rates[at], 1e-12)
        return found


def hazard_of(risk: Risk, exposed: Bits, entered: Times, settings: SpreadSettings) -> Hazard:
    """Return the hazard of being hit first, from places while they were exposed.

    Args:
        risk: Who was observed and hit, on all days since the issue is about.
        exposed: Who was exposed when, shape (n_units, n_days).
        entered: When each place's exposure began, in microseconds, shape (n_units,).
        settings: The stretches of time since exposure, and the weight of their mean.
    """
    struck = (risk.hits > 0) & exposed
    watched = risk.observed & exposed & unhit_before(struck)
    middle = risk.starts + DAY // 2
    elapsed = np.maximum((middle[np.newaxis] - entered[:, np.newaxis]) / DAY, 0.0)
    bins = np.array(settings.bins)
    stretch = np.searchsorted(bins, elapsed, side="right") - 1
    shape = len(bins)
    days = np.bincount(stretch[watched], minlength=shape).astype(np.float64)
    first = watched & struck
    hits = np.bincount(stretch[first], weights=risk.hits[first], minlength=shape)
    mean = (hits.sum() + 0.5) / (days.sum() + 1.0)
    weight = settings.weight_days
    return Hazard(
        bins=bins,
        rates=(hits + weight * mean) / (days + weight),
        hits=float(hits.sum()),
        exposure_days=float(days.sum()),
    )


def unhit_before(struck: Bits) -> Bits:
    """Return where a place was not hit on any day before, shape as *struck*.

    >>> unhit_before(np.array([[False, True, False]])).tolist()
    [[True, True, False]]
    """
    found: Bits = np.logical_not(np.logical_or.accumulate(struck, axis=1) & ~_first(struck))
    return found


def _first(struck: Bits) -> Bits:
    found: Bits = np.cumsum(struck, axis=1) * struck == 1
    return found


def chance_within(
    hazard: Hazard, entered: Times, *, now: int, horizon_days: float
) -> tuple[Floats, Floats]:
    """Return the chance to be hit within the horizon, and the expected days until then.

    Args:
        hazard: Of the vector.
        entered: When each place's exposure began or will begin; NEVER if it will not,
            shape (n_places,).
        now: The present, in microseconds.
        horizon_days: How far to look.

    Returns:
        (chance, days), shape (n_places,): days is the median of the time to the hit
        from now on, infinite for those that are never exposed.
    """
    never = entered >= NEVER
    since = np.where(never, 0.0, (now - np.where(never, now, entered)) / DAY)
    already = hazard.cumulated(np.maximum(since, 0.0))
    later = hazard.cumulated(np.maximum(since + horizon_days, 0.0))
    chance = np.where(never, 0.0, 1 - np.exp(already - later))
    days = np.where(never, np.inf, hazard.until(already + np.log(2)) - since)
    return chance, days
