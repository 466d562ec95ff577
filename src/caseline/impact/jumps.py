"""Which signatures fall on more customers a day than their own past explains.

Counts are distinct customers a day, so that one loud customer is no jump. What is
expected is the signature's own rate per observed customer, times the weekday, times
how busy the whole fleet was that day: at a month's end everything rises, and nothing
in particular. What is left is judged against a negative binomial whose spread comes
from the past: from single days, and from stretches as long as the one tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from caseline.estimation.tails import common_dispersion, upper_tail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

    Counts = NDArray[np.float64]

_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Jumps:
    """The best stretch of each signature, all arrays of shape (n_signatures,).

    Args:
        p_values: Corrected for the stretches tried.
        first: Index of its first day.
        last: Index of its last day.
        observed: Customer-days in it.
        expected: Customer-days that the past explains.
    """

    p_values: Counts
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    observed: Counts
    expected: Counts


def find_jumps(
    counts: Counts, exposure: Counts, *, past: int, weekday: int, settings: Mapping[str, Any]
) -> Jumps:
    """Return for each signature the stretch of the window that stands out most.

    Args:
        counts: Distinct customers, shape (n_signatures, n_days).
        exposure: Customers with logs, shape (n_days,).
        past: So many days are the past; the others are the window.
        weekday: Of the first day, 0 is Monday.
        settings: The table ``jump`` of ``detection.toml``.
    """
    means = expected_means(counts, exposure, past=past, weekday=weekday, settings=settings)
    daily = _own_dispersion(counts[:, :past], means[:, :past], settings)
    level, day = _doubts(counts[:, :past], means, daily, settings)
    seen, explained = _cumulated(counts[:, past:]), _cumulated(means[:, past:])
    squared = _cumulated(means[:, past:] ** 2)
    window = counts.shape[1] - past
    best = _nothing(counts.shape[0])
    tried = 0
    for length in sorted({n for n in (*settings["lengths"], window) if n <= window}):
        slow = _slow_dispersion(counts[:, :past], means[:, :past], length)
        unsure = level + day / min(length, _WEEK)
        for start in range(window - length + 1):
            tried += 1
            low, high = start, start + length
            observed = seen[:, high] - seen[:, low]
            mean = explained[:, high] - explained[:, low]
            quick = daily * (squared[:, high] - squared[:, low]) / np.maximum(mean, 1e-12) ** 2
            p = upper_tail(observed, mean, dispersion=np.maximum(quick, slow) + unsure)
            large = (observed >= settings["least_ratio"] * mean) & (
                observed - mean >= settings["least_surplus"]
            )
            _keep_better(
                best, np.where(large, p, 1.0), (past + low, past + high - 1), observed, mean
            )
    best.p_values[:] = np.minimum(1.0, best.p_values * max(tried, 1))
    return best


def expected_means(
    counts: Counts, exposure: Counts, *, past: int, weekday: int, settings: Mapping[str, Any]
) -> Counts:
    """Return what the past explains of each day, past and window, shape as *counts*."""
    days = (np.arange(counts.shape[1]) + weekday) % _WEEK
    before, seen = counts[:, :past], exposure[:past]
    rate = (before.sum(axis=1) + 0.5) / (seen.sum() + 1.0)
    free = rate < settings["saturated_from"]
    week = _week(before, seen, days[:past], rate, free, settings["weekday_weight"])
    means: Counts = rate[:, np.newaxis] * exposure * week[:, days]
    means *= _busy(counts, means, free, settings)
    return means


def _week(
    before: Counts,
    seen: Counts,
    days: NDArray[np.int64],
    rate: Counts,
    free: NDArray[np.bool_],
    weight: float,
) -> Counts:
    """Return the factor of each weekday, shape (n_signatures, 7): own data drawn to the common."""
    on = np.stack([days == k for k in range(_WEEK)], axis=1).astype(np.float64)
    by_day, plain = before @ on, np.outer(rate, seen @ on)
    pooled_seen, pooled_plain = by_day[free].sum(axis=0), plain[free].sum(axis=0)
    common = (pooled_seen + weight) / (pooled_plain + weight)
    typical = np.where(free[:, np.newaxis], plain * common, plain)
    factor: Counts = (
        (by_day + weight) / (typical + weight) * np.where(free[:, np.newaxis], common, 1.0)
    )
    scale = (plain.sum(axis=1) + 1e-9) / ((plain * factor).sum(axis=1) + 1e-9)
    factor *= scale[:, np.newaxis]
    return factor


def _busy(
    counts: Counts, means: Counts, free: NDArray[np.bool_], settings: Mapping[str, Any]
) -> Counts:
    """Return how busy each day was, shape (n_days,).

    The median of seen to expected over unsaturated signatures, each weighing as much
    as was expected of it: half of what happens would have to jump to move it.
    """
    steady = free & (means.mean(axis=1) >= 1)
    if steady.sum() < settings["busy_signatures"]:
        return np.ones(counts.shape[1])
    low, high = settings["busy_bounds"]
    weight = means[steady]
    ratio = counts[steady] / np.maximum(weight, 1e-9)
    order = np.argsort(ratio, axis=0, kind="stable")
    heard = np.take_along_axis(weight, order, axis=0).cumsum(axis=0)
    middle = (heard < heard[-1] / 2).sum(axis=0)[np.newaxis]
    found: Counts = np.take_along_axis(np.take_along_axis(ratio, order, axis=0), middle, axis=0)[0]
    return np.where(weight.sum(axis=0) > 0, found, 1.0).clip(low, high)


def _own_dispersion(before: Counts, means: Counts, settings: Mapping[str, Any]) -> Counts:
    """Return each signature's dispersion, drawn to the common one and not below it.

    The means were fitted to these very days, so that what is left around them is too
    small: a week of factors has used up seven of them.
    """
    freedom = max(0.5, 1 - _WEEK / before.shape[1])
    excess = ((before - means) ** 2 / freedom - means).sum(axis=1)
    squares = (means**2).sum(axis=1)
    common = max(settings["prior_dispersion"], common_dispersion(before, means, freedom=freedom))
    weight = settings["dispersion_weight"]
    drawn: Counts = (excess + weight * common) / (squares + weight)
    held: Counts = np.maximum(drawn, common)
    return held


def _doubts(
    before: Counts, means: Counts, daily: Counts, settings: Mapping[str, Any]
) -> tuple[Counts, Counts]:
    """Return how unsure the level is, and the factor of one day: variances, relative.

    A weekday's mean comes from as many days as there are weeks; the factor of a busy
    day is a median, whose variance is pi / 2 times that of a mean. Over several days
    these errors cancel, that of the level does not.
    """
    total = before.sum(axis=1)
    weeks = max(1.0, before.shape[1] / _WEEK)
    week = 1 / (total / _WEEK + settings["weekday_weight"]) + daily / weeks
    heard = max(1.0, float(means.mean(axis=1).sum()))
    busy = np.pi / 2 * (1 / heard + float(np.median(daily)) / max(1, daily.size))
    return 1 / (total + 0.5), week + busy


def _slow_dispersion(before: Counts, means: Counts, length: int) -> float:
    """Return how stretches of the past of this *length* scatter, over all signatures."""
    pieces = before.shape[1] // length
    if pieces == 0:
        return 0.0
    shape = (before.shape[0], pieces, length)
    end = pieces * length
    return common_dispersion(
        before[:, -end:].reshape(shape).sum(axis=2), means[:, -end:].reshape(shape).sum(axis=2)
    )


def _cumulated(values: Counts) -> Counts:
    return np.concatenate([np.zeros((values.shape[0], 1)), values.cumsum(axis=1)], axis=1)


def _nothing(size: int) -> Jumps:
    return Jumps(
        p_values=np.ones(size),
        first=np.zeros(size, dtype=np.int64),
        last=np.zeros(size, dtype=np.int64),
        observed=np.zeros(size),
        expected=np.zeros(size),
    )


def _keep_better(
    best: Jumps, p: Counts, days: tuple[int, int], observed: Counts, expected: Counts
) -> None:
    better = p < best.p_values
    best.p_values[better] = p[better]
    best.first[better], best.last[better] = days
    best.observed[better], best.expected[better] = observed[better], expected[better]
