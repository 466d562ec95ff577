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


def errors(customer, *moments, **other):
    base = {"customer_id": customer, "environment_id": customer.replace("c", "e")} | other
    return [base | {"occurred_at": moment} for moment in moments]


def by_customer(impact):
    return {row.customer_id: row for row in impact.customers}


def statuses(impact):
    return {row.customer_id: row.status for row in impact.customers}


@pytest.fixture
def ten(fleet):
    """Ten customers that write for ten days; c1 and c2 have the error from day 4 on."""
    fleet.customers(10)
    fleet.talk(range(1, 11), range(10))
    fleet.add(
        [
            row
            for day in range(4, 10)
            for customer in ("c1", "c2")
            for row in errors(customer, at(days=day, hours=3), at(days=day, hours=4))
        ]
    )
    return fleet


def test_hit_customers_have_their_counts_and_the_others_are_clear(ten):
    impact = ten.impact.of("s-lock")
    rows = by_customer(impact)
    assert len(rows) == 10
    assert rows["c1"].status == "hit"
    assert rows["c1"].probability == 1
    assert rows["c1"].events == 12
    assert rows["c1"].first_seen == at(days=4, hours=3)
    assert rows["c1"].last_seen == at(days=9, hours=4)
    assert rows["c1"].versions == ["8.1"]
    assert rows["c1"].severity == 17
    assert {r.status for r in rows.values() if r.customer_id not in ("c1", "c2")} == {"clear"}
    assert impact.events == 24
    assert impact.unattributed == 0
    assert impact.scope.low == 2
    assert impact.scope.unknown == 0


def test_a_fleet_of_which_every_customer_is_hit_is_judged_without_a_warning(fleet):
    fleet.customers(2)
    fleet.talk(range(1, 3), range(200))
    moments = [at(days=d, hours=h) for d in range(200) for h in (1, 2, 3)]
    fleet.add([row for c in ("c1", "c2") for row in errors(c, *moments)])
    impact = fleet.impact.of("s-lock")
    assert [row.probability for row in impact.customers] == [1, 1]


def test_a_silent_customer_is_unknown_and_counts_in_the_interval(ten):
    ten.store.save("customers", _customer("c11"))
    ten.place("e11", "c11")
    impact = ten.impact.of("s-lock")
    row = by_customer(impact)["c11"]
    assert row.status == "unknown"
    assert row.detection_power == 0
    assert row.reasons == ["silent: no logs of its production in this time"]
    assert impact.scope.unknown == 1
    assert impact.scope.low == 2
    assert impact.scope.high >= 3


def test_a_customer_without_a_place_is_unknown(ten):
    ten.store.save("customers", _customer("c11"))
    assert by_customer(ten.impact.of("s-lock"))["c11"].reasons == [
        "no production environment is known"
    ]


def test_a_second_silent_place_leaves_a_customer_unknown(ten):
    ten.place("e3b", "c3")
    row = by_customer(ten.impact.of("s-lock"))["c3"]
    assert row.status == "unknown"
    assert row.detection_power <= 0.5


def test_too_few_covered_days_leave_a_customer_unknown(fleet):
    fleet.customers(3)
    fleet.talk(range(1, 3), range(20))
    fleet.talk(range(3, 4), range(10, 11))
    fleet.add([r for d in (0, 5, 12, 19) for r in errors("c1", at(days=d, hours=2))])
    rows = by_customer(fleet.impact.of("s-lock"))
    assert rows["c3"].status == "unknown"
    assert "which says little" in rows["c3"].reasons[0]
    assert rows["c3"].detection_power < rows["c2"].detection_power


def test_shared_lines_make_a_customer_probable_not_certain(fleet):
    fleet.customers(2)
    fleet.place("m", "c3", "c4", "c5", "c6")
    fleet.store.save("customers", _customer("c3", "c4", "c5", "c6"))
    fleet.share("g", dict.fromkeys(("c3", "c4", "c5", "c6"), 0.25))
    fleet.talk(range(1, 3), range(5))
    fleet.add(errors("c3", at(hours=5), environment_id="m", customer_id=None, share_group="g"))
    impact = fleet.impact.of("s-lock")
    rows = by_customer(impact)
    assert rows["c3"].status == "unknown"
    assert rows["c3"].probability == pytest.approx(0.25, abs=0.2)
    assert rows["c3"].events == 0
    assert rows["c3"].shared_events == 0.25
    assert rows["c3"].reasons == [
        "shared: its part of lines that up to 4 customers share is 0.2 events"
    ]
    assert impact.unattributed == 0
    assert impact.scope.low == 1
    assert impact.scope.high >= 4


