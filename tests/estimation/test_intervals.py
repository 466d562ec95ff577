from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from caseline.estimation.rates import poisson_interval, rate_interval, rate_ratio_interval
from caseline.estimation.shares import wilson_interval

counts = st.integers(0, 10_000)


@given(st.integers(0, 1000), st.integers(0, 1000), st.floats(0.1, 4))
def test_the_wilson_interval_contains_the_share_and_stays_within_0_and_1(hits, misses, z):
    low, high = wilson_interval(hits, hits + misses, z=z)
    share = hits / (hits + misses) if hits + misses else 0.5
    assert 0 <= low <= share <= high <= 1


def test_more_trials_narrow_the_wilson_interval():
    wide, narrow = wilson_interval(3, 10), wilson_interval(300, 1000)
    assert narrow[1] - narrow[0] < wide[1] - wide[0]


@pytest.mark.parametrize(("hits", "trials"), [(-1, 3), (4, 3)])
def test_impossible_shares_are_refused_with_both_numbers(hits, trials):
    with pytest.raises(ValueError, match=f"hits is {hits}, trials is {trials}"):
        wilson_interval(hits, trials)


@given(counts)
def test_the_poisson_interval_agrees_with_chi_square_quantiles(count):
    low, high = poisson_interval([count], level=0.9)
    slow_low = stats.chi2.ppf(0.05, 2 * count) / 2 if count else 0.0
    assert low[0] == pytest.approx(slow_low, rel=1e-6)
    assert high[0] == pytest.approx(stats.chi2.ppf(0.95, 2 * count + 2) / 2, rel=1e-6)
    assert low[0] <= count <= high[0]


def test_the_poisson_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(1)
    for mean in (0.5, 3.0, 20.0):
        low, high = poisson_interval(rng.poisson(mean, 4000), level=0.9)
        assert ((low <= mean) & (mean <= high)).mean() >= 0.895


@pytest.mark.parametrize(("count", "level", "named"), [(-1, 0.9, "-1"), (1, 1.0, "level is 1")])
def test_impossible_counts_and_levels_are_refused(count, level, named):
    with pytest.raises(ValueError, match=named):
        poisson_interval([count], level=level)


@given(st.lists(st.tuples(counts, st.just(0.0) | st.floats(1e-6, 1e6)), min_size=1, max_size=20))
def test_rates_lie_in_their_interval_and_need_exposure(pairs):
    seen, over = zip(*pairs, strict=True)
    rate, low, high = rate_interval(seen, over)
    exposed = np.array(over) > 0
    assert np.isnan(rate[~exposed]).all()
    assert np.isnan(high[~exposed]).all()
    assert (low[exposed] <= rate[exposed]).all()
    assert (rate[exposed] <= high[exposed]).all()


@given(st.integers(0, 500), st.integers(0, 500), st.floats(0.1, 100), st.floats(0.1, 100))
def test_the_rate_ratio_lies_in_its_interval(one, other, here, there):
    ratio, low, high = rate_ratio_interval((one, other), (here, there))
    if one == other == 0:
        assert math.isnan(ratio)
        assert (low, high) == (0.0, math.inf)
    else:
        assert low <= ratio * (1 + 1e-9)
        assert ratio <= high * (1 + 1e-9)


def test_the_rate_ratio_covers_as_often_as_it_says():
    rng = np.random.default_rng(2)
    inside = 0
    for one, other in zip(rng.poisson(30, 800), rng.poisson(10, 800), strict=True):
        _, low, high = rate_ratio_interval((int(one), int(other)), (1.0, 1.0), level=0.9)
        inside += low <= 3 <= high
    assert inside / 800 >= 0.88


@pytest.mark.parametrize("exposures", [(0.0, 1.0), (1.0, -1.0)])
def test_a_ratio_without_exposure_is_refused(exposures):
    with pytest.raises(ValueError, match="exposures"):
        rate_ratio_interval((1, 1), exposures)
