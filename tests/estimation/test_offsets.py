"""Levels of differences, where they change, and the edge that delays go away from."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.estimation.offsets import find_stretches

OFFSETS = st.sampled_from([-10_800.0, -3_600.0, -217.0, -40.0, 0.0, 40.0, 333.0, 3_600.0])
DELAYS = {
    "exponential": lambda rng, n: rng.exponential(0.5, n),
    "lognormal": lambda rng, n: 0.2 * rng.lognormal(0, 0.8, n),
    "uniform": lambda rng, n: rng.uniform(0.01, 2, n),
    "strays": lambda rng, n: rng.exponential(0.3, n) + 900 * (rng.random(n) < 0.02),
}


def slow_cuts(values, jump, side=4):
    """Return where medians on both sides are apart: a run of such places is one cut."""
    far = [
        i
        for i in range(side, len(values) - side + 1)
        if abs(np.median(values[i : i + side]) - np.median(values[i - side : i])) > jump
    ]
    runs = []
    for i in far:
        if runs and runs[-1][-1] == i - 1:
            runs[-1].append(i)
        else:
            runs.append([i])
    return runs


@given(
    seed=st.integers(0, 10_000),
    offsets=st.lists(OFFSETS, min_size=1, max_size=4),
    delays=st.sampled_from(sorted(DELAYS)),
    sign=st.sampled_from([-1, 1]),
)
def test_cuts_are_those_of_the_slow_way_and_levels_hold_the_truth(seed, offsets, delays, sign):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(12, 60, len(offsets))
    level = np.repeat(offsets, sizes)
    values = level + sign * DELAYS[delays](rng, len(level))
    at = np.sort(rng.random(len(level)) * 86_400)
    found = find_stretches(at, values, jump=20)

    runs = slow_cuts(values, 20)
    assert len(found) == len(runs) + 1
    assert all(stretch.first in run for stretch, run in zip(found[1:], runs, strict=True))
    assert [s.end for s in found[:-1]] == [s.first for s in found[1:]]
    assert (found[0].first, found[-1].end) == (0, len(level))
    edges = np.cumsum([0, *sizes])
    truth = [o for o, p in zip(offsets, [None, *offsets], strict=False) if o != p]
    if delays != "strays" and len(truth) == len(found):
        kept = [int(e) for e, (a, b) in zip(edges[1:-1], pairwise(offsets), strict=True) if a != b]
        assert [s.first for s in found[1:]] == kept
        for stretch, offset in zip(found, truth, strict=True):
            assert stretch.low <= offset <= stretch.high


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_offset_is_the_edge_that_delays_go_away_from(sign):
    rng = np.random.default_rng(4)
    values = -500 + sign * rng.exponential(2.0, 400)
    (stretch,) = find_stretches(np.arange(400.0), values, jump=60)
    assert stretch.offset == pytest.approx(-500, abs=0.1)


@given(slope=st.floats(-300, 300), seed=st.integers(0, 1000))
def test_a_slope_is_told_where_it_is_beyond_the_unrest(slope, seed):
    rng = np.random.default_rng(seed)
    at = np.sort(rng.random(300) * 86_400 * 2)
    values = slope * at / 86_400 + rng.exponential(0.5, 300)
    (stretch,) = find_stretches(at, values, jump=60)
    if abs(slope) > 20:
        assert stretch.slope * 86_400 == pytest.approx(slope, abs=2)
        assert stretch.low <= slope * stretch.middle / 86_400 <= stretch.high
    elif abs(slope) < 0.3:
        assert stretch.slope == 0


def test_few_differences_are_one_stretch_without_slope():
    (stretch,) = find_stretches(np.arange(3.0), np.array([0.0, 900.0, 5.0]), jump=60)
    assert (stretch.count, stretch.slope) == (3, 0)


def test_times_that_stand_still_have_no_slope():
    (stretch,) = find_stretches(np.zeros(64), np.arange(64.0), jump=600)
    assert stretch.slope == 0
