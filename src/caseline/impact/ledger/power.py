"""What silence is worth: the chance that a hit customer would have shown it.

Learned from the customers that are hit: on how many of their covered days after the
first hit does the issue show (persistence), and how many events does a day with
events have (a day with 40 events is no near miss, one with a single event is). Each
hit customer gets its own chance a day, drawn towards the common one; customers with
a small chance are missed more often and so stand for more than themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from caseline.impact.settings import ImpactSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Visibility:
    """How visible the issue is where it strikes.

    Args:
        daily: Chance of at least one event on a covered day, shape (n_hit,).
        weights: For how many customers each one stands, shape (n_hit,), sum 1.
    """

    daily: NDArray[np.float64]
    weights: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """The mean chance a day."""
        return float(self.daily @ self.weights)

    def power(self, days: ArrayLike) -> NDArray[np.float64]:
        """Return the chance of at least one event within so many covered *days*.

        >>> sure = Visibility(daily=np.array([0.5]), weights=np.array([1.0]))
        >>> sure.power([0, 1, 2]).tolist()
        [0.0, 0.5, 0.75]
        """
        asked = np.asarray(days, dtype=np.int64)
        distinct, back = np.unique(asked, return_inverse=True)
        missed = (1 - self.daily) ** distinct[:, np.newaxis]
        return (1 - missed @ self.weights)[back.reshape(asked.shape)]


def visibility(
    event_days: ArrayLike, covered_days: ArrayLike, events: ArrayLike, settings: ImpactSettings
) -> Visibility:
    """Return how visible an issue is, from those it hit.

    The first hit itself is no evidence of persistence (without it the customer would
    not be among the hit), so it is left out of both counts. Within a day, events are
    taken as geometric: of days with m events in the mean, 1/m show just one.

    Args:
        event_days: Days with events, at least 1, shape (n_hit,).
        covered_days: Days with logs since the first hit, that one included, shape (n_hit,).
        events: Events, at least 1, shape (n_hit,).
        settings: Weights of the priors.

    >>> from caseline.impact.settings import shipped_settings
    >>> seen = visibility([2, 3], [5, 5], [50, 20], shipped_settings())
    >>> seen.power([0, 3]).round(2).tolist()
    [0.0, 0.77]
    """
    hit_days = np.asarray(event_days, dtype=np.float64)
    if hit_days.size == 0:
        return Visibility(daily=np.array([settings.day_without_hits]), weights=np.ones(1))
    days = np.maximum(np.asarray(covered_days, dtype=np.float64), hit_days)
    singles = hit_days / np.maximum(np.asarray(events, dtype=np.float64), hit_days)
    prior = settings.within_weight
    within = 1 - (singles.sum() + prior / 2) / (singles.size + prior)
    again, chances, weight = hit_days - 1, days - 1, settings.day_weight
    common = (again.sum() + weight * within) / (chances.sum() + weight)
    daily = (again + weight * common) / (chances + weight)
    seen = 1 - (1 - daily) ** days
    stands_for = 1 / np.maximum(seen, 1 / (10 * daily.size))
    return Visibility(daily=daily, weights=stands_for / stands_for.sum())
