from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.impact.ordering import causal_order, order_pairs

MARCH = datetime(2026, 3, 2, tzinfo=UTC)
TRACES = {"trace_id": pl.String, "signature_id": pl.String, "at": pl.Datetime("us", "UTC")}
ONSETS = {"unit": pl.String, "signature_id": pl.String, "first_at": pl.Datetime("us", "UTC")}


def frame(rows, schema):
    moved = [(unit, name, MARCH + timedelta(minutes=m)) for unit, name, m in rows]
    return pl.DataFrame(moved, schema=schema, orient="row")


def ordered(traces=(), onsets=(), **options):
    return order_pairs(frame(traces, TRACES), frame(onsets, ONSETS), **options)


def test_the_line_that_comes_first_in_shared_traces_is_upstream():
    pairs = ordered([("t1", "b", 0), ("t1", "a", 1), ("t2", "b", 5), ("t2", "a", 9)])
    row = pairs.row(0, named=True)
    assert (row["upstream"], row["downstream"], row["evidence"]) == ("b", "a", "traces")
    assert (row["together"], row["first"], row["last"]) == (2, 2, 0)
    assert row["probability"] == pytest.approx(0.875)


def test_of_a_trace_only_the_first_line_of_each_signature_counts():
    pairs = ordered([("t1", "a", 0), ("t1", "b", 1), ("t1", "a", 9), ("t1", "b", 7)])
    assert pairs.row(0, named=True)["upstream"] == "a"
    assert pairs.height == 1


def test_traces_count_before_onsets():
    pairs = ordered(
        [("t1", "a", 0), ("t1", "b", 1)], [(f"c{i}", name, m) for i in range(9)
                                           for name, m in (("b", 0), ("a", 30))]
    )  # fmt: skip
    assert pairs["upstream"].to_list() == ["a"]
    assert pairs["evidence"].to_list() == ["traces"]


def test_onsets_tell_what_no_trace_tells():
    instant = [("t1", "a", 0), ("t1", "b", 0)]
    pairs = ordered(instant, [("c1", "b", 0), ("c1", "a", 30), ("c2", "b", 5), ("c2", "a", 6)])
    assert pairs.row(0, named=True)["evidence"] == "onsets"
    assert pairs["upstream"].to_list() == ["b"]


def test_onsets_far_apart_have_nothing_in_common():
    apart = [("c1", "b", 0), ("c1", "a", 61)]
    assert ordered(onsets=apart, within=timedelta(hours=1)).is_empty()
    assert ordered(onsets=apart, within=timedelta(hours=2)).height == 1


def test_what_begins_together_tells_no_order():
    pairs = ordered(onsets=[("c1", "b", 0), ("c1", "a", 0)])
    assert pairs["probability"].to_list() == [0.5]


def test_nothing_in_nothing_out():
    assert ordered().is_empty()
    assert causal_order([], ordered()) == []


def test_a_chain_is_put_in_order():
    rows = [(f"t{i}", name, i * 10 + m) for i in range(5)
            for name, m in (("ui", 2), ("db", 0), ("api", 1))]  # fmt: skip
    assert causal_order(["api", "ui", "db"], ordered(rows)) == ["db", "api", "ui"]


def test_a_circle_is_broken_where_it_is_weakest():
    pairs = pl.DataFrame(
        {"upstream": ["a", "b", "c"], "downstream": ["b", "c", "a"],
         "probability": [0.99, 0.95, 0.6]}
    )  # fmt: skip
    assert causal_order(["c", "b", "a"], pairs) == ["a", "b", "c"]


lines = st.lists(
    st.tuples(st.sampled_from("xyz"), st.sampled_from("abcd"), st.integers(0, 20)), max_size=40
)


@given(lines)
def test_pairs_are_those_of_a_slow_count(rows):
    firsts = {}
    for unit, name, minute in rows:
        firsts[unit, name] = min(minute, firsts.get((unit, name), minute))
    slow = {}
    for one, other in combinations("abcd", 2):
        shared = [u for u in "xyz" if (u, one) in firsts and (u, other) in firsts]
        ahead = sum(firsts[u, one] < firsts[u, other] for u in shared)
        behind = sum(firsts[u, one] > firsts[u, other] for u in shared)
        if ahead + behind:
            up, down = (one, other) if ahead >= behind else (other, one)
            slow[up, down] = (len(shared), max(ahead, behind), min(ahead, behind))
    told = ordered(rows)
    fast = {(r["upstream"], r["downstream"]): (r["together"], r["first"], r["last"])
            for r in told.iter_rows(named=True)}  # fmt: skip
    assert fast == slow
    assert told["probability"].is_between(0.5, 1.0).all()


@given(lines, st.permutations("abcd"))
def test_an_order_has_each_signature_once(rows, names):
    assert sorted(causal_order(names, ordered(rows))) == ["a", "b", "c", "d"]
