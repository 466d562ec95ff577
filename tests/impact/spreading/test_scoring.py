from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseline.impact.spreading.scoring import Trial, evidence

RATIOS = np.array([4.0, 16.0])


def slow_evidence(trial, exposed, ratios):
    """Breslow's partial likelihood, hit by hit; each place's hits count as one together."""
    found = []
    for ratio in ratios:
        total = 0.0
        for unit in range(trial.hits.shape[0]):
            own = trial.hits[unit].sum()
            for day in range(trial.hits.shape[1]):
                if not trial.hits[unit, day]:
                    continue
                crowd = [
                    ratio if exposed[i, day] else 1.0
                    for i in range(trial.hits.shape[0])
                    if trial.observed[i, day]
                ]
                mine = ratio if exposed[unit, day] else 1.0
                weight = trial.hits[unit, day] / max(own, 1.0)
                total += weight * math.log(mine / (sum(crowd) / len(crowd)))
        found.append(total)
    return math.log(sum(map(math.exp, found)) / len(found))


def trial_of(rng, units=12, days=5, chance=0.3):
    observed = rng.random((units, days)) < 0.8
    hits = (rng.random((units, days)) < chance) & observed
    return Trial(observed=observed, hits=hits.astype(float))


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_the_evidence_is_that_of_the_partial_likelihood(seed):
    rng = np.random.default_rng(seed)
    trial = trial_of(rng)
    exposed = rng.random((3, *trial.hits.shape)) < 0.4
    fast = evidence(trial, exposed, ratios=RATIOS)
    slow = [slow_evidence(trial, e, RATIOS) for e in exposed]
    assert fast == pytest.approx(slow, abs=1e-9)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_order_of_places_says_nothing(seed):
    rng = np.random.default_rng(seed)
    trial = trial_of(rng)
    exposed = rng.random((2, *trial.hits.shape)) < 0.4
    order = rng.permutation(trial.hits.shape[0])
    turned = Trial(observed=trial.observed[order], hits=trial.hits[order])
    here = evidence(trial, exposed, ratios=RATIOS)
    there = evidence(turned, exposed[:, order], ratios=RATIOS)
    assert here == pytest.approx(there, abs=1e-9)


def test_many_days_of_one_place_say_less_than_one_day_of_many():
    observed = np.ones((30, 12), bool)
    exposed = np.zeros((1, 30, 12), bool)
    exposed[0, :10] = True
    one = np.zeros((30, 12))
    one[0] = 1
    many = np.zeros((30, 12))
    many[np.arange(6), np.arange(6)] = 1
    loud, wide = (
        evidence(Trial(observed=observed, hits=hits), exposed, ratios=RATIOS)[0]
        for hits in (one, many)
    )
    assert wide > loud + 3


def test_evidence_speaks_against_what_the_hit_do_not_have():
    observed = np.ones((20, 3), bool)
    hits = np.zeros((20, 3))
    hits[:6, 1] = 1
    exposed = np.zeros((1, 20, 3), bool)
    exposed[0, 10:] = True
    assert evidence(Trial(observed=observed, hits=hits), exposed, ratios=RATIOS)[0] < 0
