"""How well an exposure explains who was hit and who was not: evidence, one number each.

On each day with hits, everybody who was observed could have been hit. If the exposed
are hit more often than the others, the exposure explains it; what all share that day
(the hour, the weekday, the release night) cancels. A place that was hit is hit again:
all its hits together count as one, so that a loud place says no more than a quiet one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Days with hits, and who was at risk on them.

    Args:
        observed: Who was observed, shape (n_units, n_days).
        hits: Who was hit, 0 to 1, shape (n_units, n_days).
    """

    observed: Bits
    hits: Floats

    @property
    def weighed(self) -> Floats:
        """The hits of each place, counting as one together, shape (n_units, n_days)."""
        return np.asarray(self.hits / np.maximum(self.hits.sum(axis=1, keepdims=True), 1.0))

    def hit_weight(self, exposed: Bits) -> Floats:
        """Return how many places' hits each exposure holds, shape (n_exposures,)."""
        unit, day = np.nonzero(self.hits)
        return np.asarray(exposed[:, unit, day] @ self.weighed[unit, day])


def evidence(trial: Trial, exposed: Bits, *, ratios: Floats) -> Floats:
    """Return the log evidence of each exposure, each place's hits counting as one.

    Args:
        trial: The days.
        exposed: Who was exposed when, shape (n_exposures, n_units, n_days).
        ratios: Rate ratios that an exposure may have, each as likely, shape (n_ratios,).

    Returns:
        Shape (n_exposures,): the log of the mean likelihood ratio to no effect.

    Source:
        D. R. Cox (1975), Partial likelihood, Biometrika 62, 269-276; ties after Breslow.

    >>> trial = Trial(observed=np.ones((4, 1), bool), hits=np.array([[1.0], [1], [0], [0]]))
    >>> exposed = np.array([[[1], [1], [0], [0]], [[1], [0], [1], [0]]], dtype=bool)
    >>> good, bad = evidence(trial, exposed, ratios=np.array([8.0]))
    >>> bool(good > 0 > bad)
    True
    """
    weighed = trial.weighed
    at_risk, struck = trial.observed.sum(axis=0), weighed.sum(axis=0)
    inside = np.count_nonzero(exposed & trial.observed, axis=1)
    hit_inside = trial.hit_weight(exposed)
    found = []
    for ratio in ratios:
        spread = 1 + (ratio - 1) * inside / np.maximum(at_risk, 1.0)
        found.append(np.log(ratio) * hit_inside - np.log(spread) @ struck)
    return _log_mean(np.stack(found))


def pooled_evidence(trial: Trial, exposed: Bits, *, ratios: Floats) -> float:
    """Return the log evidence of an exposure with all days taken together.

    Days without hits speak too: who has been exposed for long and was not hit. What all
    share on a day does not cancel.

    Args:
        trial: All days since the issue began, hit ones and others.
        exposed: Who was exposed when, shape (n_units, n_days).
        ratios: Rate ratios that an exposure may have, each as likely, shape (n_ratios,).

    >>> trial = Trial(observed=np.ones((4, 9), bool), hits=np.eye(4, 9))
    >>> exposed = np.zeros((4, 9), bool)
    >>> exposed[np.arange(4), np.arange(4)] = True
    >>> pooled_evidence(trial, exposed, ratios=np.array([8.0])) > 2
    True
    """
    inside = float((exposed & trial.observed).sum()) / max(float(trial.observed.sum()), 1.0)
    hit = float(trial.hits.sum())
    found = np.log(ratios) * float((trial.hits * exposed).sum())
    return float(_log_mean(found - hit * np.log(1 + (ratios - 1) * inside)))


def _log_mean(values: Floats) -> Floats:
    top = values.max(axis=0)
    return np.asarray(top + np.log(np.exp(values - top).mean(axis=0)))
