from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from caseline.impact.causes.delays import Delay, delay_rows, read_delay, shrunken
from caseline.impact.causes.evidence import reach_back, window_around
from caseline.impact.causes.settings import cause_settings

SETTINGS = cause_settings().delay
NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)


def test_without_tickets_the_delay_is_what_ships():
    own, fleet = shrunken((0, 0.0), (0, 0.0), settings=SETTINGS)
    assert math.exp(own) == pytest.approx(SETTINGS.hours) == pytest.approx(math.exp(fleet))


def test_many_tickets_of_a_customer_tell_its_own_delay():
    slow = math.log(100)
    few, many = (shrunken((n, slow), (50, 1.0), settings=SETTINGS)[0] for n in (1, 100))
    assert 1.0 < few < many < slow
    assert many == pytest.approx(slow, abs=0.3)


def test_a_customer_is_like_its_fleet_before_it_is_known():
    own, fleet = shrunken((0, 0.0), (1000, 0.0), settings=SETTINGS)
    assert own == pytest.approx(0, abs=0.05)
    assert own == pytest.approx(fleet, abs=0.05)


def test_what_is_kept_has_a_row_of_all_and_one_of_each():
    rows = delay_rows("w-1", [("c2", math.e), ("c1", 1.0), ("c1", math.e**2)])
    assert rows["customer_id"].to_list() == [None, "c1", "c2"]
    assert rows["tickets"].to_list() == [3, 2, 1]
    assert rows["log_hours"].to_list() == pytest.approx([1, 1, 1])
    assert delay_rows("w-1", []).is_empty()


def test_the_learned_delay_is_read_for_the_customer(fleet):
    fleet.store.save("cause_delays", delay_rows("w-1", [("c1", 90.0)] * 40 + [("c2", 1.0)] * 40))
    slow, quick, none = (
        read_delay(fleet.store, who, version=version, settings=SETTINGS, as_of=None)
        for who, version in (("c1", "w-1"), ("c2", "w-1"), ("c1", None))
    )
    assert slow.hours > 50
    assert quick.hours < 3
    assert (slow.factor, quick.factor) == SETTINGS.factor_bounds[::-1]
    assert (slow.tickets, none.tickets) == (40, 0)
    assert (none.hours, none.factor) == (pytest.approx(SETTINGS.hours), pytest.approx(1))


def test_a_late_writer_is_looked_back_for_longer():
    settings = cause_settings()
    usual, late, ages = (
        Delay(hours=hours, factor=1.0, tickets=9) for hours in (6.0, 48.0, 4_000.0)
    )
    windows = [
        window_around(NOON, now=NOON + timedelta(days=2), settings=settings, delay=delay)
        for delay in (usual, late, ages)
    ]
    assert NOON - windows[0].start == settings.before
    assert NOON - windows[1].start == timedelta(hours=48 * SETTINGS.window_delays)
    assert NOON - windows[2].start == timedelta(hours=SETTINGS.most_before_hours)
    assert reach_back(ages, settings) == SETTINGS.most_before_hours
