"""What goes on at each candidate if nothing is done: days, tickets, hours, and whether it grows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from caseline.estimation.rates import rate_ratio_interval
from caseline.trends.ranking.forecasting import (
    as_floats,
    best_exposure,
    forecast_hours,
    shrunk_rates,
    ticket_hours,
    times,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    from caseline.trends.costs.settings import CostSettings

    Floats = NDArray[np.float64]
    Pair = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What goes on at the candidates if nothing is done; all of shape (n,).

    Args:
        follows: What tickets follow: customers or customer-days.
        ratio: The rate of the last stretch to the one before.
        growth: A badge: new, growing, fading, steady.
        steady: True where the three stretches agree.
        rate: Mean and variance of tickets per unit of what they follow.
        ahead: Mean and variance of what they follow, in the days ahead.
        days: Mean and variance of customer-days ahead.
        each: Mean hours of a ticket, the variance of that mean, the variance of tickets.
    """

    follows: str
    ratio: Floats
    growth: NDArray[np.str_]
    steady: NDArray[np.bool_]
    rate: Pair
    ahead: Pair
    days: Pair
    each: tuple[Floats, Floats, Floats]

    def hours(self, share: Pair, level: float) -> tuple[Floats, Floats, Floats, Floats]:
        """Return mean, limits and variance of the hours in a *share* of what comes."""
        return forecast_hours(self.rate, times(self.ahead, share), self.each, level=level)

    def of(self, n: int) -> Outlook:
        """Return the one of candidate *n*."""
        parts = ("rate", "ahead", "days", "each")
        own: dict[str, Any] = {
            name: tuple(v[n : n + 1] for v in getattr(self, name)) for name in parts
        }
        own |= {name: getattr(self, name)[n : n + 1] for name in ("ratio", "growth", "steady")}
        return replace(self, **own)


def look_ahead(
    frame: pl.DataFrame,
    *,
    watched: Sequence[float],
    usual: tuple[float, float],
    stretches_ahead: float,
    weeks: float,
    settings: CostSettings,
) -> Outlook:
    """Return what goes on if nothing is done.

    What falls on customers now goes on as it is: the rate of all three stretches where they
    agree, else that of the last one. Growth is a badge and moves no candidate.

    Args:
        frame: days_ and customers_ of the stretches first, middle, recent; tickets that
            links give it over all of them; told, told_hours, told_squares: those whose
            hours are recorded, and the sums of these and of their squares.
        watched: Customer-days with logs of each stretch.
        usual: Mean and variance of a ticket's hours in the fleet.
        stretches_ahead: How far ahead, in stretches.
        weeks: How long a stretch is, relative to four weeks.
        settings: The numbers that decide.
    """
    days, people = (
        np.column_stack([as_floats(frame[f"{what}_{s}"]) for s in ("first", "middle", "recent")])
        for what in ("days", "customers")
    )
    seen = np.asarray(watched, dtype=np.float64)
    ratio, low, high = _growth(days, seen)
    steady = (low <= 1) & (high >= 1)
    moved = np.abs(np.log(np.clip(np.nan_to_num(ratio, nan=1.0), 0.2, 5.0)))
    drift = np.where(steady, 0.0, settings.trend_doubt * moved)
    tickets = as_floats(frame["tickets"])
    told = [as_floats(frame[name]) for name in ("told", "told_hours", "told_squares")]
    measures = {"customers": people, "customer-days": days}
    follows = best_exposure(tickets, {n: m.sum(axis=1) for n, m in measures.items()})
    measure = measures[follows]
    usual_rate = settings.usual_tickets_per_customer * weeks
    badge = np.select(
        [(days[:, :2].sum(axis=1) == 0) & (days[:, 2] > 0) & (seen[:2].sum() > 0),
         low >= settings.growing_from, high <= 1 / settings.growing_from],
        ["new", "growing", "fading"], "steady",
    )  # fmt: skip
    ahead, ahead_days = (
        _ahead(m, seen, steady, stretches_ahead, (settings.clumped, drift)) for m in (measure, days)
    )
    return Outlook(
        follows=follows,
        ratio=ratio,
        growth=badge,
        steady=steady,
        rate=shrunk_rates(tickets, measure.sum(axis=1), usual=usual_rate),
        ahead=ahead,
        days=ahead_days,
        each=ticket_hours(told[0], told[1], told[2], usual=usual, settings=settings),
    )


def _growth(
    days: NDArray[np.float64], watched: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return how the rate of the last stretch compares with the two before, with limits."""
    before = float(watched[:2].sum())
    if before <= 0 or watched[2] <= 0:
        none = np.full(len(days), np.nan)
        return none, np.zeros(len(days)), np.full(len(days), np.inf)
    counts = (days[:, 2], days[:, :2].sum(axis=1))
    return rate_ratio_interval(counts, (float(watched[2]), before))


def _ahead(
    measure: NDArray[np.float64],
    watched: NDArray[np.float64],
    steady: NDArray[np.bool_],
    stretches: float,
    doubt: tuple[float, NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and variance of the exposure ahead, as many *stretches* as there are.

    *doubt* is how clumped counts are, and the relative error of a level that has moved: it
    may go on moving, or back.
    """
    share = watched / max(float(watched[2]), 1.0)
    used = np.where(watched[2] > 0, share.sum(), 1.0)
    pooled = measure.sum(axis=1) / max(float(used), 1e-9)
    level = np.where(steady, pooled, measure[:, 2])
    counted = np.where(steady, used, 1.0)
    mean = level * stretches
    scatter = doubt[0] * (level * stretches + stretches**2 * level / counted)
    return mean, scatter + (mean * doubt[1]) ** 2
