"""Which clocks are wrong: never one that is only late, and by how much those that are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from caseline.fleet.clock_judging import (
    judge_by_arrival,
    judge_by_comparison,
    judge_by_past,
    judge_by_sibling,
    shows_the_time,
)
from caseline.fleet.clock_records import ClockError, Comparison, Showing
from caseline.fleet.clock_settings import shipped_clock_settings

SETTINGS = shipped_clock_settings()
MINE, OTHER = ("db1", True), ("web1", True)
NOW = 1_773_000_000.0
HOUR = 3_600.0
DELAYS = {
    "exponential": lambda rng, n: rng.exponential(0.5, n),
    "lognormal": lambda rng, n: 0.3 * rng.lognormal(0, 0.7, n),
    "uniform": lambda rng, n: rng.uniform(0.0, 3, n),
}
LATE = {
    "exponential": lambda rng, n: rng.exponential(2 * HOUR, n),
    "lognormal": lambda rng, n: HOUR * rng.lognormal(1, 0.6, n),
    "normal": lambda rng, n: np.abs(rng.normal(3 * HOUR, 600, n)),
    "prompt": lambda rng, n: rng.exponential(2.0, n),
    "backlog": lambda _, n: np.maximum(3 * HOUR * (1 - np.arange(n) / max(1, n - 5)), 1.0),
}


def showing(clock=MINE, *, offset=0.0, age=5.0, hours=6.0, records=2_000, taken=NOW):
    newest = taken - age + offset
    return Showing(
        clock=clock,
        oldest=newest - hours * HOUR,
        newest=newest,
        records=records,
        received=taken,
        taken=taken,
    )


def compared(offset, rng, delays="exponential", *, sign=1, count=60, run=0):
    """Return *count* calls within six hours, the clock off by *offset* at each."""
    true = np.sort(NOW - rng.random(count) * 6 * HOUR)
    at = true + offset
    difference = offset + sign * DELAYS[delays](rng, count)
    runs = np.full(count, run, dtype=np.int64)
    return Comparison(clock=MINE, other=OTHER, run=runs, at=at, difference=difference)


@given(
    offset=st.floats(-24 * HOUR, 24 * HOUR),
    seed=st.integers(0, 5_000),
    delays=st.sampled_from(sorted(DELAYS)),
    sign=st.sampled_from([-1, 1]),
)
def test_a_planted_offset_lies_within_its_interval(offset, seed, delays, sign):
    assume(abs(offset) > 60)
    rng = np.random.default_rng(seed)
    found = judge_by_comparison(
        showing(offset=offset),
        showing(OTHER),
        compared(offset, rng, delays, sign=sign),
        SETTINGS,
    )
    (error,) = found
    assert error.applied
    assert error.low <= offset <= error.high
    assert error.high - error.low < 30
    assert abs(error.offset - offset) < 5


@given(
    seed=st.integers(0, 5_000),
    delays=st.sampled_from(sorted(DELAYS)),
    sign=st.sampled_from([-1, 1]),
    count=st.integers(0, 80),
)
def test_clocks_that_agree_are_left_alone(seed, delays, sign, count):
    rng = np.random.default_rng(seed)
    found = judge_by_comparison(
        showing(), showing(OTHER), compared(0.0, rng, delays, sign=sign, count=count), SETTINGS
    )
    assert not found


@pytest.mark.parametrize(
    ("offset", "kind"), [(-10_800.0, "wrong_zone"), (20_700.0, "wrong_zone"), (-217.0, "skew")]
)
def test_whole_quarters_of_an_hour_are_a_zone(offset, kind):
    rng = np.random.default_rng(1)
    (error,) = judge_by_comparison(
        showing(offset=offset), showing(OTHER), compared(offset, rng), SETTINGS
    )
    assert error.kind == kind
    assert error.offset == pytest.approx(offset, abs=0 if kind == "wrong_zone" else 1)


@pytest.mark.parametrize(
    ("mine", "other"),
    [
        ({"age": 5.0}, {"age": 5.0}),  # work that waits three hours, on two right clocks
        ({"age": 3 * HOUR}, {"age": 4 * HOUR}),  # both late: nobody shows the time
        ({"age": 5.0}, {"age": 3 * HOUR}),  # the other one is off
    ],
)
def test_nothing_is_corrected_unless_the_other_clock_alone_shows_the_time(mine, other):
    rng = np.random.default_rng(2)
    found = judge_by_comparison(
        showing(**mine), showing(OTHER, **other), compared(-3 * HOUR, rng), SETTINGS
    )
    assert not any(error.applied for error in found or [])


def test_two_clocks_apart_and_none_that_shows_the_time_are_unsure():
    rng = np.random.default_rng(2)
    found = judge_by_comparison(
        showing(age=20 * HOUR), showing(OTHER, age=18 * HOUR), compared(-2 * HOUR, rng), SETTINGS
    )
    assert [error.kind for error in found] == ["unsure"]


def test_few_shared_traces_tell_nothing():
    few = compared(-3 * HOUR, np.random.default_rng(3), count=SETTINGS.pairs - 1)
    assert judge_by_comparison(showing(age=3 * HOUR), showing(OTHER), few, SETTINGS) is None


def test_widely_spread_differences_tell_nothing():
    rng = np.random.default_rng(3)
    calls = compared(0.0, rng)
    spread = replace(calls, difference=-rng.exponential(2 * HOUR, 60))
    found = judge_by_comparison(showing(age=3 * HOUR), showing(OTHER), spread, SETTINGS)
    assert not any(error.applied for error in found or [])


@pytest.mark.parametrize("mine", [True, False])
def test_of_two_clocks_that_agree_now_the_one_whose_times_leapt_was_wrong(mine):
    rng = np.random.default_rng(5)
    true = np.sort(NOW - rng.random(120) * 48 * HOUR)
    wrong = (true > NOW - 36 * HOUR) & (true < NOW - 12 * HOUR)
    offset = np.where(wrong, 3 * HOUR, 0.0)
    delay = rng.exponential(0.5, 120)
    back = true >= NOW - 12 * HOUR
    calls = Comparison(
        clock=MINE,
        other=OTHER,
        run=back.astype(np.int64) if mine else np.zeros(120, dtype=np.int64),
        at=true + offset if mine else true,
        difference=(offset if mine else -offset) - delay,
    )
    found = judge_by_comparison(showing(hours=48), showing(OTHER, hours=48), calls, SETTINGS)
    told = [(e.kind, e.offset, e.run, e.applied) for e in found]
    assert told == ([("wrong_zone", 3 * HOUR, 0, True)] if mine else [])
    if mine:
        assert NOW - 36 * HOUR < found[0].starts < NOW - 31 * HOUR
        assert found[0].ends == float("inf")


# by arrival


def arrivals(count, *, every, offset=0.0, delays=None):
    received = NOW + every * np.arange(count)
    late = np.full(count, 2.0) if delays is None else delays
    return [
        showing(offset=offset, age=float(age), hours=every / HOUR, taken=float(at), records=200)
        for at, age in zip(received, late, strict=True)
    ]


@given(
    seed=st.integers(0, 3_000),
    how=st.sampled_from(sorted(LATE)),
    count=st.integers(1, 48),
    every=st.sampled_from([5.0, 60.0, 300.0, 900.0, HOUR, 24 * HOUR]),
    others=st.sampled_from([True, False, None]),
)
def test_lateness_is_no_skew(seed, how, count, every, others):
    rng = np.random.default_rng(seed)
    late = arrivals(count, every=every, delays=LATE[how](rng, count))
    assert judge_by_arrival(MINE, late, SETTINGS, others_fresh=others) is None


@pytest.mark.parametrize("late", [HOUR, 3 * HOUR, 24 * HOUR])
def test_batches_at_night_and_files_of_a_host_that_stopped_are_no_skew(late):
    nightly = arrivals(40, every=24 * HOUR, delays=np.full(40, late))
    assert judge_by_arrival(MINE, nightly, SETTINGS, others_fresh=True) is None
    at_once = [replace(s, newest=NOW - late) for s in arrivals(40, every=1.0)]
    assert judge_by_arrival(MINE, at_once, SETTINGS, others_fresh=True) is None


@given(
    ratio=st.one_of(st.floats(-180, -7), st.floats(7, 180)),
    seed=st.integers(0, 3_000),
    every=st.sampled_from([60.0, 300.0]),
)
def test_a_live_host_whose_lag_stands_still_is_off_by_it(ratio, seed, every):
    offset = ratio * every
    rng = np.random.default_rng(seed)
    count = 48
    live = arrivals(count, every=every, offset=offset, delays=rng.exponential(3.0, count) + 0.5)
    error = judge_by_arrival(MINE, live, SETTINGS, others_fresh=True)
    assert error is not None
    assert error.low <= offset <= error.high
    assert error.applied


def test_where_all_hosts_lag_it_is_the_way_and_no_clock():
    live = arrivals(40, every=60.0, offset=-900.0)
    assert judge_by_arrival(MINE, live, SETTINGS, others_fresh=True) is not None
    assert judge_by_arrival(MINE, live, SETTINGS, others_fresh=False) is None


def test_a_lone_host_needs_more_collections():
    live = arrivals(SETTINGS.lone_readings, every=60.0, offset=-900.0)
    assert judge_by_arrival(MINE, live, SETTINGS, others_fresh=None) is not None
    assert judge_by_arrival(MINE, live[1:], SETTINGS, others_fresh=None) is None


# by the host's other lines, by the past


def test_lines_without_a_zone_in_the_future_are_off_by_whole_zones():
    local = showing(("db1", False), offset=2 * HOUR)
    error = judge_by_sibling(local, showing(), SETTINGS)
    assert (error.kind, error.offset, error.applied) == ("wrong_zone", 2 * HOUR, True)
    assert judge_by_sibling(local, None, SETTINGS) is None
    assert judge_by_sibling(local, showing(age=5 * HOUR), SETTINGS) is None
    ended = showing(("db1", False), age=2 * HOUR)
    assert judge_by_sibling(ended, showing(), SETTINGS) is None
    odd = showing(("db1", False), offset=2_500.0)
    assert judge_by_sibling(odd, showing(), SETTINGS) is None


PAST = ClockError(
    clock=MINE, kind="skew", offset=-HOUR, low=-HOUR - 2, high=-HOUR + 2, applied=True
)


@pytest.mark.parametrize(
    ("shown", "kind"),
    [
        ({"offset": -HOUR}, "skew"),  # still off
        ({}, None),  # put right since
        ({"age": 5 * HOUR}, "unsure"),  # late: nobody can tell
        ({"offset": HOUR}, "unsure"),
    ],
)
def test_what_was_found_before_holds_while_the_clock_shows_it(shown, kind):
    error = judge_by_past(showing(**shown), PAST, SETTINGS)
    assert (error.kind if error else None) == kind
    assert error is None or error.applied == (kind == "skew")


def test_a_clock_that_was_taken_in_the_future_shows_no_time():
    assert shows_the_time(showing(), SETTINGS)
    assert not shows_the_time(replace(showing(), received=NOW - HOUR), SETTINGS)
    assert not shows_the_time(showing(offset=HOUR), SETTINGS)
