"""How many are hit, where some are silent and some speak only when they are sick."""

from __future__ import annotations

import polars as pl
import pytest


def by_customer(impact):
    return {row.customer_id: row for row in impact.customers}


def telemetry(fleet, customers, mode):
    rows = [
        {"environment_id": f"e{i}", "kind": "single_tenant", "stage": "production",
         "telemetry": mode}
        for i in customers
    ]  # fmt: skip
    fleet.store.save("environments", pl.DataFrame(rows))


def ticket(fleet, customer, day):
    row = {
        "ticket_id": f"t-{customer}-{day}",
        "customer_id": customer,
        "opened_at": fleet.at(days=day),
    }
    fleet.store.save("tickets", pl.DataFrame([row]))


def struck(fleet, customer, days):
    fleet.add(
        fleet.errors(
            customer, *(fleet.at(days=d, hours=3, minutes=m) for d in days for m in (1, 9))
        )
    )


@pytest.fixture
def sick(fleet):
    """Twelve regular customers, one of them hit; six whose bundles came with a ticket, all hit."""
    fleet.customers(28)
    telemetry(fleet, range(1, 13), "push")
    telemetry(fleet, range(13, 29), "bundle")
    fleet.talk(range(1, 13), range(30))
    struck(fleet, "c1", range(10, 30))
    for n, customer in enumerate(range(13, 19)):
        day = 11 + 2 * n
        fleet.talk(range(customer, customer + 1), range(day, day + 4))
        struck(fleet, f"c{customer}", range(day, day + 4))
        ticket(fleet, f"c{customer}", day + 3)
    return fleet


def test_bundles_of_the_sick_do_not_speak_for_the_silent(sick):
    impact = sick.impact.of("s-lock")
    rows = by_customer(impact)
    assert {rows[f"c{i}"].status for i in range(19, 29)} == {"unknown"}
    assert rows["c20"].probability < 0.2  # 7 of 18 with logs are hit, 1 of 12 regular ones
    assert impact.scope.low == 7
    assert 7 < impact.scope.point < 9.5
    assert impact.scope.high >= 9
    assert impact.scope.standing == 12
    assert impact.scope.sick_only == 6
    assert impact.scope.share == pytest.approx(1 / 12, abs=0.03)


def test_the_bias_is_named(sick):
    (note,) = sick.impact.of("s-lock").notes
    assert note == (
        "the logs of 6 customers come irregularly, of 6 only around their tickets: they are no "
        "random sample, more of them are hit than of all; the share of silent ones that are hit "
        "is taken from 12 others (8 %)"
    )
    reasons = by_customer(sick.impact.of("s-lock"))["c13"].reasons
    assert reasons[-1] == "its logs came only around its tickets"


def test_with_too_few_regular_ones_all_speak_and_it_is_said(fleet):
    fleet.customers(10)
    telemetry(fleet, range(1, 11), "bundle")
    fleet.talk(range(1, 2), range(30))
    fleet.talk(range(2, 6), range(20, 24))
    struck(fleet, "c2", range(20, 24))
    impact = fleet.impact.of("s-lock")
    assert impact.scope.standing == 10
    assert impact.scope.sick_only == 0
    assert "only 1 others have regular logs" in impact.notes[-1]


def test_bundles_that_come_every_week_are_regular(fleet):
    fleet.customers(9)
    telemetry(fleet, range(1, 10), "bundle")
    fleet.talk(range(1, 10), range(28))
    for customer in range(1, 10):
        ticket(fleet, f"c{customer}", 5)
    struck(fleet, "c2", range(20, 24))
    impact = fleet.impact.of("s-lock")
    assert impact.notes == ()
    assert impact.scope.standing == 9


def test_a_place_that_sends_nothing_says_so(sick):
    telemetry(sick, [28], "none")
    assert by_customer(sick.impact.of("s-lock"))["c28"].reasons == [
        "silent: its production sends no logs"
    ]
