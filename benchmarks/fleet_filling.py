"""Fills a workspace with a simulated fleet without writing and reading its lines.

What each line is (file, tenant, template, moment) goes through the attribution to the
store; signatures are the simulator's own templates. So a fleet takes seconds, and what is
judged is attribution and impact alone.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

import caseline
from caseline.records.batches import Part, RawBatch, SignedBatch, Source
from caseline.store.services import unheard
from caseline.testing.fleet.plan import DAY, NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from caseline.protocols import Engine
    from caseline.testing.fleet.simulation import Simulation
    from caseline.workspace import Workspace

_LEVELS = (5, 9, 13, 17, 21)
_COLUMNS = (
    "occurred_at", "time_quality", "severity", "severity_text", "service", "host", "trace_id",
    "environment_id", "customer_id", "share_group", "version", "stage", "region", "lines",
    "repeats", "signature_id", "variables", "message", "part", "text",
)  # fmt: skip


def filled(fleet: Simulation, folder: Path) -> Workspace:
    """Return a workspace that holds what of *fleet* reaches support."""
    end = fleet.settings.end + timedelta(days=1)
    ws = caseline.open(folder / "support", clock=caseline.ManualClock(end))
    ws.fleet.load(
        customers=fleet.customers,
        environments=fleet.environments,
        tenancies=fleet.tenancies,
        spans=fleet.spans,
        changes=fleet.changes,
    )
    ws.tickets.load(fleet.tickets)
    engine: Engine = ws._store
    _save_signatures(engine, fleet)
    source = Source(name="all.log", collection_id="col", origin="o", received_at=end)
    frames, groups = [], {}
    for environment, rows in lines_of(fleet).group_by("environment_id"):
        own = replace(source, environment_id=str(environment[0]))
        placed = ws.fleet.attributor().place(RawBatch(source=own, frame=rows, shapes=[b"x"]))
        frames.append(placed.frame)
        groups.update(placed.share_groups)
    frame = pl.concat(frames, how="diagonal").select(_COLUMNS)
    engine.save("share_groups", _group_rows(groups))
    for table, rows in unheard(engine, frame, end):
        engine.save(table, rows)
    minted = pl.DataFrame(schema={"signature_id": pl.String})
    part = Part(source=source, batch_id="all")
    engine.append(SignedBatch(source=source, frame=frame, minted=minted, parts=(part,)))
    return ws


def lines_of(fleet: Simulation) -> pl.DataFrame:
    """Return every line that reaches support, as columns of a raw batch."""
    plan, traffic = fleet._plan, fleet._traffic
    files = pl.DataFrame(
        {
            "environment_id": [
                plan.environments[f.environment].environment_id for f in traffic.files
            ],
            "host": [f.host for f in traffic.files],
            "service": [f.service for f in traffic.files],
            "placement": [f.placement or None for f in traffic.files],
            "labelled": [f.labelled for f in traffic.files],
        },
        schema_overrides={"placement": pl.String},
    )
    keys = pl.Series([t.tenant_key or None for t in plan.tenancies], dtype=pl.String)
    templates = traffic.book.templates
    level = pl.Series([_LEVELS[t.level] for t in templates], dtype=pl.UInt8)
    ids = pl.Series([t.template_id for t in templates])
    rows = pl.concat([part for day in range(plan.settings.days) for part in _of_day(fleet, day)])
    file, template = files[rows["file"].to_numpy()], rows["template"].to_numpy()
    tenancy = rows["tenancy"].to_numpy()
    tenant = keys.gather(np.where(tenancy == NOBODY, 0, tenancy))
    named = file["labelled"] & pl.Series(tenancy != NOBODY)
    texts = pl.Series([f"line {n}" for n in range(rows.height)])
    return file.drop("labelled").with_columns(
        rows["at"].cast(pl.Datetime("us", "UTC")).alias("occurred_at"),
        level.gather(template).alias("severity"),
        ids.gather(template).alias("signature_id"),
        pl.select(pl.when(named).then(tenant)).to_series().alias("tenant"),
        texts.alias("text"),
        texts.alias("message").cast(pl.Binary),
        pl.lit(None, dtype=pl.String).alias("trace_id"),
        pl.lit(None, dtype=pl.String).alias("severity_text"),
        pl.lit("exact").alias("time_quality"),
        pl.lit([], dtype=pl.List(pl.String)).alias("variables"),
        *(pl.lit(1, dtype=pl.UInt32).alias(name) for name in ("lines", "repeats")),
        *(pl.lit(0, dtype=pl.UInt32).alias(name) for name in ("part", "shape")),
    )


def _of_day(fleet: Simulation, day: int) -> Iterator[pl.DataFrame]:
    """Yield file, tenancy, template, at: what a day's lines are."""
    plan, traffic = fleet._plan, fleet._traffic
    begin = plan.start + day * DAY
    for group in range(len(traffic.groups)):
        rng = np.random.default_rng([fleet.seed, 900, day, group])
        counts = traffic._draw_counts(day, group, rng)
        yield traffic._ordinary(counts, (begin, begin + DAY), rng)
        yield traffic._planted(day, group)


def _save_signatures(engine: Engine, fleet: Simulation) -> None:
    templates = fleet._traffic.book.templates
    rows = [
        {"signature_id": t.template_id, "scheme": "simulated", "kind": "log", "template": t.masked,
         "parts": t.masked.split("<*>"), "rules": [""] * t.masked.count("<*>")}
        for t in templates
    ]  # fmt: skip
    engine.save("signatures", pl.DataFrame(rows).unique("signature_id", maintain_order=True))
    issues = fleet.truth.issues
    engine.save(
        "issues",
        issues.select(
            "issue_id",
            pl.lit("new").alias("kind"),
            pl.lit("new").alias("status"),
            pl.lit("planted").alias("title"),
            pl.lit(fleet.settings.end).alias("detected_at"),
        ),
    )
    members = issues.select("issue_id", "template_ids").explode("template_ids")
    engine.save("issue_signatures", members.rename({"template_ids": "signature_id"}))


def _group_rows(groups: dict[str, dict[str, float]]) -> pl.DataFrame:
    rows = [
        {"share_group": group, "customer_id": customer, "weight": weight}
        for group, weights in groups.items()
        for customer, weight in weights.items()
    ]
    schema = {"share_group": pl.String, "customer_id": pl.String, "weight": pl.Float64}
    return pl.DataFrame(rows, schema=schema)
