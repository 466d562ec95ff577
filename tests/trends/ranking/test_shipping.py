"""If a fix ships on a day to come."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from caseline.errors import InputError, NotFoundError
from caseline.trends.face import Trends

MARCH = datetime(2026, 3, 2, tzinfo=UTC)
QUARTER = timedelta(days=90)


def spans(fleet, waits):
    """Platform releases on days -60, -30 and 0; each place takes them after its own wait."""
    rows = []
    for place, wait in waits.items():
        days = [-200, *(d + wait for d in (-60, -30, 0) if d + wait < 30)]
        ends = [*days[1:], None]
        rows += [
            {"environment_id": place, "component": "platform", "value": f"8.{n}",
             "kind": "version", "valid_from": fleet.at(days=day),
             "valid_to": None if end is None else fleet.at(days=end)}
            for n, (day, end) in enumerate(zip(days, ends, strict=True))
        ]  # fmt: skip
    types = {"valid_to": pl.Datetime("us", "UTC")}
    fleet.store.save("spans", pl.DataFrame(rows, schema_overrides=types))


@pytest.fixture
def fleet_of_six(fleet):
    """s-lock on quick places, s-disk alike on slow ones: each on three customers, ten days."""
    fleet.customers(7)
    fleet.talk(range(1, 8), range(30))
    names = {n: "s-lock" if n <= 3 else "s-disk" for n in range(1, 7)}
    moments = [fleet.at(days=d) for d in range(3, 30, 3)]
    fleet.add(
        [r for n, s in names.items() for r in fleet.errors(f"c{n}", *moments, signature_id=s)]
    )
    return fleet


@pytest.fixture
def upgraded(fleet_of_six):
    spans(fleet_of_six, {f"e{n}": 0.0 if n == 7 else 1.0 if n <= 3 else 25.0 for n in range(1, 8)})
    return fleet_of_six


def told(fleet, name="s-lock", *, days=0.0, horizon=QUARTER, **options):
    shipped = fleet.clock.now() + timedelta(days=days)
    trends = Trends(fleet.store, fleet.clock)
    return trends.counterfactual(name, fixed_on=shipped, horizon=horizon, **options)


def test_a_fix_avoids_what_comes_after_each_has_taken_it(upgraded):
    quick, slow = told(upgraded), told(upgraded, "s-disk")
    assert quick.verdict == slow.verdict == "avoidable"
    assert quick.spent_hours == pytest.approx(slow.spent_hours)
    assert slow.reach < quick.reach < 1
    assert slow.hours == pytest.approx(slow.spent_hours * slow.reach)
    for found in (quick, slow):
        assert found.low < found.hours < found.high
        assert found.tickets[1] <= found.tickets[0] <= found.tickets[2]
        assert found.customer_days[1] < found.customer_days[0] < found.customer_days[2]
    assert quick.customers == 3
    assert "3 of its 3 places have habits of their own" in quick.reasons[3]


def test_a_fix_that_ships_now_avoids_what_the_ranking_says(upgraded):
    ranked = {row.id: row for row in Trends(upgraded.store, upgraded.clock).priorities()}
    for name in ("s-lock", "s-disk"):
        found = told(upgraded, name, horizon=None)
        assert found.hours == pytest.approx(ranked[name].avoidable_hours, rel=0.05)
        assert found.spent_hours == pytest.approx(ranked[name].hours_ahead)
        assert found.high == pytest.approx(ranked[name].high, rel=0.1)


def test_a_longer_horizon_avoids_more_and_a_later_day_as_much(upgraded):
    short = told(upgraded, "s-disk", horizon=timedelta(days=14))
    long = told(upgraded, "s-disk")
    assert short.hours < long.hours
    assert short.reach < long.reach
    later = told(upgraded, "s-disk", days=50)
    assert later.hours == pytest.approx(long.hours, rel=0.1)
    assert later.until - later.fixed_on == QUARTER
    assert any("50 days ahead" in note for note in later.notes)


def test_tickets_and_their_hours_raise_it(upgraded):
    tickets = [
        {"ticket_id": f"T-{n}", "customer_id": "c1", "opened_at": upgraded.at(days=n),
         "resolved_at": upgraded.at(days=n + 1), "effort_hours": 30.0}
        for n in range(12)
    ]  # fmt: skip
    upgraded.store.save("tickets", pl.DataFrame(tickets))
    links = [{"ticket_id": f"T-{n}", "id": "s-lock", "confidence": 0.9} for n in range(12)]
    found, bare = told(upgraded, links=links), told(upgraded)
    assert found.hours > 5 * bare.hours
    assert "10.8 linked tickets" in found.reasons[2]
    assert json.loads(json.dumps(found.to_dict()))["verdict"] == "avoidable"


def test_an_issue_counts_all_its_signatures(upgraded):
    row = {"issue_id": "i-1", "kind": "new", "status": "new", "title": "t", "detected_at": MARCH}
    upgraded.store.save("issues", pl.DataFrame([row]))
    members = pl.DataFrame({"issue_id": "i-1", "signature_id": ["s-lock", "s-disk"]})
    upgraded.store.save("issue_signatures", members)
    found = told(upgraded, "i-1")
    assert (found.issue_id, found.customers) == ("i-1", 6)
    assert found.verdict == "avoidable"


def test_where_no_upgrade_is_known_it_cannot_be_told(fleet_of_six):
    found = told(fleet_of_six)
    assert (found.verdict, found.hours, found.reach) == ("cannot tell", None, None)
    assert found.low == 0 < found.spent_hours < found.high
    assert found.tickets[0] is found.customer_days[0] is None
    ranked = Trends(fleet_of_six.store, fleet_of_six.clock).priorities()
    assert {row.reach for row in ranked} == {1.0}
    assert any("no upgrade is known" in note for note in ranked.notes)


def test_a_silent_fleet_is_not_a_healthy_one(upgraded):
    upgraded.clock.advance(timedelta(days=40))
    found = told(upgraded)
    assert (found.verdict, found.hours, found.high) == ("cannot tell", None, None)
    assert "no logs" in found.reasons[0]


def test_what_was_not_seen_may_come_three_times_at_most(upgraded):
    found = told(upgraded, "s-save", horizon=timedelta(days=84))
    assert (found.verdict, found.hours, found.customer_days) == ("avoidable", 0, (0, 0, 3))
    assert found.high > 0


def test_a_viewer_is_told_of_her_own_customers_only(upgraded):
    scoped = Trends(upgraded.store.scoped(frozenset({"c1"})), upgraded.clock)
    found = scoped.counterfactual("s-lock", fixed_on=upgraded.clock.now())
    assert found.customers == 1
    assert found.spent_hours < told(upgraded).spent_hours
    with pytest.raises(NotFoundError):
        scoped.counterfactual("s-disk", fixed_on=upgraded.clock.now())


@pytest.mark.parametrize("horizon", [timedelta(0), timedelta(days=-1)])
def test_a_horizon_of_nothing_is_refused(upgraded, horizon):
    with pytest.raises(InputError, match="horizon"):
        told(upgraded, horizon=horizon)


def test_the_same_question_has_the_same_answer(upgraded):
    assert told(upgraded) == told(upgraded)
    assert np.isfinite(told(upgraded).hours)
