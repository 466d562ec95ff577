"""Puts a simulated fleet's planted lines into a workspace without writing and reading text.

Each planted issue is one signature; every place whose logs arrive on a day says one
harmless line in the morning and one in the evening. What is measured is what comes after
ingest, over many seeds; ingest itself is measured elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

import caseline
from caseline.records.batches import Part, SignedBatch, Source
from caseline.testing.fleet.plan import DAY, HOUR, NOBODY

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from caseline.testing.fleet import Simulation

HEARTBEAT = "s-heartbeat"
_STAMP = pl.Datetime("us", "UTC")


def signature_of(issue: int, template: int | None = None) -> str:
    """Return the signature of the plan's issue number *issue*, or of one of its templates."""
    return f"s-{issue:04d}" + ("" if template is None else f"-{template}")


def names_of(fleet: Simulation) -> dict[str, str]:
    """Return the signature of each planted issue, by its family."""
    ids = list(fleet.truth.issues["issue_id"])
    rows = fleet.truth.issues.select("family", "issue_id").iter_rows()
    return {family: signature_of(ids.index(issue)) for family, issue in rows}


def linked(fleet: Simulation) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the true causes as links, and the tickets with their issues."""
    told = {issue: signature_of(n) for n, issue in enumerate(fleet.truth.issues["issue_id"])}
    causes = fleet.truth.tickets.select("ticket_id", "issue_id")
    tickets = fleet.tickets.join(causes, on="ticket_id")
    links = tickets.drop_nulls("issue_id").select(
        "ticket_id", pl.col("issue_id").replace(told).alias("id"), confidence=pl.lit(1.0)
    )
    return links, tickets


def fed(
    fleet: Simulation,
    folder: Path,
    *,
    now: datetime | None = None,
    by_template: bool = False,
    last_day: int | None = None,
) -> caseline.Workspace:
    """Return a workspace that holds *fleet*, open at *now* (its end if None).

    With *by_template* an issue has as many signatures as templates, not one. From
    *last_day* on nothing is appended.
    """
    ws = caseline.open(folder, clock=caseline.ManualClock(now or fleet.settings.end))
    ws.fleet.load(
        customers=fleet.customers,
        environments=fleet.environments,
        tenancies=fleet.tenancies,
        spans=fleet.spans,
        changes=fleet.changes,
    )
    plan = fleet._plan
    told = [
        (signature_of(i, k if by_template else None), template.masked)
        for i, issue in enumerate(plan.issues)
        for k, template in enumerate(issue.templates)
        if by_template or k == 0
    ]
    names, texts = [name for name, _ in told], [text for _, text in told]
    rows = [
        {"signature_id": s, "scheme": "t", "kind": "log", "template": text,
         "parts": text.split("<*>"), "rules": [""] * text.count("<*>")}
        for s, text in zip([*names, HEARTBEAT], [*texts, "alive"], strict=True)
    ]  # fmt: skip
    ws._store.save("signatures", pl.DataFrame(rows))
    for day in range(fleet.settings.days if last_day is None else last_day):
        append_day(ws, fleet, day, by_template=by_template)
    ws._store.compact()
    return ws


def append_day(
    ws: caseline.Workspace, fleet: Simulation, day: int, *, by_template: bool = False
) -> None:
    """Append what *fleet* writes on a day to *ws*."""
    events = pl.concat([_planted(fleet, day, by_template=by_template), _heartbeats(fleet, day)])
    if events.is_empty():
        return
    source = Source(
        name=f"day-{day}.log",
        collection_id=f"col-{day}",
        origin=f"origin-{day}",
        received_at=fleet.settings.end,
    )
    groups = _groups(fleet)
    frame = events.with_columns(
        time_quality=pl.lit("exact"),
        severity_text=pl.lit("ERROR"),
        service=pl.lit("api"),
        host=pl.lit("h"),
        trace_id=pl.lit(None, pl.String),
        region=pl.lit("r"),
        lines=pl.lit(1, pl.UInt32),
        repeats=pl.lit(1, pl.UInt32),
        part=pl.lit(0, pl.UInt32),
        variables=pl.lit([], pl.List(pl.String)),
        message=pl.format("{} {}", pl.int_range(pl.len()), "environment_id"),
        text=pl.format("{} {}", pl.int_range(pl.len()), "environment_id"),
    )
    shared = [
        {"share_group": group, "customer_id": customer, "weight": 1 / len(members)}
        for group, members in groups.items()
        for customer in members
    ]
    if shared and day == 0:
        ws._store.save("share_groups", pl.DataFrame(shared))
    ws._store.append(
        SignedBatch(
            source=source,
            frame=frame,
            minted=pl.DataFrame(schema={"signature_id": pl.String}),
            parts=(Part(source=source, batch_id=f"b{day}"),),
        )
    )


def _groups(fleet: Simulation) -> dict[str, list[str]]:
    """Return the customers of each placement, by ``environment/placement``."""
    plan = fleet._plan
    found: dict[str, set[str]] = {}
    for t in plan.tenancies:
        if t.placement:
            name = f"{plan.environments[t.environment].environment_id}/{t.placement}"
            found.setdefault(name, set()).add(plan.customers[t.customer].customer_id)
    return {name: sorted(members) for name, members in found.items()}


def _planted(fleet: Simulation, day: int, *, by_template: bool) -> pl.DataFrame:
    plan = fleet._plan
    hits = fleet._traffic.hits.of_day(day).filter(pl.col("issue") < len(plan.issues))
    arrives = fleet._traffic.volume.delivered[hits["environment"].to_numpy(), day]
    hits = hits.filter(pl.Series(arrives, dtype=pl.Boolean))
    segments = [
        (i, k, f"{plan.environments[s.environment].environment_id}/{s.placement}")
        for i, issue in enumerate(plan.issues)
        for k, s in enumerate(issue.segments)
        if s.customer == NOBODY
    ]
    places = pl.DataFrame(
        segments,
        schema={"issue": pl.Int64, "segment": pl.Int64, "share_group": pl.String},
        orient="row",
    )
    levels = [max(t.level for t in issue.templates) for issue in plan.issues]
    numbers = list(range(len(levels)))
    number = pl.col("issue").cast(pl.String).str.zfill(4)
    named = hits.join(places, on=["issue", "segment"], how="left", maintain_order="left")
    return _event_columns(
        fleet,
        named.with_columns(
            signature_id=pl.format("s-{}-{}", number, "template")
            if by_template
            else pl.format("s-{}", number),
            severity=pl.col("issue").replace_strict(numbers, levels, default=3) * 4 + 5,
        ),
    )


def _heartbeats(fleet: Simulation, day: int) -> pl.DataFrame:
    plan = fleet._plan
    start = plan.start + day * DAY
    delivered = fleet._traffic.volume.delivered
    alive = [
        {"environment": t.environment, "customer": t.customer, "at": start + hour * HOUR}
        for t in plan.tenancies
        if delivered[t.environment, day] and t.valid_from <= start
        and (t.valid_to is None or t.valid_to > start)
        for hour in (1, 20)
    ]  # fmt: skip
    frame = pl.DataFrame(alive, schema=dict.fromkeys(("environment", "customer", "at"), pl.Int64))
    return _event_columns(
        fleet,
        frame.with_columns(
            signature_id=pl.lit(HEARTBEAT),
            severity=pl.lit(9),
            share_group=pl.lit(None, pl.String),
        ),
    )


def _event_columns(fleet: Simulation, rows: pl.DataFrame) -> pl.DataFrame:
    plan = fleet._plan
    environments = pl.Series([e.environment_id for e in plan.environments])
    stages = pl.Series([e.stage for e in plan.environments])
    customers = pl.Series([*(c.customer_id for c in plan.customers), None])
    who = rows["customer"].replace(NOBODY, len(plan.customers))
    rolls = _rolls(fleet)
    versions = [
        None
        if any(low <= at < high for low, high in rolls.get(e, ()))
        else plan.environments[e].version_at(at)
        for e, at in rows.select("environment", "at").rows()
    ]
    return rows.select(
        pl.col("at").cast(_STAMP).alias("occurred_at"),
        "signature_id",
        pl.col("severity").cast(pl.UInt8),
        environments.gather(rows["environment"]).alias("environment_id"),
        customers.gather(who).alias("customer_id"),
        "share_group",
        stages.gather(rows["environment"]).alias("stage"),
        pl.Series("version", versions, dtype=pl.String),
    )


def _rolls(fleet: Simulation) -> dict[int, list[tuple[int, int]]]:
    """Return when two versions run at once in an environment: then no line tells which."""
    found: dict[int, list[tuple[int, int]]] = {}
    for s in fleet._plan.spans:
        if (s.component, s.kind) == ("platform", "version"):
            found.setdefault(s.environment, []).append((s.valid_from, s.valid_to or 2**62))
    return found
