"""The choice among signatures and "none of them": weights, and what they make probable."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from caseline.impact.causes.settings import FEATURES, cause_settings

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from caseline.protocols import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What each feature counts.

    Args:
        values: As ``FEATURES`` are ordered, shape (n_features,).
        bias: The score of "none of them".
        temperature: Scores are divided by it: above 1 where they were too sure.
        version: Of the weights that were learned in this workspace; None of those that ship.
        links: How many links they were learned from.
        learned_at: When.
    """

    values: tuple[float, ...]
    bias: float
    temperature: float = 1.0
    version: str | None = None
    links: int = 0
    learned_at: datetime | None = None

    def scores(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the score of each row of *features*, shape (n,), before the temperature."""
        scores: NDArray[np.float64] = features @ np.array(self.values)
        return scores

    def chances(self, features: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        """Return the probability of each row of *features*, and that none is right.

        Args:
            features: Shape (n, n_features).

        Returns:
            Shape (n,) and a number: they sum to 1.

        >>> weights = Weights(values=(1.0,), bias=0.0)
        >>> chances, none = weights.chances(np.array([[0.0], [0.0]]))
        >>> round(float(chances.sum()) + none, 6), round(none, 3)
        (1.0, 0.333)
        """
        score = np.append(self.scores(features), self.bias) / self.temperature
        chance = np.exp(score - score.max())
        chance /= chance.sum()
        return chance[:-1], float(chance[-1])

    def to_json(self) -> str:
        """Return the values by their names."""
        return json.dumps(dict(zip(FEATURES, self.values, strict=True)))


def shipped_weights() -> Weights:
    """Return the weights that ship.

    >>> shipped_weights().version is None
    True
    """
    found = cause_settings()
    return Weights(values=found.weights, bias=found.bias, temperature=found.temperature)


def read_weights_in_use(engine: Engine, *, as_of: datetime | None) -> Weights:
    """Return the weights that were learned here last and adopted; else those that ship.

    A feature that they do not know, because it came later, counts as it ships.
    """
    rows = engine.ask("cause_model", as_of=as_of)
    shipped = shipped_weights()
    if rows.is_empty():
        return shipped
    row = rows.row(0, named=True)
    named = json.loads(row.pop("weights"))
    usual = zip(FEATURES, shipped.values, strict=True)
    return Weights(values=tuple(named.get(name, value) for name, value in usual), **row)
