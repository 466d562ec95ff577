"""What other stages tell: counted apart, and a warning to the same customer."""

from __future__ import annotations

import polars as pl


def by_stage(others: pl.DataFrame) -> pl.DataFrame:
    """Return customer_id, stage, events, first_seen, last_seen: what struck outside production.

    Args:
        others: Rows of days outside production: see ``Evidence``.
    """
    return (
        others.group_by("customer_id", "stage")
        .agg(
            pl.col("events").sum(),
            pl.col("first_at").min().alias("first_seen"),
            pl.col("last_at").max().alias("last_seen"),
        )
        .sort("customer_id", "stage", nulls_last=True)
    )


def stage_warnings(others: pl.DataFrame) -> pl.DataFrame:
    """Return customer_id, warning: what a hit outside production tells its customer.

    What struck in staging often comes to production with the next change. The
    customer's own production is not hit by it.
    """
    known = by_stage(others).filter(pl.col("customer_id").is_not_null())
    told = pl.format(
        "struck in {}: {} events from {} to {}; production may be next",
        pl.col("stage").str.to_lowercase(), "events",
        pl.col("first_seen").dt.date(), pl.col("last_seen").dt.date(),
    )  # fmt: skip
    return (
        known.with_columns(told.alias("warning"))
        .group_by("customer_id", maintain_order=True)
        .agg(pl.col("warning").str.join("; "))
    )
