from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from caseline.errors import InputError, NotFoundError
from caseline.impact.face import Impacts

MARCH = datetime(2026, 3, 2, tzinfo=UTC)


def at(**step):
    return MARCH + timedelta(**step)


@pytest.fixture
def busy(fleet):
    """Three customers write twice a day; at noon of day 9 c1 has a burst of errors."""
    fleet.customers(3)
    fleet.talk(range(1, 4), range(10))
    fleet.add(fleet.errors("c1", *(at(days=9, hours=12, minutes=m) for m in range(0, 20, 5))))
    fleet.add(fleet.errors("c2", at(days=9, hours=12), signature_id="s-info", severity=9))
    spans = pl.DataFrame(
        {"environment_id": ["e1", "e1"], "component": ["platform"] * 2, "kind": ["version"] * 2,
         "value": ["8.0", "8.1"], "valid_from": [None, at(days=9)],
         "valid_to": [at(days=9), None]}
    )  # fmt: skip
    fleet.store.save("spans", spans)
    changes = pl.DataFrame(
        {"change_id": ["CH-1", "CH-2", "CH-3"], "scope": ["e1,e7", "e2", None],
         "starts_at": [at(days=9)] * 3, "ends_at": [at(days=9, hours=1)] * 3}
    )  # fmt: skip
    fleet.store.save("changes", changes)
    rows = [("T-1", "c1", at(days=9, hours=14)), ("T-2", "c2", at(days=9)), ("T-3", "c1", at())]
    tickets = pl.DataFrame(rows, schema=["ticket_id", "customer_id", "opened_at"], orient="row")
    fleet.store.save("tickets", tickets)
    return fleet


def noon(fleet, customer="c1", **options):
    return fleet.impact.context(customer, around=at(days=9, hours=12), **options)


def test_the_unusual_signature_comes_first_with_its_counts(busy):
    row = noon(busy).signatures[0]
    assert (row.signature_id, row.events, row.expected) == ("s-lock", 4, 0)
    assert row.template.startswith("Transaction")
    assert row.lift > 5
    assert row.fleet_lift > 5
    assert row.p_more < 0.05
    assert row.customers_elsewhere == 0
    assert row.first_seen == at(days=9, hours=12)


def test_the_window_is_kept_to_the_minute(busy):
    context = noon(busy, window=timedelta(minutes=6))
    assert context.signatures[0].events == 2


def test_the_window_may_be_a_pair_of_moments(busy):
    pair = (at(days=9, hours=12, minutes=5), at(days=9, hours=12, minutes=15))
    context = noon(busy, window=pair)
    assert context.signatures[0].events == 2
    assert (context.window.start, context.window.end) == pair


def test_versions_changes_and_tickets_are_those_of_the_customer(busy):
    context = noon(busy)
    assert [row.value for row in context.versions] == ["8.1"]
    assert [row.change_id for row in context.changes] == ["CH-1", "CH-3"]
    assert [row.ticket_id for row in context.tickets] == ["T-1"]


def test_lines_that_stay_away_are_told(fleet):
    fleet.customers(2)
    fleet.talk(range(1, 3), range(20))
    fleet.add(
        fleet.errors("c1", *(at(days=d, hours=h) for d in range(19) for h in range(24)),
                     signature_id="s-disk", severity=9)
    )  # fmt: skip
    context = fleet.impact.context("c1", around=at(days=19, hours=12), window=timedelta(hours=11))
    row = next(r for r in context.signatures if r.signature_id == "s-disk")
    assert row.events == 0
    assert row.expected > 10
    assert row.p_less < 0.2


def test_without_logs_the_coverage_is_empty(busy):
    context = busy.impact.context("c1", around=at(days=25))
    assert len(context.coverage) == 0
    assert "no logs" in repr(context)


def test_shared_lines_count_by_weight(fleet):
    fleet.place("m", "c1", "c2")
    fleet.store.save("customers", pl.DataFrame({"customer_id": ["c1", "c2"]}))
    fleet.share("g", {"c1": 0.25, "c2": 0.75})
    nobody = {"environment_id": "m", "customer_id": None}
    fleet.add(fleet.errors("c1", *[at(hours=12, minutes=m) for m in range(4)], share_group="g",
                           **nobody))  # fmt: skip
    fleet.add(fleet.errors("c1", at(hours=12), at(hours=12, minutes=1), **nobody))
    row = fleet.impact.context("c1", around=at(hours=12)).signatures[0]
    assert row.events == 0
    assert row.shared_events == pytest.approx(4 * 0.25 + 2 / 2)


def test_an_unknown_customer_is_named_with_near_ones(busy):
    with pytest.raises(NotFoundError, match="'c1'"):
        noon(busy, "c11")


def test_a_customer_without_a_place_has_an_empty_context(busy):
    busy.store.save("customers", pl.DataFrame({"customer_id": ["c9"]}))
    assert len(noon(busy, "c9").signatures) == 0


def test_a_window_that_is_not_positive_is_refused(busy):
    with pytest.raises(InputError, match="window"):
        noon(busy, window=timedelta(0))


def test_the_answer_is_one_line_and_json(busy):
    context = noon(busy)
    assert "\n" not in repr(context)
    assert json.dumps(context.to_dict())


def test_a_viewer_learns_of_changes_only_what_concerns_its_customers(busy):
    mine = Impacts(busy.store.scoped(frozenset({"c1"})), busy.clock)
    found = mine.context("c1", around=at(days=9, hours=12)).changes
    assert [(row.change_id, row.scope) for row in found] == [("CH-1", "e1"), ("CH-3", None)]
    elsewhere = busy.store.scoped(frozenset({"c3"}))
    assert elsewhere.ask("fleet_changes")["change_id"].to_list() == ["CH-3"]
