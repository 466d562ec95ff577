"""How many support hours a candidate costs in the days ahead, if nothing is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

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


def forecast_hours(
    rate: tuple[Floats, Floats],
    affected: tuple[Floats, Floats],
    hours: tuple[Floats, Floats, Floats],
    settings: CostSettings,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the mean of the hours ahead, its limits, and its variance.

    The number of tickets is Poisson given rate and exposure, both unsure; each ticket's
    hours scatter, and their mean is unsure. The sum has about a gamma distribution.

    Args:
        rate: Mean and variance of tickets per unit of exposure.
        affected: Mean and variance of the exposure ahead.
        hours: Mean hours of a ticket, the variance of that mean, the variance of tickets.
        settings: The level of the interval.

    Returns:
        (mean, low, high, variance), shape (n,).
    """
    from scipy.special import gammaincinv  # noqa: PLC0415 - importing scipy takes time

    (r, vr), (e, ve), (m, vm, vh) = rate, affected, hours
    tickets = r * e
    scatter = tickets + (r**2 + vr) * (e**2 + ve) - tickets**2
    mean = tickets * m
    variance = tickets * vh + m**2 * scatter + vm * (tickets**2 + scatter)
    shape = mean**2 / np.maximum(variance, 1e-300)
    scale = variance / np.maximum(mean, 1e-300)
    tail = (1 - settings.level) / 2
    some = mean > 0
    sized = np.where(some, np.clip(shape, 1e-6, 1e9), 1.0)
    low = np.where(some, gammaincinv(sized, tail) * scale, 0.0)
    high = np.where(some, gammaincinv(sized, 1 - tail) * scale, 0.0)
    return mean, np.minimum(low, mean), np.maximum(high, mean), variance


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
