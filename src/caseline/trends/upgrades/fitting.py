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
        by_row: Where each hit counts in *rows*, if its rows are laid end to end.
        by_day: Where it counts in *days*.
        rows: Hits of each row, shape (n_signatures, n_rows).
        on: Those with the value.
        weight: What one hit of a row counts, so that those of one place that come in
            clumps do not count as many; the same shape.
        days: Weighted hits of each day, shape (n_signatures, n_days).
    """

    by_row: NDArray[np.int64]
    by_day: NDArray[np.int64]
    rows: Floats
    on: Floats
    weight: Floats
    days: Floats


def tally(hits: Hits, design: Design, clumping: Floats) -> Tally:
    """Return *hits* by the rows of *design*, and by days.

    Args:
        hits: Of all signatures.
        design: Whose rows.
        clumping: How alike the days of one place are: the correlation of two of its hits
            within the time compared, shape (n_signatures,), each within [0, 1].
    """
    height, days = design.seen.shape
    code = design.code_of.ravel()[hits.unit * days + hits.day]
    kept = np.flatnonzero(code >= 0)
    code += hits.signature * (2 * height)
    by_day = (hits.signature * days + hits.day)[kept]
    code = code[kept]
    both = np.bincount(code, minlength=hits.signatures * height * 2).reshape(-1, height, 2)
    on = both[:, :, 1].astype(np.float64)
    rows = both[:, :, 0] + on
    by_row = code >> 1
    grouped = np.maximum(design.by_group(rows), 1.0)
    weight = (1 / (1 + (grouped - 1) * clumping[:, None]))[:, design.group]
    due = _counted(by_day, (hits.signatures, days), weight.ravel()[by_row])
    return Tally(by_row=by_row, by_day=by_day, rows=rows, on=on, weight=weight, days=due)


def _counted(
    flat: NDArray[np.int64], shape: tuple[int, int], weights: Floats | None = None
) -> Floats:
    counts = np.bincount(flat, weights=weights, minlength=shape[0] * shape[1])
    return counts.reshape(shape).astype(np.float64, copy=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Fitted means: a row's level times a day's level.

    Args:
        row: Shape (n_signatures, n_rows).
        day: Shape (n_signatures, n_days).
        faced: The levels of the days on which a row was observed, summed; as *row*.
    """

    row: Floats
    day: Floats
    faced: Floats


def fit_levels(counted: Tally, design: Design, *, near: Floats | None = None) -> Levels:
    """Return the levels where nothing changes: rows and days fitted in turn, no ratio.

    Args:
        counted: Hits by row and day.
        design: Whose rows.
        near: Levels of the days that are nearly right, shape (n_signatures, n_days).

    Source:
        W. E. Deming and F. F. Stephan (1940), Ann. Math. Stat. 11, 427-444.
    """
    due = counted.days
    day = np.where(due > 0, 1.0 if near is None else np.maximum(near, _LEAST), 0.0)
    weighted, faced = counted.rows * counted.weight, np.empty_like(counted.rows)
    for _ in range(_ROUNDS if near is None else _NEAR):
        heavy = np.divide(weighted, _faced(day, design, faced), out=faced)
        fresh = due / np.maximum(heavy @ design.seen, _LEAST)
        moved = np.abs(fresh - day).max(initial=0.0) / max(float(fresh.max(initial=0.0)), _LEAST)
        day = fresh
        if moved < _CLOSE:
            break
    faced = _faced(day, design, faced)
    return Levels(row=counted.rows / faced, day=day, faced=faced)


