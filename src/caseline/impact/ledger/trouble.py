"""Tickets that the customers of an issue opened while it struck them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from caseline.impact.settings import ImpactSettings


def tickets_near(
    judged: pl.DataFrame, openings: pl.DataFrame, settings: ImpactSettings
) -> pl.DataFrame:
    """Return customer_id, tickets, usual_tickets: of those with events.

    Near are tickets from the first event, less some minutes, until some days after the
    last one. usual_tickets is how many the customer opens in such a time anyhow, judged
    by all its other ones.

    Args:
        judged: customer_id, first_seen, last_seen (null: no events).
        openings: customer_id, opened_at: all tickets.
        settings: How long a ticket may lag.
    """
    lag = timedelta(days=settings.ticket_lag_days)
    lead = timedelta(minutes=settings.ticket_lead_minutes)
    struck = judged.filter(pl.col("first_seen").is_not_null()).select(
        "customer_id",
        (pl.col("first_seen").cast(_TIME) - lead).alias("from"),
        (pl.col("last_seen").cast(_TIME) + lag).alias("to"),
    )
    opened = openings.select("customer_id", pl.col("opened_at").cast(_TIME))
    if opened.is_empty() or struck.is_empty():
        return pl.DataFrame(schema=_NEAR)
    span = opened.select(pl.col("opened_at").max() - pl.col("opened_at").min()).to_series()
    whole = float(span.dt.total_seconds()[0])
    near = pl.col("opened_at").is_between("from", "to")
    length = (pl.col("to") - pl.col("from")).dt.total_seconds()
    rest = (whole - length).clip(lower_bound=86_400.0)
    return (
        struck.join(opened, on="customer_id")
        .group_by("customer_id", "from", "to")
        .agg(near.sum().cast(pl.Int64).alias("tickets"), (~near).sum().alias("others"))
        .select("customer_id", "tickets", (pl.col("others") * length / rest).alias("usual_tickets"))
    )


_TIME = pl.Datetime("us", "UTC")
_NEAR = {"customer_id": pl.String, "tickets": pl.Int64, "usual_tickets": pl.Float64}
