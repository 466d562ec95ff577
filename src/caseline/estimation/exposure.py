"""What was observed: days on which a customer's production logs were there."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import polars as pl

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


def customer_days(covered: pl.DataFrame, tenancies: pl.DataFrame) -> pl.DataFrame:
    """Return each day on which a customer was observed, and where.

    Args:
        covered: environment_id, day: when logs were there.
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
