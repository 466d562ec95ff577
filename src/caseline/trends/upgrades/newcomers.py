"""Errors that nobody upgraded had before: who gets them first, those with the value or others.

A customer without any hit says nothing of the days if it is only compared with itself. Of
an error that came with a release to all on one day nothing could be told then; so places
are compared with each other here, each by its first hit alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from caseline.trends.upgrades.chances import ratio_limits, tail_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.trends.upgrades.designs import Design
    from caseline.trends.upgrades.fitting import Tally

    Floats = NDArray[np.float64]

_LEAST = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomers:
    """First hits with a value, beside what was to be expected.

    Args:
        signature: Of which signatures.
        p: Two-sided chance.
        log_ratio: Of the rate of first hits with the value to that without.
        low: Of the ratio.
        high: Of the ratio.
        information: The variance of first hits with the value, by chance.
    """

    signature: NDArray[np.int64]
    p: Floats
    log_ratio: Floats
    low: Floats
    high: Floats
    information: Floats


def new_with(counted: Tally, design: Design, *, level: float) -> Newcomers:
    """Return the log-rank test of the signatures that no row with both had without the value.

    Args:
        counted: Hits by row and day.
        design: Rows, places, days with the value.
        level: Of the interval.

    Source:
        N. Mantel (1966), Cancer Chemother. Rep. 50, 163-170.
    """
    treated = design.treated
    without = (counted.rows - counted.on)[:, treated].sum(axis=1)
    some = np.flatnonzero((without == 0) & (counted.on[:, treated].sum(axis=1) > 0))
    if not some.size:
        none = np.zeros(0)
        return Newcomers(
            signature=some, p=none, log_ratio=none, low=none, high=none, information=none
        )
    seen, on = design.held(design.seen), design.held(design.on)
    days = seen.shape[1]
    signature, row = np.divmod(counted.by_row, design.group.size)
    kept = np.isin(signature, some)
    number = np.searchsorted(some, signature[kept])
    first = np.full((some.size, design.groups), days)
    np.minimum.at(first, (number, design.group[row[kept]]), counted.by_day[kept] % days)
    told = np.array([_log_rank(one, seen, on) for one in first])
    hit, expected, variance, third = told.T
    both = (first < days).sum(axis=1).astype(np.float64)
    excess = hit - expected
    p = np.minimum(1.0, 2 * tail_of(np.abs(excess) - 0.5, variance, third * np.sign(excess)))
    share = np.clip(expected / np.maximum(both, 1.0), _LEAST, 1 - _LEAST)
    odds = (hit + 0.5) / (both - hit + 0.5)
    log_ratio = np.log(odds * (1 - share) / share)
    low, high = ratio_limits(log_ratio, hit, both, np.ones(some.size), level=level)
    return Newcomers(
        signature=some, p=np.where(variance > _LEAST, p, 1.0), log_ratio=log_ratio, low=low,
        high=high, information=variance,
    )  # fmt: skip


def _log_rank(
    first: NDArray[np.int64], seen: NDArray[np.bool_], on: NDArray[np.bool_]
) -> tuple[float, float, float, float]:
    """Return first hits with the value, how many to expect, their variance and third moment."""
    days = seen.shape[1]
    risk = seen & (first[:, None] >= np.arange(days))
    every, exposed = risk.sum(axis=0), (risk & on).sum(axis=0)
    struck = np.flatnonzero(first < days)
    hits = np.bincount(first[struck], minlength=days)
    hit = float(on[struck, first[struck]].sum())
    share = exposed / np.maximum(every, 1)
    kept = (every - hits) / np.maximum(every - 1, 1)
    spread = hits * share * (1 - share) * kept
    third = spread * (1 - 2 * share)
    return hit, float((hits * share).sum()), float(spread.sum()), float(third.sum())
