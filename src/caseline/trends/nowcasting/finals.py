"""What will have come of a day in the end, given what is there and what is usual."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_NODES = 24
_LEAST = 1e-9


def still_to_come(
    reported: Floats, share: Floats, size: Floats, usual: Floats, *, scatter: float, spread: float
) -> tuple[Floats, Floats]:
    """Return mean and variance of what has not come yet.

    A day's true mean has a Gamma distribution around the usual level; of it a share, of
    Beta distribution, has come. What is there sharpens both. Where nothing can be there
    yet the usual level speaks, and the more has come the more it gives way to the
    proportion of the chain ladder.

    Args:
        reported: What is there, shape (n,), at least 0.
        share: Mean of the share that has come, shape (n,).
        size: a + b of its Beta distribution, shape (n,).
        usual: The usual total of such a day, shape (n,), at least 0.
        scatter: Shape of the Gamma distribution of a day's mean, above 0.
        spread: Variance of counts relative to Poisson's, above 0.

    Source:
        R. L. Bornhuetter and R. E. Ferguson (1972), Proc. CAS 59, 181-195, as the limit of
        a Gamma prior: R. J. Verrall (2004), North American Actuarial J. 8(3), 67-89.

    >>> more, _ = still_to_come(np.array([5.0]), np.array([0.5]), np.array([1e6]),
    ...                         np.array([10.0]), scatter=20.0, spread=1.0)
    >>> more.round(2).tolist()
    [5.0]
    """
    from scipy.special import betaincinv  # noqa: PLC0415 - importing scipy takes time

    mean = np.clip(share, 1e-4, 1 - 1e-6)
    level = np.maximum(usual, _LEAST)
    at = (np.arange(_NODES) + 0.5) / _NODES
    p = betaincinv((mean * size)[:, None], ((1 - mean) * size)[:, None], at[None, :])
    p = np.clip(np.nan_to_num(p, nan=0.5), 1e-6, 1 - 1e-9)
    shape = scatter + reported / spread
    rate = scatter / level[:, None] + p / spread
    log_chance = (reported / spread)[:, None] * np.log(p) - shape[:, None] * np.log(rate)
    chance = np.exp(log_chance - log_chance.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    whole, left = shape[:, None] / rate, 1 - p
    means = whole * left
    variances = spread * means + left**2 * shape[:, None] / rate**2
    more = (chance * means).sum(axis=1)
    variance = (chance * (variances + means**2)).sum(axis=1) - more**2
    done = (share >= 1 - 1e-6) | (usual <= 0)
    return np.where(done, 0.0, more), np.where(done, 0.0, np.maximum(variance, 0.0))


def limits(mean: Floats, variance: Floats, *, level: float) -> tuple[Floats, Floats]:
    """Return the limits of an amount of at least 0 with this mean and variance.

    A Gamma distribution with these moments: as skewed as what it stands for.

    >>> low, high = limits(np.array([100.0, 0.0]), np.array([100.0, 0.0]), level=0.9)
    >>> low.round(1).tolist(), high.round(1).tolist()
    ([84.1, 0.0], [117.0, 0.0])
    """
    from scipy.special import gammaincinv  # noqa: PLC0415 - importing scipy takes time

    some = (mean > _LEAST) & (variance > _LEAST)
    safe_mean, safe_variance = np.where(some, mean, 1.0), np.where(some, variance, 1.0)
    shape, scale = safe_mean**2 / safe_variance, safe_variance / safe_mean
    tail = (1 - level) / 2
    low, high = (gammaincinv(shape, q) * scale for q in (tail, 1 - tail))
    return np.where(some, low, mean), np.where(some, high, mean)
