"""S13: its hosts write what their clocks show, and the truth says by how much they err."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from caseline.testing.fleet import simulate
from caseline.testing.fleet.calls import Fault, Machine

NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)
NEW_YORK = "America/New_York"


@pytest.fixture(scope="module")
def fleet():
    return simulate("S13", seed=5, customers=40, days=8, events_per_day=100)


def written(machine, at):
    return machine.line(at, text="x", trace_id="f" * 32, level="WARN")


@pytest.mark.parametrize(
    ("form", "stamp"),
    [
        ("json", '"2026-03-20T12:00:00.000000Z"'),
        ("local", '"2026-03-20 08:00:00.000"'),
        ("plain", "2026-03-20 08:00:00,000 WARN"),
        ("yearless", "Mar 20 08:00:00 h "),
    ],
)
def test_a_host_writes_in_its_form(form, stamp):
    assert stamp in written(Machine(host="h", form=form, zone=NEW_YORK), NOON)


def test_a_host_without_daylight_saving_is_an_hour_behind_from_then_on():
    fault = Fault(since=NOON - timedelta(days=30), standard_time=True)
    machine = Machine(host="h", form="plain", zone=NEW_YORK, faults=(fault,))
    assert written(machine, NOON).startswith("2026-03-20 07:00")
    assert machine.error_at(NOON) == -3600
    assert machine.error_at(NOON - timedelta(days=20)) == 0


def test_errors_begin_grow_and_end():
    day = timedelta(days=1)
    faults = (Fault(since=NOON, seconds=10, drift_per_day=5), Fault(since=NOON + 3 * day))
    machine = Machine(host="h", form="json", zone="UTC", faults=faults)
    moments = [NOON - day, NOON, NOON + 2 * day, NOON + 3 * day]
    assert [machine.error_at(at) for at in moments] == [0, 10, 20, 0]


def test_parcels_come_by_arrival_and_tell_their_case(fleet):
    posted = [p for p in fleet.parcels() if p.damage != "none"]
    assert [p.received_at for p in posted] == sorted(p.received_at for p in posted)
    cases = {fact["case"] for fact in fleet.truth.facts["clocks"]}
    assert {p.damage for p in posted} == cases
    json.dumps(fleet.truth.facts)


def test_causes_come_before_effects_in_truth_and_not_in_all_files(fleet):
    calls = fleet.truth.facts["calls"]
    assert len(calls) > 5_000
    assert all(call["cause_at"] < call["effect_at"] for call in calls)
    assert {round(call["error_seconds"]) for call in calls} >= {-10_800, 10_800, 2_417, -700, 0}


def test_the_written_fleet_holds_what_was_posted(fleet, tmp_path):
    root = fleet.write(tmp_path / "fleet")
    some = fleet._plan.posted[0]
    assert (root / some.path).read_bytes() == some.data
