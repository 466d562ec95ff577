"""Customers with tickets in the small fleet made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from caseline.tickets.face import Tickets

MARCH = datetime(2026, 3, 2, tzinfo=UTC)


def at(**step):
    return MARCH + timedelta(**step)


class Desk:
    """The fleet, with tickets and what people decide about them."""

    def __init__(self, fleet):
        self.fleet, self.store, self.clock, self.impact = (
            fleet, fleet.store, fleet.clock, fleet.impact,
        )  # fmt: skip
        self.tickets = Tickets(fleet.store, fleet.clock, lambda frame, *_: frame)

    def write(self, *rows):
        """Load tickets given as id, customer, time, text."""
        names = ["ticket_id", "customer_id", "opened_at", "subject"]
        self.tickets.load([dict(zip(names, row, strict=True)) for row in rows])

    def confirm(self, ticket, cause):
        self.tickets.confirm(self.tickets.link(ticket, cause))

    def reject(self, ticket, cause):
        self.tickets.reject(self.tickets.link(ticket, cause))


@pytest.fixture
def desk(fleet):
    """Three customers write for 20 days; on day 19 c1 cannot save orders, and says so."""
    fleet.customers(3)
    fleet.talk(range(1, 4), range(20))
    fleet.add(
        fleet.errors("c1", *(at(days=19, hours=10, minutes=m) for m in range(0, 50, 10)),
                     signature_id="s-save")
    )  # fmt: skip
    fleet.add(
        fleet.errors("c1", *(at(days=d, hours=9) for d in range(20)), signature_id="s-disk",
                     severity=13)
    )  # fmt: skip
    tickets = [
        ("T-1", "c1", at(days=19, hours=12), "Orders", "we could not persist the order"),
        ("T-2", "c2", at(days=19, hours=12), "Password", "please reset my password"),
        ("T-3", "c3", at(days=28), "Nothing", "since then we see nothing"),
    ]
    names = ["ticket_id", "customer_id", "opened_at", "subject", "description"]
    fleet.store.save("tickets", pl.DataFrame(tickets, schema=names, orient="row"))
    return Desk(fleet)
