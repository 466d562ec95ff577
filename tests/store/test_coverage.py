from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.store.conftest import MARCH

from caseline.records.windows import Window
from caseline.store.coverage import CoveredDays, read_covered

FIRST = date(2026, 3, 1)
pairs = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), max_size=30)


def on(day):
    return FIRST + timedelta(days=day)


def covered(rows):
    schema = {"environment_id": pl.String, "day": pl.Date}
    return CoveredDays.of(pl.DataFrame([(e, on(d)) for e, d in rows], schema=schema, orient="row"))


@given(pairs, st.integers(-5, 45), st.integers(-5, 45))
def test_days_are_kept_cut_and_counted(rows, low, high):
    days = covered(rows)
    truth = {(e, on(d)) for e, d in rows}
    assert set(days.to_frame().rows()) == truth
    cut = days.between(on(low), on(high))
    assert set(cut.to_frame().rows()) == {(e, d) for e, d in truth if on(low) <= d <= on(high)}
    places = pl.Series(["a", "b", "z"])
    asked = pl.Series([on(low), on(high), on(0)])
    expected = [
        sum(e == place and d >= day for e, d in truth)
        for place, day in zip(places, asked, strict=True)
    ]
    assert days.since(places, asked).tolist() == expected


def read(store, low, high):
    window = Window(start=MARCH + timedelta(hours=low), end=MARCH + timedelta(hours=high))
    return sorted(read_covered(store, window=window).to_frame().rows())


@pytest.fixture
def three_days(store, append):
    append([{"occurred_at": MARCH + timedelta(hours=h)} for h in (20, 50)], name="long.log")
    append([{"occurred_at": MARCH + timedelta(hours=8), "environment_id": "e2"}], name="short.log")
    return store


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 96, [("e1", 0), ("e1", 1), ("e1", 2), ("e2", 0)]),
        (9, 96, [("e1", 0), ("e1", 1), ("e1", 2)]),
        (0, 12, [("e2", 0)]),
        (12, 19, []),
        (21, 22, [("e1", 0)]),
        (22, 26, [("e1", 0), ("e1", 1)]),
        (51, 90, []),
        (24, 48, [("e1", 1)]),
    ],
)
def test_of_a_day_held_in_part_only_logs_that_reach_into_it_count(three_days, low, high, expected):
    assert read(three_days, low, high) == [(e, on(d)) for e, d in expected]


def test_what_is_remembered_is_read_anew_when_a_day_is_added(three_days, append):
    assert len(read(three_days, 0, 96)) == 4
    append([{"occurred_at": MARCH + timedelta(hours=80)}], name="later.log")
    assert len(read(three_days, 0, 96)) == 5


def test_a_viewer_sees_its_own_environments_and_the_past_what_was_there(three_days, append):
    held = pl.DataFrame([{"customer_id": "c1", "environment_id": "e1"}])
    three_days.save("tenancies", held)
    viewer = three_days.scoped(frozenset({"c1"}))
    assert set(read_covered(viewer).to_frame()["environment_id"]) == {"e1"}
    append([{"environment_id": "e3"}], name="new.log", received_at=MARCH + timedelta(days=60))
    then = read_covered(three_days, as_of=MARCH + timedelta(days=50)).to_frame()
    assert set(then["environment_id"]) == {"e1", "e2"}
    assert set(read_covered(three_days).to_frame()["environment_id"]) == {"e1", "e2", "e3"}
