"""What the fleet's tables say of places over time, as spells of exposure.

A spell is a stretch of time over which a place had something that may carry an issue: a
version, a plug-in, a region, a date that has passed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from caseline.estimation.exposure import in_production

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.impact.spreading.settings import SpreadSettings
    from caseline.protocols import Engine

ALWAYS, NEVER = -(2**62), 2**62
_NAME = ("kind", "attribute", "value")
_WHERE = ("customer_id", "environment_id", "start", "end")
_SPELL = (*_NAME, *_WHERE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The fleet's tables, as questions to the store give them.

    Args:
        customers: customer_id, tier, region.
        environments: environment_id, kind, stage, region.
        tenancies: customer_id, environment_id, placement, valid_from, valid_to.
        spans: environment_id, component, value, kind, valid_from, valid_to.
        changes: change_id, kind, component, value, scope, starts_at, ends_at.
        volumes: environment_id, events.
    """

    customers: pl.DataFrame
    environments: pl.DataFrame
    tenancies: pl.DataFrame
    spans: pl.DataFrame
    changes: pl.DataFrame
    volumes: pl.DataFrame


def read_fleet(engine: Engine, *, since: datetime, until: datetime) -> Fleet:
    """Return the fleet's tables; the volumes are those from *since* to *until*.

    Lines of an issue are no cause of it: *until* is when it began.
    """
    names = ("customers", "environments", "tenancies", "spans", "changes")
    tables = {name: engine.ask(f"fleet_{name}") for name in names}
    volumes = engine.ask("environment_volumes", start=since, end=until)
    return Fleet(**tables, volumes=volumes)


def spells_of(fleet: Fleet, *, now: datetime, settings: SpreadSettings) -> pl.DataFrame:
    """Return every spell of every place that may carry an issue.

    Args:
        fleet: The tables.
        now: What starts then or later is planned.
        settings: Words for dates that pass, sizes of waves, quantiles of volume.

    Returns:
        kind, attribute, value (null: any), customer_id, environment_id, start, end
        (microseconds since 1970).
    """
    places = _places(fleet)
    made = (
        _of_spans(fleet, places, now),
        _of_places(places),
        _of_changes(fleet, places, settings),
        _of_dates(fleet, places, settings),
        _of_volumes(fleet, places, settings),
    )
    return pl.concat(made).filter(pl.col("start") < pl.col("end")).unique(maintain_order=True)


def _places(fleet: Fleet) -> pl.DataFrame:
    """Return customer_id, environment_id and what stands still of them: production only."""
    customers = fleet.customers.select("customer_id", "tier", pl.col("region").alias("home"))
    return (
        fleet.tenancies.join(fleet.environments, on="environment_id")
        .filter(in_production())
        .join(customers, on="customer_id", how="left")
        .with_columns(pl.coalesce("region", "home").alias("region"))
        .select(
            "customer_id", "environment_id", "kind", "region", "tier", "placement",
            _micros("valid_from", ALWAYS).alias("since"), _micros("valid_to", NEVER).alias("until"),
        )
    )  # fmt: skip


