"""How many support hours a candidate costs in the days ahead, if nothing is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Pair = tuple[Floats, Floats]

    from caseline.trends.costs.settings import CostSettings


def shrunk_rates(counts: Floats, exposures: Floats, *, usual: float) -> tuple[Floats, Floats]:
    """Return the mean and variance of each rate, drawn to the fleet's where little is known.

    Rates have a gamma distribution over the candidates, fitted by moments; counts are
    Poisson given the rate. Without any count the usual rate stands in, unsure by itself.

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
    whole, over = float(counts.sum()), float(exposures.sum())
    if whole <= 0 or over <= 0:
        return np.full(counts.shape, usual), np.full(counts.shape, usual**2)
    rate = whole / over
    scatter = float((exposures * (counts / np.maximum(exposures, 1e-9) - rate) ** 2).sum())
    known = over - float((exposures**2).sum()) / over
    spread = (scatter - rate * (counts.size - 1)) / known if known > 0 else 0.0
    spread = min(max(spread, (0.1 * rate) ** 2), (5 * rate) ** 2)
    shape, scale = rate**2 / spread, rate / spread
    mean = (shape + counts) / (scale + exposures)
    return mean, mean / (scale + exposures)


def best_exposure(counts: Floats, measures: dict[str, Floats]) -> str:
    """Return the name of the measure that tickets follow best; the first if none is linked.

    By the likelihood of the counts if the rates were one, with the scatter that is left.

    >>> import numpy as np
    >>> best_exposure(np.array([1.0, 2.0, 3.0]), {"customers": np.array([3.0, 1, 2]),
    ...                                           "days": np.array([10.0, 20, 30])})
    'days'
    """
    names = list(measures)
    if counts.sum() <= 0:
        return names[0]
    scores = {}
    for name, measure in measures.items():
        mean = np.maximum(measure * counts.sum() / max(float(measure.sum()), 1e-9), 1e-9)
        scores[name] = float(((counts - mean) ** 2 / (mean + 0.25 * mean**2)).sum()) + float(
            np.log(mean + 0.25 * mean**2).sum()
        )
    return min(names, key=lambda name: scores[name])


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
    tickets: Floats, hours: Floats, *, usual: tuple[float, float], settings: CostSettings
) -> tuple[Floats, Floats, Floats]:
    """Return the mean hours of a candidate's tickets, its variance, and that of one ticket.

    Means are drawn to the fleet's, which weighs as much as ``alike_tickets``.

    Args:
        tickets: How many, shape (n,).
        hours: Their sum, shape (n,).
        usual: Mean and variance of a ticket's hours in the fleet.
        settings: How far they are drawn.
    """
    weight = settings.alike_tickets
    mean = (hours + weight * usual[0]) / (tickets + weight)
    spread = usual[1] / max(usual[0] ** 2, 1e-9)
    each = spread * mean**2
    return mean, each / (tickets + weight), each


def as_floats(values: Any) -> Floats:
    """Return a column as floats.

    >>> import polars as pl
    >>> as_floats(pl.Series([1, 2])).tolist()
    [1.0, 2.0]
    """
    found: Floats = values.to_numpy().astype(np.float64)
    return found
