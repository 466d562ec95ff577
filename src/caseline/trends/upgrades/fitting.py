"""Levels of rows times levels of days, for many signatures at once; and what is left over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.trends.upgrades.designs import Design, Hits

    Floats = NDArray[np.float64]

_LEAST = 1e-12
_ROUNDS = 30
_NEAR, _SWEEPS = 4, 4
_CLOSE = 2e-3
_FARTHEST = 9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Hits of signatures by row and by day.

    Args:
        signature: Of each hit in the design.
        row: Of each hit.
        day: Of each hit.
        rows: Hits of each row, shape (n_signatures, n_rows).
        on: Those with the value.
        weight: What one hit of a row counts, so that those of one place that come in
            clumps do not count as many; the same shape.
    """

    signature: NDArray[np.int64]
    row: NDArray[np.int64]
    day: NDArray[np.int64]
    rows: Floats
    on: Floats
    weight: Floats

    def days(self, count: int) -> Floats:
        """Return the weighted hits of each of *count* days, shape (n_signatures, count)."""
        own = self.weight[self.signature, self.row]
        return _counted(self.signature, self.day, (self.rows.shape[0], count), own)


def tally(hits: Hits, design: Design, clumping: Floats) -> Tally:
    """Return *hits* by the rows of *design*.

    Args:
        hits: Of all signatures.
        design: Whose rows.
        clumping: How alike the days of one place are: the correlation of two of its hits
            within the time compared, shape (n_signatures,), each within [0, 1].
    """
    row = design.row_of[hits.unit, hits.day]
    kept = row >= 0
    signature, row, day = hits.signature[kept], row[kept], hits.day[kept]
    shape = (hits.signatures, design.seen.shape[0])
    rows = _counted(signature, row, shape)
    on = _counted(signature, row, shape, design.on[row, day])
    grouped = np.maximum(design.by_group(rows), 1.0)
    weight = 1 / (1 + (grouped - 1) * clumping[:, None])
    return Tally(
        signature=signature, row=row, day=day, rows=rows, on=on, weight=weight[:, design.group]
    )


