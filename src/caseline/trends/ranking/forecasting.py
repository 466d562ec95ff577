"""How many support hours a candidate costs in the days ahead, if nothing is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

_SHAPES = np.geomspace(0.05, 50, 31)
_STEPS = 8
_LEAST_ALIKE = 3
_WEIGHTS = (0.2, 50.0)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Pair = tuple[Floats, Floats]

    from caseline.trends.costs.settings import CostSettings


def fit_rates(counts: Floats, exposures: Floats) -> tuple[float, float, float]:
    """Return shape and mean of the gamma distribution of rates, and its log-likelihood.

    Counts are Poisson given a rate, so negative binomial over all; the shape is the best
    of a grid, the mean solves the equation of scores for it. Fractions count as well.

    Args:
        counts: Tickets, shape (n,); not all 0.
        exposures: What they were counted over, at least 0, shape (n,).

    >>> shape, mean, _ = fit_rates(np.array([9.0, 0.0, 2.0, 4.0]), np.array([3.0, 3.0, 3.0, 3.0]))
    >>> round(mean, 2)
    1.25
    """
    from scipy.special import gammaln  # noqa: PLC0415 - importing scipy takes time

    best = (1.0, 0.0, -np.inf)
    seen = np.maximum(exposures, 1e-9)
    for shape in _SHAPES:
        rate = float(counts.sum() / seen.sum())
        for _ in range(_STEPS):
            weight = 1 / (1 + seen * rate / shape)
            rate = float((weight * counts).sum() / max(float((weight * seen).sum()), 1e-300))
        mean = seen * rate
        fit = gammaln(counts + shape) - gammaln(shape) - gammaln(counts + 1)
        fit = fit + counts * np.log(np.maximum(mean, 1e-300)) + shape * np.log(shape)
        fit = fit - (counts + shape) * np.log(mean + shape)
        if float(fit.sum()) > best[2]:
            best = (float(shape), rate, float(fit.sum()))
    return best


def shrunk_rates(counts: Floats, exposures: Floats, *, usual: float) -> tuple[Floats, Floats]:
    """Return the mean and variance of each rate, drawn to the fleet's where little is known.

    Rates have a gamma distribution over the candidates: see ``fit_rates``. Without any
    count the usual rate stands in, unsure by itself.

    Args:
        counts: Tickets, fractions too, shape (n,).
        exposures: What they were counted over, at least 0, shape (n,).
        usual: The rate where no ticket is linked at all.

    Returns:
        (mean, variance), shape (n,).

    Source:
        D. Clayton and J. Kaldor (1987), Biometrics 43, 671-681.

    >>> import numpy as np
    >>> mean, _ = shrunk_rates(np.array([0.0, 30.0]), np.array([1.0, 30.0]), usual=0.2)
    >>> bool(0 < mean[0] < mean[1])
    True
    """
    if counts.sum() <= 0 or exposures.sum() <= 0:
        return np.full(counts.shape, usual), np.full(counts.shape, usual**2)
    shape, rate, _ = fit_rates(counts, exposures)
    scale = shape / max(rate, 1e-12)
    mean = (shape + counts) / (scale + exposures)
    return mean, mean / (scale + exposures)


def best_exposure(counts: Floats, measures: dict[str, Floats]) -> str:
    """Return the name of the measure that tickets follow best; the first if none is linked.

    By the likelihood of the counts: see ``fit_rates``.

    >>> import numpy as np
    >>> best_exposure(np.array([1.0, 2.0, 3.0]), {"customers": np.array([3.0, 1, 2]),
    ...                                           "days": np.array([10.0, 20, 30])})
    'days'
    """
    names = list(measures)
    if counts.sum() <= 0:
        return names[0]
    return max(names, key=lambda name: fit_rates(counts, measures[name])[2])


def times(one: Pair, other: Pair) -> Pair:
    """Return mean and variance of the product of two independent numbers.

    >>> one, other = ((np.array([m]), np.array([v])) for m, v in ((2.0, 1.0), (3.0, 0.0)))
    >>> mean, variance = times(one, other)
    >>> mean.tolist(), variance.tolist()
    ([6.0], [9.0])
    """
    (a, va), (b, vb) = one, other
    mean = a * b
    return mean, (a**2 + va) * (b**2 + vb) - mean**2


def counted(rate: Pair, affected: Pair) -> Pair:
    """Return mean and variance of a Poisson number whose mean, rate times exposure, is unsure."""
    mean, spread = times(rate, affected)
    return mean, mean + spread


def forecast_hours(
    rate: Pair, affected: Pair, hours: tuple[Floats, Floats, Floats], *, level: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the mean of the hours ahead, its limits, and its variance.

    The number of tickets is Poisson given rate and exposure, both unsure; each ticket's
    hours scatter, and their mean is unsure. The sum has about a gamma distribution, and
    is none at all where no ticket may come: see ``limits``.

    Args:
        rate: Mean and variance of tickets per unit of exposure.
        affected: Mean and variance of the exposure ahead.
        hours: Mean hours of a ticket, the variance of that mean, the variance of tickets.
        level: The coverage of the interval.

    Returns:
        (mean, low, high, variance), shape (n,).
    """
    m, vm, vh = hours
    tickets, scatter = counted(rate, affected)
    mean = tickets * m
    variance = tickets * vh + m**2 * scatter + vm * (tickets**2 + scatter)
    low, high = limits(mean, variance, level=level, none=chance_of_none(tickets, scatter))
    return mean, low, high, variance


