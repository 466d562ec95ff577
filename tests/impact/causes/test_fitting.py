from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseline.impact.causes.choice import Weights
from caseline.impact.causes.fitting import (
    Example,
    _cost,
    calibration_error,
    fit_temperature,
    fit_weights,
    log_loss,
)

TRUE = Weights(values=(2.0, -1.5, 0.0), bias=1.0)
FLAT = Weights(values=(0.5, -0.5, 0.5), bias=0.0)


def draw(rng, count, *, none=True, temperature=1.0):
    """Return tickets whose causes follow TRUE."""
    examples = []
    for _ in range(count):
        features = rng.normal(size=(6, 3))
        chance, rest = TRUE.chances(features / temperature)
        right = np.zeros(6, dtype=bool)
        options = np.append(chance, rest if none else 0)
        which = int(rng.choice(7, p=options / options.sum()))
        if which < 6:
            right[which] = True
        examples.append(Example(features=features, right=right, none=which == 6))
    return examples


def test_weights_are_found_again():
    found = fit_weights(draw(np.random.default_rng(1), 800), prior=FLAT, strength=0.1)
    assert found.values == pytest.approx((2.0, -1.5, 0.17), abs=0.25)
    assert found.bias == pytest.approx(1.0, abs=0.3)


def test_learning_does_not_lose_against_its_prior_on_other_tickets():
    rng = np.random.default_rng(2)
    found = fit_weights(draw(rng, 200), prior=FLAT, strength=1.0)
    others = draw(rng, 200)
    assert log_loss(others, found) < log_loss(others, FLAT)


def test_a_kind_of_evidence_is_never_silenced_nor_turned():
    rng = np.random.default_rng(3)
    against = [Example(features=-e.features, right=e.right, none=e.none) for e in draw(rng, 100)]
    found = fit_weights(against, prior=FLAT, strength=0.01)
    assert found.values[0] == pytest.approx(0.5 / 3)
    assert found.values[1] == pytest.approx(-0.5 / 3)


@pytest.mark.parametrize("whole", [True, False])
def test_the_slope_of_the_cost_agrees_with_differences(whole):
    at = np.array([0.4, -0.2, 0.1, 0.3])
    for example in draw(np.random.default_rng(7), 8, none=whole):
        _, slope = _cost(example, at, whole=whole)
        for i in range(4):
            step = np.eye(4)[i] * 1e-6
            high, low = (_cost(example, at + s, whole=whole)[0] for s in (step, -step))
            assert slope[i] == pytest.approx((high - low) / 2e-6, abs=1e-5)


def test_where_links_never_say_none_it_stays_as_probable_as_before():
    examples = draw(np.random.default_rng(4), 200, none=False)
    prior = Weights(values=FLAT.values, bias=1.5)
    found = fit_weights(examples, prior=prior, strength=0.1, least_none=10)
    before, after = (np.mean([w.chances(e.features)[1] for e in examples]) for w in (prior, found))
    assert after == pytest.approx(before, abs=1e-4)
    assert log_loss(examples, found) < log_loss(examples, prior)


def test_a_rejected_signature_loses():
    features = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    rejected = [Example(features=features, right=np.array([False, True]), none=True)] * 30
    found = fit_weights(rejected, prior=FLAT, strength=1.0)
    assert found.chances(features)[0][0] < FLAT.chances(features)[0][0]


def test_without_examples_the_prior_stays():
    nothing = Example(features=np.zeros((2, 3)), right=np.ones(2, dtype=bool), none=True)
    assert not nothing.says_something
    for examples in ([], [nothing]):
        found = fit_weights(examples, prior=FLAT, least_none=1)
        assert found.values == pytest.approx(FLAT.values)
        assert found.bias == FLAT.bias


def test_a_ticket_without_candidates_can_only_have_none():
    empty = Example(features=np.zeros((0, 3)), right=np.zeros(0, dtype=bool), none=True)
    found = fit_weights([empty] * 3, prior=Weights(values=FLAT.values, bias=2.0), least_none=5)
    assert found.bias == pytest.approx(2.0)


@given(st.integers(0, 10_000), st.integers(1, 30))
@settings(max_examples=40)
def test_probabilities_sum_to_one_and_follow_scores(seed, count):
    features = np.random.default_rng(seed).normal(size=(count, 3)) * 30
    chance, none = TRUE.chances(features)
    assert chance.sum() + none == pytest.approx(1)
    assert (np.diff(chance[np.argsort(TRUE.scores(features))]) >= 0).all()


def test_the_temperature_of_scores_that_are_too_sure_is_found():
    examples = draw(np.random.default_rng(5), 1500, temperature=1.0)
    sure = Weights(values=tuple(2 * v for v in TRUE.values), bias=2 * TRUE.bias)
    assert fit_temperature(examples, sure, bounds=(0.5, 4.0)) == pytest.approx(2, abs=0.25)


def test_true_probabilities_are_calibrated_and_boasts_are_not():
    rng = np.random.default_rng(6)
    stated = rng.random(20_000)
    so = rng.random(20_000) < stated
    assert calibration_error(stated.tolist(), so.tolist()) < 0.02
    assert calibration_error(np.sqrt(stated).tolist(), so.tolist()) > 0.1
    assert calibration_error([], []) == 0


def test_the_loss_of_nothing_is_nothing():
    assert log_loss([], FLAT) == 0
