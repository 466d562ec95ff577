"""Simulated fleets in a workspace, with the true cause of each ticket."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

import caseline
from caseline.testing.fleet import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from caseline.testing.fleet import Simulation

_SEEN = 2_000
"""Events that are looked at to learn what signatures a planted line got."""
_TABLES = ("customers", "environments", "tenancies", "spans", "changes")


@contextmanager
def opened(scenario: str, *, seed: int, **knobs: Any) -> Iterator[tuple[Any, Simulation]]:
    """Give a workspace that took in a whole fleet, and the fleet."""
    usual = {"customers": 30, "days": 24, "events_per_day": 4_000, "bundle_days": 24}
    fleet = simulate(scenario, seed=seed, **{**usual, **knobs})
    with tempfile.TemporaryDirectory() as scratch:
        written = fleet.write(Path(scratch) / "fleet")
        clock = caseline.ManualClock(fleet.settings.end)
        with caseline.open(Path(scratch) / "support", clock=clock) as ws:
            ws.fleet.load(**{name: getattr(fleet, name) for name in _TABLES})
            ws.tickets.load(fleet.tickets, messages=fleet.messages)
            for folder in sorted((written / "push").iterdir()):
                ws.ingest(folder, environment=folder.name)
            for bundle in sorted(written.glob("bundles/*/*")):
                ws.ingest(bundle)
            yield ws, fleet


def true_causes(ws: Any, fleet: Simulation) -> pl.DataFrame:
    """Return ticket_id, opened_at, visible, right: signatures of the ticket's issue.

    Visible are tickets of an issue whose lines reached support from that customer.
    """
    right: dict[str, list[str]] = {}
    for issue, markers in fleet.truth.issues.select("issue_id", "markers").rows():
        found = [ws.events(text=m.strip(), limit=_SEEN).to_frame()["signature_id"] for m in markers]
        right[issue] = pl.concat(found).unique().sort().to_list()
    hit = fleet.truth.impact.filter(pl.col("events_visible") > 0).select("issue_id", "customer_id")
    tickets = fleet.truth.tickets.join(
        fleet.tickets.select("ticket_id", "customer_id", "opened_at"), on="ticket_id"
    )
    seen = tickets.join(hit.with_columns(visible=True), on=["issue_id", "customer_id"], how="left")
    return seen.with_columns(
        pl.col("visible").fill_null(value=False),
        pl.Series("right", [right.get(i, []) for i in seen["issue_id"]], dtype=pl.List(pl.String)),
    ).sort("opened_at", "ticket_id")
