"""Where the level of a series shifts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

_PENALTY = 15.0
_SHORTEST = 2
_LEAST_VARIANCE = 1e-3


def level_shifts(values: ArrayLike, *, penalty: float = _PENALTY) -> list[int]:
    """Return the first index of every stretch after the first, ascending.

    The stretches are those whose normal likelihoods, each with a level and a scatter of
    its own, are largest together, less *penalty* times the log of the length for each
    shift. All ways to cut are weighed, not only the greedy one.

    Args:
        values: Shape (n,), or (n, n_series) if the shifts are common; no missing values.
        penalty: For each shift and series, above 0. The default is far above the usual
            few units, since days that follow one another are alike.

    Raises:
        ValueError: *penalty* is not above 0.

    Source:
        B. Jackson et al. (2005), IEEE Signal Process. Lett. 12, 105-108 (optimal
        partitioning).

    >>> level_shifts([1.0, 1.2, 0.9, 1.1, 1, 9, 9.1, 8.8, 9, 9.2], penalty=4)
    [5]
    """
    if penalty <= 0:
        raise ValueError(f"penalty is {penalty}; give a number above 0")
    x = np.asarray(values, dtype=np.float64)
    x = _standard(x[:, np.newaxis] if x.ndim == 1 else x)
    size, series = x.shape
    if size < 2 * _SHORTEST:
        return []
    each = penalty * series * np.log(size)
    sums, squares = (np.vstack([np.zeros(series), v.cumsum(axis=0)]) for v in (x, x**2))
    best = np.full(size + 1, np.inf)
    best[0] = -each
    cut = np.zeros(size + 1, dtype=np.int64)
    for end in range(_SHORTEST, size + 1):
        start = np.arange(end - _SHORTEST + 1)
        length = (end - start)[:, np.newaxis]
        mean = (sums[end] - sums[start]) / length
        variance = np.maximum((squares[end] - squares[start]) / length - mean**2, _LEAST_VARIANCE)
        cost = best[start] + (length * np.log(variance)).sum(axis=1) + each
        cut[end] = start[cost.argmin()]
        best[end] = cost.min()
    return _followed(cut)


def _standard(x: Floats) -> Floats:
    found: Floats = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12)
    return found


def _followed(cut: NDArray[np.int64]) -> list[int]:
    """Return the cuts that the last index goes back through."""
    found, at = [], int(cut[-1])
    while at > 0:
        found.append(at)
        at = int(cut[at])
    return found[::-1]
