"""How much the hits of one place come in clumps, beyond what chance would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from caseline.trends.upgrades.fitting import fit_levels, tally

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.trends.upgrades.designs import Design, Hits
    from caseline.trends.upgrades.settings import UpgradeSettings

    Floats = NDArray[np.float64]

_LEAST = 1e-12
_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Clumping:
    """How each signature goes where nothing changes.

    Args:
        alike: The correlation of two hits of a place to fall into the same block of
            days, shape (n_signatures,).
        day: How all places fare on each day, shape (n_signatures, n_days).
    """

    alike: Floats
    day: Floats

    def of(self, signatures: NDArray[np.int64]) -> Clumping:
        """Return that of *signatures*, in this order."""
        return Clumping(alike=self.alike[signatures], day=self.day[signatures])


def clumping_of(hits: Hits, design: Design, settings: UpgradeSettings) -> Clumping:
    """Return how alike the days of one place are, for each signature.

    The correlation of two hits of a place to fall into the same block of days, given how
    many it has and how all fare on that day; learned within runs of one value, so that
    what a change does is none of it. What few hits tell is drawn to what all tell.

    Args:
        hits: Of all signatures.
        design: A row for each unit and run, grouped by run.
        settings: The block of days, the pull, the least.

    Source:
        The Dirichlet-multinomial's moment, J. E. Mosimann (1962), Biometrika 49, 65-82.
    """
    every = np.arange(hits.signatures)
    found = [
        _moments(hits.of(some), design, settings.block)
        for some in np.array_split(every, max(1, -(-every.size // _AT_ONCE)))
    ]
    over, under, day = (np.concatenate(part) for part in zip(*found, strict=True))
    common = max(0.0, float(over.sum())) / max(float(under.sum()), _LEAST)
    drawn = (over + settings.pooled * common) / (under + settings.pooled)
    return Clumping(alike=np.clip(drawn, settings.least, 1.0), day=day)


def _moments(hits: Hits, design: Design, block: int) -> tuple[Floats, Floats, Floats]:
    """Return what is more than chance, what all alike would give, and levels of days."""
    counted = tally(hits, design, np.zeros(hits.signatures))
    levels = fit_levels(counted, design)
    days = design.seen.shape[1]
    blocks = -(-days // block)
    own = np.maximum(counted.rows, 1.0)
    others = np.maximum(design.by_group(counted.rows) - 1, 0.0)[:, design.group]
    over, under = np.zeros(hits.signatures), np.zeros(hits.signatures)
    flat = np.tile(np.arange(days) // block, hits.signatures)[counted.by_day]
    flat = flat * own.size + counted.by_row
    seen = np.bincount(flat, minlength=blocks * own.size).reshape(blocks, *own.shape)
    for n in range(blocks):
        part = slice(n * block, (n + 1) * block)
        mean = levels.row * (levels.day[:, part] @ design.seen[:, part].T)
        left = design.by_group(seen[n] - mean)
        chance = mean * (1 - np.minimum(mean / own, 1.0))
        over += (left**2).sum(axis=1) - chance.sum(axis=1)
        under += (chance * others).sum(axis=1)
    return over, under, levels.day
