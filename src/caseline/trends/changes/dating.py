"""When a change began, with an interval, and whether it came at once or bit by bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from caseline.trends.changes.scores import log_ratios

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Shape = Literal["step", "ramp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Onset:
    """The first day of a change, as indices of the days looked at.

    Args:
        day: The most probable one.
        low: The first of the interval.
        high: The last of the interval.
        ramp: Probability that it came bit by bit, not at once.
    """

    day: int
    low: int
    high: int
    ramp: float


def date_onset(
    counts: Floats, means: Floats, sizes: Floats, *, ratios: Floats, level: float = 0.9
) -> Onset:
    """Return when the counts left the means.

    Every day may be the first one of a change to any of *ratios*, at once or rising
    evenly up to the last day; each is as probable beforehand. The interval holds the
    most probable days, and those between them.

    Args:
        counts: Of the days, the last one still in the change, shape (n_days,).
        means: What was expected without the change.
        sizes: Of the negative binomials.
        ratios: All above 1, or all below, shape (n_ratios,).
        level: Probability that the interval holds, within (0, 1).

    Source:
        D. V. Hinkley (1970), Biometrika 57, 1-17, on the likelihood of a change-point;
        here with a flat prior over days and ratios.

    >>> seen = np.array([1.0, 0, 2, 1, 9, 8, 9])
    >>> date_onset(seen, np.ones(7), np.full(7, 50.0), ratios=np.array([2.0, 4, 8])).day
    4
    """
    days = counts.size
    step = log_ratios(counts, means, sizes, ratios[:, np.newaxis])
    steps = step[:, ::-1].cumsum(axis=1)[:, ::-1]
    ramps = np.stack(
        [_ramp(counts, means, sizes, (ratios, first)) for first in range(days)], axis=1
    )
    both = np.stack([steps, ramps])
    weights = np.exp(both - both.max())
    by_day = weights.sum(axis=(0, 1))
    by_day /= by_day.sum()
    order = np.argsort(by_day, kind="stable")[::-1]
    enough = int(np.searchsorted(by_day[order].cumsum(), level)) + 1
    held = order[:enough]
    return Onset(
        day=int(order[0]),
        low=int(held.min()),
        high=int(held.max()),
        ramp=float(weights[1].sum() / weights.sum()),
    )


def _ramp(counts: Floats, means: Floats, sizes: Floats, course: tuple[Floats, int]) -> Floats:
    """Return the log likelihood ratio of an even rise from a first day on, for each ratio."""
    ratios, first = course
    length = counts.size - first
    climbed = np.arange(1, length + 1) / length
    factor = 1 + (ratios[:, np.newaxis] - 1) * climbed
    found: Floats = log_ratios(counts[first:], means[first:], sizes[first:], factor).sum(axis=1)
    return found
