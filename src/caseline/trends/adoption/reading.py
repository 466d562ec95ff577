"""Who ran which version on which day, and what of an error was seen there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from caseline.estimation.exposure import in_production
from caseline.store.rollups import read_days
from caseline.trends.running import read_observed
from caseline.versions import Branches, Ranges

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.records.windows import Window

_TIME = pl.Datetime("us", "UTC")
_LONG_AGO = pl.datetime(1, 1, 2, time_zone="UTC")
_NEVER = pl.datetime(9999, 12, 30, time_zone="UTC")
_LISTS = ("fixed_in", "affected_from", "affected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What ran where, and what was seen there.

    Args:
        days: environment_id, customer_id, day, version, events: each customer-day with
            logs on which one version ran all day, with that version's events.
        stray: Events whose version did not run, or was not alone, where and when they say.
        component: What the versions are of; None if nothing is known to run anywhere.
    """

    days: pl.DataFrame
    stray: int
    component: str | None


def read_ranges(
    engine: Engine, wanted: str, *, component: str | None, as_of: datetime | None
) -> tuple[Ranges, str, str] | None:
    """Return the latest recorded ranges of *wanted*, their component, and who said so."""
    found = engine.ask("recorded_fixes", as_of=as_of, issue_id=wanted)
    if as_of is not None:
        found = found.filter(pl.col("recorded_at") <= as_of)
    if component is not None:
        found = found.filter(pl.col("component") == component)
    if found.is_empty():
        return None
    row = found.row(0, named=True)
    ranges = Ranges(
        **{name: tuple(json.loads(row[name])) for name in _LISTS},
        branches=Branches(cuts=json.loads(row["branches"])),
    )
    return ranges, row["component"], f"{row['author']} on {row['recorded_at']:%Y-%m-%d}"


def read_run(
    engine: Engine, signature_ids: Sequence[str], *, component: str | None, as_of: datetime | None
) -> Run:
    """Return on which customer-days which version ran alone, and its events."""
    observed = read_observed(engine, None, as_of).rows()
    events = (
        read_days(engine, signature_ids, as_of=as_of)
        .filter(in_production(), pl.col("customer_id").is_not_null())
        .group_by("environment_id", "customer_id", "day", "version")
        .agg(pl.col("events").sum())
    )
    spans = engine.ask("version_spans", as_of=as_of)
    chosen = component or _component(spans, events)
    ran = _alone(spans.filter(pl.col("component") == pl.lit(chosen, pl.String)), observed)
    key = ["environment_id", "customer_id", "day", "version"]
    days = ran.join(events, on=key, how="left").with_columns(pl.col("events").fill_null(0))
    placed = int(days["events"].sum())
    return Run(days=days.sort(key), stray=int(events["events"].sum()) - placed, component=chosen)


def _component(spans: pl.DataFrame, events: pl.DataFrame) -> str | None:
    """Return the component whose versions the events name; the most frequent one else."""
    told = events.join(
        spans.select("environment_id", "component", pl.col("value").alias("version")).unique(),
        on=["environment_id", "version"],
    )
    counted = (
        told.group_by("component").agg(pl.col("events").sum())
        if told.height
        else spans.group_by("component").agg(pl.len().alias("events"))
    ).sort(["events", "component"], descending=[True, False])
    return None if counted.is_empty() else str(counted["component"][0])


def _alone(spans: pl.DataFrame, observed: pl.DataFrame) -> pl.DataFrame:
    """Return the observed customer-days of one version: what changed on a day tells nothing."""
    stretches = spans.select(
        "environment_id",
        pl.col("value").alias("version"),
        pl.col("valid_from").cast(_TIME).fill_null(_LONG_AGO).alias("begins"),
        pl.col("valid_to").cast(_TIME).fill_null(_NEVER).alias("ends"),
    )
    start = pl.col("day").cast(_TIME)
    touched = (pl.col("begins") < start + pl.duration(days=1)) & (pl.col("ends") > start)
    ran = observed.join(stretches, on="environment_id").filter(touched)
    return (
        ran.filter(pl.col("version").n_unique().over("environment_id", "customer_id", "day") == 1)
        .select("environment_id", "customer_id", "day", "version")
        .unique()
    )


def severe_days(
    engine: Engine, window: Window, severity: int, *, as_of: datetime | None
) -> pl.DataFrame:
    """Return environment_id, day, severe: how many severe lines each place wrote."""
    found = engine.ask("severe_arrivals", window=window, as_of=as_of, severity=severity)
    return found.group_by("environment_id", "day").agg(pl.col("events").sum().alias("severe"))
