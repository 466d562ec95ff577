from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.errors import InputError
from caseline.trends.costs.efforts import with_hours
from caseline.trends.costs.ledger import add_up
from caseline.trends.costs.settings import cost_settings
from caseline.trends.costs.shares import CAUSES, by_issue, by_signature, share_out
from caseline.trends.face import Trends

MARCH = datetime(2026, 3, 2, tzinfo=UTC)
TIME = pl.Datetime("us", "UTC")


def save_tickets(store, rows):
    blank = dict.fromkeys(("environment_id", "resolved_at", "priority", "category", "group"))
    blank |= {"opened_at": MARCH, "effort_hours": None}
    frame = pl.DataFrame(
        [blank | row for row in rows],
        schema_overrides={
            **dict.fromkeys(("environment_id", "priority", "category", "group"), pl.String),
            "opened_at": TIME, "resolved_at": TIME, "effort_hours": pl.Float64,
        },
    )  # fmt: skip
    store.save("tickets", frame)


def save_links(store, *links):
    rows = [
        {"link_id": f"l-{n}", "left_kind": "ticket", "left_id": ticket, "right_kind": kind,
         "right_id": name, "kind": "cause", "confidence": confidence, "reasons": "[]",
         "author": "rule", "state": state, "created_at": MARCH}
        for n, (ticket, kind, name, state, confidence) in enumerate(links)
    ]  # fmt: skip
    store.save("links", pl.DataFrame(rows, schema_overrides={"confidence": pl.Float64}))


def save_issue(store, issue, *signatures):
    row = {"issue_id": issue, "kind": "new", "status": "new", "title": "t", "detected_at": MARCH}
    store.save("issues", pl.DataFrame([row]))
    store.save("issue_signatures", pl.DataFrame({"issue_id": issue, "signature_id": signatures}))


@pytest.fixture
def books(fleet):
    """Five tickets of two customers; T-1 surely of i-1, T-2 perhaps, T-3 of both."""
    fleet.customers(3)
    fleet.talk(range(1, 4), range(20))
    fleet.add(fleet.errors("c1", *(MARCH + timedelta(days=d) for d in range(20))))
    fleet.add(fleet.errors("c2", MARCH, signature_id="s-disk"))
    save_issue(fleet.store, "i-1", "s-lock")
    done = {"resolved_at": MARCH + timedelta(days=9)}
    save_tickets(fleet.store, [
        {"ticket_id": "T-1", "customer_id": "c1", "effort_hours": 4.0, "group": "desk", **done},
        {"ticket_id": "T-2", "customer_id": "c2", "effort_hours": 2.0, **done},
        {"ticket_id": "T-3", "customer_id": "c2", "effort_hours": 6.0, **done},
        {"ticket_id": "T-4", "customer_id": "c2", "effort_hours": 8.0},
        {"ticket_id": "T-5", "customer_id": "c1", **done},
    ])  # fmt: skip
    save_links(
        fleet.store,
        ("T-1", "issue", "i-1", "confirmed", None),
        ("T-2", "issue", "i-1", "proposed", 0.5),
        ("T-3", "signature", "s-lock", "proposed", 0.8),
        ("T-3", "signature", "s-disk", "proposed", 0.8),
        ("T-4", "signature", "s-disk", "rejected", 0.9),
    )
    return fleet


def cost(fleet, **options):
    return Trends(fleet.store, fleet.clock).cost(**options)


def hours(ledger):
    return {row.id: row.hours for row in ledger}


def test_hours_go_to_causes_as_much_as_their_links_say(books):
    found = hours(cost(books))
    assert found == pytest.approx({"i-1": 4 + 1 + 3, "s-disk": 3, "unexplained": 1 + 8 + 5})
    assert hours(cost(books, by="signature"))["s-lock"] == pytest.approx(8)


@pytest.mark.parametrize("by", ["issue", "signature", "version", "customer"])
def test_the_ledger_adds_up_to_the_total(books, by):
    ledger = cost(books, by=by)
    assert sum(row.hours for row in ledger) == pytest.approx(25.0)
    assert ledger.total_hours == pytest.approx(25.0)
    assert sum(row.share for row in ledger) == pytest.approx(1.0)
    assert all(row.low <= row.hours <= row.high for row in ledger)


def test_a_confirmed_cause_leaves_nothing_for_proposed_ones(books):
    more = [{"ticket_id": "T-1", "id": "s-disk", "confidence": 0.9}]
    assert hours(cost(books, links=more)) == hours(cost(books))


def test_links_brought_along_count_as_proposed_and_rejected_ones_stay_out(books):
    more = [{"ticket_id": t, "id": "s-disk", "confidence": 0.5} for t in ("T-4", "T-5")]
    found = hours(cost(books, links=more))
    assert found["s-disk"] == pytest.approx(3 + 2.5)


def test_missing_effort_is_assumed_and_shown_apart(books):
    ledger = cost(books)
    assert ledger.assumed_hours == pytest.approx(5.0)  # the mean of 4, 2, 6 and 8
    assert cost(books, effort_hours=1.5).assumed_hours == pytest.approx(1.5)
    assert any("1 of 5 tickets have no effort" in note for note in ledger.notes)
    assert any("without a link" in note for note in ledger.notes)


def test_money_is_hours_times_the_rate_of_the_group(books):
    assert sum(r.cost for r in cost(books, hourly_rate=10.0)) == pytest.approx(250.0)
    rates = {"desk": 100.0, None: 10.0}
    assert sum(r.cost for r in cost(books, hourly_rate=rates)) == pytest.approx(400 + 210)
    assert [r.cost for r in cost(books)] == [None, None, None]
    with pytest.raises(InputError, match="hourly_rate has none for"):
        cost(books, hourly_rate={"desk": 1.0})


