"""How much more likely days are under another rate than under the expected one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def log_ratios(
    counts: ArrayLike,
    means: ArrayLike,
    size: ArrayLike,
    ratio: ArrayLike,
    *,
    digits: type[np.floating[Any]] = np.float64,
) -> NDArray[np.floating[Any]]:
    """Return the log likelihood ratio of *ratio* times the means against the means.

    Args:
        counts: Observed, at least 0.
        means: Expected, at least 0; all arguments must broadcast.
        size: Of the negative binomial: variance = mean + mean ** 2 / size.
        ratio: Of the other rate to the expected one, above 0.
        digits: float32 does for sizes up to thousands, and its logarithms take a third.

    Source:
        M. Höhle and M. Paul (2008), Comput. Stat. Data Anal. 52, 4357-4368, eq. 6.

    >>> log_ratios([0, 8], 2.0, 1e9, 4.0).round(2).tolist()
    [-6.0, 5.09]
    """
    seen, mean, kept, other = (
        np.asarray(part, dtype=digits) for part in (counts, means, size, ratio)
    )
    wider = np.log(1 + (other - 1) * (mean / (kept + mean)))
    found: NDArray[np.floating[Any]] = seen * np.log(other) - (seen + kept) * wider
    return found


def mixed(sums: Floats) -> Floats:
    """Return the log of the mean likelihood ratio over the ratios tried, axis 0 of *sums*.

    >>> mixed(np.array([[0.0], [0.0]])).tolist()
    [0.0]
    """
    top = sums.max(axis=0)
    found: Floats = top + np.log(np.exp(sums - top).mean(axis=0))
    return found