def test_many_shared_lines_make_all_their_customers_hit_below_certainty(fleet):
    fleet.place("m", "c3", "c4")
    fleet.store.save("customers", _customer("c3", "c4"))
    fleet.share("g", {"c3": 0.5, "c4": 0.5})
    minutes = [at(minutes=m) for m in range(50)]
    fleet.add(errors("c3", *minutes, environment_id="m", customer_id=None, share_group="g"))
    rows = by_customer(fleet.impact.of("s-lock"))
    assert statuses(fleet.impact.of("s-lock")) == {"c3": "hit", "c4": "hit"}
    assert rows["c3"].probability == pytest.approx(0.95)


def shared_cell(fleet, named):
    """c3 to c6 share a cell: 40 lines name none of them, *named* lines of each hour name c3."""
    cell = ("c3", "c4", "c5", "c6")
    fleet.place("m", *cell)
    fleet.store.save("customers", _customer(*cell))
    fleet.share("g", dict.fromkeys(cell, 0.25))
    anonymous = {"environment_id": "m", "customer_id": None, "share_group": "g"}
    minutes = [at(days=d, hours=h) for d in range(2) for h in range(20)]
    fleet.add(errors("c3", *minutes, **anonymous))
    fleet.add(errors("c3", *minutes[:named], environment_id="m"))
    return statuses(fleet.impact.of("s-lock"))


def test_lines_that_name_a_tenant_explain_those_beside_them_that_name_none(fleet):
    found = shared_cell(fleet, named=25)
    assert found == {"c3": "hit", "c4": "unknown", "c5": "unknown", "c6": "unknown"}
    impact = fleet.impact.of("s-lock")
    assert by_customer(impact)["c4"].probability == pytest.approx(0.5)
    assert impact.scope.high == 4


def test_a_few_lines_that_name_a_tenant_explain_no_flood(fleet):
    assert set(shared_cell(fleet, named=2).values()) == {"hit"}


def test_lines_that_name_nobody_are_unattributed_and_clear_nobody_there(fleet):
    fleet.customers(4)
    fleet.place("m", "c5", "c6")
    fleet.store.save("customers", _customer("c5", "c6"))
    fleet.talk(range(1, 5), range(6))
    fleet.add([r for d in range(6) for h in (2, 3) for r in errors("c1", at(days=d, hours=h))])
    fleet.add(errors("c5", at(hours=5), at(hours=6), environment_id="m", customer_id=None))
    fleet.add(
        errors("c5", *(at(days=d) for d in range(6)), environment_id="m", signature_id="s-info")
    )
    impact = fleet.impact.of("s-lock")
    rows = by_customer(impact)
    assert rows["c5"].status == "unknown"
    assert rows["c5"].reasons[-1] == "2 events at its places name no customer"
    assert rows["c2"].status == "clear"
    assert impact.unattributed == pytest.approx(2 / 14)


def test_other_stages_are_counted_apart(ten):
    ten.place("stage1", "c5", stage="Staging")
    ten.add(errors("c5", at(days=6), environment_id="stage1", stage="Staging"))
    impact = ten.impact.of("s-lock")
    assert by_customer(impact)["c5"].status == "at_risk"
    assert impact.events == 24
    assert [(r.customer_id, r.stage, r.events) for r in impact.other_stages] == [
        ("c5", "Staging", 1)
    ]


def test_a_window_counts_only_what_is_in_it_to_the_minute(ten):
    window = (at(days=4, hours=3, minutes=30), at(days=5, hours=3, minutes=1))
    impact = ten.impact.of("s-lock", window=window)
    assert impact.events == 4
    assert impact.window.start == window[0]


def test_no_event_in_the_window_means_nobody_is_hit(ten):
    impact = ten.impact.of("s-lock", window=(at(days=0), at(days=4)))
    assert impact.scope.low == 0
    assert set(statuses(impact).values()) == {"clear"}
    assert impact.severity.log is None


def test_as_of_hides_what_was_received_later(ten):
    ten.clock.advance(timedelta(days=5))
    ten.add(errors("c7", at(days=9, hours=5)), received_at=at(days=33))
    assert by_customer(ten.impact.of("s-lock"))["c7"].status == "hit"
    assert by_customer(ten.impact.of("s-lock", as_of=at(days=32)))["c7"].status == "clear"