@pytest.mark.parametrize(
    "options",
    [
        {"by": "colour"},
        {"effort_hours": -1},
        {"hourly_rate": "x"},
        {"links": [{"ticket_id": "T-1", "id": "s-disk", "confidence": 2.0}]},
        {"links": [{"ticket_id": None, "id": "s-disk", "confidence": 0.5}]},
    ],
)
def test_a_bad_call_is_refused(books, options):
    with pytest.raises(InputError):
        cost(books, **options)


def test_what_was_not_known_then_is_assumed(books):
    then = MARCH + timedelta(days=5)
    ledger = cost(books, as_of=then)
    assert all(row.recorded_hours == 0 for row in ledger)
    assert ledger.total_hours == pytest.approx(5 * cost_settings().hours_per_ticket)


def test_a_viewers_ledger_adds_up_to_her_own_tickets(books):
    trends = Trends(books.store.scoped(frozenset({"c1"})), books.clock)
    for by in ("issue", "signature", "version", "customer"):
        ledger = trends.cost(by=by, effort_hours=1.0)
        assert ledger.total_hours == pytest.approx(5.0)
        assert sum(row.hours for row in ledger) == pytest.approx(5.0)
        assert {"c2", "s-disk"}.isdisjoint(row.id for row in ledger)


def test_versions_are_those_that_ran_at_the_opening(books):
    save_span = [("e1", "8.1", None), ("e2", "8.2", None), ("e2", "8.0", MARCH)]
    spans = pl.DataFrame(
        [{"environment_id": e, "component": "platform", "value": v, "kind": "version",
          "valid_from": None, "valid_to": t} for e, v, t in save_span],
        schema_overrides={"valid_from": TIME, "valid_to": TIME},
    )  # fmt: skip
    books.store.save("spans", spans)
    assert hours(cost(books, by="version")) == pytest.approx({"8.1": 9.0, "8.2": 16.0})


def test_no_tickets_give_an_empty_ledger(fleet):
    ledger = cost(fleet)
    assert (len(ledger), ledger.total_hours) == (0, 0)


def test_a_fix_avoids_what_came_after_its_adoption(books):
    spans = [
        {"environment_id": f"e{n}", "component": "platform", "value": value, "kind": "version",
         "valid_from": start}
        for n, wait in ((1, 0), (2, 2), (3, 4))
        for value, start in (("8.1", MARCH - timedelta(days=90)),
                             ("8.2", MARCH - timedelta(days=20 - wait)))
    ]  # fmt: skip
    books.store.save("spans", pl.DataFrame(spans))
    trends = Trends(books.store, books.clock)
    early = trends.counterfactual("i-1", fixed_on=MARCH - timedelta(days=9))
    assert early.customer_days == (20, 20, 20)
    assert early.low <= early.hours <= early.high
    assert early.hours == pytest.approx(8, rel=0.1)
    later = trends.counterfactual("i-1", fixed_on=MARCH + timedelta(days=10))
    assert later.hours == later.spent_hours == 0
    assert 6 <= later.customer_days[0] <= 10
    assert later.to_dict()["issue_id"] == "i-1"
    with pytest.raises(InputError, match="fixed_on is past"):
        trends.counterfactual("i-1", fixed_on=MARCH, horizon=timedelta(days=9))


def test_where_nobody_upgrades_it_cannot_be_told(books):
    found = Trends(books.store, books.clock).counterfactual("i-1", fixed_on=MARCH)
    assert (found.verdict, found.hours, found.low, found.reach) == ("cannot tell", None, 0, None)
    assert found.high == pytest.approx(12, rel=0.2)
    assert "no upgrade is known" in found.reasons[1]


IDS = st.sampled_from(["a", "b", "c"])
CAUSE = st.tuples(
    st.sampled_from(["t0", "t1", "t2", "t3"]),
    st.sampled_from(["issue", "signature"]),
    IDS,
    st.sampled_from(["proposed", "confirmed", "rejected"]),
    st.none() | st.floats(0, 1),
)


@given(
    causes=st.lists(CAUSE, max_size=12),
    efforts=st.lists(st.none() | st.floats(0, 1e4), min_size=4, max_size=4),
    members=st.lists(st.tuples(IDS, IDS), max_size=5),
)
def test_the_ledger_adds_up_under_any_links(causes, efforts, members):
    tickets = pl.DataFrame(
        {"ticket_id": [f"t{n}" for n in range(4)], "customer_id": ["c"] * 4,
         "category": ["x", "x", "y", None], "priority": ["p"] * 4,
         "resolved_at": [None] * 4, "effort_hours": efforts, "rate": [1.0] * 4},
        schema_overrides={"effort_hours": pl.Float64},
    )  # fmt: skip
    priced = with_hours(tickets, assumed=None, settings=cost_settings())
    shares = share_out(pl.DataFrame(causes, schema=CAUSES, orient="row"), unsaid=0.5)
    parts = pl.DataFrame(
        members, schema={"issue_id": pl.String, "signature_id": pl.String}, orient="row"
    ).unique()
    for divide in (by_issue, by_signature):
        divided = divide(shares, parts, {"c": "b"})
        assert (
            divided.group_by("ticket_id")
            .agg(pl.col("share").sum())
            .filter(pl.col("share") > 1 + 1e-9)
            .is_empty()
        )
        frame = add_up(priced, divided)
        assert frame["hours"].sum() == pytest.approx(priced["hours"].sum())
        assert (frame["low"] <= frame["hours"]).all()
        assert (frame["hours"] <= frame["high"]).all()
