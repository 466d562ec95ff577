"""How the weights of ``causes.toml`` are learned from tickets whose cause is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


_KEPT = 1 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A ticket with its candidates.

    Args:
        features: Shape (n_candidates, n_features).
        right: Which candidates are its cause, shape (n_candidates,); none of them if
            its cause is not in the logs.
    """

    features: NDArray[np.float64]
    right: NDArray[np.bool_]


def fit_weights(
    examples: Sequence[Example], *, prior: Sequence[float], strength: float = 1.0
) -> tuple[NDArray[np.float64], float]:
    """Return the weights and the bias of "none" that make the known causes most probable.

    A choice among the candidates and "none of these" (multinomial logit); a ticket with
    several right signatures counts the sum of their probabilities.

    Args:
        examples: Tickets with their candidates.
        prior: Weights to stay near where the examples say little; each keeps a third
            of it, lest one fleet's habits silence a kind of evidence. The last one is
            the bias, which is not held.
        strength: How near: the precision of the prior, in tickets.

    Returns:
        Weights, shape (n_features,), and the bias.

    Source:
        D. McFadden (1974), Conditional logit analysis of qualitative choice behavior.

    >>> one = Example(features=np.array([[1.0], [0.0]]), right=np.array([True, False]))
    >>> none = Example(features=np.array([[0.0]]), right=np.array([False]))
    >>> weights, bias = fit_weights([one, one, none], prior=[0.0, 0.0], strength=0.1)
    >>> bool(weights[0] > bias > 0)
    True
    """
    from scipy.optimize import minimize  # noqa: PLC0415 - importing it takes time

    centre = np.asarray(prior, dtype=np.float64)

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        away = at[:-1] - centre[:-1]
        value, slope = 0.5 * strength * float(away @ away), np.append(strength * away, 0.0)
        for example in examples:
            cost, gradient = _cost(example, at)
            value, slope = value + cost, slope + gradient
        return value, slope

    limits = [(_KEPT * least, None) for least in centre[:-1]] + [(None, None)]
    found = minimize(loss, centre, jac=True, method="L-BFGS-B", bounds=limits).x
    return found[:-1], float(found[-1])


def _cost(example: Example, at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return minus the log-likelihood of one ticket, and its gradient."""
    options = np.vstack(
        [
            np.hstack([example.features, np.zeros((len(example.right), 1))]),
            np.append(np.zeros(example.features.shape[1]), 1.0),
        ]
    )
    right = np.append(example.right, not example.right.any())
    score = options @ at
    chance = np.exp(score - score.max())
    chance /= chance.sum()
    hit = float(chance[right].sum())
    among = np.where(right, chance, 0.0) / hit
    return -float(np.log(hit)), (chance - among) @ options