def chance_of_none(mean: Floats, variance: Floats) -> Floats:
    """Return how likely a count is 0: negative binomial of that mean and variance.

    >>> chance_of_none(np.array([1.0]), np.array([1.0])).round(3).tolist()
    [0.368]
    """
    more = np.maximum(variance / np.maximum(mean, 1e-300), 1 + 1e-9)
    found: Floats = np.where(mean > 0, np.exp(-mean * np.log(more) / (more - 1)), 1.0)
    return found


def limits(mean: Floats, variance: Floats, *, level: float, none: Floats) -> Pair:
    """Return the limits of a sum that is 0 with a chance, and else about gamma distributed.

    >>> low, high = limits(np.array([4.0]), np.array([4.0]), level=0.9, none=np.zeros(1))
    >>> bool(0 < low[0] < 4 < high[0])
    True
    """
    from scipy.special import gammaincinv  # noqa: PLC0415 - importing scipy takes time

    tail = (1 - level) / 2
    some = (mean > 0) & (none < 1)
    there = np.where(some, 1 - none, 1.0)
    own = np.where(some, mean / there, 1.0)
    spread = np.maximum((variance + mean**2) / there - own**2, 1e-12 * own**2)
    shape = np.where(some, np.clip(own**2 / spread, 1e-6, 1e9), 1.0)
    at_low = np.clip((tail - none) / there, 0.0, 1.0)
    at_high = np.clip((1 - tail - none) / there, 0.0, 1.0)
    low = np.where(some & (none < tail), gammaincinv(shape, at_low) * own / shape, 0.0)
    high = np.where(some & (at_high > 0), gammaincinv(shape, at_high) * own / shape, 0.0)
    return np.minimum(low, mean), np.maximum(high, mean)


def ticket_hours(
    tickets: Floats,
    hours: Floats,
    squares: Floats,
    *,
    usual: tuple[float, float],
    settings: CostSettings,
) -> tuple[Floats, Floats, Floats]:
    """Return the mean hours of a candidate's tickets, its variance, and that of one ticket.

    Means are drawn to that of all candidates, the more the less candidates differ and the
    more tickets of one scatter: see ``_credibility``. Scatter grows with the mean.

    Args:
        tickets: How many have their hours recorded, shape (n,).
        hours: Their sum, shape (n,).
        squares: The sum of their squares, shape (n,).
        usual: Mean and variance of a ticket's hours, where too few are linked.
        settings: What the fleet weighs then.
    """
    center, spread, weight = _credibility(tickets, hours, squares, usual, settings.alike_tickets)
    mean = (hours + weight * center) / (tickets + weight)
    each = spread * mean**2
    return mean, each / (tickets + weight), each


def _credibility(
    tickets: Floats, hours: Floats, squares: Floats, usual: tuple[float, float], alike: float
) -> tuple[float, float, float]:
    """Return the mean of means, the relative variance of a ticket, and what the fleet weighs.

    Source:
        H. Bühlmann and E. Straub (1970), Mitt. Ver. Schweiz. Vers.-Math. 70, 111-133.
    """
    some = tickets > 0
    n, total = tickets[some], float(tickets.sum())
    if n.size < _LEAST_ALIKE or total - n.size < alike or hours.sum() <= 0:
        return usual[0], usual[1] / max(usual[0] ** 2, 1e-9), alike
    means = hours[some] / n
    within = float(np.maximum(squares[some] - n * means**2, 0.0).sum()) / (total - n.size)
    scale = float((n * means**2).sum()) / total
    spread = max(within / max(scale, 1e-9), 1e-3)
    center = float(hours.sum()) / total
    weight = alike
    for _ in range(_STEPS):
        trust = n / (n + weight)
        center = float((trust * means).sum() / trust.sum())
        known = total - float((n**2).sum()) / total
        scatter = float((n * (means - hours.sum() / total) ** 2).sum())
        between = (scatter - (n.size - 1) * within) / max(known, 1e-9)
        own = spread * center**2 / max(between, 1e-9)
        weight = float(np.clip(own, *_WEIGHTS))
    return center, spread, weight


def as_floats(values: Any) -> Floats:
    """Return a column as floats.

    >>> import polars as pl
    >>> as_floats(pl.Series([1, 2])).tolist()
    [1.0, 2.0]
    """
    found: Floats = values.to_numpy().astype(np.float64)
    return found
