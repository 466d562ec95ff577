"""S21: what costs most is fixed first, not what is loudest."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from caseline.testing.fleet import simulate


@pytest.fixture(scope="module")
def asked(tmp_path_factory, feed):
    """The fleet, its signatures by family, and the workspace that holds it."""
    fleet = simulate("S21", seed=3, customers=60, days=60, events_per_day=100)
    names = feed.names_of(fleet)
    links, tickets = feed.linked(fleet)
    ws = feed.fed(fleet, tmp_path_factory.mktemp("s21") / "ws")
    ws.tickets.load(fleet.tickets)
    costs = fleet.truth.facts["costs"]
    ws.impact.record_fix(
        names[costs["fixed"]], component=costs["component"], fixed_in=costs["fixed_in"],
        affected_from=costs["affected_from"], by="ana",
    )  # fmt: skip
    yield ws, names, costs, links, tickets
    ws.close()


def test_the_order_is_by_avoidable_hours_and_what_is_fixed_is_to_be_taken_up(asked):
    ws, names, costs, links, _ = asked
    rows = {row.id: row for row in ws.trends.priorities(links=links)}
    loud, wide, fixed = (rows[names[costs[name]]] for name in ("loud", "wide", "fixed"))
    assert wide.rank == 1
    assert wide.avoidable_hours > 5 * loud.avoidable_hours
    assert loud.events > wide.events
    assert (wide.action, fixed.action) == ("fix", "adopt")
    assert wide.low < wide.avoidable_hours < wide.high


def test_the_ledger_adds_up_to_what_was_spent(asked):
    ws, _, _, links, tickets = asked
    for by in ("signature", "version", "customer"):
        frame = ws.trends.cost(by=by, links=links).to_frame()
        assert frame["hours"].sum() == pytest.approx(tickets["effort_hours"].sum())


def test_had_the_fix_shipped_what_came_after_each_upgrade_had_not_been(asked):
    ws, names, costs, links, tickets = asked
    shipped = datetime.fromisoformat(costs["shipped_on"])
    found = ws.trends.counterfactual(names[costs["wide"]], fixed_on=shipped, links=links)
    mine = tickets.join(links, on="ticket_id").filter(pl.col("id") == names[costs["wide"]])
    taken = costs["taken_up"]
    avoided = sum(
        hours
        for place, at, hours in mine.select(
            "environment_id", "opened_at", "effort_hours"
        ).iter_rows()
        if place in taken and at > datetime.fromisoformat(taken[place])
    )
    assert found.low - 1e-6 <= avoided <= found.high + 1e-6
    assert 0 < found.hours < found.spent_hours
