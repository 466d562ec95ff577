from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from caseline.errors import InputError, NotFoundError, TableError
from caseline.tickets.face import Tickets

MARCH = datetime(2026, 3, 2, tzinfo=UTC)


def at(**step):
    return MARCH + timedelta(**step)


TICKETS = [
    {"ticket_id": "T-1", "customer_id": "c1", "environment_id": "e1", "opened_at": at(),
     "subject": "secret: cannot save", "status": "open"},
    {"ticket_id": "T-2", "customer_id": "c2", "opened_at": at(days=3), "subject": "slow"},
]  # fmt: skip
MESSAGES = [
    {"ticket_id": "T-1", "at": at(hours=2), "author": "agent", "body": "which secret?"},
    {"ticket_id": "T-1", "at": at(), "author": "customer", "body": "it fails", "public": True},
]


def gate(frame, columns, customer):
    assert frame[customer].null_count() == 0
    return frame.with_columns(pl.col(c).str.replace_all("secret", "<hidden>") for c in columns)


@pytest.fixture
def desk(fleet):
    fleet.customers(2)
    return Tickets(fleet.store, fleet.clock, gate)


def counts(report):
    return {r.table: (r.added, r.replaced, r.unchanged, r.refused) for r in report.tables}


def test_tickets_and_messages_pass_the_gate_and_come_back(desk):
    report = desk.load(TICKETS, messages=MESSAGES)
    assert counts(report) == {"tickets": (2, 0, 0, 0), "messages": (2, 0, 0, 0)}
    assert report.accepted == 4
    ticket = desk.get("T-1")
    assert ticket.subject == "<hidden>: cannot save"
    assert [m.author for m in ticket.messages] == ["customer", "agent"]
    assert ticket.messages[1].body == "which <hidden>?"
    assert ticket.environment_id == "e1"


def test_loading_twice_changes_nothing(desk):
    desk.load(TICKETS, messages=MESSAGES)
    report = desk.load(TICKETS, messages=MESSAGES)
    assert counts(report) == {"tickets": (0, 0, 2, 0), "messages": (0, 0, 2, 0)}
    assert len(desk.all()) == 2


def test_a_changed_ticket_replaces_the_old_one(desk):
    desk.load(TICKETS)
    report = desk.load([TICKETS[0] | {"status": "resolved", "resolved_at": at(days=1)}])
    assert counts(report) == {"tickets": (0, 1, 0, 0)}
    assert desk.get("T-1").status == "resolved"
    assert len(desk.all()) == 2


def test_rows_that_cannot_be_are_refused_one_by_one_with_their_number(desk):
    rows = [
        TICKETS[0] | {"ticket_id": "T-3", "customer_id": "c9"},
        TICKETS[1] | {"ticket_id": "T-4", "environment_id": "nowhere"},
        TICKETS[1],
    ]
    report = desk.load(rows, messages=[MESSAGES[0] | {"ticket_id": "T-9"}])
    assert counts(report) == {"tickets": (1, 0, 0, 2), "messages": (0, 0, 0, 1)}
    told = [(r.table, r.row, r.reason) for r in report.refused]
    assert told[0][:2] == ("tickets", 1)
    assert "'c9' is no known customer" in told[0][2]
    assert "'nowhere' is no known environment" in told[1][2]
    assert "'T-9' is no known ticket" in told[2][2]


def test_messages_may_come_later_by_themselves(desk):
    desk.load(TICKETS)
    assert counts(desk.load(messages=MESSAGES)) == {"messages": (2, 0, 0, 0)}
    assert len(desk.get("T-1").messages) == 2


def test_bodies_that_scrubbing_makes_equal_are_one(desk):
    twice = [MESSAGES[0], MESSAGES[0] | {"body": "which <hidden>?"}]
    assert counts(desk.load(TICKETS, messages=twice))["messages"] == (1, 0, 0, 0)


def test_nothing_to_load_is_no_error(desk):
    report = desk.load()
    assert (report.accepted, len(report.refused)) == (0, 0)


def test_a_table_without_its_columns_changes_nothing(desk):
    with pytest.raises(TableError, match="opened_at"):
        desk.load([{"ticket_id": "T-1", "customer_id": "c1"}])
    with pytest.raises(TableError, match="'at'"):
        desk.load(TICKETS, messages=[{"ticket_id": "T-1"}])
    assert len(desk.all()) == 0


def test_tickets_are_listed_by_customer_and_window(desk):
    desk.load(TICKETS)
    assert [t.ticket_id for t in desk.all(customer="c2")] == ["T-2"]
    assert [t.ticket_id for t in desk.all(window=(at(), at(days=1)))] == ["T-1"]


def test_as_of_hides_later_tickets_messages_and_outcomes(desk, fleet):
    fleet.add([{"occurred_at": at(days=5)}])
    done = TICKETS[0] | {"status": "resolved", "resolved_at": at(days=1)}
    desk.load([done, TICKETS[1]], messages=MESSAGES)
    past = at(hours=1)
    assert [t.ticket_id for t in desk.all(as_of=past)] == ["T-1"]
    ticket = desk.get("T-1", as_of=past)
    assert (ticket.status, ticket.resolved_at, len(ticket.messages)) == (None, None, 1)


def test_an_unknown_ticket_is_named_with_near_ones(desk):
    desk.load(TICKETS)
    with pytest.raises(NotFoundError, match="T-1"):
        desk.get("T-11")


def test_a_naive_moment_is_refused(desk):
    with pytest.raises(InputError, match="as_of"):
        desk.all(as_of=at().replace(tzinfo=None))


def test_answers_are_one_line_without_texts_and_json(desk):
    report = desk.load(TICKETS, messages=MESSAGES)
    ticket = desk.get("T-1")
    for shown in (repr(ticket), repr(report)):
        assert "\n" not in shown
        assert "save" not in shown
    told = json.loads(json.dumps(ticket.to_dict()))
    assert told["messages"][0]["body"] == "it fails"
    assert json.dumps(report.to_dict())
