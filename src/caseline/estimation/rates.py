"""How sure a rate is: exact Poisson limits, and the ratio of two rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_LEVEL = 0.95


def poisson_interval(
    counts: ArrayLike, *, level: float = _LEVEL
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return exact limits for the mean of a Poisson count.

    Args:
        counts: Observed counts, at least 0, any shape.
        level: Coverage that is guaranteed, within (0, 1).

    Returns:
        (low, high), float64, in the shape of *counts*; low <= count <= high.

    Raises:
        ValueError: a negative count, or *level* out of range.

    Source:
        F. Garwood (1936), Biometrika 28, 437-442: quantiles of gamma distributions.

    >>> low, high = poisson_interval([0, 10])
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.0, 4.8], [3.69, 18.39])
    """
    from scipy.special import gammaincinv  # noqa: PLC0415 - on use: importing scipy takes time

    seen = np.asarray(counts, dtype=np.float64)
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; give a share within (0, 1)")
    if (seen < 0).any():
        raise ValueError(f"the lowest count is {seen.min()}; give counts of at least 0")
    tail = (1 - level) / 2
    low = np.where(seen > 0, gammaincinv(np.maximum(seen, 1e-12), tail), 0.0)
    return low, gammaincinv(seen + 1, 1 - tail)


def rate_interval(
    counts: ArrayLike, exposures: ArrayLike, *, level: float = _LEVEL
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return rates with exact Poisson limits; no exposure, no rate.

    Args:
        counts: Observed counts, at least 0, shape (n,).
        exposures: What they were observed over, e.g. customer-days, shape (n,).
        level: Coverage that is guaranteed.

    Returns:
        (rate, low, high) per unit of exposure, shape (n,); NaN where there is none.

    >>> rate, low, high = rate_interval([10, 0], [5.0, 0.0])
    >>> rate.tolist()
    [2.0, nan]
    """
    seen = np.asarray(counts, dtype=np.float64)
    over = np.asarray(exposures, dtype=np.float64)
    over = np.where(over > 0, over, np.nan)
    low, high = poisson_interval(seen, level=level)
    return seen / over, low / over, high / over


def rate_ratio_interval(
    counts: tuple[ArrayLike, ArrayLike],
    exposures: tuple[float, float],
    *,
    level: float = _LEVEL,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the ratio of the first rates to the second, with exact limits.

    Given their sum, the first count is binomial; its Clopper-Pearson limits become
    limits of the ratio.

    Args:
        counts: Events of the one and the other, at least 0, of one shape.
        exposures: What they were observed over, above 0.
        level: Coverage that is guaranteed.

    Returns:
        (ratio, low, high): the ratio is NaN if nothing was seen, infinite if only the
        first was seen.

    Raises:
        ValueError: an exposure of 0 or below, or a negative count.

    Source:
        J. Przyborowski and H. Wilenski (1940), Biometrika 31, 313-323.

    >>> ratio, low, high = rate_ratio_interval(([20], [10]), (100.0, 100.0))
    >>> float(ratio[0].round(2)), float(low[0].round(2)), float(high[0].round(2))
    (2.0, 0.89, 4.78)
    """
    from scipy.special import betaincinv  # noqa: PLC0415 - on use

    one, other = (np.asarray(count, dtype=np.float64) for count in counts)
    if min(exposures) <= 0 or one.min(initial=0) < 0 or other.min(initial=0) < 0:
        raise ValueError(f"exposures are {exposures}; give counts >= 0, exposures > 0")
    scale = exposures[1] / exposures[0]
    tail = (1 - level) / 2
    low = np.where(one > 0, betaincinv(np.maximum(one, 1), other + 1, tail), 0.0)
    high = np.where(other > 0, betaincinv(one + 1, np.maximum(other, 1), 1 - tail), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return one / other * scale, low / (1 - low) * scale, high / (1 - high) * scale
