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
        singles: Share of days with events that have just one, above 0, shape (n_hit,); 1, the
            worst for those who see a part of the lines, if None.
    """

    daily: NDArray[np.float64]
    weights: NDArray[np.float64]
    singles: NDArray[np.float64] | None = None

    @property
    def mean(self) -> float:
        """The mean chance a day."""
        return float(self.daily @ self.weights)

    def power(self, days: ArrayLike, kept: ArrayLike = 1.0) -> NDArray[np.float64]:
        """Return the chance of at least one event within so many covered *days*.

        Args:
            days: How many, shape (n,).
            kept: Share of lines that reach us, of those that would reach us from the
                places that are hit; one for all, or shape (n,).

        >>> sure = Visibility(daily=np.array([0.5]), weights=np.array([1.0]))
        >>> sure.power([0, 1, 2]).tolist()
        [0.0, 0.5, 0.75]
        >>> sure.power([1, 1], kept=[1.0, 0.1]).round(3).tolist()
        [0.5, 0.05]
        """
        asked = np.asarray(days, dtype=np.float64)
        both = np.stack([asked, np.broadcast_to(np.asarray(kept, np.float64), asked.shape)], -1)
        distinct, back = np.unique(both.reshape(-1, 2), axis=0, return_inverse=True)
        shown = self.daily * self._still_shown(distinct[:, 1:])
        missed = (1 - shown) ** distinct[:, :1]
        found: NDArray[np.float64] = (1 - missed @ self.weights).clip(0.0, 1.0)
        return found[back.reshape(asked.shape)]

    def _still_shown(self, kept: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the chance that of a day's events at least one is kept.

        With m events a day in the mean, geometrically spread, and each kept for itself.
        """
        single = np.ones_like(self.daily) if self.singles is None else self.singles
        lost = 1 - kept
        chance: NDArray[np.float64] = 1 - single * lost / (1 - (1 - single) * lost)
        return chance


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
    weights = stands_for / stands_for.sum()
    return Visibility(daily=daily, weights=weights, singles=singles)
