"""Why a candidate stands where it stands, and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What sentences speak of.

    Args:
        horizon_days: How far ahead hours are counted.
        days: How long a stretch is.
        follows: What tickets follow.
    """

    horizon_days: float
    days: int
    follows: str


def with_reasons(frame: pl.DataFrame, told: Told) -> pl.DataFrame:
    """Return *frame* with action and reasons.

    ``adopt``: there is a fix that holds, and some whom the error fell on of late have yet to
    take it. ``watch``: it fell on nobody of late. ``fix`` is all else.
    """
    idle = pl.col("customers_recent") == 0
    done = pl.col("fixed_in").is_not_null()
    action = (
        pl.when(idle).then(pl.lit("watch")).when(done).then(pl.lit("adopt"))
        .otherwise(pl.lit("fix"))
    )  # fmt: skip
    hours = pl.format(
        "{} support hours to be avoided within {} days, from {} to {}",
        pl.col("avoidable_hours").round(1), pl.lit(f"{told.horizon_days:g}"),
        pl.col("low").round(1), pl.col("high").round(1),
    )  # fmt: skip
    reached = pl.format(
        "{} hours come if nothing is done; a fix runs there for {} % of the days, as upgrades go",
        pl.col("hours_ahead").round(1), (100 * pl.col("reach")).round(0).cast(pl.Int64),
    )  # fmt: skip
    affected = pl.format(
        f"{{}} customers in the last {told.days} days, {{}} customer-days",
        "customers_recent", "days_recent",
    )  # fmt: skip
    linked = pl.format(
        f"{{}} linked tickets with {{}} hours in {3 * told.days} days",
        pl.col("tickets").round(1), pl.col("hours").round(1),
    )  # fmt: skip
    none = pl.lit(f"no ticket is linked: the fleet's usual number per {told.follows} is taken")
    grows = pl.format("{}: {} times the rate before", "growth", pl.col("ratio").round(1))
    said = [
        hours,
        pl.when(~done & (pl.col("reach") < 1)).then(reached),
        affected,
        pl.when(pl.col("tickets") > 0).then(linked).otherwise(none),
        pl.when(pl.col("growth").is_in(["growing", "fading"])).then(grows),
        pl.when(pl.col("growth") == "new").then(pl.lit(f"new in the last {told.days} days")),
        pl.when(done).then(
            pl.format(
                "fixed in {}: those hit have yet to upgrade to it; {} % of the {} hours that come "
                "are left until they would of themselves",
                "fixed_in",
                (100 * pl.col("reach")).round(0).cast(pl.Int64),
                pl.col("hours_ahead").round(1),
            )
        ),
        pl.when(pl.col("customers_recent") == 1).then(
            pl.lit("a single customer: it may be the customer's own part")
        ),
    ]
    return frame.with_columns(
        action.alias("action"), pl.concat_list(said).list.drop_nulls().alias("reasons")
    )
