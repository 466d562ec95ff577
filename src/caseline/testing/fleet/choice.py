"""Weighted choices for many lines at once, each from its own file's list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTHING = -1


class GroupedChoice:
    """Draws numbers from lists, by weight.

    Args:
        offers: The numbers to draw from, one list for each group.
        weights: Their weights, in the same shape, each above 0.

    >>> choice = GroupedChoice([[7], [], [3, 4]], [[1.0], [], [1.0, 0.001]])
    >>> choice.draw(np.array([0, 1, 2]), np.random.default_rng(0)).tolist()
    [7, -1, 3]
    """

    def __init__(self, offers: Sequence[Sequence[int]], weights: Sequence[Sequence[float]]) -> None:
        sizes = np.array([len(offer) for offer in offers], dtype=np.int64)
        self._numbers = np.array([*(i for o in offers for i in o), NOTHING], dtype=np.int64)
        flat = np.array([w for group in weights for w in group])
        owner = np.repeat(np.arange(len(offers)), sizes)
        whole = np.bincount(owner, weights=flat, minlength=len(offers))
        before = np.concatenate([[0.0], np.cumsum(whole)[:-1]])
        # One rising curve over all groups: group i's part of it lies in (i, i + 1].
        share = (np.cumsum(flat) - before[owner]) / whole[owner]
        self._curve = owner + np.clip(share, 0.0, 1.0)
        self._last = np.cumsum(sizes) - 1
        self._empty = sizes == 0

    def draw(self, group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return a number for each entry of *group*, -1 where the group offers none."""
        at = np.searchsorted(self._curve, group + rng.random(len(group)))
        at = np.where(self._empty[group], -1, np.minimum(at, self._last[group]))
        drawn: np.ndarray = self._numbers[at]
        return drawn
