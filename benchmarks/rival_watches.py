"""Other ways to watch series, as they are described: each gives a score to every day.

Their limits are set on quiet series to the same false alarms as ours, so that only what
they find is compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from drawn_series import DrawnSeries
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_WEEK = 7


def count_threshold(drawn: DrawnSeries) -> Floats:
    """Return the events of a day."""
    return drawn.events


def weekday_mad(drawn: DrawnSeries) -> Floats:
    """Return how far counts lie above the median of the eight same weekdays before, in MADs."""
    counts = drawn.counts
    score = np.zeros_like(counts)
    for day in range(8 * _WEEK, len(counts)):
        past = counts[day - 8 * _WEEK : day : _WEEK]
        middle = np.median(past, axis=0)
        spread = 1.4826 * np.median(np.abs(past - middle), axis=0)
        score[day] = (counts[day] - middle) / np.maximum(spread, 0.5 * np.sqrt(middle + 1))
    return score


def ears(drawn: DrawnSeries) -> Floats:
    """Return C2: how far counts lie above seven days that end two days before, in deviations.

    L. Hutwagner et al. (2003), J. Urban Health 80, i89-i96.
    """
    counts = drawn.counts
    score = np.zeros_like(counts)
    for day in range(9, len(counts)):
        past = counts[day - 9 : day - 2]
        score[day] = (counts[day] - past.mean(axis=0)) / np.maximum(past.std(axis=0, ddof=1), 0.5)
    return score


def page_hinkley(drawn: DrawnSeries) -> Floats:
    """Return how far the sum of counts above their running mean lies over its minimum."""
    counts = drawn.counts
    mean, total, lowest = counts[:28].mean(axis=0), *np.zeros((2, counts.shape[1]))
    score = np.zeros_like(counts)
    for day, seen in enumerate(counts):
        scale = np.sqrt(mean + 0.5)
        total = total + (seen - mean) / scale - 0.5
        lowest = np.minimum(lowest, total)
        score[day] = total - lowest
        mean = mean + (seen - mean) / (day + 29)
    return score


def forecast_ceiling(drawn: DrawnSeries) -> Floats:
    """Return events over a ceiling: the worst of seven days before, and thrice their mean."""
    events = drawn.events
    score = np.zeros_like(events)
    for day in range(_WEEK, len(events)):
        past = events[day - _WEEK : day]
        ceiling = np.maximum(past.max(axis=0), 3 * past.mean(axis=0)) + 1
        score[day] = events[day] / ceiling
    return score


RIVALS: dict[str, Callable[[DrawnSeries], Floats]] = {
    "count threshold": count_threshold,
    "weekday MAD": weekday_mad,
    "EARS C2": ears,
    "Page-Hinkley": page_hinkley,
    "forecast ceiling": forecast_ceiling,
}


def alarms_of(score: Floats, limit: float, *, first: int, apart: int = 14) -> list[tuple[int, int]]:
    """Return (series, day) of alarms above *limit* from day *first* on, runs as one."""
    found = []
    last = np.full(score.shape[1], -apart - 1)
    for day in range(first, len(score)):
        high = np.flatnonzero(score[day] > limit)
        fresh = high[day - last[high] > apart]
        found += [(series, day) for series in fresh.tolist()]
        last[high] = day
    return found


def limit_of(score: Floats, false: float, *, first: int) -> float:
    """Return the limit at which quiet series have so many alarms each, by bisection."""
    low, high = 0.0, float(score.max()) + 1
    for _ in range(30):
        middle = (low + high) / 2
        if len(alarms_of(score, middle, first=first)) > false * score.shape[1]:
            low = middle
        else:
            high = middle
    return high
