"""How much of a day has come at which age: from late arrivals, truncated at the present."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_LEAST = 1e-12
_WEEK = 7
_NEXT = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lots:
    """What came of one channel.

    Args:
        delay: Days from the first moment of the day it is of until it came, shape (n,).
        age: Days from the first moment of its day until now, at least *delay*.
        weight: How much came: events, customer-days.
        day: Number of its day since 1970.
    """

    delay: Floats
    age: Floats
    weight: Floats
    day: Ints


def share_by_age(lots: Lots, ages: Floats, weights: Floats | None = None) -> Floats:
    """Return the share of a day that has come at *ages*, in days since its first moment.

    Only what has come is known, and of young days only what came quickly: looked at
    backwards in time the delays are truncated no more, and the product of what was not
    last at each delay is the share.

    Args:
        lots: What came.
        ages: Shape (m,).
        weights: In place of those of *lots*.

    Returns:
        Shape (m,), in [0, 1]: of what comes up to the largest delay seen.

    Source:
        S. W. Lagakos, L. M. Barraj, V. De Gruttola (1988), Biometrika 75, 515-523;
        for whole days it is the chain ladder: T. Mack (1993), ASTIN Bulletin 23, 213-225.

    >>> lots = Lots(delay=np.array([1.0, 1, 3]), age=np.array([9.0, 2, 9]),
    ...             weight=np.ones(3), day=np.array([0, 7, 0]))
    >>> share_by_age(lots, np.array([0.5, 2.0, 5.0])).round(3).tolist()
    [0.0, 0.5, 1.0]
    """
    weight = lots.weight if weights is None else weights
    order = np.argsort(lots.delay, kind="stable")
    moments, starts = np.unique(lots.delay[order], return_index=True)
    if not moments.size:
        return np.zeros_like(ages)
    came = np.add.reduceat(weight[order], starts)
    at_risk = np.cumsum(came) - _below(lots.age, weight, moments)
    kept = np.clip(1 - came / np.maximum(at_risk, _LEAST), 0.0, 1.0)
    later = np.append(np.cumprod(kept[::-1])[::-1], 1.0)
    found: Floats = later[np.searchsorted(moments, ages, side="right")]
    return found


def shares(
    lots: Lots, days: Ints, ages: Floats, *, spread: float, weekday_days: float, least_size: float
) -> tuple[Floats, Floats]:
    """Return how much of each day has come, and how sure that is.

    Days of the same weekday tell more than others where they tell something else: what
    comes once a week comes on its day.

    Args:
        lots: What came of one channel.
        days: Numbers of the days that are asked for, shape (m,).
        ages: Their ages, in days, shape (m,).
        spread: How much wider than Poisson counts scatter, at least 0.
        weekday_days: So many days of any weekday are mixed into the own weekday's.
        least_size: Of the answer's size, above 0.

    Returns:
        (share, size): a Beta distribution with this mean and a + b = size, each (m,).
    """
    share, size = np.zeros(ages.shape), np.zeros(ages.shape)
    whole = share_by_age(lots, ages)
    known, first = np.unique(lots.day, return_index=True)
    age_of = lots.age[first]
    for weekday in np.unique(days % _WEEK):
        asked = np.flatnonzero(days % _WEEK == weekday)
        mine = lots.day % _WEEK == weekday
        count = int((known % _WEEK == weekday).sum())
        own = share_by_age(_some(lots, mine), ages[asked]) if mine.any() else whole[asked]
        share[asked] = (count * own + weekday_days * whole[asked]) / (count + weekday_days)
        for at in asked:
            older = known[(age_of >= ages[at] + _NEXT) & (known % _WEEK == weekday)]
            size[at] = _size(lots, older, float(ages[at]), float(share[at]), spread, least_size)
    return share, size


def _size(lots: Lots, days: Ints, age: float, share: float, spread: float, least: float) -> float:
    """Return the size of a Beta that scatters as past days did at the same age."""
    room = share * (1 - share)
    if days.size == 0 or room <= _LEAST:
        return least if room > _LEAST else 1 / _LEAST
    place = np.searchsorted(days, lots.day).clip(0, days.size - 1)
    inside = days[place] == lots.day
    weight = lots.weight * inside
    total = np.bincount(place, weights=weight, minlength=days.size)
    early = np.bincount(place, weights=weight * (lots.delay <= age), minlength=days.size)
    told = total > 0
    if not told.any():
        return least
    shares_then = early[told] / total[told]
    scatter = float(np.average((shares_then - share) ** 2, weights=total[told]))
    chance = spread * room / float(total[told].mean())
    count = int(told.sum())
    variance = max(0.0, scatter - chance) + max(scatter, room / (1 + total[told].sum())) / count
    return float(np.clip(room / max(variance, _LEAST) - 1, least, 1 / _LEAST))


def _some(lots: Lots, chosen: NDArray[np.bool_]) -> Lots:
    return Lots(
        delay=lots.delay[chosen],
        age=lots.age[chosen],
        weight=lots.weight[chosen],
        day=lots.day[chosen],
    )


def _below(values: Floats, weights: Floats, limits: Floats) -> Floats:
    """Return the weight of *values* that are below each of *limits*."""
    order = np.argsort(values, kind="stable")
    summed = np.concatenate([[0.0], np.cumsum(weights[order])])
    found: Floats = summed[np.searchsorted(values[order], limits, side="left")]
    return found
