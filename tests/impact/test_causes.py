from __future__ import annotations

import polars as pl
import pytest
from tests.impact.test_detecting import CUSTOMERS, quiet, strike

from caseline.errors import InputError, NotFoundError

DEADLOCK = "orders fail: transaction rolled back, deadlock on index"


def open_ticket(fleet, *, customer="c1", subject=DEADLOCK, day=27, **other):
    row = {
        "ticket_id": "t1", "customer_id": customer, "environment_id": None,
        "opened_at": fleet.at(days=day, hours=12), "resolved_at": None, "status": "open",
        "priority": None, "category": None, "subject": subject, "description": None,
        "assignee": None, "group": None, "effort_hours": None,
    }  # fmt: skip
    fleet.store.save("tickets", pl.DataFrame([row | other]))


def test_the_error_at_the_customer_before_the_ticket_comes_first(fleet):
    quiet(fleet)
    strike(fleet, [1, 2, 3], 27)
    open_ticket(fleet)
    causes = fleet.impact.causes("t1")
    assert causes[0].signature_id == "s-lock"
    assert causes.verdict in ("likely", "possible")
    assert causes[0].probability > causes.none
    assert causes[0].reasons


def test_probabilities_and_none_of_them_add_up(fleet):
    quiet(fleet)
    strike(fleet, [1], 27)
    open_ticket(fleet)
    causes = fleet.impact.causes("t1", limit=50)
    assert sum(row.probability for row in causes) + causes.none == pytest.approx(1)


def test_a_ticket_of_a_quiet_customer_is_not_in_the_logs(fleet):
    quiet(fleet)
    open_ticket(fleet, subject="please raise the licence for ten more seats")
    causes = fleet.impact.causes("t1")
    assert causes.verdict == "not in the logs"
    assert causes.none > 0.5


def test_a_ticket_of_a_silent_customer_cannot_be_told(fleet):
    fleet.customers(8)
    fleet.talk(range(2, 9), range(28))
    open_ticket(fleet)
    causes = fleet.impact.causes("t1")
    assert causes.verdict.startswith("cannot tell")
    assert causes.notes


def test_what_was_received_after_as_of_does_not_explain(fleet):
    quiet(fleet)
    strike(fleet, [1], 27)
    open_ticket(fleet)
    causes = fleet.impact.causes("t1", as_of=fleet.at(days=27, hours=13))
    assert causes.verdict.startswith("cannot tell")


def test_limit_bounds_the_rows(fleet):
    quiet(fleet)
    strike(fleet, CUSTOMERS, 27)
    open_ticket(fleet)
    assert len(fleet.impact.causes("t1", limit=1)) == 1
    with pytest.raises(InputError, match="limit is 0"):
        fleet.impact.causes("t1", limit=0)


def test_an_unknown_ticket_is_named_with_its_neighbours(fleet):
    quiet(fleet)
    open_ticket(fleet)
    with pytest.raises(NotFoundError, match="t11"):
        fleet.impact.causes("t11")
