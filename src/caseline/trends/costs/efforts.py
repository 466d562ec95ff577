"""The hours of each ticket: as recorded, or assumed from those that are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from caseline.trends.costs.settings import CostSettings

_ALIKE = ["category", "priority"]


def with_hours(
    tickets: pl.DataFrame, *, assumed: float | None, settings: CostSettings
) -> pl.DataFrame:
    """Return *tickets* with what each cost.

    Args:
        tickets: category, priority, effort_hours (null where nobody recorded it).
        assumed: Hours for each ticket without; None for the mean of those recorded in the
            same category and priority, drawn to the mean of all where they are few.
        settings: How far, and what is assumed where nothing at all is recorded.

    Returns:
        The same rows, and hours; assumed_hours (0 where recorded); own_variance (of the
        ticket's hours) and common_error (standard deviation of the assumption, which all
        alike tickets share).

    >>> from caseline.trends.costs.settings import cost_settings
    >>> rows = {"category": ["a", "a"], "priority": ["low"] * 2, "effort_hours": [3.0, None]}
    >>> with_hours(pl.DataFrame(rows), assumed=None, settings=cost_settings())["hours"].to_list()
    [3.0, 3.0]
    """
    missing = pl.col("effort_hours").is_null()
    known = tickets["effort_hours"].drop_nulls()
    if assumed is not None:
        told = tickets.with_columns(pl.lit(assumed).alias("mean"), *_zeros("variance", "error"))
    elif known.is_empty():
        error = settings.hours_per_ticket * settings.relative_error
        told = tickets.with_columns(
            pl.lit(settings.hours_per_ticket).alias("mean"),
            pl.lit(error**2).alias("variance"),
            pl.lit(error).alias("error"),
        )
    else:
        told = _alike(tickets, known, settings)
    return told.with_columns(
        pl.when(missing).then("mean").otherwise("effort_hours").alias("hours"),
        *(
            pl.when(missing).then(value).otherwise(0.0).alias(name)
            for name, value in (
                ("assumed_hours", "mean"), ("own_variance", "variance"), ("common_error", "error"),
            )
        ),
    ).drop("mean", "variance", "error")  # fmt: skip


def _zeros(*names: str) -> list[pl.Expr]:
    return [pl.lit(0.0).alias(name) for name in names]


def _alike(tickets: pl.DataFrame, known: pl.Series, settings: CostSettings) -> pl.DataFrame:
    """Return mean, variance and error of the mean for each ticket, from those that are alike."""
    overall, squares = _number(known.mean()), _number((known**2).mean())
    weight = settings.alike_tickets
    hours, count = pl.col("effort_hours"), pl.col("effort_hours").count().over(_ALIKE)
    seen = count + weight
    mean = (hours.sum().over(_ALIKE) + weight * overall) / seen
    second = ((hours**2).sum().over(_ALIKE) + weight * squares) / seen
    told = tickets.with_columns(mean.alias("mean"), second.alias("second"), seen.alias("seen"))
    variance = (pl.col("second") - pl.col("mean") ** 2).clip(lower_bound=0.0)
    return told.with_columns(
        variance.alias("variance"), (variance / pl.col("seen")).sqrt().alias("error")
    ).drop("second", "seen")


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
