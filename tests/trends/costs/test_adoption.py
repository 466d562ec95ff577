from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.trends.costs.adoption import Habits, still_waiting, upgrade_waits

START = datetime(2026, 3, 2, tzinfo=UTC)
NOW = START + timedelta(days=100)
TIME = pl.Datetime("us", "UTC")
SPANS = {
    "environment_id": pl.String, "value": pl.String, "valid_from": TIME, "valid_to": TIME,
}  # fmt: skip


def spans_of(courses):
    """Spans of each place: (version, day it began or None)."""
    rows = []
    for place, course in courses.items():
        ends = [*(day for _, day in course[1:]), None]
        for (version, begins), end in zip(course, ends, strict=True):
            rows.append((place, version, at(begins), at(end)))
    return pl.DataFrame(rows, schema=SPANS, orient="row")


def at(day):
    return None if day is None else START + timedelta(days=day)


def slow_waits(courses, today):
    """The definition, place by place."""
    known = {
        p: [(v, -9999 if d is None else d) for v, d in c if d is None or d <= today]
        for p, c in courses.items()
    }
    known = {p: c for p, c in known.items() if c}
    out, changed = {}, set()
    for course in known.values():
        there = min(day for _, day in course)
        for version, day in course:
            out[version] = min(out.get(version, day), day)
            if day > there:
                changed.add(version)
    if not known:
        return set()
    first = min(day for course in known.values() for _, day in course)
    found = set()
    for version in changed:
        released = out[version]
        if released <= first:
            continue
        for place, course in known.items():
            if min(day for _, day in course) >= released:
                continue
            came = [d for v, d in course if out[v] >= released and d >= released]
            found.add((place, version, (min(came) if came else today) - released, bool(came)))
    return found


COURSE = st.lists(st.tuples(st.sampled_from("1234"), st.integers(0, 120)), min_size=1, max_size=4)


@given(
    drawn=st.dictionaries(st.sampled_from("abcd"), COURSE, max_size=4),
    open_start=st.booleans(),
)
def test_waits_are_those_of_the_definition(drawn, open_start):
    courses = {}
    for place, course in drawn.items():
        days = sorted({day for _, day in course})
        told = [(v, d) for (v, _), d in zip(course, days, strict=False)]
        courses[place] = [(told[0][0], None), *told[1:]] if open_start else told
    spans = spans_of(courses)
    found = upgrade_waits(spans, NOW)
    assert set(found.iter_rows()) == slow_waits(courses, 100)


def test_a_place_that_went_away_waits_no_longer():
    spans = spans_of({"a": [("1", None), ("2", 10)], "b": [("1", None)]}).with_columns(
        pl.when(pl.col("environment_id") == "b").then(pl.lit(at(30))).otherwise("valid_to")
        .alias("valid_to")
    )  # fmt: skip
    assert upgrade_waits(spans, NOW).rows() == [("a", "2", 0.0, True), ("b", "2", 20.0, False)]


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.booleans(), st.floats(0.1, 5)), min_size=1, max_size=12
    )
)
def test_the_curve_is_that_of_the_definition(rows):
    days, taken, weights = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    times, shares = still_waiting(days, taken, weights)
    left = 1.0
    expected = {}
    for t in sorted({d for d, k, _ in rows if k}):
        waiting = sum(w for d, _, w in rows if d >= t)
        left *= 1 - sum(w for d, k, w in rows if d == t and k) / waiting
        expected[t] = left
    assert dict(zip(times, shares, strict=True)) == pytest.approx(expected, abs=1e-9)


def habits(courses, weight=3.0):
    return Habits(waits=upgrade_waits(spans_of(courses), NOW), weight=weight, component="x")


QUICK = [("0", None), *((str(n), 10 * n) for n in range(1, 9))]
SLOW = [("0", None), *((str(n), 10 * n + 8) for n in range(1, 9))]


def test_each_place_goes_on_by_its_own_habits():
    known = habits({"quick": QUICK, "slow": SLOW})
    drawn = known.draw(["quick", "slow", "new"], 800, np.random.default_rng(3))
    quick, slow, new = np.median(drawn, axis=0)
    assert quick == 0
    assert slow == 8
    assert quick <= new <= slow
    mean = drawn.mean(axis=0)
    assert mean[0] < mean[2] < mean[1]
    assert mean[1] == pytest.approx(8 * 8 / 11 + 4 * 3 / 11, rel=0.1)  # own 8, weight 3, mean 4


def test_who_has_waited_already_is_no_longer_as_quick_as_all():
    known = habits({"quick": QUICK, "slow": SLOW})
    drawn = known.draw(["new"], 500, np.random.default_rng(3), waited=np.array([2.0]))
    assert np.isclose(drawn, 6.0).mean() > 0.95


def test_whose_wait_is_cut_off_may_never_come():
    courses = {f"p{n}": [("1", None), ("2", 5 + n)] for n in range(5)}
    known = habits(courses | {f"q{n}": [("1", None)] for n in range(5)})
    drawn = known.draw(["new", "q0"], 1000, np.random.default_rng(3))
    assert np.isinf(drawn[:, 0]).mean() == pytest.approx(0.5, abs=0.06)
    assert np.isinf(drawn[:, 1]).mean() > np.isinf(drawn[:, 0]).mean()
    assert (known.upgrades, known.releases, known.of_their_own(["q0", "new"])) == (5, 1, 1)


def test_without_upgrades_nobody_takes_anything():
    none = Habits(waits=upgrade_waits(spans_of({}), NOW), weight=3.0, component=None)
    assert np.isinf(none.draw(["a"], 3, np.random.default_rng(1))).all()
