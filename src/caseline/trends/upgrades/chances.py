"""How likely a score is by chance, and the interval of a ratio: small counts in mind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.trends.upgrades.fitting import Scores

    Floats = NDArray[np.float64]

_LEAST = 1e-12
_FLAT = 1e-3


def chance_of(scores: Scores, *, most: float, alone: float) -> Floats:
    """Return the two-sided p-values of *scores*, shape (n_signatures,).

    No place says more than *most* standard deviations of its own chance. A finding that
    would not stand at the level *alone* without the place that speaks loudest for it is
    none: its p-value is that of the others. The tail is that of a gamma distribution
    with the same variance and skewness, or the normal one, whichever is the larger:
    scores of few hits are skewed, and the normal tail is too small on one side.

    Args:
        scores: Of all signatures.
        most: How many standard deviations a place may say at the most.
        alone: The level at which the other places must still speak for it.

    Source:
        K. Pearson (1895), Phil. Trans. R. Soc. A 186, 343-414 (type III).
    """
    if not scores.place.shape[1]:
        return np.ones(scores.total.size)
    every = np.arange(scores.total.size)
    sign = np.sign(scores.total)
    spread = np.sqrt(scores.place_variance)
    bounded = np.clip(scores.place, -most * spread, most * spread) * sign[:, None]
    loudest = bounded.argmax(axis=1)
    rest = np.maximum(scores.variance - scores.place_variance[every, loudest], 0.0)
    total = bounded.sum(axis=1)
    without = _two_sided(scores, total - bounded[every, loudest], rest, sign)
    whole = _two_sided(scores, total, scores.variance, sign)
    found: Floats = np.where(without <= alone, whole, np.maximum(whole, without))
    return found


def _two_sided(scores: Scores, total: Floats, variance: Floats, sign: Floats) -> Floats:
    kept = np.clip(scores.variance / np.maximum(scores.known, _LEAST), 0.0, 1.0)
    third = scores.third * sign * variance / np.maximum(scores.variance, _LEAST)
    p = tail_of(total - kept / 2, variance, third)
    return np.where(variance > _LEAST, np.minimum(1.0, 2 * p), 1.0)


def tail_of(total: Floats, variance: Floats, third: Floats) -> Floats:
    """Return the probability that a centred sum is at least *total*.

    >>> one = np.ones(1)
    >>> float(tail_of(1.96 * one, one, 0 * one)[0].round(3))
    0.025
    >>> float(tail_of(3.5 * one, 4 * one, 4 * one)[0].round(3))  # 8 of a mean of 4, Poisson: 0.051
    0.052
    """
    from scipy.special import gammaincc, ndtr  # noqa: PLC0415 - importing scipy takes time

    spread = np.sqrt(np.maximum(variance, _LEAST))
    z = np.maximum(total, 0.0) / spread
    skew = np.maximum(third / spread**3, _FLAT)
    shape = 4 / skew**2
    gamma = gammaincc(shape, shape + z * np.sqrt(shape))
    found: Floats = np.maximum(ndtr(-z), gamma)
    return np.where(total > 0, found, 1.0)


def ratio_limits(
    log_ratio: Floats, hits_on: Floats, hits: Floats, kept: Floats, *, level: float
) -> tuple[Floats, Floats]:
    """Return the limits of a ratio.

    Given a place's hits, the share of them that came with the value is binomial; exact
    limits of the share are carried over to the ratio.

    Args:
        log_ratio: As ``fit_ratio`` gives it.
        hits_on: Weighted hits with the value.
        hits: Weighted hits.
        kept: The share of the hits that is left to tell the ratio after what it took to
            tell the days.
        level: Of the interval.

    Returns:
        (low, high); high is infinite if no hit came without the value.

    Source:
        C. J. Clopper and E. S. Pearson (1934), Biometrika 26, 404-413.
    """
    from scipy.special import betaincinv  # noqa: PLC0415 - importing scipy takes time

    one, other = kept * hits_on, kept * (hits - hits_on)
    tail = (1 - level) / 2
    share = (hits_on + 0.5) / (hits + 1)
    odds = share / (1 - share)
    low = np.where(one > _LEAST, betaincinv(np.maximum(one, _LEAST), other + 1, tail), 0.0)
    high = np.where(other > _LEAST, betaincinv(one + 1, np.maximum(other, _LEAST), 1 - tail), 1.0)
    with np.errstate(divide="ignore"):
        scaled = np.exp(log_ratio) / odds
        return low / (1 - low) * scaled, high / (1 - high) * scaled
