"""A fleet with a release, made by hand: what it brings, mends, and who stays silent."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from caseline.clock import ManualClock
from caseline.trends.face import Trends

CUSTOMERS, DAYS, RELEASED = 24, 60, 30
UPGRADED = range(1, 13)


def hits(fleet, customers, days, *, signature, hour=3, **other):
    rows = [
        {"customer_id": f"c{i}", "environment_id": f"e{i}", "signature_id": signature}
        | {"occurred_at": fleet.at(days=day, hours=hour)}
        | other
        for i in customers
        for day in days
    ]
    fleet.add(rows, received_at=fleet.at(days=DAYS))


def upgrade_day(customer):
    return RELEASED + customer % 4


@pytest.fixture
def released(fleet):
    """24 customers, 60 days; c24 is silent; 1 to 12 take 8.1.0 from day 30 on.

    s-save comes with 8.1.0 and stays, s-lock was everywhere and has a fix in it.
    """
    fleet.customers(CUSTOMERS)
    fleet.talk(range(1, CUSTOMERS), range(DAYS))
    fleet.clock = ManualClock(fleet.at(days=DAYS))
    spans = []
    for i in range(1, CUSTOMERS + 1):
        at = fleet.at(days=upgrade_day(i)) if i in UPGRADED else None
        spans.append((f"e{i}", "8.0.0", fleet.at(days=-30), at))
        if at is not None:
            spans.append((f"e{i}", "8.1.0", at, None))
    frame = pl.DataFrame(
        spans, schema=["environment_id", "value", "valid_from", "valid_to"], orient="row",
        infer_schema_length=None,
    ).with_columns(component=pl.lit("server"), kind=pl.lit("version"))  # fmt: skip
    fleet.store.save("spans", frame)
    for i in range(1, 21):
        last = upgrade_day(i) if i in UPGRADED else DAYS
        hits(fleet, [i], range(last), signature="s-lock", version="8.0.0")
        if i in UPGRADED:
            days = range(upgrade_day(i), DAYS)
            hits(fleet, [i], days, signature="s-save", hour=5, version="8.1.0")
    tickets = [
        {"ticket_id": f"T-{n}", "customer_id": f"c{n % 20 + 1}", "environment_id": f"e{n % 20 + 1}",
         "opened_at": fleet.at(days=n % 60, hours=1), "resolved_at": fleet.at(days=n % 60 + 1),
         "effort_hours": 2.0}
        for n in range(80)
    ]  # fmt: skip
    fleet.store.save("tickets", pl.DataFrame(tickets))
    fleet.links = [
        {"ticket_id": f"T-{n}", "id": "s-lock" if n % 60 < RELEASED else "s-save",
         "confidence": 1.0}
        for n in range(80) if n % 4
    ]  # fmt: skip
    fleet.impact.record_fix("s-lock", component="server", fixed_in=["8.1.0"], by="ana")
    return fleet


@pytest.fixture
def ask():
    """What asks a fleet for a report."""

    def asked(fleet, **options):
        links = {"links": fleet.links} if hasattr(fleet, "links") else {}
        return Trends(fleet.store, fleet.clock).report(**links | options)

    return asked


@pytest.fixture
def section():
    """What finds a section by the beginning of its title."""

    def found(report, title):
        return next(s for s in report.sections if s.title.startswith(title))

    return found


@pytest.fixture
def month():
    return timedelta(days=30)
