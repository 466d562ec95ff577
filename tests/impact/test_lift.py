from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from caseline.impact.causes.fitting import Example, _cost, fit_weights
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
    assert ((told["seen"] > told["expected"]) == (told["lift"] > 1)).all()


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


def examples():
    rng = np.random.default_rng(5)
    found = []
    for i in range(60):
        features = rng.normal(size=(8, 3))
        right = np.zeros(8, dtype=bool)
        if i % 4:
            right[rng.integers(8)] = True
            features[right, 0] += 3
        found.append(Example(features=features, right=right))
    return found


def test_fitting_finds_what_speaks_for_a_cause():
    weights, bias = fit_weights(examples(), prior=[0.3, 0.3, 0.3, 0.0])
    assert weights[0] > 1
    assert max(weights[1:]) < 0.5
    assert min(weights) >= 0.0999
    assert bias > 1


def test_the_slope_of_the_cost_agrees_with_differences():
    at = np.array([0.4, -0.2, 0.1, 0.3])
    for example in examples()[:8]:
        _, slope = _cost(example, at)
        for i in range(4):
            step = np.zeros(4)
            step[i] = 1e-6
            slow = (_cost(example, at + step)[0] - _cost(example, at - step)[0]) / 2e-6
            assert abs(slope[i] - slow) < 1e-5
