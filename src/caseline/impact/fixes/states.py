"""The state of each environment: what runs there, judged by version, and what is planned."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from caseline.impact.fixes.reading import running_at

if TYPE_CHECKING:
    from caseline.impact.fixes.reading import Running
    from caseline.impact.fixes.settings import FixSettings

_TIME = pl.Datetime("us", "UTC")
_LAST = datetime(9999, 1, 1, tzinfo=UTC)
STATES = ("vulnerable", "upgrading", "unknown", "protected")
"""Worst first: what counts for a customer with several environments."""
COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "customer_id": pl.String,
    "environment_id": pl.String,
    "state": pl.String,
    "version": pl.String,
    "since": _TIME,
    "planned_at": _TIME,
    "probability": pl.Float64,
    "reasons": pl.List(pl.String),
}


def judge_places(
    running: Running, judged: pl.DataFrame, *, now: datetime, settings: FixSettings
) -> pl.DataFrame:
    """Return the state of each customer's production environments: see ``COLUMNS``.

    Args:
        running: What is there, of one component.
        judged: version, verdict (affected, fixed, unaffected, unknown), probability (that
            it is affected), why: one row for each version.
        now: The moment.
        settings: What is overdue, and how close spans touch.
    """
    spans = running.spans.rename({"value": "version"}).join(judged, on="version", how="left")
    begun = spans.filter(pl.col("valid_from").is_null() | (pl.col("valid_from") <= now))
    joined = running.places
    for more in (
        _what_runs(running_at(begun, now)),
        _since(begun, settings),
        _plans(running, judged, now=now, settings=settings),
        _last_known(begun),
    ):
        joined = joined.join(more, on="environment_id", how="left")
    flags = pl.col("affected", "fixed", "unclear", "known").fill_null(value=False)
    return _told(joined.with_columns(flags)).sort("customer_id", "environment_id")


def _what_runs(there: pl.DataFrame) -> pl.DataFrame:
    return there.group_by("environment_id").agg(
        pl.lit(value=True).first().alias("known"),
        (pl.col("verdict") == "affected").any().alias("affected"),
        (pl.col("verdict") == "fixed").any().alias("fixed"),
        (pl.col("verdict") == "unknown").any().alias("unclear"),
        pl.col("version").unique().sort().str.join(", ").alias("version"),
        pl.col("probability").max(),
        pl.col("why").unique().sort().alias("whys"),
        pl.col("valid_from").filter(pl.col("verdict") == "fixed").max().alias("fixed_since"),
    )


def _since(begun: pl.DataFrame, settings: FixSettings) -> pl.DataFrame:
    """Return environment_id, bad_since and good_since: the last unbroken stretch of each kind.

    Affected spans that touch, or leave no more than the slack between them, are one
    stretch; so are those of all others. The start is null where it is not known.
    """
    place = ["environment_id", "bad"]
    kinds = begun.with_columns((pl.col("verdict") == "affected").alias("bad")).sort(
        *place, "valid_from", nulls_last=False
    )
    ends = pl.col("valid_to").fill_null(_LAST).cum_max().shift() + settings.slack
    gap = (pl.col("valid_from") > ends).fill_null(value=False).cum_sum().over(place)
    stretches = (
        kinds.with_columns(gap.alias("stretch"))
        .group_by(*place, "stretch")
        .agg(pl.col("valid_from").first().alias("since"))
        .sort("stretch")
    )
    return stretches.group_by("environment_id").agg(
        pl.col("since").filter("bad").last().alias("bad_since"),
        pl.col("since").filter(~pl.col("bad")).last().alias("good_since"),
    )


def _plans(
    running: Running, judged: pl.DataFrame, *, now: datetime, settings: FixSettings
) -> pl.DataFrame:
    """Return for each environment what is planned, and what should have come about.

    environment_id, planned_at and planned_version (the first that helps), other_version
    (the first that does not), overdue_at and overdue_version. A span that begins later is
    a plan as well.
    """
    later = running.spans.filter(pl.col("valid_from") > now).select(
        "environment_id",
        "value",
        pl.col("valid_from").alias("starts_at"),
        pl.lit(None, dtype=_TIME).alias("ends_at"),
    )
    changes = running.changes.select(later.columns).cast(dict(later.schema))  # type: ignore[arg-type]
    until = pl.col("ends_at").fill_null(pl.col("starts_at") + settings.overdue)
    helps = pl.col("verdict").is_in(["fixed", "unaffected"])
    planned = (
        pl.concat([changes, later])
        .filter(pl.col("starts_at").is_not_null())
        .join(judged.select(pl.col("version").alias("value"), "verdict"), on="value")
        .with_columns((until > now).alias("ahead"), helps.alias("helps"))
        .sort("starts_at", "value")
    )
    good, bad = pl.col("ahead") & pl.col("helps"), pl.col("ahead") & ~pl.col("helps")
    missed = ~pl.col("ahead") & pl.col("helps")
    return planned.group_by("environment_id").agg(
        pl.col("starts_at").filter(good).first().alias("planned_at"),
        pl.col("value").filter(good).first().alias("planned_version"),
        pl.col("value").filter(bad).first().alias("other_version"),
        pl.col("starts_at").filter(missed).last().alias("overdue_at"),
        pl.col("value").filter(missed).last().alias("overdue_version"),
    )


def _last_known(begun: pl.DataFrame) -> pl.DataFrame:
    """Return environment_id, last_version and last_until of what ran last."""
    ordered = begun.with_columns(pl.col("valid_to").fill_null(_LAST)).sort("valid_to", "version")
    return ordered.group_by("environment_id").agg(
        pl.col("version").last().alias("last_version"),
        pl.col("valid_to").last().alias("last_until"),
    )


def _told(joined: pl.DataFrame) -> pl.DataFrame:
    both = pl.col("affected") & pl.col("fixed")
    planned = pl.col("affected") & pl.col("planned_at").is_not_null()
    state = (
        pl.when(both | planned)
        .then(pl.lit("upgrading"))
        .when(pl.col("affected"))
        .then(pl.lit("vulnerable"))
        .when(~pl.col("known") | pl.col("unclear"))
        .then(pl.lit("unknown"))
        .otherwise(pl.lit("protected"))
    )
    since = (
        pl.when(both)
        .then("fixed_since")
        .when(pl.col("affected"))
        .then("bad_since")
        .when(pl.col("known"))
        .then("good_since")
        .otherwise("last_until")
    )
    return joined.select(
        "customer_id",
        "environment_id",
        state.alias("state"),
        "version",
        since.alias("since"),
        pl.when("affected").then("planned_at").alias("planned_at"),
        "probability",
        _reasons(both).alias("reasons"),
    ).cast(COLUMNS)  # type: ignore[arg-type]


def _reasons(both: pl.Expr) -> pl.Expr:
    def day(column: str) -> pl.Expr:
        return pl.col(column).dt.strftime("%Y-%m-%d")

    lost = pl.format("ran {} until {}; nothing is known since", "last_version", day("last_until"))
    never = pl.lit("no version is known")
    rolling = pl.lit("affected and fixed versions run side by side")
    planned = pl.format("an upgrade to {} is planned for {}", "planned_version", day("planned_at"))
    useless = pl.format("the planned {} does not help", "other_version")
    missed = pl.format(
        "an upgrade to {} was planned for {} and has not come about",
        "overdue_version", day("overdue_at"),
    )  # fmt: skip
    bad, nothing = pl.col("affected"), ~pl.col("known")
    said = [
        pl.when(both).then(rolling),
        pl.when(bad).then(planned),
        pl.when(bad & ~both & pl.col("planned_at").is_null()).then(useless),
        pl.when(bad & ~both & pl.col("planned_at").is_null()).then(missed),
        pl.when(nothing & pl.col("last_version").is_not_null()).then(lost),
        pl.when(nothing & pl.col("last_version").is_null()).then(never),
    ]
    whys = pl.col("whys").fill_null([])
    return whys.list.concat(pl.concat_list(said)).list.drop_nulls()
