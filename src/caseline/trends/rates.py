"""Counts beside what was observed: events, customers, customer-days, rates."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl

from caseline.estimation.rates import rate_interval

By = Literal["day", "version", "customer"]
KEYS: dict[str, str] = {"day": "day", "version": "version", "customer": "customer_id"}
COLUMNS = ("events", "customers", "exposure", "covered", "rate", "low", "high")


def rates_by(
    key: str, events: pl.DataFrame, observed: pl.DataFrame, *, clumping: float
) -> pl.DataFrame:
    """Return one row for each value of *key*: see ``COLUMNS``.

    Args:
        key: A column of both frames.
        events: The key, customer_id, events: what the signature did.
        observed: The key, customer_id, day, share (of the customer-day): where logs were.
        clumping: How much wider than Poisson the intervals are: see ``clumping``.

    Returns:
        The key; events (null where nothing was observed and nothing seen); customers
        with events of their own; exposure in customer-days; covered: customers
        observed; rate per customer-day with its limits, null without exposure.
    """
    named = observed.with_columns(pl.col("customer_id").alias("observed"))
    exposed = named.group_by(key).agg(
        pl.col("share").sum().alias("exposure"),
        pl.col("observed").n_unique().cast(pl.Int64).alias("covered"),
    )
    own = pl.col("owner").drop_nulls().n_unique().cast(pl.Int64)
    counted = (
        events.with_columns(pl.col("customer_id").alias("owner"))
        .group_by(key)
        .agg(pl.col("events").sum(), own.alias("customers"))
    )
    joined = exposed.join(counted, on=key, how="full", coalesce=True, nulls_equal=True)
    seen = pl.col("exposure").is_not_null()
    known = ("events", "customers")
    filled = joined.with_columns(
        *(pl.when(seen).then(pl.col(n).fill_null(0)).otherwise(n).alias(n) for n in known),
        pl.col("exposure").fill_null(0.0),
        pl.col("covered").fill_null(0),
    )
    return _with_rates(filled, clumping).select(key, *COLUMNS).sort(key, nulls_last=True)


def clumping(events: pl.DataFrame, customer_days: int) -> float:
    """Return how much the events of a customer-day vary beyond chance, at least 1.

    The ratio of variance to mean over all observed customer-days: one customer that
    retries forty times says less than forty customers that fail once.

    Args:
        events: customer_id, day, events.
        customer_days: How many were observed, those without events too.

    Source:
        R. W. M. Wedderburn (1974), Biometrika 61, 439-447 (quasi-likelihood).

    >>> frame = pl.DataFrame({"customer_id": ["a", "b"], "day": [1, 1], "events": [9, 1]})
    >>> clumping(frame, 4)
    5.7
    """
    by_day = (
        events.drop_nulls("customer_id")
        .group_by("customer_id", "day")
        .agg(pl.col("events").sum())["events"]
        .to_numpy()
        .astype(np.float64)
    )
    days = max(customer_days, by_day.size)
    if by_day.sum() == 0 or days < 2:  # noqa: PLR2004 - no variance of one
        return 1.0
    mean = float(by_day.sum()) / days
    return max(1.0, (float((by_day**2).sum()) / days - mean**2) / mean)


def _with_rates(frame: pl.DataFrame, clumping: float) -> pl.DataFrame:
    counts = frame["events"].fill_null(0).to_numpy() / clumping
    limits = rate_interval(counts, frame["exposure"].to_numpy())
    return frame.with_columns(
        pl.Series(name, values * clumping).fill_nan(None)
        for name, values in zip(("rate", "low", "high"), limits, strict=True)
    )
