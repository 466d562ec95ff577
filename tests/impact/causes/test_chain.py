"""The order of lines in traces decides between cause and symptom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

MARCH = datetime(2026, 3, 2, tzinfo=UTC)


def at(**step):
    return MARCH + timedelta(**step)


def calls(first, then, *, traced, day=19):
    """Return twelve calls of c1: a line of *first*, a moment later one of *then*."""
    rows = []
    for n in range(12):
        start = at(days=day, hours=9, minutes=5 * n)
        for lag, name in ((0, first), (1, then)):
            rows.append(
                {"occurred_at": start + timedelta(seconds=lag), "signature_id": name,
                 "trace_id": f"{n:032x}" if traced else None}
            )  # fmt: skip
    return rows


def found(desk, first, then, *, traced=True):
    desk.fleet.add(calls(first, then, traced=traced))
    desk.write(("T-9", "c1", at(days=19, hours=11), "saving orders: it could not persist"))
    return desk.impact.causes("T-9", limit=9)


@pytest.fixture
def desk(desk):
    desk.fleet.add(desk.fleet.errors("c2", at(days=3), at(days=4), signature_id="s-lock"))
    return desk


def test_the_line_below_is_the_cause_though_the_ticket_speaks_of_the_other(desk):
    causes = found(desk, "s-lock", "s-save")
    rows = {row.signature_id: row for row in causes}
    assert causes[0].signature_id == "s-lock"
    assert "comes before s-save in 12 of 12 traces" in rows["s-lock"].reasons
    assert "comes after s-lock in 12 of 12 traces" in rows["s-save"].reasons


def test_turned_round_the_answer_turns_round(desk):
    causes = found(desk, "s-save", "s-lock")
    assert causes[0].signature_id == "s-save"
    assert "comes before s-lock in 12 of 12 traces" in causes[0].reasons


def test_without_traces_one_burst_tells_no_order(desk):
    causes = found(desk, "s-lock", "s-save", traced=False)
    assert not any("comes" in reason for row in causes for reason in row.reasons)


def test_the_order_in_traces_is_asked_of_the_customer_only(desk):
    rows = [row | {"customer_id": "c2", "environment_id": "e2"}
            for row in calls("s-save", "s-lock", traced=True)]  # fmt: skip
    desk.fleet.add(rows)
    causes = found(desk, "s-lock", "s-save", traced=False)
    assert not any("traces" in reason for row in causes for reason in row.reasons)
