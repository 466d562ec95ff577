from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from caseline.estimation.discoveries import q_values
from caseline.estimation.tails import common_dispersion, lower_tail, upper_tail


@given(st.integers(0, 300), st.floats(0.01, 300))
def test_the_poisson_tail_agrees_with_the_distribution(count, mean):
    assert upper_tail(count, mean) == pytest.approx(stats.poisson.sf(count - 1, mean), abs=1e-9)


@given(st.integers(0, 300), st.floats(0.01, 300), st.floats(0.01, 10))
def test_the_wide_tail_agrees_with_the_negative_binomial(count, mean, dispersion):
    size = 1 / dispersion
    slow = stats.nbinom.sf(count - 1, size, size / (size + mean))
    assert upper_tail(count, mean, dispersion=dispersion) == pytest.approx(slow, abs=1e-9)


@given(st.integers(0, 200), st.floats(0.01, 200), st.floats(0, 5))
def test_the_tails_meet_at_the_count(count, mean, dispersion):
    more = upper_tail(count, mean, dispersion=dispersion)
    less = lower_tail(count, mean, dispersion=dispersion)
    assert more + less >= 1 - 1e-9
    assert 0 <= more <= 1
    assert -1e-12 <= less <= 1


def test_dispersion_widens_the_tail():
    assert upper_tail(20, 5.0, dispersion=1.0) > upper_tail(20, 5.0)


def test_common_dispersion_finds_what_was_put_in():
    rng = np.random.default_rng(3)
    means = np.full(20_000, 6.0)
    counts = rng.poisson(means * rng.gamma(2.0, 0.5, means.size))
    assert common_dispersion(counts, means) == pytest.approx(0.5, abs=0.05)
    assert common_dispersion(rng.poisson(means), means) < 0.02
    assert common_dispersion([], []) == 0


def slow_q_values(p, tests):
    ranked = sorted(p)
    return [min(min(1, v * tests / (i + 1)) for i, v in enumerate(ranked) if v >= x) for x in p]


@given(st.lists(st.floats(0, 1), max_size=30), st.integers(0, 100))
def test_q_values_agree_with_their_definition(p, more):
    tests = len(p) + more
    assert q_values(p, tests=tests).tolist() == pytest.approx(slow_q_values(p, tests))


def test_q_values_keep_the_share_of_false_findings():
    rng = np.random.default_rng(4)
    false = found = 0
    for _ in range(200):
        p = np.concatenate([rng.random(90), rng.beta(0.05, 20, 10)])
        taken = q_values(p) <= 0.1
        false += taken[:90].sum()
        found += taken.sum()
    assert false / found <= 0.11
