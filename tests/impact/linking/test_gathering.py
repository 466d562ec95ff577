from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from caseline.errors import NotFoundError
from caseline.impact.linking import gathering

TEXT = ("Orders cannot be saved", "could not persist the order, the deadlock came back")
TIME = pl.Datetime("us", "UTC")


@pytest.fixture
def desk(fleet):
    """Four customers write for 20 days; on day 19 three of them cannot save orders."""
    fleet.customers(4)
    fleet.talk(range(1, 5), range(20))
    for i in (1, 2, 3):
        moments = [fleet.at(days=19, hours=10, minutes=m + i) for m in range(0, 50, 10)]
        fleet.add(fleet.errors(f"c{i}", *moments, signature_id="s-save"))
    return fleet


def write(fleet, ticket, customer, text=TEXT, **when):
    row = {
        "ticket_id": ticket,
        "customer_id": customer,
        "subject": text[0],
        "description": text[1],
        "opened_at": fleet.at(**(when or {"days": 19, "hours": 12})),
    }
    schema = {"subject": pl.String, "description": pl.String}  # fmt: skip
    fleet.store.save("tickets", pl.DataFrame([row], schema_overrides=schema))


def test_tickets_of_hit_customers_that_it_explains_are_its_own(desk):
    write(desk, "T-1", "c1")
    write(desk, "T-2", "c2", days=19, hours=11)
    found = desk.impact.tickets("s-save")
    assert [row.ticket_id for row in found] == ["T-2", "T-1"]
    assert found.customers == ["c1", "c2"]
    assert all(row.probability > 0.5 and not row.vague for row in found)
    assert found[0].reasons[0].startswith("s-save explains it with probability")
    assert "IssueTickets(s-save: 2 tickets of 2 customers, 2 looked at" in repr(found)


def test_several_tickets_of_a_customer_are_duplicates_of_its_first(desk):
    write(desk, "T-1", "c1", days=19, hours=15)
    write(desk, "T-2", "c1", days=19, hours=11)
    rows = {row.ticket_id: row.duplicate_of for row in desk.impact.tickets("s-save")}
    assert rows == {"T-2": None, "T-1": "T-2"}


def test_a_vague_ticket_of_a_customer_that_is_not_hit_stays_unlinked(desk):
    vague = ("problem", "It does not work again. Please check.")
    write(desk, "T-1", "c4", vague)
    write(desk, "T-2", "c1", vague)
    found = desk.impact.tickets("s-save")
    assert "T-1" not in found.to_frame()["ticket_id"]
    assert all(row.vague for row in found)
    assert found.notes == ("1 tickets of that time are of customers that are not hit",)


def test_tickets_of_another_time_are_not_looked_at(desk):
    write(desk, "T-1", "c1", days=3)
    write(desk, "T-2", "c1", days=29)
    assert desk.impact.tickets("s-save").looked_at == 0


def test_a_ticket_that_something_else_explains_is_not_its_own(desk):
    moments = [desk.at(days=19, hours=11, minutes=m) for m in range(0, 50, 2)]
    desk.add(desk.errors("c1", *moments, signature_id="s-disk", severity=21))
    write(desk, "T-1", "c1", ("Disk is full", "no more space, the disk is full"))
    assert len(desk.impact.tickets("s-save")) == 0
    assert [row.ticket_id for row in desk.impact.tickets("s-disk")] == ["T-1"]


def test_what_nothing_explains_is_not_linked(desk):
    for name in ("c1", "c2"):
        write(desk, f"T-{name}", name, ("Training dates", "When is the next course in Lisbon?"))
    found = desk.impact.tickets("s-save")
    assert all(row.probability >= 0.5 for row in found)


def test_an_issue_that_hits_nobody_has_no_tickets(desk):
    write(desk, "T-1", "c1")
    assert len(desk.impact.tickets("s-save", as_of=desk.at(days=29))) == 1
    assert desk.impact.tickets("s-save", as_of=desk.at(days=29)).looked_at == 1
    with pytest.raises(NotFoundError):
        desk.impact.tickets("s-none")


def test_what_was_opened_later_is_hidden(desk):
    write(desk, "T-1", "c1", days=22)
    assert desk.impact.tickets("s-save").looked_at == 1
    at = desk.at(days=29) + timedelta(hours=1)
    write(desk, "T-2", "c1", days=29, hours=2)
    assert "T-2" not in desk.impact.tickets("s-save", as_of=at).to_frame()["ticket_id"]


def test_of_many_tickets_the_rest_is_told(desk, monkeypatch):
    few = gathering.ticket_settings()
    monkeypatch.setattr(gathering, "ticket_settings", lambda: _with(few, most=1))
    write(desk, "T-1", "c1")
    write(desk, "T-2", "c2")
    found = desk.impact.tickets("s-save")
    assert found.looked_at == 1
    assert found.notes == ("1 more tickets were not looked at",)


def _with(settings, **changed):
    return replace(settings, **changed)


@pytest.mark.parametrize(
    ("texts", "vague"),
    [
        (("help needed", "Something is wrong with the system since today."), True),
        (("it is slow again", None), True),
        (("", ""), True),
        (("printer", "labels come out blank in Leeds"), False),
    ],
)
def test_a_text_says_something_by_its_own_words(texts, vague):
    assert gathering.says_nothing(*texts) == vague