def _faced(day: Floats, design: Design, into: Floats | None = None) -> Floats:
    """Return what each row faced of *day*; written *into* what is there for it."""
    found: Floats = np.matmul(day, design.seen.T, out=into)
    return np.maximum(found, _LEAST, out=found)


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
    """

    total: Floats
    variance: Floats
    third: Floats
    known: Floats
    place: Floats
    place_variance: Floats


def score_change(counted: Tally, design: Design, levels: Levels) -> Scores:
    """Return the scores of a change at the levels of no change.

    The value is swept of what rows and days share, so that an error in their levels does
    not move the score in first order.

    Source:
        C. R. Rao (1948), Math. Proc. Camb. Phil. Soc. 44, 50-57; the sweep as J. M.
        Wooldridge (1999), J. Econometrics 90, 77-97.
    """
    day, faced, treated = levels.day, levels.faced, design.treated
    on = design.on[treated]
    own = day @ on.T
    heavy = levels.row * counted.weight
    a, d = _swept(faced, own, heavy, day, design)
    score = _counted(counted.by_row, heavy.shape, -d.ravel()[counted.by_day])
    due = np.multiply(a, faced)
    variance = (day * d * d) @ design.seen.T
    variance -= np.multiply(a, due, out=a)
    variance[:, treated] += (day * (1 - 2 * d)) @ on.T
    variance = np.maximum(variance, 0.0, out=variance)
    variance *= heavy
    score -= np.multiply(levels.row, due, out=due)
    score[:, treated] += counted.on[:, treated]
    score *= counted.weight
    share = own / faced[:, treated]
    alone = heavy[:, treated] * own * (1 - share)
    total_variance, known = variance.sum(axis=1), alone.sum(axis=1)
    kept = total_variance / np.maximum(known, _LEAST)
    third = (alone * (1 - 2 * share)).sum(axis=1) * kept**1.5
    return Scores(
        total=score.sum(axis=1), variance=total_variance, third=third, known=known,
        place=design.by_group(score), place_variance=design.by_group(variance),
    )  # fmt: skip


def _swept(
    faced: Floats, own: Floats, heavy: Floats, day: Floats, design: Design
) -> tuple[Floats, Floats]:
    """Return the weighted means of the value by row and by day, one less the other.

    A few turns do: what is not quite swept makes the variance a little too large.

    Args:
        faced: By row, the levels of its days.
        own: The part of them with the value, of treated rows.
        heavy: Weighted levels of rows.
        day: Levels of days.
        design: Whose rows.
    """
    seen, treated = design.seen, design.treated
    by_day = np.maximum(heavy @ seen, _LEAST)
    own_day = heavy[:, treated] @ design.on[treated]
    d = np.zeros_like(by_day)
    a, drawn = np.zeros_like(faced), np.empty_like(faced)
    a[:, treated] = own / faced[:, treated]
    for _ in range(_SWEEPS):
        fresh = (own_day - np.multiply(heavy, a, out=drawn) @ seen) / by_day
        moved = float(np.abs(fresh - d).max(initial=0.0))
        d = np.where(day > 0, fresh, 0.0)
        a = np.matmul(-day * d, seen.T, out=a)
        a[:, treated] += own
        a /= faced
        if moved < _CLOSE:
            break
    return a, d


def fit_ratio(
    counted: Tally, design: Design, day: Floats, chosen: NDArray[np.int64] | slice = slice(None)
) -> Floats:
    """Return the log ratio of each signature, half a hit added on both sides.

    So it is finite where no hit came before, or none after.

    Args:
        counted: Hits by row and day.
        design: Whose rows.
        day: Levels of the days to begin with, shape (n_signatures, n_days).
        chosen: Which signatures of *counted* and *day*.

    Source:
        D. Firth (1993), Biometrika 80, 27-38, for one binomial share.
    """
    treated, on = design.treated, design.on[design.treated]
    weight, due, day = counted.weight[chosen], counted.days[chosen], day[chosen]
    weighted = weight * counted.rows[chosen]
    hits_on = (weight * counted.on[chosen])[:, treated].sum(axis=1)
    hits = weighted[:, treated].sum(axis=1)
    beta = np.zeros(due.shape[0])
    for _ in range(_ROUNDS):
        more = np.expm1(beta)[:, None]
        own = day @ on.T
        faced = _faced(day, design)
        faced[:, treated] += more * own
        heavy = weighted / faced
        mine = heavy[:, treated]
        due_on = mine * own * (1 + more)
        share = own * (1 + more) / faced[:, treated]
        mean, slope = due_on.sum(axis=1), (due_on * (1 - share)).sum(axis=1)
        p = mean / np.maximum(hits, _LEAST)
        step = (hits_on - mean + 0.5 - p) / np.maximum(slope + p * (1 - p), _LEAST)
        step = np.clip(step, -1.5, 1.5)
        beta = np.clip(beta + step, -_FARTHEST, _FARTHEST)
        day = due / np.maximum(heavy @ design.seen + more * (mine @ on), _LEAST)
        if float(np.abs(step).max(initial=0.0)) < _CLOSE:
            break
    return beta
