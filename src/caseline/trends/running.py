"""Which customers were observed on which days, and which version ran there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.estimation.observed import Observed
from caseline.store.coverage import read_covered

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.records.windows import Window

_LONG_AGO = pl.datetime(1, 1, 2, time_zone="UTC")
_NEVER = pl.datetime(9999, 12, 30, time_zone="UTC")


def read_observed(engine: Engine, window: Window | None, as_of: datetime | None) -> Observed:
    """Return who was observed where in *window* (None: ever), as known at *as_of*."""
    covered = read_covered(engine, window=window, as_of=as_of)
    tenancies = engine.ask("tenancy_stages", as_of=as_of)
    return Observed.of(covered.environments, covered.first_day, covered.bits, tenancies)


def running_versions(
    observed: pl.DataFrame, spans: pl.DataFrame, events: pl.DataFrame
) -> pl.DataFrame:
    """Return customer_id, day, version, share: what ran on each observed customer-day.

    An event's version is that of its service's component, or of the product. Which
    component that is here, the events tell: the one whose spans agree with the most of
    them. A day on which several versions ran counts for each in equal parts.

    Args:
        observed: customer_id, environment_id, day.
        spans: environment_id, component, value, valid_from, valid_to.
        events: environment_id, day, version, events: what the signature did.
    """
    stretches = spans.select(
        "environment_id",
        "component",
        pl.col("value").alias("running"),
        pl.col("valid_from").fill_null(_LONG_AGO).dt.date().alias("begins"),
        pl.col("valid_to").fill_null(_NEVER).alias("ends"),
    )
    runs = (pl.col("day") >= pl.col("begins")) & (
        pl.col("day").cast(pl.Datetime("us", "UTC")) < pl.col("ends")
    )
    agreeing = (
        events.join(stretches, on="environment_id")
        .filter(runs & (pl.col("running") == pl.col("version")))
        .group_by("component")
        .agg(pl.col("events").sum())
        .sort(["events", "component"], descending=[True, False])
    )
    chosen = stretches.filter(pl.col("component").is_in(agreeing["component"].to_list()[:1]))
    return (
        observed.join(chosen, on="environment_id")
        .filter(runs)
        .select("customer_id", "day", pl.col("running").alias("version"))
        .unique()
        .with_columns((1 / pl.len().over("customer_id", "day")).alias("share"))
    )
