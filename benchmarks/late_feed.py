"""Puts a simulated fleet whose logs come late into a workspace, each lot with its arrival.

Every day of every place is two lots, as the fleet's courier hands them over: what shows a
planted error, and two harmless lines of each customer. All of it is appended at once; what
was known at an earlier moment is asked with ``as_of``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import fleet_feed
import numpy as np
import polars as pl
from fleet_feed import HEARTBEAT

from caseline.records.batches import Part, SignedBatch, Source
from caseline.testing.fleet.plan import DAY, moment

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import caseline
    from caseline.testing.fleet import Simulation

_COURIER = 106
Arrival = tuple[str, int, bool]


def fed_late(fleet: Simulation, folder: Path, *, now: datetime) -> caseline.Workspace:
    """Return a workspace open at *now* that holds all of *fleet*, with times of arrival."""
    ws = fleet_feed.fed(fleet, folder, now=now, last_day=0)
    days = range(fleet.settings.days)
    frame = pl.concat(
        [
            part.with_columns(day=pl.lit(day))
            for day in days
            for part in (
                fleet_feed._planted(fleet, day, by_template=False),
                fleet_feed._heartbeats(fleet, day),
            )
        ],
        how="diagonal",
    )
    lots = (
        frame.select("environment_id", "day", (pl.col("signature_id") != HEARTBEAT).alias("error"))
        .unique()
        .sort("environment_id", "day", "error")
    )
    arrivals = _arrivals(fleet, lots)
    numbered = frame.with_columns(error=pl.col("signature_id") != HEARTBEAT).join(
        lots.with_row_index("part"), on=["environment_id", "day", "error"]
    )
    sources = [
        Source(name=f"{place}-{day}-{n}.log", collection_id=f"col-{n}", origin=f"origin-{n}",
               received_at=at)
        for n, ((place, day, _), at) in enumerate(zip(lots.rows(), arrivals, strict=True))
    ]  # fmt: skip
    texts = pl.format("{} {}", pl.int_range(pl.len()), "environment_id")
    ws._store.append(
        SignedBatch(
            source=sources[0],
            frame=numbered.drop("error", "day").with_columns(
                pl.col("part").cast(pl.UInt32),
                time_quality=pl.lit("exact"),
                severity_text=pl.lit("ERROR"),
                service=pl.lit("api"),
                host=pl.lit("h"),
                trace_id=pl.lit(None, pl.String),
                region=pl.lit("r"),
                lines=pl.lit(1, pl.UInt32),
                repeats=pl.lit(1, pl.UInt32),
                variables=pl.lit([], pl.List(pl.String)),
                message=texts,
                text=texts,
            ),
            minted=pl.DataFrame(schema={"signature_id": pl.String}),
            parts=tuple(Part(source=s, batch_id=f"b{n}") for n, s in enumerate(sources)),
        )
    )
    ws._store.save("collections", _collections(sources))
    ws._store.save("share_groups", _share_groups(fleet))
    return ws


def _arrivals(fleet: Simulation, lots: pl.DataFrame) -> list[datetime]:
    plan = fleet._plan
    courier: Any = plan.courier(np.random.default_rng([fleet.seed, _COURIER]))  # type: ignore[misc]
    return [
        (courier.error_at if error else courier.usage_at)(
            place, moment(plan.start + (day + 1) * DAY)
        )
        for place, day, error in lots.rows()
    ]


def _collections(sources: list[Source]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"collection_id": s.collection_id, "environment_id": "e", "name": s.name,
             "received_at": s.received_at, "status": "complete", "records": 1, "rejects": 0}
            for s in sources
        ]
    )  # fmt: skip


def _share_groups(fleet: Simulation) -> pl.DataFrame:
    rows = [
        {"share_group": group, "customer_id": customer, "weight": 1 / len(members)}
        for group, members in fleet_feed._groups(fleet).items()
        for customer in members
    ]
    schema = {"share_group": pl.String, "customer_id": pl.String, "weight": pl.Float64}
    return pl.DataFrame(rows, schema=schema)
