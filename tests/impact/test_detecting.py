from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from caseline.errors import InputError
from caseline.impact.face import Impacts

CUSTOMERS = range(1, 9)


def quiet(fleet, days=range(28)):
    fleet.customers(len(CUSTOMERS))
    fleet.talk(CUSTOMERS, days)


def strike(fleet, customers, day, *, hours=(9, 11), **other):
    fleet.add(
        [
            row
            for i in customers
            for row in fleet.errors(
                f"c{i}", *(fleet.at(days=day, hours=h, minutes=i) for h in hours), **other
            )
        ]
    )


def detect(fleet, day=26):
    return fleet.impact.detect(since=fleet.at(days=day))


@pytest.fixture
def broken(fleet):
    """Six customers write for 20 days; four of them meet two new errors on day 17."""
    fleet.customers(6)
    fleet.talk(range(1, 7), range(20))
    for i in range(1, 5):
        for signature, late in (("s-lock", 0), ("s-save", 1)):
            moments = (fleet.at(days=d, hours=6 + i, minutes=late) for d in (17, 18, 19))
            fleet.add(fleet.errors(f"c{i}", *moments, signature_id=signature))
    return fleet


def test_a_quiet_fleet_has_nothing_new(fleet):
    quiet(fleet)
    assert len(detect(fleet)) == 0


def test_a_new_error_is_found_with_its_customers(fleet):
    quiet(fleet)
    strike(fleet, range(1, 6), 27)
    (found,) = detect(fleet)
    assert (found.kind, found.customers, found.signature_ids) == ("new", 5, ["s-lock"])
    assert found.since == fleet.at(days=27, hours=9, minutes=1)
    hit = {c.customer_id for c in found.impact.customers if c.status == "hit"}
    assert hit == {f"c{i}" for i in range(1, 6)}
    assert found.reasons


def test_lines_that_name_tenants_explain_those_beside_them_that_name_none(fleet):
    quiet(fleet)
    cell = [f"t{i}" for i in range(6)]
    fleet.place("m", *cell)
    fleet.store.save("customers", pl.DataFrame({"customer_id": cell}))
    fleet.share("g", dict.fromkeys(cell, 1 / 6))
    moments = [fleet.at(days=27, hours=h) for h in range(1, 13)]
    for customer in cell[:2]:
        fleet.add(fleet.errors(customer, *moments, environment_id="m"))
    anonymous = {"environment_id": "m", "customer_id": None, "share_group": "g"}
    fleet.add(fleet.errors("t0", *moments, **anonymous))
    (found,) = detect(fleet)
    assert found.customers == 2


def test_asking_twice_gives_the_same_issue_once(fleet):
    quiet(fleet)
    strike(fleet, range(1, 6), 27)
    first, again = detect(fleet), detect(fleet)
    assert first.to_dicts() == again.to_dicts()
    assert fleet.store.value("SELECT count(*) FROM catalog.issues") == 1
    assert fleet.impact.of(first[0].issue_id).scope.low == 5


def test_an_error_seen_before_is_not_new(fleet):
    quiet(fleet)
    strike(fleet, [1], 3)
    strike(fleet, [1], 27)
    assert [found.kind for found in detect(fleet)] == []


def test_errors_that_start_apart_at_other_customers_are_two_issues(fleet):
    quiet(fleet)
    strike(fleet, range(1, 5), 26)
    strike(fleet, range(5, 9), 27, signature_id="s-disk", hours=(18, 22))
    assert sorted(found.signature_ids for found in detect(fleet)) == [["s-disk"], ["s-lock"]]


def test_an_error_that_spreads_over_its_own_past_is_a_jump(fleet):
    quiet(fleet)
    for day in range(26):
        strike(fleet, [1 + day % 8], day, hours=(9,))
    for day in (26, 27):
        strike(fleet, CUSTOMERS, day, hours=(9,))
    (found,) = detect(fleet)
    assert found.kind == "jump"
    assert found.observed > found.expected


def test_what_is_new_comes_before_what_rose(fleet):
    quiet(fleet)
    for day in range(26):
        strike(fleet, [1 + day % 8], day, hours=(9,))
    for day in (26, 27):
        strike(fleet, CUSTOMERS, day, hours=(9,))
    strike(fleet, range(1, 5), 27, signature_id="s-disk", hours=(18, 22))
    assert [found.kind for found in detect(fleet)] == ["new", "jump"]


def test_a_fleet_with_too_few_lines_to_jump_is_judged_without_a_warning(fleet):
    fleet.customers(1)
    fleet.talk(range(1, 2), range(0, 28, 14))
    assert len(detect(fleet)) == 0


def test_without_a_past_nothing_is_judged_and_the_notes_say_so(fleet):
    quiet(fleet, days=range(25, 28))
    strike(fleet, range(1, 6), 27)
    found = detect(fleet)
    assert len(found) == 0
    assert any("nothing to compare with" in note for note in found.notes)


def test_jumps_are_not_judged_when_the_logs_themselves_changed(fleet):
    fleet.customers(8)
    fleet.talk(range(1, 3), range(26))
    fleet.talk(CUSTOMERS, range(26, 28))
    for day in range(26):
        strike(fleet, [1 + day % 2], day, hours=(9,))
    for day in (26, 27):
        strike(fleet, CUSTOMERS, day, hours=(9,))
    found = detect(fleet)
    assert [row.kind for row in found] == []
    assert any("jumps not judged" in note for note in found.notes)


