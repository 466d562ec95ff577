"""What could be found at all: one who knows rates, scatter and course, but not the day.

For each series that rises, the oracle has the means and the scatter it was drawn from, and
knows what kind of change of what size to look for. Whether it began on any of the last
days is judged by the likelihood ratio of just that change (a sum of E. S. Page's kind: no
watch that has only the counts can be sooner at as many false alarms). Its one limit is
set on quiet draws of the same series, to a given number of false alarms a year. Nobody
can know that much: it is a ceiling, not a rival.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from drawn_series import WITHIN, course

from caseline.trends.changes.scores import log_ratios

if TYPE_CHECKING:
    from drawn_series import DrawnSeries, Planted
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_CERTAIN = 1e3
"""Log likelihood ratio of a customer where there was none before."""


def seen_by_oracle(drawn: DrawnSeries, *, false: float, first: int, seed: int) -> set[int]:
    """Return the series whose rise the oracle finds in time.

    Args:
        drawn: The year; single customers' storms are taken off before.
        false: Alarms of a quiet series in a year that the limit allows.
        first: The day from which alarms count.
        seed: Of the quiet draws.
    """
    rises = [change for change in drawn.planted if change.kind != "drop"]
    rng = np.random.default_rng(seed)
    calm, best = [], {}
    for kind in sorted({change.kind for change in rises}):
        group = [change for change in rises if change.kind == kind]
        at = [change.series for change in group]
        means, sizes = drawn.means[:, at], drawn.sizes[at]
        quiet = rng.poisson(means * rng.gamma(sizes, 1 / sizes, means.shape)).astype(float)
        calm.append(_scores(quiet if kind != "emergence" else 0 * quiet, means, sizes, group))
        score = _scores((drawn.counts - drawn.storms)[:, at], means, sizes, group)
        for column, change in enumerate(group):
            days = slice(change.onset, change.onset + WITHIN[kind] + 1)
            best[change.series] = float(score[days, column].max())
    limit = _limit(np.concatenate(calm, axis=1)[first:], false)
    return {series for series, score in best.items() if score > limit}


def _scores(counts: Floats, means: Floats, sizes: Floats, group: list[Planted]) -> Floats:
    """Return for each day the best likelihood ratio of a change that began not long before."""
    found = np.zeros(counts.shape)
    if group[0].kind == "emergence":
        return np.where(counts > 0, _CERTAIN, 0.0)
    length = WITHIN[group[0].kind] + 1
    age = np.arange(length)
    factors = np.stack([course(change, change.onset + age) for change in group], axis=1)
    for start in range(len(counts)):
        part = slice(start, start + length)
        seen = counts[part]
        gains = log_ratios(seen, means[part], sizes, factors[: len(seen)]).cumsum(axis=0)
        np.maximum(found[part], gains, out=found[part])
    return found


def _limit(score: Floats, false: float) -> float:
    """Return the limit that so many series in a year exceed: each alarms once at the most."""
    highest = np.sort(score.max(axis=0))
    return float(highest[-1 - int(false * highest.size)])
