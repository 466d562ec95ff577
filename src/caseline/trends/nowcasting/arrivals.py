"""What came when: customer-days with logs, and events, each with the delay it came with."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from caseline.estimation.exposure import in_production
from caseline.records.windows import Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from caseline.protocols import Engine

_TIME = pl.Datetime("us", "UTC")
_LONG_AGO = pl.datetime(1, 1, 2, time_zone="UTC")
_NEVER = pl.datetime(9999, 12, 30, time_zone="UTC")
UNITS: dict[str, pl.DataType | type[pl.DataType]] = {
    "channel": pl.String,
    "environment_id": pl.String,
    "customer_id": pl.String,
    "version": pl.String,
    "day": pl.Date,
    "delay": pl.Float64,
    "weight": pl.Float64,
    "backfill": pl.Boolean,
}
"""One row for what came of a day at one time: *delay* in days since the day's first moment;
*backfill* where it came when nothing had been heard of the place before, so that its delay
says nothing; *channel* is how the place sends: ``push``, ``bundle``, ``none``, ``unknown``.
"""


class Arrivals:
    """Reads what came when, over the days that delays are learned from.

    Args:
        engine: Where coverage and events are.
        days: How many days back from *now*.
        now: The moment that is asked for.
        as_of: Hide what was received later.
    """

    def __init__(self, engine: Engine, *, days: int, now: datetime, as_of: datetime | None) -> None:
        self._engine = engine
        self._as_of = as_of
        start = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
        self.window = Window(start=start, end=now + timedelta(microseconds=1))
        self._tenancies = engine.ask("tenancy_stages", as_of=as_of).filter(in_production())
        self._channels = self._tenancies.select(
            "environment_id", pl.col("telemetry").fill_null("unknown").alias("channel")
        ).unique("environment_id")
        self._heard = engine.ask("first_heard", as_of=as_of).select(
            "environment_id", pl.col("received_at").dt.date().alias("heard")
        )

    def logs(self) -> pl.DataFrame:
        """Return a unit for each customer-day with logs, as it first came: see ``UNITS``."""
        found = self._engine.ask("log_arrivals", window=self.window, as_of=self._as_of)
        first, last = self.window.start.date(), self.window.end.date()
        days = (
            found.with_columns(
                pl.date_ranges(
                    pl.max_horizontal("first_day", pl.lit(first)),
                    pl.min_horizontal("last_day", pl.lit(last)),
                ).alias("day")
            )
            .explode("day")
            .drop_nulls("day")
            .group_by("environment_id", "day")
            .agg(pl.col("received_at").min())
        )
        held = self._tenancies.select(
            "environment_id",
            "customer_id",
            pl.col("valid_from").cast(_TIME).fill_null(_LONG_AGO).dt.date().alias("begins"),
            pl.col("valid_to").cast(_TIME).fill_null(_NEVER).alias("ends"),
        )
        there = (pl.col("day") >= pl.col("begins")) & (pl.col("day").cast(_TIME) < pl.col("ends"))
        units = days.join(held, on="environment_id").filter(there)
        return self._as_units(
            units.unique(["environment_id", "customer_id", "day"]).with_columns(
                weight=pl.lit(1.0), version=pl.lit(None, pl.String)
            )
        )

    def events(self, signature_ids: Sequence[str]) -> pl.DataFrame:
        """Return a unit for each lot of events of signatures in production: see ``UNITS``."""
        found = self._engine.ask(
            "signature_arrivals",
            window=self.window,
            as_of=self._as_of,
            signature_ids=list(signature_ids),
        )
        return self._as_units(
            found.filter(in_production()).with_columns(pl.col("events").alias("weight"))
        )

    def severe(self, severity: int) -> pl.DataFrame:
        """Return a unit for each lot of events from *severity* on: see ``UNITS``."""
        found = self._engine.ask(
            "severe_arrivals", window=self.window, as_of=self._as_of, severity=severity
        )
        none = pl.lit(None, pl.String)
        return self._as_units(
            found.filter(in_production()).with_columns(
                pl.col("events").alias("weight"), customer_id=none, version=none
            )
        )

    def _as_units(self, frame: pl.DataFrame) -> pl.DataFrame:
        delay = (pl.col("received_at") - pl.col("day").cast(_TIME)).dt.total_seconds() / 86_400
        return (
            frame.join(self._channels, on="environment_id", how="left")
            .join(self._heard, on="environment_id", how="left")
            .select(
                pl.col("channel").fill_null("unknown"),
                "environment_id",
                "customer_id",
                "version",
                pl.col("day").cast(pl.Date),
                delay.clip(lower_bound=0.0).alias("delay"),
                pl.col("weight").cast(pl.Float64),
                (pl.col("day").cast(pl.Date) < pl.col("heard"))
                .fill_null(value=True)
                .alias("backfill"),
            )
            .sort(*UNITS)
        )
