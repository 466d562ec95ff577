"""How surprising a count is: upper and lower tails of Poisson and negative binomial."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_NEARLY_POISSON = 1e-9


def upper_tail(
    counts: ArrayLike, means: ArrayLike, *, dispersion: ArrayLike = 0.0
) -> NDArray[np.float64]:
    """Return the probability of at least so many.

    Args:
        counts: Observed counts, at least 0; fractions are rounded down.
        means: Expected counts, at least 0; same shape, or one that broadcasts.
        dispersion: Variance beyond Poisson, relative to the squared mean: variance =
            mean + dispersion * mean ** 2. 0 gives Poisson.

    Returns:
        P(X >= count), float64.

    Source:
        Negative binomial with size 1 / dispersion; its tail is a regularised incomplete
        beta function (Abramowitz and Stegun 26.5.24).

    >>> upper_tail([0, 3], 1.0).round(4).tolist()
    [1.0, 0.0803]
    >>> upper_tail(3, 1.0, dispersion=1.0).round(4).item()
    0.125
    """
    from scipy.special import betainc, gammainc  # noqa: PLC0415 - importing scipy takes time

    seen, mean, spread = np.broadcast_arrays(
        np.floor(np.asarray(counts, dtype=np.float64)),
        np.asarray(means, dtype=np.float64),
        np.asarray(dispersion, dtype=np.float64),
    )
    least = np.maximum(seen, 1e-12)
    size = 1 / np.maximum(spread, _NEARLY_POISSON)
    poisson = gammainc(least, mean)
    wide = betainc(least, size, mean / (mean + size))
    tail = np.where(spread > _NEARLY_POISSON, wide, poisson)
    return np.where(seen <= 0, 1.0, tail)


def lower_tail(
    counts: ArrayLike, means: ArrayLike, *, dispersion: ArrayLike = 0.0
) -> NDArray[np.float64]:
    """Return the probability of at most so many: see ``upper_tail``.

    >>> lower_tail(0, 2.0).round(4).item()
    0.1353
    """
    seen = np.floor(np.asarray(counts, dtype=np.float64))
    return 1.0 - upper_tail(seen + 1, means, dispersion=dispersion)


def common_dispersion(counts: ArrayLike, means: ArrayLike, *, freedom: float = 1.0) -> float:
    """Return the dispersion that explains how *counts* scatter around *means*.

    Moments, not likelihood: sum((x - m)^2 / freedom - m) / sum(m^2), at least 0.

    Args:
        counts: Observed counts, any shape.
        means: Their expectations, the same shape.
        freedom: The share of the counts that the means were not fitted to, above 0.

    Source:
        A. C. Cameron and P. K. Trivedi (1998), Regression Analysis of Count Data, 3.2.

    >>> common_dispersion([2, 2, 2], [2.0, 2.0, 2.0])
    0.0
    """
    seen, mean = np.asarray(counts, dtype=np.float64), np.asarray(means, dtype=np.float64)
    weight = float((mean**2).sum())
    excess = float(((seen - mean) ** 2 / freedom - mean).sum())
    return max(0.0, excess / weight) if weight > 0 else 0.0