def test_a_merged_signature_is_answered_for_by_the_one_it_went_into(ten):
    alias = {"signature_id": "s-lock", "merged_into": "s-save", "reason": "r", "author": "rule"}
    ten.store.save("signature_aliases", pl.DataFrame([alias]))
    impact = ten.impact.of("s-lock")
    assert impact.signature_ids == ("s-save",)
    assert impact.events == 24


@pytest.mark.parametrize("shared", [True, False])
def test_a_viewer_is_told_what_the_owner_is_told_of_its_customers(fleet, shared):
    fleet.customers(4)
    fleet.place("m", "c1", "c2", "c3")
    fleet.share("g", {"c1": 0.5, "c2": 0.5})
    fleet.talk(range(1, 5), range(20))
    nobody = {"environment_id": "m", "customer_id": None, "share_group": "g" if shared else None}
    fleet.add(errors("c1", *(at(days=d, hours=3) for d in range(8, 20)), **nobody))
    fleet.add(errors("c4", *(at(days=d, hours=5) for d in range(8, 20))))
    window = (at(days=7), at(days=20, minutes=7))
    viewer = Impacts(fleet.store.scoped(frozenset({"c1", "c4"})), fleet.clock)
    for as_of in (None, at(days=29, hours=1)):
        told = by_customer(viewer.of("s-lock", window=window, as_of=as_of))
        seen = by_customer(fleet.impact.of("s-lock", window=window, as_of=as_of))
        assert told.keys() == {"c1", "c4"}
        assert told["c1"].status == seen["c1"].status != "clear"
        assert told["c4"].events == seen["c4"].events == 12
    hidden = Impacts(fleet.store.scoped(frozenset({"c1"})), fleet.clock)
    with pytest.raises(NotFoundError):
        hidden.of("s-lock")


def test_an_unknown_id_is_named_with_near_ones(ten):
    with pytest.raises(NotFoundError, match="s-lock"):
        ten.impact.of("s-lok")


def test_a_naive_moment_is_refused(ten):
    with pytest.raises(InputError, match="as_of"):
        ten.impact.of("s-lock", as_of=at().replace(tzinfo=None))


def test_a_viewer_sees_its_customers_only(ten):
    mine = Impacts(ten.store.scoped(frozenset({"c2", "c3"})), ten.clock)
    assert statuses(mine.of("s-lock")) == {"c2": "hit", "c3": "clear"}


def issue_of(fleet, *signatures):
    row = {"issue_id": "i-1", "kind": "new", "status": "new", "title": "t"}
    fleet.store.save("issues", pl.DataFrame([row | {"detected_at": at(days=9)}]))
    members = pl.DataFrame({"issue_id": ["i-1"] * len(signatures), "signature_id": signatures})
    fleet.store.save("issue_signatures", members)


def test_a_viewer_learns_of_an_issue_only_the_signatures_it_has(ten):
    ten.add(errors("c5", at(days=6), signature_id="s-disk"))
    issue_of(ten, "s-lock", "s-disk")
    mine = Impacts(ten.store.scoped(frozenset({"c2", "c3"})), ten.clock)
    assert mine.of("i-1").signature_ids == ("s-lock",)
    assert ten.impact.of("i-1").signature_ids == ("s-disk", "s-lock")


def test_an_issue_keeps_the_events_of_a_signature_merged_since(ten):
    issue_of(ten, "s-lock")
    before = ten.impact.of("i-1").events
    alias = {"signature_id": "s-lock", "merged_into": "s-save", "reason": "r", "author": "rule"}
    ten.store.save("signature_aliases", pl.DataFrame([alias]))
    assert ten.impact.of("i-1").events == before > 0


def test_the_answer_is_one_line_and_json(ten):
    impact = ten.impact.of("s-lock")
    assert "\n" not in repr(impact)
    told = json.loads(json.dumps(impact.to_dict()))
    assert told["scope"]["low"] == 2
    assert len(told["customers"]) == 10
    assert told["severity"]["word"] == str(impact.severity)


def test_an_empty_fleet_has_an_empty_answer(fleet):
    impact = fleet.impact.of("s-lock")
    assert len(impact.customers) == 0
    assert (impact.scope.low, impact.scope.high) == (0, 0)


def _customer(*names):
    return pl.DataFrame({"customer_id": list(names)})
