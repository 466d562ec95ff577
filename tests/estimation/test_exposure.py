from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from caseline.estimation.exposure import customer_days, in_production
from caseline.estimation.observed import Observed

MARCH = date(2026, 3, 1)
day = st.integers(0, 40)
stretch = st.tuples(st.sampled_from("ab"), day, st.integers(0, 10))


def on(offset):
    return MARCH + timedelta(days=offset)


def at(offset):
    return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=offset)


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
    first = min([d for _, d in covered], default=0)
    bits = np.zeros((2, 60), dtype=bool)
    for e, d in covered:
        bits["ab".index(e), d - first] = True
    observed = Observed.of(["a", "b"], on(first), bits, tenancies)
    assert observed.rows().rows() == slow
    assert set(observed.customer_days().rows()) == {(c, d) for c, _, d in slow}
    counts = {(c, n) for c, n in observed.customers().rows() if n}
    assert counts == {(c, len({d for x, _, d in slow if x == c})) for c, _, _ in slow}
    places = {(c, e): n for c, e, n in observed.places().rows()}
    assert {pair for pair, n in places.items() if n} == {(c, e) for c, e, _ in slow}
    assert sum(places.values()) == len(slow)
    assert observed.by_day() == {
        d: len({c for c, _, x in slow if x == d}) for d in {d for _, _, d in slow}
    }


def test_an_unknown_stage_counts_as_production():
    stages = pl.DataFrame({"stage": ["live", None, " Test "]})
    assert stages.select(in_production()).to_series().to_list() == [True, True, False]
