"""S8 through the whole way of a log line: two incidents, their tickets, their order."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

import caseline
from caseline.testing.fleet import simulate


def taken_in(fleet, folder):
    ws = caseline.open(folder / "ws", clock=caseline.ManualClock(fleet.settings.end))
    ws.fleet.load(
        customers=fleet.customers, environments=fleet.environments, tenancies=fleet.tenancies,
        spans=fleet.spans, changes=fleet.changes,
    )  # fmt: skip
    places = set()
    for place, name, chunks in fleet.streams():
        file = folder / place / f"{name.rsplit('-2026', 1)[0]}.log"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as out:
            out.writelines(chunks)
        places.add(place)
    for place in sorted(places):
        ws.ingest(folder / place, environment=place)
    ws.tickets.load(fleet.tickets, messages=fleet.messages)
    return ws


@pytest.fixture(scope="module")
def fleet():
    return simulate(
        "S8", seed=4, customers=24, days=12, events_per_day=400, everyday_issues=2,
        missing_share=0.0, none_share=0.0, clock_skew_share=0.0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def ws(fleet, tmp_path_factory):
    with taken_in(fleet, tmp_path_factory.mktemp("s8")) as opened:
        yield opened


@pytest.fixture(scope="module")
def detected(fleet, ws):
    found = ws.impact.detect(since=fleet.settings.end - timedelta(days=2))
    marks = fleet.truth.issues.head(2)["markers"].to_list()

    def of(markers):
        return [row for row in found if any(_has(ws, s, m) for s in row.signature_ids
                                            for m in markers)]  # fmt: skip

    return [of(markers) for markers in marks]


def _has(ws, signature, marker):
    template = ws.signatures.get(signature).template
    words = [w for w in marker.split() if w.isalpha()]
    return all(word in template for word in words)


def test_two_incidents_in_the_same_hours_stay_two(detected):
    first, second = detected
    assert first
    assert second
    ids = [{row.issue_id for row in part} for part in detected]
    assert ids[0].isdisjoint(ids[1])


def test_each_has_its_own_customers(fleet, detected):
    true = fleet.truth.facts["two_incidents"]["customers"]
    for part, customers in zip(detected, true, strict=True):
        impact = part[0].impact.customers.to_frame()
        hit = set(impact.filter(pl.col("status") == "hit")["customer_id"])
        assert hit <= set(customers)
        assert len(hit) >= 0.6 * len(customers)


def test_tickets_go_to_the_right_one(fleet, ws, detected):
    true = dict(fleet.truth.tickets.select("ticket_id", "issue_id").iter_rows())
    for name, part in zip(("issue-01", "issue-02"), detected, strict=True):
        linked = ws.impact.tickets(part[0].issue_id)
        right = sum(true[row.ticket_id] == name for row in linked)
        assert len(linked) > 0
        assert right >= 0.8 * len(linked)
