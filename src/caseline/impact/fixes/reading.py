"""What fix states are worked out from: who is where, what ran there, what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from caseline.estimation.exposure import in_production
from caseline.store.coverage import read_covered
from caseline.store.rollups import read_days

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from caseline.protocols import Engine
    from caseline.store.coverage import CoveredDays

_TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What fix states are worked out from.

    Args:
        places: customer_id, environment_id: who is where in production, each pair once.
        spans: environment_id, component, value, valid_from, valid_to of versions there.
        changes: component, value, environment_id, starts_at, ends_at, change_id: one row
            for each place that a change names.
        hits: environment_id, customer_id, version, day, events, first_at, last_at: the
            production events of the issue whose version is known.
        covered: On which days logs of which environment were there.
    """

    places: pl.DataFrame
    spans: pl.DataFrame
    changes: pl.DataFrame
    hits: pl.DataFrame
    covered: CoveredDays


def read_running(
    engine: Engine, signature_ids: list[str], *, now: datetime, as_of: datetime | None
) -> Running:
    """Return what ran in production and what was seen there of *signature_ids*."""
    tenancies = engine.ask("tenancy_stages", as_of=as_of).filter(in_production())
    places = (
        tenancies.filter(_holds("valid_from", "valid_to", now))
        .select("customer_id", "environment_id")
        .unique()
        .sort("*")
    )
    spans = engine.ask("version_spans", as_of=as_of)
    days = read_days(engine, signature_ids, as_of=as_of).filter(in_production())
    return Running(
        places=places,
        spans=spans.filter(pl.col("environment_id").is_in(tenancies["environment_id"].implode())),
        changes=_named_places(engine.ask("fleet_changes", as_of=as_of), places),
        hits=days.filter(pl.col("version").is_not_null()).select(
            "environment_id", "customer_id", "version", "day", "events", "first_at", "last_at"
        ),
        covered=read_covered(engine, as_of=as_of),
    )


def _holds(begins: str, ends: str, now: datetime) -> pl.Expr:
    began = pl.col(begins).is_null() | (pl.col(begins) <= now)
    return began & (pl.col(ends).is_null() | (pl.col(ends) > now))


def running_at(spans: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Return those of *spans* that run at a moment; an end that is not known is open."""
    return spans.filter(_holds("valid_from", "valid_to", now))


def _named_places(changes: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each change and environment that its scope names, or whose customer."""
    named = changes.with_columns(
        pl.col("scope").str.split(",").list.eval(pl.element().str.strip_chars()).alias("name")
    ).explode("name")
    ids = pl.concat(
        [
            places.select("environment_id", pl.col("environment_id").alias("name")),
            places.select("environment_id", pl.col("customer_id").alias("name")),
        ]
    ).unique()
    return (
        named.join(ids, on="name")
        .select("environment_id", "change_id", "component", "value", "starts_at", "ends_at")
        .unique()
        .sort("environment_id", "starts_at", "change_id")
    )


def chosen_component(running: Running) -> str | None:
    """Return the component whose versions the issue's events name; the most frequent one else.

    >>> spans = pl.DataFrame({"environment_id": ["e", "e"], "component": ["db", "server"],
    ...                       "value": ["15", "8.0"]})
    >>> hits = pl.DataFrame({"environment_id": ["e"], "version": ["8.0"], "events": [3]})
    >>> none = pl.DataFrame()
    >>> chosen_component(Running(places=none, spans=spans, changes=none, hits=hits, covered=none))
    'server'
    """
    told = running.hits.join(
        running.spans.select("environment_id", "component", pl.col("value").alias("version")),
        on=["environment_id", "version"],
    )
    if told.is_empty():
        counted = running.spans.group_by("component").agg(pl.len().alias("events"))
    else:
        counted = told.group_by("component").agg(pl.col("events").sum())
    ordered = counted.sort(["events", "component"], descending=[True, False])
    return None if ordered.is_empty() else str(ordered["component"][0])


def without_the_edge(hits: pl.DataFrame, spans: pl.DataFrame, slack: timedelta) -> pl.DataFrame:
    """Return the *hits* that go on for longer than *slack* after their version began there.

    What stands nearer to the start may be a line of the version before, by a clock that
    is ahead. The moment of the first event is put after the edge.
    """
    began = spans.group_by("environment_id", pl.col("value").alias("version")).agg(
        pl.col("valid_from").min()
    )
    edge = (pl.col("valid_from") + slack).cast(_TIME)
    return (
        hits.join(began, on=["environment_id", "version"], how="left")
        .filter(pl.col("valid_from").is_null() | (pl.col("last_at") > edge))
        .with_columns(pl.max_horizontal("first_at", edge).alias("first_at"))
        .drop("valid_from")
    )


def exposed_days(spans: pl.DataFrame, covered: CoveredDays, now: datetime) -> pl.DataFrame:
    """Return on how many days with logs each environment ran each version, whole days only.

    Returns:
        environment_id, version, days.
    """
    day = pl.duration(days=1)
    last = pl.min_horizontal(pl.col("valid_to").fill_null(now), pl.lit(now, dtype=_TIME))
    begins = (
        pl.when(pl.col("valid_from").is_null())
        .then(pl.lit(covered.first_day))
        .otherwise((pl.col("valid_from").dt.truncate("1d") + day).dt.date())
    )
    given = spans.select(
        "environment_id",
        pl.col("value").alias("version"),
        begins.alias("begins"),
        last.dt.date().alias("ends"),
    ).filter(pl.col("ends") > pl.col("begins"))
    days = covered.since(given["environment_id"], given["begins"]) - covered.since(
        given["environment_id"], given["ends"]
    )
    return (
        given.with_columns(pl.Series("days", days, dtype=pl.Int64))
        .group_by("environment_id", "version")
        .agg(pl.col("days").sum())
        .sort("environment_id", "version")
    )
