"""What was observed: days on which a customer's production logs were there."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from caseline.records.windows import Window

_WORDS = "2026-11"


@cache
def other_stages() -> tuple[str, ...]:
    """Return the stages that are not production, in lower case: ``words/2026-11``.

    >>> "staging" in other_stages()
    True
    """
    path = files("caseline.estimation").joinpath("words", _WORDS, "stages.toml")
    return tuple(tomllib.loads(path.read_text(encoding="utf-8"))["other"])


def in_production(stage: str = "stage") -> pl.Expr:
    """Return whether the column *stage* says production, or nothing.

    >>> pl.DataFrame({"stage": ["prod", "Staging", None]}).filter(in_production()).height
    2
    """
    spelled = pl.col(stage).str.to_lowercase().str.strip_chars()
    return ~spelled.is_in(other_stages()).fill_null(value=False)


def covered_days(coverage: pl.DataFrame, window: Window | None = None) -> pl.DataFrame:
    """Return each day on which an environment's logs were there.

    Args:
        coverage: environment_id, first_day, last_day (Date, both included): stretches
            that may overlap.
        window: Only days that it touches.

    Returns:
        environment_id, day (Date): each pair once, sorted.

    >>> from datetime import date
    >>> stretch = {"environment_id": ["e"], "first_day": [date(2026, 3, 1)]}
    >>> covered_days(pl.DataFrame(stretch | {"last_day": [date(2026, 3, 3)]})).height
    3
    """
    days = pl.int_ranges(pl.col("first_day").cast(pl.Int32), pl.col("last_day").cast(pl.Int32) + 1)
    exploded = (
        coverage.select("environment_id", days.alias("day"))
        .explode("day", empty_as_null=False)
        .unique()
        .with_columns(pl.col("day").cast(pl.Int32).cast(pl.Date))
    )
    if window is not None:
        exploded = exploded.filter(
            pl.col("day") >= window.start.date(),
            pl.col("day").cast(pl.Datetime("us", "UTC")) < window.end,
        )
    return exploded.sort("environment_id", "day")


def customer_days(covered: pl.DataFrame, tenancies: pl.DataFrame) -> pl.DataFrame:
    """Return each day on which a customer was observed, and where.

    Args:
        covered: environment_id, day: see ``covered_days``.
        tenancies: customer_id, environment_id, valid_from, valid_to (times, may be
            null), stage: production only counts.

    Returns:
        customer_id, environment_id, day: each once, sorted.

    >>> from datetime import date
    >>> covered = pl.DataFrame({"environment_id": ["e", "x"], "day": [date(2026, 3, 1)] * 2})
    >>> held = pl.DataFrame(
    ...     {"customer_id": ["c"], "environment_id": ["e"], "valid_from": [None],
    ...      "valid_to": [None], "stage": ["production"]}
    ... )
    >>> customer_days(covered, held).rows()
    [('c', 'e', datetime.date(2026, 3, 1))]
    """
    begins = pl.col("valid_from").cast(pl.Datetime("us", "UTC")).dt.date()
    ends = pl.col("valid_to").cast(pl.Datetime("us", "UTC"))
    held = tenancies.filter(in_production()).select(
        "customer_id", "environment_id", begins.alias("begins"), ends.alias("ends")
    )
    there = (pl.col("begins").is_null() | (pl.col("day") >= pl.col("begins"))) & (
        pl.col("ends").is_null() | (pl.col("day").cast(pl.Datetime("us", "UTC")) < pl.col("ends"))
    )
    return (
        covered.join(held, on="environment_id")
        .filter(there)
        .select("customer_id", "environment_id", "day")
        .unique()
        .sort("customer_id", "environment_id", "day")
    )
