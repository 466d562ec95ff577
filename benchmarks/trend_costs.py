"""What to fix first, and what it costs, over fleets with a known truth: drawn, and S21.

Drawn fleets (see ``cost_fleets``) have 240 signatures at 150 customers; links are wrong as
often as they say. True is what a fix that ships today avoids within 90 days, in the mean
(for the order) and as it was drawn (for intervals). Seeds 100 to 104; constants were
looked at on seeds 0 to 4. Beside: the order by events, customers, growth, hours so far.

S21 through the simulator: links are the true causes. A fix of B that had shipped with the
release: its truth are the tickets that came after each place took that release up.
"""

from __future__ import annotations

import tempfile
from datetime import datetime
from math import isclose
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import polars as pl
from cost_scores import drawn_rows
from fleet_feed import fed, linked, names_of
from harness import Row, Setting, entry

from caseline.testing.fleet import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator


_SEEDS = range(20, 22)
_SIZE = {"customers": 100, "days": 84, "events_per_day": 100}


@entry("trend-costs")
def measure_costs(_setting: Setting) -> Iterator[Row]:
    """Measure the order and the intervals on drawn fleets, then S21, and how long it takes."""
    yield from drawn_rows()
    found = [_asked(seed) for seed in _SEEDS]
    for name in _NAMES:
        right = [row[name] for row in found]
        yield Row(name=f"S21: {name}", figures=[sum(right) / len(right)], unit="")
    yield Row(
        name="S21: B is first",
        figures=[sum(row["B is first"] for row in found) / len(found)],
        unit="",
        baseline="by events",
        baseline_figures=[sum(row["B is first by events"] for row in found) / len(found)],
    )
    yield Row(name="priorities", figures=[row["ms"] for row in found], unit="ms", better="lower")


_NAMES = (
    "C is to be taken up",
    "the ledger adds up",
    "the counterfactual holds the truth",
    "the counterfactual's error, relative",
)


def _asked(seed: int) -> dict[str, float]:
    fleet = simulate("S21", seed=seed, **_SIZE)
    families = dict(fleet.truth.issues.select("family", "issue_id").iter_rows())
    costs = fleet.truth.facts["costs"]
    names = names_of(fleet)
    links, tickets = linked(fleet)
    with tempfile.TemporaryDirectory() as folder:
        ws = fed(fleet, Path(folder) / "ws")
        ws.tickets.load(fleet.tickets)
        ws.impact.record_fix(
            names[costs["fixed"]],
            component=costs["component"],
            fixed_in=costs["fixed_in"],
            affected_from=costs["affected_from"],
            by="benchmark",
        )
        ws.trends.priorities(links=links)
        began = perf_counter()
        ranked = ws.trends.priorities(links=links)
        ms = 1000 * (perf_counter() - began)
        ledger = ws.trends.cost(by="signature", links=links).to_frame()
        shipped = datetime.fromisoformat(costs["shipped_on"])
        past = ws.trends.counterfactual(names[costs["wide"]], fixed_on=shipped, links=links)
        ws.close()
    frame = ranked.to_frame()
    truth = _avoided(tickets.filter(pl.col("issue_id") == families[costs["wide"]]), costs)
    by_events = frame.sort("events", descending=True)["id"][0]
    actions = dict(frame.select("id", "action").iter_rows())
    return {
        "B is first": frame["id"][0] == names[costs["wide"]],
        "B is first by events": by_events == names[costs["wide"]],
        "C is to be taken up": actions[names[costs["fixed"]]] == "adopt",
        "the ledger adds up": _same(ledger["hours"].to_list(), tickets["effort_hours"].to_list()),
        "the counterfactual holds the truth": past.low - 1e-6 <= truth <= (past.high or 0.0) + 1e-6,
        "the counterfactual's error, relative": abs((past.hours or 0.0) - truth) / max(truth, 1.0),
        "ms": ms,
    }


def _same(hours: list[float], spent: list[float]) -> bool:
    return isclose(sum(hours), sum(spent), rel_tol=1e-9)


def _avoided(tickets: pl.DataFrame, costs: dict[str, Any]) -> float:
    """Return the hours of the tickets that came after their place took the release up."""
    taken = costs["taken_up"]
    rows = tickets.select("environment_id", "opened_at", "effort_hours").iter_rows()
    return float(
        sum(
            hours
            for place, at, hours in rows
            if place in taken and at > datetime.fromisoformat(taken[place])
        )
    )