def _counted(
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    shape: tuple[int, int],
    weights: Floats | None = None,
) -> Floats:
    flat = np.bincount(one * shape[1] + other, weights=weights, minlength=shape[0] * shape[1])
    return flat.reshape(shape).astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Fitted means: a row's level times a day's level, times the ratio where it is on.

    Args:
        row: Shape (n_signatures, n_rows).
        day: Shape (n_signatures, n_days).
        log_ratio: Shape (n_signatures,).
    """

    row: Floats
    day: Floats
    log_ratio: Floats


def fit_levels(counted: Tally, design: Design, *, near: Floats | None = None) -> Levels:
    """Return the levels where nothing changes: rows and days fitted in turn, no ratio.

    Args:
        counted: Hits by row and day.
        design: Whose rows.
        near: Levels of the days that are nearly right, shape (n_signatures, n_days).

    Source:
        W. E. Deming and F. F. Stephan (1940), Ann. Math. Stat. 11, 427-444.
    """
    due = counted.days(design.seen.shape[1])
    day = np.where(due > 0, 1.0 if near is None else np.maximum(near, _LEAST), 0.0)
    row = counted.rows
    for _ in range(_ROUNDS if near is None else _NEAR):
        row = counted.rows / np.maximum(day @ design.seen.T, _LEAST)
        fresh = due / np.maximum((row * counted.weight) @ design.seen, _LEAST)
        moved = np.abs(fresh - day).max(initial=0.0) / max(float(fresh.max(initial=0.0)), _LEAST)
        day = fresh
        if moved < _CLOSE:
            break
    row = counted.rows / np.maximum(day @ design.seen.T, _LEAST)
    return Levels(row=row, day=day, log_ratio=np.zeros(row.shape[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """How far the hits with a value exceed what rows and days let expect.

    Args:
        total: Weighted hits too many, shape (n_signatures,).
        variance: Of *total* by chance.
        third: Its third central moment by chance.
        known: What the variance would be, were the levels of days known.
        place: The part of each place in *total*, shape (n_signatures, n_groups).
        place_variance: In *variance*.
        places: Places with hits whose rows tell, shape (n_signatures,).
    """

    total: Floats
    variance: Floats
    third: Floats
    known: Floats
    place: Floats
    place_variance: Floats
    places: Floats


def score_change(counted: Tally, design: Design, levels: Levels) -> Scores:
    """Return the scores of a change at the levels of no change.

    The value is swept of what rows and days share, so that an error in their levels does
    not move the score in first order.

    Source:
        C. R. Rao (1948), Math. Proc. Camb. Phil. Soc. 44, 50-57; the sweep as J. M.
        Wooldridge (1999), J. Econometrics 90, 77-97.
    """
    day, row, weight = levels.day, levels.row, counted.weight
    seen, on, treated = design.seen, design.on, design.treated
    faced = np.maximum(day @ seen.T, _LEAST)
    with_it = np.zeros_like(faced)
    with_it[:, treated] = day @ on[treated].T
    heavy = row * weight
    by_day = np.maximum(heavy @ seen, _LEAST)
    own_day = heavy[:, treated] @ on[treated]
    a, d = _swept(faced, with_it, heavy, (by_day, own_day, day), design)
    moved = (day * d) @ seen.T
    single = _counted(counted.signature, counted.row, row.shape, d[counted.signature, counted.day])
    score = weight * (_only(counted.on, treated) - single - row * (with_it - moved))
    squared = (day * (1 - 2 * d)) @ on[treated].T
    spread = (day * d * d) @ seen.T - a * a * faced
    spread[:, treated] += squared
    variance = weight * row * np.maximum(spread, 0.0)
    share = with_it / faced
    alone = heavy * faced * share * (1 - share)
    total_variance, known = variance.sum(axis=1), alone.sum(axis=1)
    kept = total_variance / np.maximum(known, _LEAST)
    third = (alone * (1 - 2 * share)).sum(axis=1) * kept**1.5
    telling = design.by_group((alone > _LEAST).astype(np.float64)) > 0
    return Scores(
        total=score.sum(axis=1), variance=total_variance, third=third, known=known,
        place=design.by_group(score), place_variance=design.by_group(variance),
        places=telling.sum(axis=1).astype(np.float64),
    )  # fmt: skip


def _only(values: Floats, treated: NDArray[np.int64]) -> Floats:
    kept = np.zeros_like(values)
    kept[:, treated] = values[:, treated]
    return kept


def _swept(
    faced: Floats,
    with_it: Floats,
    heavy: Floats,
    days: tuple[Floats, Floats, Floats],
    design: Design,
) -> tuple[Floats, Floats]:
    """Return the weighted means of the value by row and by day, one less the other.

    A few turns do: what is not quite swept makes the variance a little too large.
    """
    by_day, own_day, day = days
    d = np.zeros_like(by_day)
    a = with_it / faced
    for _ in range(_SWEEPS):
        fresh = (own_day - (heavy * a) @ design.seen) / by_day
        moved = float(np.abs(fresh - d).max(initial=0.0))
        d = np.where(day > 0, fresh, 0.0)
        a = (with_it - (day * d) @ design.seen.T) / faced
        if moved < _CLOSE:
            break
    return a, d


def fit_ratio(counted: Tally, design: Design, day: Floats) -> Floats:
    """Return the log ratio of each signature, half a hit added on both sides.

    So it is finite where no hit came before, or none after.

    Args:
        counted: Hits by row and day.
        design: Whose rows.
        day: Levels of the days to begin with, shape (n_signatures, n_days).

    Source:
        D. Firth (1993), Biometrika 80, 27-38, for one binomial share.
    """
    treated, seen, on = design.treated, design.seen, design.on[design.treated]
    weight = counted.weight
    due = counted.days(seen.shape[1])
    hits_on = (weight * counted.on)[:, treated].sum(axis=1)
    hits = (weight * counted.rows)[:, treated].sum(axis=1)
    beta = np.zeros(due.shape[0])
    for _ in range(_ROUNDS):
        more = np.expm1(beta)[:, None]
        own = day @ on.T
        faced = np.maximum(day @ seen.T, _LEAST)
        faced[:, treated] += more * own
        row = counted.rows / faced
        heavy = row * weight
        share = own * (1 + more) / faced[:, treated]
        mean = (heavy[:, treated] * faced[:, treated] * share).sum(axis=1)
        slope = (heavy[:, treated] * faced[:, treated] * share * (1 - share)).sum(axis=1)
        p = mean / np.maximum(hits, _LEAST)
        step = (hits_on - mean + 0.5 - p) / np.maximum(slope + p * (1 - p), _LEAST)
        step = np.clip(step, -1.5, 1.5)
        beta = np.clip(beta + step, -_FARTHEST, _FARTHEST)
        day = due / np.maximum(heavy @ seen + more * (heavy[:, treated] @ on), _LEAST)
        if float(np.abs(step).max(initial=0.0)) < _CLOSE:
            break
    return beta
