from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from caseline.estimation.exposure import covered_days, customer_days, in_production
from caseline.records.windows import Window

MARCH = date(2026, 3, 1)
day = st.integers(0, 40)
stretch = st.tuples(st.sampled_from("ab"), day, st.integers(0, 10))


def on(offset):
    return MARCH + timedelta(days=offset)


def at(offset):
    return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=offset)


def frame(stretches):
    rows = [(e, on(low), on(low + length)) for e, low, length in stretches]
    names = {"environment_id": pl.String, "first_day": pl.Date, "last_day": pl.Date}
    return pl.DataFrame(rows, schema=names, orient="row")


@given(st.lists(stretch, max_size=12), st.tuples(day, st.integers(1, 20)) | st.none())
def test_covered_days_are_those_that_a_stretch_touches_each_once(stretches, bounds):
    window = bounds and Window(start=at(bounds[0]), end=at(sum(bounds)))
    slow = {
        (e, on(d))
        for e, low, length in stretches
        for d in range(low, low + length + 1)
        if bounds is None or bounds[0] <= d < sum(bounds)
    }
    found = covered_days(frame(stretches), window or None).rows()
    assert sorted(slow) == found


tenancy = st.tuples(
    st.sampled_from("xy"), st.sampled_from("ab"), day | st.none(), day | st.none(),
    st.sampled_from(["production", "STAGING", None]),
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from("ab"), day), max_size=20, unique=True),
       st.lists(tenancy, max_size=8))  # fmt: skip
def test_customer_days_follow_tenancies_and_production(covered, held):
    slow = sorted(
        {
            (c, e, on(d))
            for e, d in covered
            for c, place, low, high, stage in held
            if place == e and stage != "STAGING"
            and (low is None or d >= low) and (high is None or d < high)
        }
    )  # fmt: skip
    days = pl.DataFrame(
        [(e, on(d)) for e, d in covered],
        schema={"environment_id": pl.String, "day": pl.Date}, orient="row",
    )  # fmt: skip
    time = pl.Datetime("us", "UTC")
    tenancies = pl.DataFrame(
        [(c, e, low if low is None else at(low), high if high is None else at(high), s)
         for c, e, low, high, s in held],
        schema={"customer_id": pl.String, "environment_id": pl.String, "valid_from": time,
                "valid_to": time, "stage": pl.String}, orient="row",
    )  # fmt: skip
    assert customer_days(days, tenancies).rows() == slow


def test_an_unknown_stage_counts_as_production():
    stages = pl.DataFrame({"stage": ["live", None, " Test "]})
    assert stages.select(in_production()).to_series().to_list() == [True, True, False]
