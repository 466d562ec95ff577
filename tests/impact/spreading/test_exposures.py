from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from caseline.impact.spreading.exposures import Vector, distinct, exposed_on, pair_of, paired
from caseline.impact.spreading.risk import DAY, Risk

HOUR = DAY // 24


def risk_with(observed, hits, first=None):
    count = observed.shape[0]
    units = pl.DataFrame(
        {"customer_id": [f"c{i}" for i in range(count)], "environment_id": ["e"] * count}
    )
    first = np.zeros(hits.shape, dtype=np.int64) if first is None else first
    return Risk(
        units=units, first_day=date(1970, 1, 1), observed=observed, hits=hits, events=hits,
        first=first,
    )  # fmt: skip


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_exposure_is_that_of_every_spell_looked_at_alone(seed):
    rng = np.random.default_rng(seed)
    units, days, count = 4, 6, 3
    hits = (rng.random((units, days)) < 0.3).astype(float)
    starts = np.arange(days, dtype=np.int64) * DAY
    first = np.where(hits > 0, starts + rng.integers(0, DAY, (units, days)), 0)
    risk = risk_with(np.ones((units, days), bool), hits, first)
    begin = rng.integers(-DAY, 6 * DAY, 8)
    rows = pl.DataFrame(
        {
            "exposure": rng.integers(0, count, 8), "unit": rng.integers(0, units, 8),
            "start": begin, "end": begin + rng.integers(1, 3 * DAY, 8),
        }
    )  # fmt: skip
    bits = exposed_on(rows, count, risk, starts, slack_hours=2)
    for k in range(count):
        for i in range(units):
            for d in range(days):
                low, high = starts[d], starts[d] + DAY - 1
                if hits[i, d]:
                    low, high = first[i, d] - 2 * HOUR, first[i, d] + 2 * HOUR
                mine = rows.filter(pl.col("exposure") == k, pl.col("unit") == i)
                slow = any(s <= high and e > low for s, e in mine.select("start", "end").rows())
                assert bits[k, i, d] == slow


def vector(kind, attribute, value=None):
    return Vector(kind=kind, attribute=attribute, value=value)


def test_vectors_that_no_observed_place_tells_apart_stand_once():
    observed = np.array([[True], [True], [True], [False]])
    risk = risk_with(observed, np.zeros((4, 1)))
    bits = np.array([[[1], [0], [0], [0]], [[1], [0], [0], [1]], [[1], [1], [0], [0]]], dtype=bool)
    vectors = [vector("flag", "f", "on"), vector("version", "v", "8"), vector("tier", "t", "gold")]
    found = distinct(vectors, bits, risk)
    assert found.vectors == [vectors[1], vectors[2]]
    assert found.also == [[vectors[0]], []]


def test_what_all_have_or_nobody_explains_nothing():
    risk = risk_with(np.ones((3, 1), bool), np.zeros((3, 1)))
    bits = np.array([[[1], [1], [1]], [[0], [0], [0]]], dtype=bool)
    assert len(distinct([vector("a", "x"), vector("b", "y")], bits, risk)) == 0


def test_pairs_are_made_of_parts_of_the_product_only():
    hits = np.zeros((4, 1))
    hits[0] = 1
    risk = risk_with(np.ones((4, 1), bool), hits)
    vectors = [vector("plugin", "p"), vector("version", "v", "8"), vector("region", "region", "eu")]
    bits = np.array([[[1], [1], [0], [0]], [[1], [0], [1], [0]], [[1], [0], [0], [1]]], dtype=bool)
    exposures = distinct(vectors, bits, risk)
    found = paired(exposures, risk, np.arange(3), most=10)
    assert found.vectors == [pair_of(vectors[0], vectors[1])]
    assert found.bits[0, :, 0].tolist() == [True, False, False, False]


def test_a_pair_that_says_what_one_of_its_parts_says_is_left_out():
    hits = np.zeros((4, 1))
    hits[0] = 1
    risk = risk_with(np.ones((4, 1), bool), hits)
    vectors = [vector("plugin", "p"), vector("version", "v", "8")]
    bits = np.array([[[1], [0], [0], [0]], [[1], [1], [0], [0]]], dtype=bool)
    assert len(paired(distinct(vectors, bits, risk), risk, np.arange(2), most=10)) == 0
