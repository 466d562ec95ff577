from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from caseline.impact.lift import expected_counts, lift_settings, with_lift

counts = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 5000)), min_size=1, max_size=20)


def frame(pairs):
    seen, before = zip(*pairs, strict=True)
    return pl.DataFrame({"seen": [float(s) for s in seen], "before": [float(b) for b in before]})


@given(counts, st.floats(0.001, 1))
def test_tails_are_probabilities_and_lift_follows_the_counts(pairs, share):
    told = with_lift(frame(pairs), share=share, settings=lift_settings())
    for name in ("p_more", "p_less"):
        assert told[name].is_between(-1e-9, 1 + 1e-9).all()
    assert (told["lift"] > 0).all()
    apart = told.filter((pl.col("seen") - pl.col("expected")).abs() > 1e-9)  # not by rounding
    assert ((apart["seen"] > apart["expected"]) == (apart["lift"] > 1)).all()


def test_a_busy_hour_is_compared_with_a_busy_hour():
    ordinary = [(20, 100)] * 10
    told = with_lift(frame([*ordinary, (200, 100)]), share=0.1, settings=lift_settings())
    assert told["expected"].to_list()[0] == 20
    assert told["lift"].to_list()[0] < 1.1
    assert told["lift"].to_list()[-1] > 9


def test_few_signatures_do_not_tell_how_busy_an_hour_is():
    found = expected_counts(
        pl.Series([20.0]), pl.Series([100.0]), share=0.1, settings=lift_settings()
    )
    assert found.to_list() == [10]
