"""How weights are learned from tickets whose cause is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from caseline.impact.causes.choice import Weights


_KEPT = 1 / 3
_BIAS_BOUND = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A ticket with its candidates.

    Args:
        features: Shape (n_candidates, n_features).
        right: Which candidates are its cause, or may be, shape (n_candidates,).
        none: Whether "none of them" is right, or may be: its cause is not in the logs.
    """

    features: NDArray[np.float64]
    right: NDArray[np.bool_]
    none: bool = False

    @property
    def says_something(self) -> bool:
        """Whether some answer is right and some other is not."""
        answers = [*self.right.tolist(), self.none]
        return any(answers) and not all(answers)


def fit_weights(
    examples: Sequence[Example],
    *,
    prior: Weights,
    strength: float = 1.0,
    least_none: int = 0,
) -> Weights:
    """Return the weights that make the known causes most probable.

    A choice among the candidates and "none of these" (multinomial logit); a ticket with
    several right signatures counts the sum of their probabilities. Where fewer than
    *least_none* tickets tell that nothing in the logs was their cause, links cannot tell
    how often that is: the choice is then among signatures only, and "none" is kept as
    probable, in the mean over the tickets, as the prior has it.

    Args:
        examples: Tickets with their candidates.
        prior: Weights to stay near where the examples say little; each keeps a third
            of it, lest one fleet's habits silence a kind of evidence, or turn its sign.
        strength: How near: the precision of the prior, in tickets.
        least_none: See above.

    Returns:
        Weights with the values and the bias; the temperature is 1.

    Source:
        D. McFadden (1974), Conditional logit analysis of qualitative choice behavior.

    >>> from caseline.impact.causes.choice import Weights
    >>> one = Example(features=np.array([[1.0], [0.0]]), right=np.array([True, False]))
    >>> none = Example(features=np.array([[0.0]]), right=np.array([False]), none=True)
    >>> start = Weights(values=(0.0,), bias=0.0)
    >>> found = fit_weights([one, one, none], prior=start, strength=0.1)
    >>> bool(found.values[0] > found.bias > 0)
    True
    """
    told = [example for example in examples if example.says_something]
    centre = np.array([*prior.values, prior.bias])
    whole = sum(e.none and not e.right.any() for e in told) >= least_none
    chosen = told if whole else [e for e in told if e.right.any() and not e.right.all()]
    found = _minimum(chosen, centre, strength=strength, whole=whole)
    fitted = replace(prior, values=tuple(found[:-1].tolist()), bias=float(found[-1]), temperature=1)
    return fitted if whole else replace(fitted, bias=_as_often(told, fitted, prior))


def _minimum(
    examples: Sequence[Example], centre: NDArray[np.float64], *, strength: float, whole: bool
) -> NDArray[np.float64]:
    from scipy.optimize import minimize  # noqa: PLC0415 - importing it takes time

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        away = at[:-1] - centre[:-1]
        value, slope = 0.5 * strength * float(away @ away), np.append(strength * away, 0.0)
        for example in examples:
            cost, gradient = _cost(example, at, whole=whole)
            value, slope = value + cost, slope + gradient
        return value, slope

    limits = [
        (_KEPT * one, None) if one > 0 else (None, _KEPT * one) if one < 0 else (None, None)
        for one in centre[:-1]
    ]
    bounds = [*limits, (centre[-1] - _BIAS_BOUND, centre[-1] + _BIAS_BOUND)]
    found: NDArray[np.float64] = minimize(
        loss, centre, jac=True, method="L-BFGS-B", bounds=bounds
    ).x
    return found


def _cost(
    example: Example, at: NDArray[np.float64], *, whole: bool
) -> tuple[float, NDArray[np.float64]]:
    """Return minus the log-likelihood of one ticket, and its gradient."""
    count, size = example.features.shape
    options = np.zeros((count + 1, size + 1))
    options[:-1, :-1] = example.features
    options[-1, -1] = 1.0
    right = np.append(example.right, example.none)
    if not whole:
        options, right = options[:-1], right[:-1]
    score = options @ at
    chance = np.exp(score - score.max())
    chance /= chance.sum()
    hit = max(float(chance[right].sum()), 1e-300)
    among = np.where(right, chance, 0.0) / hit
    return -float(np.log(hit)), (chance - among) @ options


def _as_often(examples: Sequence[Example], fitted: Weights, prior: Weights) -> float:
    """Return the bias that keeps "none" as probable as *prior* has it, in the mean."""
    from scipy.optimize import brentq  # noqa: PLC0415 - importing it takes time

    if not examples:
        return prior.bias

    def mean(weights: Weights) -> float:
        return float(np.mean([weights.chances(e.features)[1] for e in examples]))

    wanted = mean(prior)

    def beyond(bias: float) -> float:
        return mean(replace(fitted, bias=bias)) - wanted

    low, high = prior.bias - _BIAS_BOUND, prior.bias + _BIAS_BOUND
    if beyond(low) > 0 or beyond(high) < 0:
        return prior.bias
    return float(brentq(beyond, low, high, xtol=1e-6))


def log_loss(examples: Sequence[Example], weights: Weights) -> float:
    """Return the mean of minus the log probability of what is right; 0 without examples.

    >>> from caseline.impact.causes.choice import Weights
    >>> one = Example(features=np.array([[0.0]]), right=np.array([True]))
    >>> round(log_loss([one], Weights(values=(1.0,), bias=0.0)), 3)
    0.693
    """
    if not examples:
        return 0.0
    losses = []
    for example in examples:
        chance, none = weights.chances(example.features)
        right = float(chance[example.right].sum()) + none * example.none
        losses.append(-np.log(max(right, 1e-12)))
    return float(np.mean(losses))


def fit_temperature(
    examples: Sequence[Example], weights: Weights, *, bounds: tuple[float, float]
) -> float:
    """Return what to divide scores by so that the probabilities of *examples* fit best.

    Args:
        examples: Tickets that the weights were not learned from.
        weights: The weights.
        bounds: The least and the most it may be.

    Source:
        C. Guo et al. (2017), On calibration of modern neural networks.

    >>> from caseline.impact.causes.choice import Weights
    >>> sure = Example(features=np.array([[3.0]]), right=np.array([False]), none=True)
    >>> weights = Weights(values=(1.0,), bias=0.0)
    >>> fit_temperature([sure], weights, bounds=(0.5, 2.0)) > 1.99
    True
    """
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 - importing it takes time

    def loss(log_temperature: float) -> float:
        return log_loss(examples, replace(weights, temperature=float(np.exp(log_temperature))))

    found = minimize_scalar(loss, bounds=tuple(np.log(bounds)), method="bounded")
    return float(np.exp(found.x))


def calibration_error(chances: Sequence[float], right: Sequence[bool], *, bins: int = 10) -> float:
    """Return the expected calibration error: how far stated from observed shares, in the mean.

    Args:
        chances: Probabilities that were stated.
        right: Whether what they were stated of was so.
        bins: Parts of [0, 1] that are compared.

    Source:
        M. P. Naeini, G. F. Cooper, M. Hauskrecht (2015), AAAI 29.

    >>> calibration_error([0.8, 0.8, 0.8, 0.8, 0.8], [True, True, True, True, False])
    0.0
    """
    stated, so = np.asarray(chances, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if not len(stated):
        return 0.0
    which = np.minimum((stated * bins).astype(np.int64), bins - 1)
    gaps = [abs(float(stated[which == b].sum() - so[which == b].sum())) for b in np.unique(which)]
    return round(sum(gaps) / len(stated), 12)
