from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from caseline.estimation.twoway import two_way_change
from caseline.trends.upgrades.chances import ratio_limits, tail_of
from caseline.trends.upgrades.clumps import clumping_of
from caseline.trends.upgrades.designs import design_of, design_of_runs
from caseline.trends.upgrades.fitting import fit_levels, fit_ratio, score_change, tally
from caseline.trends.upgrades.settings import upgrade_settings
from caseline.trends.upgrades.switches import LATER, runs_of, switches_of, switches_to

SETTINGS = upgrade_settings()


def design(drawn):
    part = drawn.parts[0]
    runs = runs_of(part, settle=SETTINGS.first)
    every = switches_of(runs, part.codes.shape[1], SETTINGS)
    some, removed = switches_to(every, part.values.index("8.1"), backwards=False)
    return design_of(drawn.units, runs, some, removed, phase=LATER)


def plain_counts(hits, found):
    """Return the hits of the only signature as a grid of rows and days, one by one."""
    grid = np.zeros(found.seen.shape)
    for unit, day in zip(hits.unit, hits.day, strict=True):
        row = found.row_of[unit, day]
        if row >= 0:
            grid[row, day] += 1
    return grid


def plain_levels(counts, seen):
    """Return the fitted means by many turns over rows, then days."""
    rows, days = np.ones(seen.shape[0]), np.ones(seen.shape[1])
    for _ in range(3000):
        for i in range(len(rows)):
            rows[i] = counts[i].sum() / max(1e-12, (seen[i] * days).sum())
        for t in range(len(days)):
            days[t] = counts[:, t].sum() / max(1e-12, (seen[:, t] * rows).sum())
        if np.allclose((np.outer(rows, days) * seen).sum(axis=1), counts.sum(axis=1), atol=1e-7):
            break
    return np.outer(rows, days) * seen


def plain_score(counts, mean, on):
    """Return the score and its variance by least squares on all row and day dummies."""
    cells = np.argwhere(mean > 1e-10)
    rows, days = mean.shape
    dummies = np.zeros((len(cells), rows + days))
    dummies[np.arange(len(cells)), cells[:, 0]] = 1
    dummies[np.arange(len(cells)), rows + cells[:, 1]] = 1
    weight = np.sqrt(mean[cells[:, 0], cells[:, 1]])
    x = on[cells[:, 0], cells[:, 1]]
    fit, *_ = np.linalg.lstsq(dummies * weight[:, None], x * weight, rcond=None)
    left = x - dummies @ fit
    off = counts[cells[:, 0], cells[:, 1]] - weight**2
    return float((left * off).sum()), float((left**2 * weight**2).sum())


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1.0, 3.0]))
def test_the_score_is_that_of_plain_least_squares(fleets, seed, ratio):
    drawn = fleets(np.random.default_rng(seed), customers=14)
    hits = drawn.hits(np.where(drawn.since >= 0, ratio, 1.0))
    found = design(drawn)
    counted = tally(hits, found, np.zeros(1))
    scores = score_change(counted, found, fit_levels(counted, found))
    counts = plain_counts(hits, found)
    mean = plain_levels(counts, found.seen)
    on = np.where(np.isin(np.arange(len(found.seen)), found.treated)[:, None], found.on, 0)
    total, variance = plain_score(counts, mean, on)
    assert scores.total[0] == pytest.approx(total, abs=0.03 * np.sqrt(variance) + 1e-6)
    assert scores.place.sum() == pytest.approx(scores.total[0])
    assert variance * 0.999 <= scores.variance[0] <= 1.25 * variance


def test_the_ratio_is_that_of_the_two_way_fit(drawn):
    hits = drawn.hits(np.where(drawn.since >= 0, 3.0, 1.0) * 3)
    found = design(drawn)
    counted = tally(hits, found, np.zeros(1))
    ratio = fit_ratio(counted, found, fit_levels(counted, found).day)[0]
    on = np.zeros(found.seen.shape, bool)
    on[found.treated] = found.on[found.treated] > 0
    wanted = two_way_change(plain_counts(hits, found), found.seen > 0, on)
    assert ratio == pytest.approx(wanted.log_ratio, abs=0.03)


def test_signatures_are_fitted_each_for_itself(drawn):
    one, two = np.where(drawn.since >= 0, 3.0, 1.0), np.ones(drawn.since.shape)
    hits = drawn.hits(one, two)
    found = design(drawn)
    both = tally(hits, found, np.full(2, 0.1))
    scores = score_change(both, found, fit_levels(both, found))
    for n in range(2):
        lone = tally(hits.of(np.array([n])), found, np.full(1, 0.1))
        own = score_change(lone, found, fit_levels(lone, found))
        assert own.total[0] == pytest.approx(scores.total[n], rel=1e-2, abs=1e-2)


def test_hits_in_clumps_weigh_less(fleets):
    rng = np.random.default_rng(1)
    drawn = fleets(rng, customers=60)
    part = drawn.parts[0]
    runs = design_of_runs(drawn.units, runs_of(part, settle=2))
    days = drawn.since.shape[1]
    loud = np.zeros((60, days))
    for unit in range(60):
        begin = int(rng.integers(days - 8))
        loud[unit, begin : begin + 8] = 20.0
    hits = drawn.hits(loud, np.ones(loud.shape) * 1.5)
    alike = clumping_of(hits, runs, SETTINGS).alike
    assert alike[0] > 2 * alike[1]


def test_tails_are_never_far_below_those_of_poisson():
    for mean in (1.0, 4.0, 20.0):
        count = np.arange(np.ceil(mean + 1), 4 * mean + 6)
        full = np.full(count.size, mean)
        found = tail_of(count - mean - 0.5, full, full)
        wanted = poisson.sf(count - 1, mean)
        assert (found >= 0.6 * wanted).all()


def test_limits_hold_the_ratio_and_stay_open_where_nothing_came_before():
    low, high = ratio_limits(
        np.log(np.array([3.0, 60.0])), np.array([30.0, 30.0]), np.array([40.0, 30.0]),
        np.ones(2), level=0.9,
    )  # fmt: skip
    assert low[0] < 3 < high[0] < np.inf
    assert 1 < low[1] < np.inf
    assert high[1] == np.inf
