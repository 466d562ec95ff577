"""Knobs are checked when they are set."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from caseline.errors import InputError
from caseline.testing.fleet import Settings, simulate


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        ("customers", 3),
        ("days", 0),
        ("events_per_day", -1),
        ("share_multi_tenant", 1.2),
        ("missing_share", -0.1),
        ("live_versions", 0),
    ],
)
def test_a_value_out_of_range_is_named(knob, value):
    with pytest.raises(InputError, match=f"{knob} is {value}"):
        Settings(**{knob: value})


def test_a_naive_start_is_refused():
    with pytest.raises(InputError, match="naive datetime"):
        Settings(start=datetime(2026, 1, 1))  # noqa: DTZ001 - naive on purpose


def test_shares_of_telemetry_that_exceed_one_are_refused():
    with pytest.raises(InputError, match=r"push_share \+ none_share is 1.4"):
        Settings(push_share=0.7, none_share=0.7)


def test_an_unknown_knob_is_named():
    with pytest.raises(InputError, match="no knob 'custmers'"):
        simulate("S11", custmers=3)


def test_a_negative_seed_is_refused():
    with pytest.raises(InputError, match="seed is -1"):
        simulate("S11", seed=-1, customers=10, days=1)


def test_the_start_is_fixed_and_no_clock_is_asked():
    assert Settings().start == datetime(2026, 3, 2, tzinfo=UTC)


def test_a_fleet_without_shared_environments_can_be_made():
    fleet = simulate("S11", customers=20, days=1, events_per_day=50, share_multi_tenant=0.0)
    assert set(fleet.environments["kind"]) == {"single_tenant"}
    assert list(fleet.streams())


def test_repr_is_one_line():
    fleet = simulate("S11", customers=20, days=1, events_per_day=50)
    assert repr(fleet) == "Simulation(S11, seed 0: 20 customers, 1 days, 50 events a day)"
    assert repr(fleet.truth).startswith("Truth(0 issues")
