from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.errors import InputError
from caseline.trends.face import Trends
from caseline.trends.ranking import budget
from caseline.trends.ranking.budget import choose

MARCH = datetime(2026, 3, 2, tzinfo=UTC)
TIME = pl.Datetime("us", "UTC")


@pytest.fixture
def mixed(fleet):
    """s-disk is loud at one customer; s-lock falls on four, seldom; s-save on two, fixed."""
    fleet.customers(6)
    fleet.talk(range(1, 7), range(29))
    at = fleet.at
    fleet.add(fleet.errors("c1", *(at(days=d, minutes=m) for d in range(29) for m in range(9)),
                           signature_id="s-disk"))  # fmt: skip
    for n in range(2, 6):
        fleet.add(fleet.errors(f"c{n}", at(days=10 + n), at(days=20 + n)))
    for n in (2, 3):
        fleet.add(fleet.errors(f"c{n}", at(days=15), signature_id="s-save"))
    rows = [
        {"environment_id": f"e{n}", "component": "platform", "value": "8.1" if n < 6 else "8.2",
         "kind": "version", "valid_from": MARCH, "valid_to": None}
        for n in range(1, 7)
    ]  # fmt: skip
    fleet.store.save("spans", pl.DataFrame(rows, schema_overrides={"valid_to": TIME}))
    fix = {
        "issue_id": "s-save", "component": "platform", "position": 0, "fixed_in": '["8.2"]',
        "affected_from": "[]", "affected": "[]", "branches": "{}", "author": "ana",
        "recorded_at": at(days=5),
    }  # fmt: skip
    fleet.store.save("fixes", pl.DataFrame([fix]))
    return fleet


def first(fleet, **options):
    return Trends(fleet.store, fleet.clock).priorities(**options)


def test_without_tickets_customers_rank_and_not_events(mixed):
    found = first(mixed)
    assert [row.id for row in found] == ["s-lock", "s-save", "s-disk"]
    assert [row.customers for row in found] == [4, 2, 1]
    assert all(0 <= row.low <= row.avoidable_hours <= row.high for row in found)
    assert any("no ticket is linked" in reason for reason in found[0].reasons)
    assert any("no tickets at all" in note for note in found.notes)


def test_what_is_fixed_has_to_be_adopted(mixed):
    actions = {row.id: row.action for row in first(mixed)}
    assert actions == {"s-lock": "fix", "s-save": "adopt", "s-disk": "fix"}


def test_long_tickets_lift_what_they_are_linked_to(mixed):
    tickets = [
        {"ticket_id": f"T-{n}", "customer_id": "c1", "opened_at": MARCH + timedelta(days=n),
         "resolved_at": MARCH + timedelta(days=n + 1), "effort_hours": 30.0}
        for n in range(12)
    ]  # fmt: skip
    mixed.store.save("tickets", pl.DataFrame(tickets))
    links = [{"ticket_id": f"T-{n}", "id": "s-disk", "confidence": 0.9} for n in range(12)]
    found = first(mixed, links=links)
    assert found[0].id == "s-disk"
    assert found[0].tickets == pytest.approx(10.8)
    assert first(mixed, links=links, hourly_rate=2.0)[0].cost == pytest.approx(
        2 * found[0].avoidable_hours
    )


def test_a_budget_chooses_what_fits(mixed):
    effort = [{"id": "s-lock", "days": 10.0}, {"id": "s-disk", "days": 1.0}]
    found = first(mixed, budget=2, effort=effort)
    assert [row.id for row in found if row.chosen] == ["s-disk"]
    assert found.chosen_days == 1
    assert found.chosen_low <= found.chosen_hours <= found.chosen_high


def test_an_issue_stands_for_its_signatures(mixed):
    row = {"issue_id": "i-1", "kind": "new", "status": "new", "title": "t", "detected_at": MARCH}
    mixed.store.save("issues", pl.DataFrame([row]))
    members = pl.DataFrame({"issue_id": "i-1", "signature_id": ["s-lock", "s-save"]})
    mixed.store.save("issue_signatures", members)
    found = first(mixed)
    assert [(r.id, r.kind, r.customers) for r in found] == [
        ("i-1", "issue", 4), ("s-disk", "signature", 1),
    ]  # fmt: skip


def test_a_viewer_sees_her_own_customers_only(mixed):
    trends = Trends(mixed.store.scoped(frozenset({"c2"})), mixed.clock)
    assert {row.id: row.customers for row in trends.priorities()} == {"s-lock": 1, "s-save": 1}


def test_a_window_is_read_in_thirds(mixed):
    month = (MARCH, MARCH + timedelta(days=21))
    found = {row.id: row for row in first(mixed, window=month)}
    assert {name: row.customers for name, row in found.items()} == {
        "s-lock": 2, "s-save": 2, "s-disk": 1,
    }  # fmt: skip
    assert "customers in the last 7 days" in found["s-lock"].reasons[1]
    with pytest.raises(InputError, match="window"):
        first(mixed, window=timedelta(days=2))


def test_what_is_fixed_avoids_what_is_left_until_they_take_it_of_themselves(mixed):
    never = {row.id: row for row in first(mixed)}["s-save"]
    assert never.avoidable_hours == pytest.approx(never.hours_ahead * never.reach)
    rows = [
        {"environment_id": place, "component": "platform", "value": value, "kind": "version",
         "valid_from": start, "valid_to": end}
        for place, wait in (("e1", 2), ("e2", 60), ("e3", 60), ("e6", 0))
        for value, start, end in (
            ("7.9", mixed.at(days=-300), mixed.at(days=-200 + wait)),
            ("8.0", mixed.at(days=-200 + wait), mixed.at(days=-100 + wait)),
            ("8.1", mixed.at(days=-100 + wait), MARCH if place == "e6" else None),
        )
    ]  # fmt: skip
    mixed.store.save("spans", pl.DataFrame(rows, schema_overrides={"valid_to": TIME}))
    soon = {row.id: row for row in first(mixed)}["s-save"]
    assert soon.action == "adopt"
    assert 0 < soon.reach < 1
    assert soon.avoidable_hours < soon.hours_ahead
    assert any("until they would of themselves" in reason for reason in soon.reasons)


def test_an_empty_workspace_has_no_priorities(fleet):
    assert len(first(fleet)) == 0


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 0},
        {"budget": -1},
        {"horizon": timedelta(0)},
        {"effort": [{"id": "s-lock", "days": 0.0}]},
    ],
)
def test_a_bad_call_is_refused(mixed, options):
    with pytest.raises(InputError):
        first(mixed, **options)


@given(
    items=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 8)), max_size=7),
    room=st.integers(0, 20),
)
def test_no_choice_avoids_more_than_the_chosen(items, room):
    hours, days = ([float(i[n]) for i in items] for n in (0, 1))
    chosen, best = choose(hours, days, float(room))
    every = [
        c for k in range(len(items) + 1) for c in combinations(range(len(items)), k)
        if sum(days[n] for n in c) <= room
    ]  # fmt: skip
    assert best
    assert sum(days[n] for n in chosen) <= room
    assert sum(hours[n] for n in chosen) == max(sum(hours[n] for n in c) for c in every)


def test_where_exact_takes_too_long_the_best_per_day_come_first(monkeypatch):
    monkeypatch.setattr(budget, "_LARGEST", 0)
    assert choose([10.0, 9.0, 9.0, 0.0], [5.0, 3.0, 3.0, 1.0], 6.0) == ([1, 2], False)
