"""The ratio of two rates where units and days differ besides: each unit its own control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bits = NDArray[np.bool_]

_ROUNDS = 200
_CLOSE = 1e-8
_FARTHEST = 12.0
_LEAST = 1e-12
_MOST_LEVERAGE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How the rate of counts changes with an exposure.

    Args:
        log_ratio: Of the rate with it to that without; NaN if nothing can be told.
        error: Its standard error, infinite if it cannot be told.
        units: Units that told it.
    """

    log_ratio: float
    error: float
    units: int


def two_way_change(counts: Floats, observed: Bits, exposed: Bits) -> Change:
    """Return how the rate of counts changes with an exposure.

    A Poisson mean of a unit's level, times a day's level, times the ratio where exposed.
    The error follows the scatter between units, so that counts may be more uneven than
    Poisson and a unit's days alike.

    Args:
        counts: Shape (n_units, n_days).
        observed: Where counts mean anything, the same shape.
        exposed: Where the exposure holds, the same shape.

    Source:
        J. M. Wooldridge (1999), Distribution-free estimation of some nonlinear panel data
        models, J. Econometrics 90, 77-97; variance clustered by unit, jackknife-like as
        J. G. MacKinnon and H. White (1985), J. Econometrics 29, 305-325.

    >>> counts = np.array([[2.0, 2, 6, 6], [4, 4, 4, 4], [1, 1, 1, 1], [3, 3, 9, 9]])
    >>> exposed = np.zeros((4, 4), bool)
    >>> exposed[[0, 3], 2:] = True
    >>> round(two_way_change(counts, np.ones((4, 4), bool), exposed).log_ratio, 3)
    1.099
    """
    seen, y, x = _used(counts, observed, exposed)
    both = (x.sum(axis=1) > 0) & (((1 - x) * seen).sum(axis=1) > 0)
    if not both.any():
        return Change(log_ratio=float("nan"), error=float("inf"), units=0)
    slope, mean = _fitted(y, x, seen)
    left = _swept(x, mean)
    own = (left * left * mean).sum(axis=1)
    information = float(own.sum())
    leverage = np.minimum(own / max(information, _LEAST), _MOST_LEVERAGE)
    score = (left * (y - mean)).sum(axis=1) / (1 - leverage)
    units = int((np.abs(left * mean).sum(axis=1) > _LEAST).sum())
    if information <= _LEAST or units < 2:  # noqa: PLR2004 - one unit has no scatter
        return Change(log_ratio=slope, error=float("inf"), units=units)
    scatter = float((score**2).sum()) * units / (units - 1)
    return Change(log_ratio=slope, error=float(np.sqrt(scatter)) / information, units=units)


def _used(counts: Floats, observed: Bits, exposed: Bits) -> tuple[Floats, Floats, Floats]:
    """Return observed, counts and exposed of the units and days that have any counts."""
    units = (counts * observed).sum(axis=1) > 0
    days = (counts[units] * observed[units]).sum(axis=0) > 0
    seen = observed[units][:, days].astype(np.float64)
    return seen, counts[units][:, days] * seen, exposed[units][:, days] * seen


def two_way_ratio(
    counts: Floats, observed: Bits, exposed: Bits, *, level: float = 0.9
) -> tuple[float, float, float]:
    """Return the ratio of the rate with an exposure to that without, with its interval.

    Args:
        counts: Shape (n_units, n_days).
        observed: Where counts mean anything, the same shape.
        exposed: Where the exposure holds, the same shape.
        level: Of the interval (Student's t), within (0, 1).

    Returns:
        (ratio, low, high). Without a unit that was observed both ways: (NaN, 0, infinite).

    Raises:
        ValueError: *level* is out of range.

    >>> counts = np.array([[2.0, 2, 6, 6], [4, 4, 4, 4], [1, 1, 1, 1], [3, 3, 9, 9]])
    >>> exposed = np.zeros((4, 4), bool)
    >>> exposed[[0, 3], 2:] = True
    >>> round(two_way_ratio(counts, np.ones((4, 4), bool), exposed)[0], 2)
    3.0
    """
    from scipy.stats import t  # noqa: PLC0415 - on use: importing scipy takes time

    if not 0 < level < 1:
        raise ValueError(f"level is {level}; give a share within (0, 1)")
    found = two_way_change(counts, observed, exposed)
    if not np.isfinite(found.error):
        ratio = float(np.exp(found.log_ratio))
        return ratio, 0.0, float("inf")
    reach = float(t.ppf((1 + level) / 2, found.units - 1)) * found.error
    ends = [found.log_ratio, found.log_ratio - reach, found.log_ratio + reach]
    ratio, low, high = np.exp(np.clip(ends, -_FARTHEST, _FARTHEST)).tolist()
    return ratio, low, high


def _fitted(y: Floats, x: Floats, seen: Floats) -> tuple[float, Floats]:
    """Return the log ratio and the fitted means: levels by proportion, the slope by Newton."""
    slope, day = 0.0, np.ones(y.shape[1])
    mean = seen
    for _ in range(_ROUNDS):
        faced = seen * np.exp(slope * x)
        unit = y.sum(axis=1) / np.maximum(faced @ day, _LEAST)
        day = y.sum(axis=0) / np.maximum(unit @ faced, _LEAST)
        mean = unit[:, np.newaxis] * day * faced
        left = _swept(x, mean, rounds=3)
        step = float((left * (y - mean)).sum() / max(float((left * left * mean).sum()), _LEAST))
        slope = float(np.clip(slope + np.clip(step, -1.0, 1.0), -_FARTHEST, _FARTHEST))
        if abs(step) < _CLOSE:
            break
    return slope, mean


def _swept(x: Floats, mean: Floats, *, rounds: int = 100) -> Floats:
    """Return *x* less its weighted means by unit and by day."""
    left = x.copy()
    by_unit = np.maximum(mean.sum(axis=1, keepdims=True), _LEAST)
    by_day = np.maximum(mean.sum(axis=0, keepdims=True), _LEAST)
    for _ in range(rounds):
        left = left - (left * mean).sum(axis=1, keepdims=True) / by_unit
        shift = (left * mean).sum(axis=0, keepdims=True) / by_day
        left = left - shift
        if float(np.abs(shift).max(initial=0.0)) < _CLOSE:
            break
    return left