def _of_spans(fleet: Fleet, places: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Return what ran: each value; a plug-in of any value; a version and all later ones."""
    kind = pl.col("kind").fill_null("version")
    ran = fleet.spans.select(
        kind,
        pl.col("component").alias("attribute"),
        "value",
        "environment_id",
        _micros("valid_from", ALWAYS).alias("start"),
        _micros("valid_to", NEVER).alias("end"),
    )
    planned = _planned(fleet, ran, now)
    ran = pl.concat([ran, planned])
    several = pl.col("value").n_unique().over("attribute", "kind") > 1
    any_value = ran.filter(several, kind != "version").with_columns(
        pl.lit(None, dtype=pl.String).alias("value")
    )
    both = pl.concat([ran, any_value, _from_on(ran.filter(pl.col("kind") == "version"))])
    homes = places.select("customer_id", "environment_id").unique()
    return both.join(homes, on="environment_id").select(_SPELL)


def _planned(fleet: Fleet, ran: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Return the versions that places will run: releases to come that no span tells of yet."""
    releases = (
        _scoped(fleet.changes.filter(_is_release()), fleet)
        .drop_nulls(["component", "value"])
        .filter(pl.col("starts_at") >= now)
        .select(
            pl.lit("version").alias("kind"),
            pl.col("component").alias("attribute"),
            "value",
            "environment_id",
            _micros("starts_at", ALWAYS).alias("start"),
            pl.lit(NEVER).alias("end"),
        )
        .unique()
    )
    return releases.join(ran, on=["kind", "attribute", "value", "environment_id"], how="anti")


def _from_on(versions: pl.DataFrame) -> pl.DataFrame:
    """Return spells of "this version or a later one" for all but the oldest and the newest."""
    distinct = versions.select("attribute", "value").unique()
    order = {pair: version_order(pair[1]) for pair in distinct.iter_rows()}
    rows = [
        (attribute, first, value)
        for attribute, first in order
        for other, value in order
        if other == attribute and order[other, value] >= order[attribute, first]
    ]
    at_least = pl.DataFrame(
        rows, schema=dict.fromkeys(("attribute", "from", "value"), pl.String), orient="row"
    )
    covered = at_least.group_by("attribute", "from").len()
    most = pl.col("len").max().over("attribute")
    some = covered.filter(pl.col("len") > 1, pl.col("len") < most).drop("len")
    return (
        versions.join(at_least.join(some, on=["attribute", "from"]), on=["attribute", "value"])
        .with_columns((pl.lit(">=") + pl.col("from")).alias("value"))
        .drop("from")
        .select(versions.columns)
    )


def version_order(value: str) -> tuple[tuple[int, str], ...]:
    """Return what orders versions: numbers as numbers, words behind them as words.

    >>> sorted(["8.10", "8.9", "8.9-rc1"], key=version_order)
    ['8.9', '8.9-rc1', '8.10']
    """
    return tuple(
        (int(part), "") if part.isdigit() else (-1, part)
        for part in re.findall(r"\d+|[a-z]+", value.lower())
    )


def _of_places(places: pl.DataFrame) -> pl.DataFrame:
    """Return where customers are: region, shared environment, placement, tier."""
    shared = places.filter(pl.col("kind") == "multi_tenant")
    named = (
        _named(places, "region", pl.lit("region"), pl.col("region")),
        _named(shared, "environment", pl.lit("environment"), pl.col("environment_id")),
        _named(places, "environment", pl.lit("kind"), pl.col("kind")),
        _named(places, "tier", pl.lit("tier"), pl.col("tier")),
    )
    placed = places.filter(pl.col("placement").is_not_null()).with_columns(
        pl.lit("placement").alias("kind"),
        pl.col("environment_id").alias("attribute"),
        pl.col("placement").alias("value"),
        pl.col("since").alias("start"),
        pl.col("until").alias("end"),
    )
    return pl.concat([*named, placed.select(_SPELL)])


def _named(places: pl.DataFrame, kind: str, attribute: pl.Expr, value: pl.Expr) -> pl.DataFrame:
    return (
        places.with_columns(
            value.alias("value"),
            attribute.alias("attribute"),
            pl.lit(kind).alias("kind"),
            pl.lit(ALWAYS).alias("start"),
            pl.lit(NEVER).alias("end"),
        )
        .drop_nulls("value")
        .select(_SPELL)
    )


def _of_changes(fleet: Fleet, places: pl.DataFrame, settings: SpreadSettings) -> pl.DataFrame:
    """Return what was done: each wave of a release, and every other kind of change."""
    done = _scoped(fleet.changes.filter(~_is_date(settings)), fleet).join(
        places.select("customer_id", "environment_id").unique(), on="environment_id"
    )
    size = pl.struct("customer_id", "environment_id").n_unique().over("change_id")
    waves = done.filter(_is_release(), size >= settings.wave_units).with_columns(
        pl.lit("wave").alias("kind"),
        pl.concat_str("component", "value", separator=" ", ignore_nulls=True).alias("attribute"),
        pl.col("change_id").alias("value"),
    )
    others = done.filter(~_is_release()).with_columns(
        pl.col("kind").fill_null("change"), pl.coalesce("component", "kind").alias("attribute")
    )
    return _since(pl.concat([waves, others]), "starts_at")


def _of_dates(fleet: Fleet, places: pl.DataFrame, settings: SpreadSettings) -> pl.DataFrame:
    """Return dates that differ from place to place: "since its own certificate ended"."""
    homes = places.select("customer_id", "environment_id").unique()
    told = _scoped(fleet.changes.filter(_is_date(settings)), fleet)
    changed = [
        told.select(
            "environment_id", pl.coalesce("component", "kind").alias("attribute"),
            pl.col(at).alias("at"), pl.lit(word).alias("value"),
        )
        for at, word in (("starts_at", "from its date"), ("ends_at", "from its end"))
    ]  # fmt: skip
    spoken = pl.any_horizontal(_speaks_of(column, settings) for column in ("component", "value"))
    ended = fleet.spans.filter(spoken).select(
        "environment_id",
        pl.col("component").alias("attribute"),
        pl.col("valid_to").alias("at"),
        pl.lit("from its end").alias("value"),
    )
    dated = pl.col("value").str.extract(r"^(\d{4}-\d{2}-\d{2})").str.to_date(strict=False)
    written = fleet.spans.select(
        "environment_id",
        pl.col("component").alias("attribute"),
        dated.cast(pl.Datetime("us", "UTC")).alias("at"),
        pl.lit("from its date").alias("value"),
    )
    each = pl.concat([*changed, ended, written]).drop_nulls(["at", "attribute"])
    return _since(
        each.join(homes, on="environment_id").with_columns(pl.lit("date").alias("kind")), "at"
    )


def _of_volumes(fleet: Fleet, places: pl.DataFrame, settings: SpreadSettings) -> pl.DataFrame:
    """Return who writes much: the upper part of single-tenant places, by events."""
    alone = places.filter(pl.col("kind") == "single_tenant").join(
        fleet.volumes, on="environment_id"
    )
    return pl.concat(
        [
            _named(
                alone.filter(pl.col("events") > pl.col("events").quantile(share)),
                "volume",
                pl.lit("events"),
                pl.lit(f"the upper {1 - share:.0%}"),
            )
            for share in settings.volumes
        ]
    )


def _since(rows: pl.DataFrame, at: str) -> pl.DataFrame:
    """Return *rows* as spells that start at the column *at* and do not end."""
    return (
        rows.drop_nulls(at)
        .with_columns(_micros(at, ALWAYS).alias("start"), pl.lit(NEVER).alias("end"))
        .group_by(*_NAME, "customer_id", "environment_id")
        .agg(pl.col("start").min(), pl.col("end").max())
        .select(_SPELL)
    )


def _scoped(changes: pl.DataFrame, fleet: Fleet) -> pl.DataFrame:
    """Return a row for each change and environment it touches.

    A scope names environments, customers, regions or placements; none names all.
    """
    tenancies, environments = fleet.tenancies, fleet.environments
    names = pl.concat(
        [
            environments.select("environment_id", pl.col("environment_id").alias("name")),
            environments.select("environment_id", pl.col("region").alias("name")),
            tenancies.select("environment_id", pl.col("customer_id").alias("name")),
            tenancies.select("environment_id", pl.col("placement").alias("name")),
        ]
    ).drop_nulls()
    said = changes.with_columns(pl.col("scope").str.split(",").alias("name"))
    everywhere = said.filter(pl.col("name").is_null()).drop("name")
    some = said.drop_nulls("name").explode("name").with_columns(pl.col("name").str.strip_chars())
    return pl.concat(
        [
            some.join(names.unique(), on="name").drop("name"),
            everywhere.join(environments.select("environment_id"), how="cross"),
        ]
    ).unique()


def _is_release() -> pl.Expr:
    spelled = pl.col("kind").str.to_lowercase()
    return (spelled.str.contains("release|upgrade|deploy|rollout|version")).fill_null(value=False)


def _is_date(settings: SpreadSettings) -> pl.Expr:
    return pl.any_horizontal(_speaks_of(column, settings) for column in ("kind", "component"))


def _speaks_of(column: str, settings: SpreadSettings) -> pl.Expr:
    words = pl.col(column).str.to_lowercase().str.extract_all(r"[a-z]+")
    return (words.list.set_intersection(sorted(settings.date_words)).list.len() > 0).fill_null(
        value=False
    )


def _micros(column: str, instead: int) -> pl.Expr:
    moment = pl.col(column).cast(pl.Datetime("us", "UTC")).dt.epoch("us")
    return moment.fill_null(instead)
