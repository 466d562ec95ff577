"""On how many customer-days the logs would have shown something, had it happened."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence


_DAY = pl.duration(days=1)


def customer_days(days: pl.DataFrame, tenancies: pl.DataFrame) -> pl.DataFrame:
    """Return who was covered where on which day: environment_id, customer_id, day.

    All tenants of a shared environment are covered when it is.
    """
    return _valid(days, tenancies).select("environment_id", "customer_id", "day").unique()


def by_customer(covered: pl.DataFrame) -> pl.DataFrame:
    """Return customer_id, customer_days, environments, first_day, last_day.

    >>> from datetime import date
    >>> day = date(2026, 3, 1)
    >>> rows = [{"environment_id": e, "customer_id": "c", "day": day} for e in ("e1", "e2")]
    >>> by_customer(pl.DataFrame(rows)).select("customer_days", "environments").row(0)
    (1, 2)
    """
    return (
        covered.group_by("customer_id")
        .agg(
            _count("day", "customer_days"),
            _count("environment_id", "environments"),
            pl.col("day").min().alias("first_day"),
            pl.col("day").max().alias("last_day"),
        )
        .sort("customer_id")
    )


def by_day(covered: pl.DataFrame) -> pl.DataFrame:
    """Return day, customers, customer_days (the same number), environments."""
    customers = _count("customer_id", "customers")
    return (
        covered.group_by("day")
        .agg(
            customers,
            customers.alias("customer_days"),
            _count("environment_id", "environments"),
        )
        .sort("day")
    )


def by_version(covered: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Return component, value, customer_days, customers, first_day, last_day.

    A day on which a component changed counts for both versions.
    """
    days = covered.select("environment_id", "day").unique()
    versions = spans.filter(pl.col("kind").fill_null("version") == "version")
    ran = _valid(days, versions).select("environment_id", "day", "component", "value").unique()
    each = ran.join(covered, on=["environment_id", "day"])
    each = each.select("component", "value", "customer_id", "day").unique()
    return (
        each.group_by("component", "value")
        .agg(
            pl.len().cast(pl.Int64).alias("customer_days"),
            _count("customer_id", "customers"),
            pl.col("day").min().alias("first_day"),
            pl.col("day").max().alias("last_day"),
        )
        .sort("component", "value")
    )


def all_time() -> tuple[datetime, datetime]:
    """Return bounds that hold every log: 1970 to 9999."""
    return datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def _count(column: str, name: str) -> pl.Expr:
    return pl.col(column).n_unique().cast(pl.Int64).alias(name)


def _valid(
    days: pl.DataFrame, rows: pl.DataFrame, on: Sequence[str] = ("environment_id",)
) -> pl.DataFrame:
    """Return *days* with each of *rows* that was valid at some time of the day."""
    start = pl.col("day").cast(pl.Datetime("us", "UTC"))
    begun = pl.col("valid_from").is_null() | (pl.col("valid_from") < start + _DAY)
    going = pl.col("valid_to").is_null() | (pl.col("valid_to") > start)
    return days.join(rows, on=list(on)).filter(begun & going)
