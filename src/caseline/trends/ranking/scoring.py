"""Scores candidates: avoidable hours with limits, a badge for growth, reasons in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.estimation.rates import rate_ratio_interval
from caseline.trends.ranking.forecasting import (
    as_floats,
    best_exposure,
    forecast_hours,
    shrunk_rates,
    ticket_hours,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from caseline.trends.costs.settings import CostSettings


def score(
    frame: pl.DataFrame,
    *,
    watched: Sequence[float],
    usual: tuple[float, float],
    horizon_days: float,
    settings: CostSettings,
) -> tuple[pl.DataFrame, str]:
    """Return *frame* with avoidable hours, low, high, variance, growth; and what tickets follow.

    What falls on customers now goes on as it is: the rate of all three stretches where they
    agree, else that of the last one. Growth is a badge and moves no candidate.

    Args:
        frame: days_ and customers_ of the stretches first, middle, recent; tickets and
            hours that links give it over all of them.
        watched: Customer-days with logs of each stretch.
        usual: Mean and variance of a ticket's hours in the fleet.
        horizon_days: How far ahead.
        settings: The numbers that decide.
    """
    days, people = (
        np.column_stack([as_floats(frame[f"{what}_{s}"]) for s in ("first", "middle", "recent")])
        for what in ("days", "customers")
    )
    seen = np.asarray(watched, dtype=np.float64)
    ratio, low, high = _growth(days, seen)
    steady = (low <= 1) & (high >= 1)
    tickets, hours = as_floats(frame["tickets"]), as_floats(frame["hours"])
    measures = {"customers": people, "customer-days": days}
    follows = best_exposure(tickets, {n: m.sum(axis=1) for n, m in measures.items()})
    measure = measures[follows]
    usual_rate = settings.usual_tickets_per_customer
    rates = shrunk_rates(tickets, measure.sum(axis=1), usual=usual_rate)
    ahead = _ahead(measure, seen, steady, horizon_days / settings.stretch_days)
    each = ticket_hours(tickets, hours, usual=usual, settings=settings)
    mean, least, most, variance = forecast_hours(rates, ahead, each, settings)
    badge = np.select(
        [(days[:, :2].sum(axis=1) == 0) & (days[:, 2] > 0) & (seen[:2].sum() > 0),
         low >= settings.growing_from, high <= 1 / settings.growing_from],
        ["new", "growing", "fading"], "steady",
    )  # fmt: skip
    columns = {"avoidable_hours": mean, "low": least, "high": most, "variance": variance,
               "ratio": ratio, "tickets_ahead": rates[0] * ahead[0]}  # fmt: skip
    told = frame.with_columns(pl.Series(n, v) for n, v in columns.items())
    return told.with_columns(pl.Series("growth", badge.tolist(), dtype=pl.String)), follows


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
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and variance of the exposure ahead, as many *stretches* as there are."""
    share = watched / max(float(watched[2]), 1.0)
    used = np.where(watched[2] > 0, share.sum(), 1.0)
    pooled = measure.sum(axis=1) / max(float(used), 1e-9)
    level = np.where(steady, pooled, measure[:, 2])
    counted = np.where(steady, used, 1.0)
    clumped = 2.0
    mean = level * stretches
    return mean, clumped * (level * stretches + stretches**2 * level / counted)
