"""Which version ran at a customer when it opened a ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.estimation.exposure import in_production

if TYPE_CHECKING:
    from datetime import datetime

_TIME = pl.Datetime("us", "UTC")


def main_component(spans: pl.DataFrame) -> str | None:
    """Return the component that most environments run a version of; None if none is known.

    >>> spans = pl.DataFrame({"environment_id": ["a", "b", "a"], "component": ["x", "x", "y"]})
    >>> main_component(spans)
    'x'
    """
    counted = spans.group_by("component").agg(pl.col("environment_id").n_unique().alias("places"))
    ordered = counted.sort(["places", "component"], descending=[True, False])
    return None if ordered.is_empty() else str(ordered["component"][0])


def homes_at(tenancies: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Return customer_id, environment_id: where customers are in production at *now*.

    Args:
        tenancies: customer_id, environment_id, valid_from, valid_to, stage.
        now: The moment.
    """
    begun = pl.col("valid_from").is_null() | (pl.col("valid_from").cast(_TIME) <= now)
    lasting = pl.col("valid_to").is_null() | (pl.col("valid_to").cast(_TIME) > now)
    held = tenancies.filter(in_production() & begun & lasting)
    return held.select("customer_id", "environment_id").unique().sort("*")


def versions_at_opening(
    tickets: pl.DataFrame, spans: pl.DataFrame, tenancies: pl.DataFrame
) -> pl.DataFrame:
    """Return the shares of tickets by the version that ran at their opening.

    Where a ticket names no environment, those of its customer in production count; several
    versions take equal parts.

    Args:
        tickets: ticket_id, customer_id, environment_id, opened_at.
        spans: environment_id, value, valid_from, valid_to of one component.
        tenancies: customer_id, environment_id, valid_from, valid_to, stage.

    Returns:
        ticket_id, kind, id, share, sure; nothing of a ticket whose version nobody knows.
    """
    opened = tickets.select("ticket_id", "customer_id", "environment_id", "opened_at")
    named = opened.filter(pl.col("environment_id").is_not_null()).drop("customer_id")
    homes = (
        opened.filter(pl.col("environment_id").is_null())
        .drop("environment_id")
        .join(tenancies.filter(in_production()), on="customer_id")
        .filter(_holds())
        .select("ticket_id", "environment_id", "opened_at")
    )
    ran = (
        pl.concat([named.select(homes.columns), homes])
        .join(spans, on="environment_id")
        .filter(_holds())
        .select("ticket_id", pl.lit("version").alias("kind"), pl.col("value").alias("id"))
        .unique()
    )
    return ran.with_columns(
        (1 / pl.len().over("ticket_id")).alias("share"), pl.lit(value=True).alias("sure")
    ).sort("ticket_id", "id")


def _holds() -> pl.Expr:
    at = pl.col("opened_at").cast(_TIME)
    begins, ends = pl.col("valid_from").cast(_TIME), pl.col("valid_to").cast(_TIME)
    return (begins.is_null() | (begins <= at)) & (ends.is_null() | (ends > at))
