"""Who was heard in a stretch of time, and who ran what in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from caseline.estimation.exposure import in_production
from caseline.trends.running import read_observed

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.trends.reports.periods import Period

_TIME = pl.Datetime("us", "UTC")
_LONG_AGO = pl.datetime(1, 1, 2, time_zone="UTC")
_NEVER = pl.datetime(9999, 12, 30, time_zone="UTC")
_HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Whose logs are there.

    Args:
        customers: With a place in production within the period.
        covered: Of them, with logs on any day of it.
        seldom: Of those, with logs on less than half of its days.
        silent: customer_id of those without any.
        days: Days of the period.
    """

    customers: int
    covered: int
    seldom: int
    silent: tuple[str, ...]
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptake:
    """How many customers ran a version, day by day.

    Args:
        daily: day, known (customers of whom a version is known), running (those that run
            the release somewhere in production; null without one).
        latest: version, customers, first: who ran it on the last day, most first; since when
            it is known to run anywhere.
        unknown: Customers of whom no version is known on the last day.
        running: customer_id of those who run the release on the last day.
    """

    daily: pl.DataFrame
    latest: pl.DataFrame
    unknown: int
    running: tuple[str, ...]


def read_heard(engine: Engine, period: Period, as_of: datetime | None) -> Heard:
    """Return whose logs are there within *period*."""
    observed = read_observed(engine, period.window, as_of)
    present = _present(engine, period, as_of)["customer_id"].unique()
    days = _days(period)
    counted = observed.customers().filter(pl.col("days") > 0)
    here = pl.DataFrame({"customer_id": present}).join(counted, on="customer_id", how="left")
    silent = here.filter(pl.col("days").is_null())["customer_id"].sort()
    return Heard(
        customers=here.height,
        covered=here.height - len(silent),
        seldom=here.filter(pl.col("days") < _HALF * len(days)).height,
        silent=tuple(silent),
        days=len(days),
    )


def read_uptake(
    engine: Engine, period: Period, spans: pl.DataFrame, as_of: datetime | None
) -> Uptake | None:
    """Return who ran what within *period*, by what is known to run in production."""
    if period.product is None:
        return None
    mine = spans.filter(pl.col("component") == period.product).select(
        "environment_id",
        pl.col("value").alias("version"),
        pl.col("valid_from").cast(_TIME).fill_null(_LONG_AGO).alias("begins"),
        pl.col("valid_to").cast(_TIME).fill_null(_NEVER).alias("ends"),
    )
    held = _present(engine, period, as_of)
    ran = held.join(mine, on="environment_id").select(
        "customer_id", "version",
        pl.max_horizontal("begins", "held_from").alias("begins"),
        pl.min_horizontal("ends", "held_to").alias("ends"),
    ).filter(pl.col("begins") < pl.col("ends"))  # fmt: skip
    days = _days(period)
    closing = pl.DataFrame({"day": days}).with_columns(
        pl.min_horizontal(
            (pl.col("day") + pl.duration(days=1)).cast(_TIME), pl.lit(period.window.end, _TIME)
        ).alias("at")
    )
    there = closing.join(ran, how="cross").filter(
        (pl.col("begins") < pl.col("at")) & (pl.col("ends") >= pl.col("at"))
    )
    release = pl.col("version") == pl.lit(period.release, pl.String)
    daily = closing.select("day").join(
        there.group_by("day").agg(
            pl.col("customer_id").n_unique().alias("known"),
            pl.col("customer_id").filter(release).n_unique().alias("running"),
        ),
        on="day", how="left", maintain_order="left",
    ).with_columns(pl.col("known", "running").fill_null(0).cast(pl.Int64))  # fmt: skip
    last = there.filter(pl.col("day") == days[-1])
    latest = last.group_by("version").agg(pl.col("customer_id").n_unique().alias("customers"))
    everybody = held.filter(pl.col("held_to") >= period.window.end)["customer_id"].n_unique()
    firsts = (
        spans.filter(pl.col("component") == period.product)
        .group_by(pl.col("value").alias("version"))
        .agg(
            pl.when(pl.col("valid_from").null_count() == 0)
            .then(pl.col("valid_from").min())
            .alias("first")
        )
    )
    latest = latest.join(firsts, on="version", how="left")
    return Uptake(
        daily=daily,
        latest=latest.sort(["customers", "version"], descending=[True, False]),
        unknown=everybody - last["customer_id"].n_unique(),
        running=tuple(last.filter(release)["customer_id"].unique().sort()),
    )


def _present(engine: Engine, period: Period, as_of: datetime | None) -> pl.DataFrame:
    """Return customer_id, environment_id, held_from, held_to in production in *period*."""
    window = period.window
    return (
        engine.ask("tenancy_stages", as_of=as_of)
        .filter(in_production())
        .select(
            "customer_id",
            "environment_id",
            pl.col("valid_from").cast(_TIME).fill_null(_LONG_AGO).alias("held_from"),
            pl.col("valid_to").cast(_TIME).fill_null(_NEVER).alias("held_to"),
        )
        .filter(pl.col("held_from") < window.end, pl.col("held_to") > window.start)
    )


def _days(period: Period) -> list[date]:
    first = period.window.start.date()
    last = (period.window.end - timedelta(microseconds=1)).date()
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
