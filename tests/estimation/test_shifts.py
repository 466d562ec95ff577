"""Where the level of a series shifts."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseline.estimation.shifts import level_shifts


def cost(x, cuts, penalty):
    """The same, one way to cut at a time."""
    x = (x - x.mean()) / max(x.std(), 1e-12)
    parts = [x[a:b] for a, b in zip([0, *cuts], [*cuts, len(x)], strict=True)]
    if min(len(part) for part in parts) < 2:
        return np.inf
    fit = sum(len(p) * np.log(max(p.var(), 1e-3)) for p in parts)
    return fit + penalty * np.log(len(x)) * len(cuts)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=4, max_size=9), st.sampled_from([0.5, 1.0, 3.0]))
def test_no_other_way_to_cut_is_better(values, penalty):
    x = np.array(values, dtype=float)
    ways = [c for k in range(4) for c in combinations(range(1, len(x)), k)]
    best = min(cost(x, list(way), penalty) for way in ways)
    assert cost(x, level_shifts(x, penalty=penalty), penalty) == pytest.approx(best, abs=1e-6)


def test_noise_has_no_shift():
    rng = np.random.default_rng(1)
    assert sum(len(level_shifts(rng.normal(size=200))) for _ in range(20)) == 0


def test_two_series_share_their_shifts():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(120, 2))
    x[70:] += 4
    assert level_shifts(x) == [70]


def test_what_is_short_or_even_has_none():
    assert level_shifts([1.0, 9.0]) == []
    assert level_shifts(np.ones(50)) == []


def test_a_penalty_must_be_positive():
    with pytest.raises(ValueError, match="above 0"):
        level_shifts([1.0, 2.0], penalty=0)