def test_a_viewer_detects_in_what_it_sees_and_writes_nothing(fleet):
    quiet(fleet)
    strike(fleet, range(1, 6), 27)
    view = Impacts(fleet.store.scoped(frozenset({"c1", "c2"})), fleet.clock)
    found = view.detect(since=fleet.at(days=26))
    assert {c.customer_id for row in found for c in row.impact.customers} <= {"c1", "c2"}
    assert fleet.store.value("SELECT count(*) FROM catalog.issues") == 0


def test_what_was_not_received_yet_is_not_detected(fleet):
    quiet(fleet)
    strike(fleet, range(1, 6), 27)
    found = fleet.impact.detect(since=fleet.at(days=26), as_of=fleet.at(days=28))
    assert len(found) == 0


def test_a_window_that_cannot_be_is_refused(fleet):
    with pytest.raises(InputError, match="naive"):
        fleet.impact.detect(since=fleet.at(days=1).replace(tzinfo=None))
    with pytest.raises(InputError, match="end after it starts"):
        fleet.impact.detect(since=fleet.at(days=99))


def test_rows_can_be_sliced_and_shown_without_text(fleet):
    quiet(fleet)
    strike(fleet, range(1, 6), 27)
    found = detect(fleet)
    assert found[:1][0].impact.events == found[0].impact.events
    assert "deadlock" not in repr(found)


def test_signatures_that_began_together_are_one_new_issue(broken):
    found = broken.impact.detect(since=broken.at(days=15))
    assert len(found) == 1
    row = found[0]
    assert row.kind == "new"
    assert row.signature_ids == ["s-lock", "s-save"]
    assert (row.customers, row.severity, row.events) == (4, 17, 24)
    assert row.since == broken.at(days=17, hours=7)
    assert row.detected_at == broken.clock.now()
    assert row.reasons[0] == "first seen in production on 2026-03-19; 12 customer-days since"
    assert "2 signatures started together" in row.reasons[2]


def test_without_events_nothing_is_found(fleet):
    assert len(fleet.impact.detect(since=fleet.at())) == 0


def test_other_stages_are_no_news(broken):
    broken.place("lab", "c5", "c6", stage="test")
    broken.add(
        [
            row
            for c in ("c5", "c6")
            for row in broken.errors(
                c, broken.at(days=18), broken.at(days=19), environment_id="lab", stage="test",
                signature_id="s-disk",
            )
        ]
    )  # fmt: skip
    found = broken.impact.detect(since=broken.at(days=15))
    assert all("s-disk" not in row.signature_ids for row in found)


def test_one_customer_with_a_few_harmless_lines_is_no_news(broken):
    broken.add(
        broken.errors(
            "c6", broken.at(days=18), broken.at(days=19), signature_id="s-disk", severity=9
        )
    )
    found = broken.impact.detect(since=broken.at(days=15))
    assert [row.kind for row in found] == ["new"]


def test_one_customer_with_many_severe_lines_is_news(fleet):
    fleet.customers(3)
    fleet.talk(range(1, 4), range(20))
    fleet.add(fleet.errors("c1", *(fleet.at(days=19, minutes=m) for m in range(30)), severity=21))
    found = fleet.impact.detect(since=fleet.at(days=18))
    assert (found[0].customers, found[0].severity) == (1, 21)


def test_shared_lines_count_all_their_customers(fleet):
    fleet.customers(2)
    fleet.place("m", "c3", "c4", "c5")
    fleet.store.save("customers", pl.DataFrame({"customer_id": ["c3", "c4", "c5"]}))
    fleet.share("g", dict.fromkeys(("c3", "c4", "c5"), 1 / 3))
    fleet.talk(range(1, 3), range(20))
    fleet.add(
        fleet.errors("c3", *(fleet.at(days=19, minutes=m) for m in range(30)), environment_id="m",
                     customer_id=None, share_group="g", severity=21)
    )  # fmt: skip
    assert fleet.impact.detect(since=fleet.at(days=18))[0].customers == 3


def test_signatures_of_an_issue_are_in_the_order_of_their_traces(fleet):
    quiet(fleet)
    for i in range(1, 6):
        for hour in (9, 11):
            for signature, second in (("s-save", 0), ("s-lock", 20)):
                moment = fleet.at(days=27, hours=hour, minutes=i, seconds=second)
                trace = f"t{i}-{hour}"
                fleet.add(fleet.errors(f"c{i}", moment, signature_id=signature, trace_id=trace))
    (found,) = detect(fleet)
    assert found.signature_ids == ["s-save", "s-lock"]
    [pair] = found.cascade
    assert (pair.upstream_id, pair.downstream_id, pair.evidence) == ("s-save", "s-lock", "traces")
    assert (pair.together, pair.first) == (10, 10)
    assert pair.probability > 0.99
    assert found.reasons[-1] == "s-save comes before s-lock in 10 of 10 traces"


def test_without_traces_the_order_is_that_of_the_onsets(broken):
    [pair] = broken.impact.detect(since=broken.at(days=15))[0].cascade
    assert (pair.upstream_id, pair.downstream_id, pair.evidence) == ("s-lock", "s-save", "onsets")
    assert pair.together == 4


def test_an_issue_keeps_its_id_whatever_the_order_of_its_signatures(broken):
    first = broken.impact.detect(since=broken.at(days=15))[0]
    for i in range(1, 5):
        moments = [broken.at(days=18, hours=h, minutes=i) for h in (7, 8)]
        for at in moments:
            for name, late in (("s-save", 0), ("s-lock", 5)):
                broken.add(broken.errors(f"c{i}", at + timedelta(seconds=late), signature_id=name,
                                         trace_id=f"t-{i}-{at.hour}"))  # fmt: skip
    again = broken.impact.detect(since=broken.at(days=15))[0]
    assert again.signature_ids == ["s-save", "s-lock"]
    assert again.issue_id == first.issue_id
