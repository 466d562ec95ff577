from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations_with_replacement

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.impact.causes.ordering import find_precedence, order_features
from caseline.impact.causes.precedence import in_bursts, in_traces, joined, sureness
from caseline.impact.causes.settings import cause_settings

ORDER = cause_settings().order
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PAIRS = {"one_id": pl.String, "other_id": pl.String,
         **dict.fromkeys(("together", "ahead", "behind"), pl.Int64)}  # fmt: skip
TRACES = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 5), min_size=1), max_size=25
)


def pairs(*rows):
    return pl.DataFrame(rows, schema=PAIRS, orient="row")


def told_by(traces):
    """Return what trace_order.sql tells of traces, each a dict of signature and moment."""
    rows = []
    for one, other in combinations_with_replacement("abc", 2):
        both = [(t[one], t[other]) for t in traces if one in t and other in t]
        if both:
            ahead, behind = sum(x < y for x, y in both), sum(x > y for x, y in both)
            rows.append((one, other, len(both), ahead, behind))
    return pairs(*rows)


def hours(**moments):
    """Return bursts: for each signature, hours after noon at which something happened."""
    rows = [(name, NOON + timedelta(hours=h)) for name, hs in moments.items() for h in hs]
    frame = pl.DataFrame(rows, schema=["signature_id", "first_at"], orient="row")
    return frame.with_columns(
        pl.col("first_at").cast(pl.Datetime("us", "UTC")),
        pl.col("first_at").dt.truncate("1h").alias("hour"),
        pl.lit(1.0).alias("seen"),
    )


@given(TRACES)
def test_traces_are_counted_as_one_by_one(traces):
    order = in_traces(told_by(traces), "abc")
    for i, one in enumerate("abc"):
        for j, other in enumerate("abc"):
            both = [t for t in traces if one in t and other in t]
            ahead = sum(t[one] < t[other] for t in both)
            assert order.together[i, j] == len(both)
            assert order.ahead[i, j] == ahead
            holding = sum(other in t for t in traces)
            assert order.share[i, j] == pytest.approx(ahead / max(holding, 1))


@given(TRACES)
def test_of_two_at_most_one_is_surely_first(traces):
    strength = in_traces(told_by(traces), "abc").strength
    assert (np.minimum(strength, strength.T) == 0).all()
    assert ((strength >= 0) & (strength <= 1)).all()


@given(st.integers(0, 40), st.integers(0, 40), st.floats(0.05, 0.95))
def test_the_sign_test_is_the_binomial_tail(ahead, behind, chance):
    from scipy.stats import binom  # noqa: PLC0415 - importing it takes time

    p = float(binom.sf(ahead - 1, ahead + behind, chance))
    found = sureness(np.array([ahead]), np.array([ahead + behind]), chance)[0]
    assert found == pytest.approx(max(0.0, 1 - 2 * p), abs=1e-9)


def test_one_trace_says_nothing_and_fourteen_of_fifteen_say_all():
    once = in_traces(pairs(("a", "a", 1, 0, 0), ("a", "b", 1, 1, 0), ("b", "b", 1, 0, 0)), "ab")
    often = in_traces(
        pairs(("a", "a", 20, 0, 0), ("a", "b", 15, 14, 1), ("b", "b", 15, 0, 0)), "ab"
    )
    assert once.strength[0, 1] == 0
    assert often.strength[0, 1] > 0.9
    assert often.strength[1, 0] == 0
    assert often.told(0, 1) == "14 of 15 traces"


def test_bursts_that_begin_first_come_before():
    found = in_bursts(
        hours(a=[0, 10, 20, 30, 40], b=[0.2, 10.3, 20.1, 30.2, 40.1], c=[5]), "abc", settings=ORDER
    )
    assert found.ahead[0, 1] == 5
    assert found.strength[0, 1] > 0.5
    assert found.strength[1, 0] == found.strength[0, 2] == found.strength[2, 0] == 0
    assert found.told(0, 1) == "5 of 5 bursts"


