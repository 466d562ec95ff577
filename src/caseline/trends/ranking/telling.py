"""Why a candidate stands where it stands, and what is to be done about it."""

from __future__ import annotations

import polars as pl


def with_reasons(frame: pl.DataFrame, *, horizon_days: float, follows: str) -> pl.DataFrame:
    """Return *frame* with action and reasons.

    ``adopt``: there is a fix, and all whom the error fell on of late still run what has it
    not. ``watch``: it fell on nobody of late. ``fix`` is all else.
    """
    idle = pl.col("customers_recent") == 0
    done = pl.col("fixed_in").is_not_null()
    action = (
        pl.when(idle).then(pl.lit("watch")).when(done).then(pl.lit("adopt"))
        .otherwise(pl.lit("fix"))
    )  # fmt: skip
    hours = pl.format(
        "{} support hours within {} days, from {} to {}",
        pl.col("avoidable_hours").round(1), pl.lit(f"{horizon_days:g}"),
        pl.col("low").round(1), pl.col("high").round(1),
    )  # fmt: skip
    affected = pl.format(
        "{} customers in the last four weeks, {} customer-days", "customers_recent", "days_recent"
    )
    linked = pl.format(
        "{} linked tickets with {} hours in twelve weeks",
        pl.col("tickets").round(1), pl.col("hours").round(1),
    )  # fmt: skip
    none = pl.lit(f"no ticket is linked: the fleet's usual number per {follows} is taken")
    grows = pl.format("{}: {} times the rate before", "growth", pl.col("ratio").round(1))
    said = [
        hours,
        affected,
        pl.when(pl.col("tickets") > 0).then(linked).otherwise(none),
        pl.when(pl.col("growth").is_in(["growing", "fading"])).then(grows),
        pl.when(pl.col("growth") == "new").then(pl.lit("new in the last four weeks")),
        pl.when(done).then(
            pl.format("fixed in {}: those hit have yet to upgrade to it", "fixed_in")
        ),
        pl.when(pl.col("customers_recent") == 1).then(
            pl.lit("a single customer: it may be the customer's own part")
        ),
    ]
    return frame.with_columns(
        action.alias("action"), pl.concat_list(said).list.drop_nulls().alias("reasons")
    )
