"""S12: logs that come late, and errors sooner than usage."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from caseline.testing.fleet import simulate
from caseline.testing.fleet.scenarios.s12_late_channels import VERSION, LateCourier


@pytest.fixture(scope="module")
def fleet():
    return simulate("S12", seed=2, customers=12, days=10, events_per_day=200)


def test_errors_come_sooner_than_the_rest_of_the_same_day(fleet):
    parcels = list(fleet.parcels())
    errors = {p.path.replace("-errors", ""): p for p in parcels if "-errors" in p.path}
    others = {p.path: p for p in parcels if "-errors" not in p.path}
    both = errors.keys() & others.keys()
    assert len(both) > 10
    assert all(errors[path].received_at <= others[path].received_at for path in both)
    waits = [others[path].received_at - errors[path].received_at for path in both]
    assert max(waits) > timedelta(days=1)


def test_places_keep_their_habits():
    courier = LateCourier(np.random.default_rng(0))
    habits = {courier.habit(f"e{n}") for n in range(60)}
    assert habits == {"hours", "days", "weekly"}
    weekly = next(f"e{n}" for n in range(60) if courier.habit(f"e{n}") == "weekly")
    start = simulate("S12", customers=4, days=1, events_per_day=0).settings.start
    days = {courier.usage_at(weekly, start + timedelta(days=n)).weekday() for n in range(30)}
    assert len(days) == 1


def test_the_release_goes_out_at_the_end_and_changes_nothing(fleet):
    new = fleet.spans.filter(pl.col("value") == VERSION)
    assert new.height > 2
    assert new["valid_from"].min() >= fleet.settings.end - timedelta(days=2)
    assert fleet.truth.facts["late"]["expected_changes"] == 0
    rates = {(s.environment, s.per_day) for s in fleet._plan.issues[0].segments}
    assert len(rates) == len({place for place, _ in rates})
