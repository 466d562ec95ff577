"""Counts the planted hits: by issue, customer, environment and day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.testing.fleet.plan import NOBODY, Plan, moment
from caseline.testing.fleet.truth import STAMP, issue_id

if TYPE_CHECKING:
    from caseline.testing.fleet.traffic import Traffic


def count_hits(plan: Plan, traffic: Traffic) -> pl.DataFrame:
    """Return the hits per issue, environment, customer, segment and day.

    Columns: issue, environment, customer, segment, day, first, last, events, visible
    (of them in logs that reach support), unlabelled (of these, the lines of a shared
    environment that carry no tenant). Only one day's hits are in memory
    at a time.
    """
    delivered = traffic.volume.delivered
    days = []
    for day in range(plan.settings.days):
        hits = traffic.hits.of_day(day).filter(pl.col("issue") < len(plan.issues))
        weight = [issue.repeats + 1 for issue in plan.issues]
        days.append(
            hits.group_by("issue", "environment", "customer", "segment", maintain_order=True)
            .agg(first=pl.col("at").min(), last=pl.col("at").max(), events=pl.len())
            .with_columns(
                pl.lit(day, dtype=pl.Int64).alias("day"),
                pl.col("events").cast(pl.Int64) * _gather(weight, "issue"),
            )
            .with_columns(
                visible=pl.col("events")
                * _gather(delivered[:, day].astype(int).tolist(), "environment")
            )
        )
    counted = pl.concat(days)
    silent = {pair for pair in _pairs(counted) if not _tells_tenant(plan, traffic, pair)}
    flags = [pair in silent for pair in zip(counted["issue"], counted["segment"], strict=True)]
    return counted.with_columns(unlabelled=pl.col("visible") * pl.Series(flags, dtype=pl.Int64))


def _pairs(counted: pl.DataFrame) -> list[tuple[int, int]]:
    pairs = counted.select("issue", "segment").unique(maintain_order=True)
    return [(issue, segment) for issue, segment in pairs.iter_rows()]


def _tells_tenant(plan: Plan, traffic: Traffic, pair: tuple[int, int]) -> bool:
    """Return whether a reader can tell the customer of a segment's lines."""
    file, tenancy = traffic.place(*pair)
    shared = plan.environments[traffic.files[file].environment].kind == "multi_tenant"
    return not shared or (tenancy != NOBODY and traffic.files[file].labelled)


def _gather(table: list[int], column: str) -> pl.Expr:
    """Return the entry of *table* at each row's *column*."""
    return pl.col(column).replace_strict(
        list(range(len(table))), table, return_dtype=pl.Int64, default=None
    )


def spread_placements(plan: Plan, counted: pl.DataFrame) -> pl.DataFrame:
    """Return *counted* with hits of a whole placement given to each customer in it.

    Adds ``certain``: False for those.
    """
    direct = counted.filter(pl.col("customer") != NOBODY).with_columns(certain=pl.lit(value=True))
    shared = counted.filter(pl.col("customer") == NOBODY)
    pairs = [
        (issue, segment, t.customer)
        for issue, segment in _pairs(shared)
        for t in _tenants_in(plan, issue, segment)
    ]
    table = pl.DataFrame(pairs, schema=["issue", "segment", "customer"], orient="row").cast(
        pl.Int64
    )
    expanded = (
        shared.drop("customer")
        .join(table, on=["issue", "segment"], maintain_order="left")
        .with_columns(certain=pl.lit(value=False))
        .select(direct.columns)
    )
    return pl.concat([direct, expanded])


def _tenants_in(plan: Plan, issue: int, segment: int) -> list[Any]:
    where = plan.issues[issue].segments[segment]
    return [
        t
        for t in plan.tenants(where.environment)
        if t.placement == where.placement
        and t.valid_from < where.end
        and (t.valid_to is None or t.valid_to > where.start)
    ]


def impact_frame(plan: Plan, spread: pl.DataFrame) -> pl.DataFrame:
    """Return the truth's ``impact``."""
    customers = pl.Series([c.customer_id for c in plan.customers], dtype=pl.String)
    environments = pl.Series([e.environment_id for e in plan.environments], dtype=pl.String)
    named = spread.with_columns(
        issue_id=pl.Series([issue_id(i) for i in spread["issue"]], dtype=pl.String),
        customer_id=customers.gather(spread["customer"]),
        environment_id=environments.gather(spread["environment"]),
    )
    return (
        named.group_by("issue_id", "customer_id")
        .agg(
            environment_ids=pl.col("environment_id").unique().sort(),
            first_hit=pl.col("first").min().cast(STAMP),
            last_hit=pl.col("last").max().cast(STAMP),
            events=pl.col("events").sum(),
            events_visible=pl.col("visible").sum(),
            certain=pl.col("certain").any(),
        )
        .sort("issue_id", "customer_id")
    )


def daily_frame(plan: Plan, counted: pl.DataFrame, spread: pl.DataFrame) -> pl.DataFrame:
    """Return the truth's ``daily``."""
    lines = counted.group_by("issue", "day").agg(
        events=pl.col("events").sum(), events_visible=pl.col("visible").sum()
    )
    people = spread.group_by("issue", "day").agg(customers=pl.col("customer").n_unique())
    joined = lines.join(people, on=["issue", "day"]).sort("issue", "day")
    start = plan.settings.start
    return joined.select(
        pl.Series("issue_id", [issue_id(i) for i in joined["issue"]], dtype=pl.String),
        (pl.lit(start) + pl.duration(days=pl.col("day"))).cast(STAMP).alias("day"),
        "events",
        "events_visible",
        "customers",
    )


def issues_frame(plan: Plan, counted: pl.DataFrame, impact: pl.DataFrame) -> pl.DataFrame:
    """Return the truth's ``issues``."""
    sums = {
        row["issue"]: row
        for row in counted.group_by("issue")
        .agg(pl.col("first").min(), pl.col("events", "visible", "unlabelled").sum())
        .to_dicts()
    }
    hit = dict(impact.group_by("issue_id").agg(pl.len()).iter_rows())
    rows = []
    for i, issue in enumerate(plan.issues):
        found = sums.get(i, _NOTHING)
        rows.append(
            {
                "issue_id": issue_id(i),
                "family": issue.family,
                "kind": issue.kind,
                "owner": issue.owner,
                "service": issue.templates[0].service,
                "severity": max(t.level for t in issue.templates),
                "vector_kind": issue.vector[0],
                "vector_attribute": issue.vector[1],
                "vector_value": issue.vector[2],
                "onset": None if found["first"] is None else moment(found["first"]),
                "template_ids": [t.template_id for t in issue.templates],
                "messages": [t.masked for t in issue.templates],
                "markers": list(dict.fromkeys(t.marker for t in issue.templates)),
                "customers": int(hit.get(issue_id(i), 0)),
                "events": int(found["events"]),
                "events_visible": int(found["visible"]),
                "events_unlabelled": int(found["unlabelled"]),
            }
        )
    return pl.DataFrame(rows, schema=_ISSUES)


_NOTHING = {"first": None, "events": 0, "visible": 0, "unlabelled": 0}
_ISSUES: dict[str, Any] = {
    **dict.fromkeys(("issue_id", "family", "kind", "owner", "service"), pl.String),
    "severity": pl.Int64,
    **dict.fromkeys(("vector_kind", "vector_attribute", "vector_value"), pl.String),
    "onset": STAMP,
    **dict.fromkeys(("template_ids", "messages", "markers"), pl.List(pl.String)),
    **dict.fromkeys(("customers", "events", "events_visible", "events_unlabelled"), pl.Int64),
}