def test_going_on_for_hours_is_one_burst():
    found = in_bursts(hours(a=range(6), b=[h + 0.5 for h in range(6)]), "ab", settings=ORDER)
    assert found.together[0, 1] == 1
    assert found.strength[0, 1] == 0


def test_a_busier_signature_is_first_by_chance():
    frame = hours(a=[0, 10, 20, 30, 40], b=[0.2, 10.3, 20.1, 30.2, 40.1])
    busy = frame.with_columns(pl.when(pl.col("signature_id") == "a").then(50.0).otherwise(1.0)
                              .alias("seen"))  # fmt: skip
    even, uneven = (in_bursts(f, "ab", settings=ORDER).strength[0, 1] for f in (frame, busy))
    assert even > 0.5 > uneven


def test_traces_tell_more_than_bursts():
    bursts = in_bursts(hours(a=[0, 9, 18, 27], b=[1, 10, 19, 28], c=[2, 11]), "abc", settings=ORDER)
    traces = in_traces(pairs(("a", "a", 9, 0, 0), ("a", "b", 9, 0, 9), ("b", "b", 9, 0, 0)), "abc")
    both = joined(traces, bursts)
    assert both.traced.tolist() == [[True, True, False], [True, True, False], [False] * 3]
    assert both.strength[1, 0] > 0.9
    assert both.strength[0, 1] == 0
    assert both.together[0, 2] == bursts.together[0, 2] > 0


def features(**surprise):
    names = list(surprise)
    return pl.DataFrame(
        {
            "signature_id": names,
            "surprise": list(surprise.values()),
            **dict.fromkeys(("missing", "words", "grams", "concepts"), [0.0] * len(names)),
        }
    )


def ordered(frame, *rows):
    order = find_precedence(frame, pairs(*rows), hours(a=[0]), settings=ORDER)
    found = order_features(frame, order, settings=ORDER)
    return {row["signature_id"]: row for row in found.to_dicts()}


CHAIN = (
    ("a", "a", 15, 0, 0), ("a", "b", 15, 15, 0), ("a", "c", 15, 15, 0), ("b", "b", 15, 0, 0),
    ("b", "c", 15, 15, 0), ("c", "c", 15, 0, 0),
)  # fmt: skip


def test_a_chain_points_at_its_beginning():
    shown = features(a=6.0, b=6.0, c=6.0).with_columns(
        pl.when(pl.col("signature_id") == "c").then(0.9).otherwise(0.0).alias("words")
    )
    rows = ordered(shown, *CHAIN)
    assert rows["a"]["upstream"] > 0.9
    assert rows["a"]["downstream"] == rows["c"]["upstream"] == 0
    assert rows["c"]["downstream"] > 0.9
    assert rows["a"]["carried"] == pytest.approx(rows["b"]["carried"]) == pytest.approx(0.3, 0.01)
    assert rows["c"]["carried"] == 0
    assert rows["a"]["chain"] == ["comes before b in 15 of 15 traces"]
    assert rows["b"]["chain"] == [
        "comes before c in 15 of 15 traces", "comes after a in 15 of 15 traces",
    ]  # fmt: skip


def test_what_is_always_logged_first_causes_nothing():
    rows = ordered(features(a=0.0, b=6.0, c=6.0), *CHAIN)
    assert rows["a"]["upstream"] == 0
    assert rows["b"]["downstream"] == 0
    assert rows["b"]["upstream"] > 0.9


def test_without_candidates_there_is_no_order():
    rows = ordered(features(), *CHAIN)
    assert rows == {}
    frame = features(a=1.0)
    order = find_precedence(frame.head(0), pairs(), hours(a=[0]), settings=ORDER)
    found = order_features(frame, order, settings=ORDER)
    assert found.select("upstream", "downstream", "carried").row(0) == (0, 0, 0)
    assert found["chain"].to_list() == [[]]
