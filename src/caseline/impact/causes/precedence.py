"""Which signature comes before which: in distributed traces, else in the bursts of a customer.

A cause is logged before what it causes. In one trace both lines tell it; over many traces
a sign test says how sure that is. Where there are no traces, the beginnings of bursts
stand for them, held against the chance that the busier signature is first anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from caseline.impact.causes.settings import OrderSettings

_HOUR_MICROS = 3_600_000_000
_BY_CHANCE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Precedence:
    """How often each of some signatures comes before each other one.

    Args:
        signature_ids: The signatures, n of them.
        ahead: How often the one of the row came first, shape (n, n).
        together: How often both were there, in whatever order, shape (n, n).
        share: The part of the column's occurrences that the row's came before, (n, n).
        sureness: 0 where the order may be chance, towards 1 where it is none, (n, n).
        traced: Whether traces tell it, not bursts, (n, n).
    """

    signature_ids: tuple[str, ...]
    ahead: NDArray[np.int64]
    together: NDArray[np.int64]
    share: NDArray[np.float64]
    sureness: NDArray[np.float64]
    traced: NDArray[np.bool_]

    @property
    def strength(self) -> NDArray[np.float64]:
        """What the order says: the share, as far as it is sure, shape (n, n) in [0, 1]."""
        return self.share * self.sureness

    def told(self, row: int, column: int) -> str:
        """Return how often the signature of *row* comes before that of *column*.

        >>> one = np.ones((1, 1))
        >>> Precedence(signature_ids=("a",), ahead=14 * one, together=15 * one, share=one,
        ...     sureness=one, traced=one).told(0, 0)
        '14 of 15 traces'
        """
        what = "traces" if self.traced[row, column] else "bursts"
        return f"{self.ahead[row, column]:.0f} of {self.together[row, column]:.0f} {what}"


def sureness(
    ahead: NDArray[np.int64], told: NDArray[np.int64], chance: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Return how sure an order is: 1 - 2 p of the sign test, at least 0.

    Args:
        ahead: How often the one came first, any shape.
        told: How often it can be told which came first, the same shape.
        chance: The probability of being first that is no order at all, the same shape.

    Source:
        W. J. Conover (1999), Practical Nonparametric Statistics, 3.4.

    >>> sureness(np.array([1, 3, 14]), np.array([1, 3, 15]), 0.5).round(3).tolist()
    [0.0, 0.75, 0.999]
    """
    from scipy.special import betainc  # noqa: PLC0415 - importing scipy takes time

    some = ahead > 0
    # The upper tail of the binomial is an incomplete beta function.
    p = betainc(np.maximum(ahead, 1), np.maximum(told - ahead, 0) + 1, chance)
    found: NDArray[np.float64] = np.where(some, np.clip(1 - 2 * p, 0, 1), 0.0)
    return found


def in_traces(pairs: pl.DataFrame, signature_ids: Sequence[str]) -> Precedence:
    """Return the order that distributed traces show.

    Args:
        pairs: one_id, other_id, together, ahead, behind: traces that hold both; a row
            of one and the same counts the traces that hold it.
        signature_ids: Which signatures, in the order wanted.
    """
    size = len(signature_ids)
    at = {name: i for i, name in enumerate(signature_ids)}
    known = pairs.filter(pl.col("one_id").is_in(at), pl.col("other_id").is_in(at))
    one = np.array([at[name] for name in known["one_id"]], dtype=np.int64)
    other = np.array([at[name] for name in known["other_id"]], dtype=np.int64)
    together, ahead = np.zeros((2, size, size), dtype=np.int64)
    together[one, other] = together[other, one] = known["together"].to_numpy()
    same = one == other
    ahead[one, other] = known["ahead"].to_numpy()
    ahead[other[~same], one[~same]] = known["behind"].to_numpy()[~same]
    traces = np.maximum(np.diag(together), 1)
    return Precedence(
        signature_ids=tuple(signature_ids),
        ahead=ahead,
        together=together,
        share=ahead / traces[np.newaxis, :],
        sureness=sureness(ahead, ahead + ahead.T, _BY_CHANCE),
        traced=together > 0,
    )


def in_bursts(
    hours: pl.DataFrame, signature_ids: Sequence[str], *, settings: OrderSettings
) -> Precedence:
    """Return the order in which bursts begin.

    A burst begins with the first event of an hour after one without events of the
    signature. Two bursts belong together that begin within ``burst_hours``.

    Args:
        hours: signature_id, hour, first_at, seen: what happened at a customer.
        signature_ids: Which signatures, in the order wanted.
        settings: See ``[order]``.
    """
    starts, rates = _beginnings(hours, signature_ids)
    size, near = len(signature_ids), settings.burst_hours * _HOUR_MICROS
    ahead, together = np.zeros((2, size, size), dtype=np.int64)
    for i, mine in enumerate(starts):
        for j, others in enumerate(starts):
            if i == j or not (len(mine) and len(others)):
                continue
            lag = mine[np.newaxis, :] - others[:, np.newaxis]
            nearest = lag[np.arange(len(others)), np.abs(lag).argmin(axis=1)]
            inside = np.abs(nearest) <= near
            together[i, j] = inside.sum()
            ahead[i, j] = (inside & (nearest < 0)).sum()
    bursts = np.maximum([len(s) for s in starts], 1)
    # The busier one is first by chance as often as it is busier.
    busier = rates[:, np.newaxis] / (rates[:, np.newaxis] + rates[np.newaxis, :])
    chance = np.maximum(busier, _BY_CHANCE)
    return Precedence(
        signature_ids=tuple(signature_ids),
        ahead=ahead,
        together=together,
        share=ahead / bursts[np.newaxis, :] * settings.burst_weight,
        sureness=sureness(ahead, together, chance),
        traced=np.zeros((size, size), dtype=np.bool_),
    )


def _beginnings(
    hours: pl.DataFrame, signature_ids: Sequence[str]
) -> tuple[list[NDArray[np.int64]], NDArray[np.float64]]:
    """Return for each signature when its bursts begin, in microseconds, and events per hour."""
    summed = (
        hours.group_by("signature_id", "hour")
        .agg(pl.col("first_at").min(), pl.col("seen").sum())
        .sort("signature_id", "hour")
        .with_columns(
            (pl.col("hour").diff().over("signature_id") != pl.duration(hours=1))
            .fill_null(value=True)
            .alias("begins")
        )
    )
    named = pl.Series("signature_id", list(signature_ids), dtype=pl.String)
    at = named.to_frame().with_row_index("at")
    rows = summed.join(at, on="signature_id", how="inner")
    which, begins = rows["at"].to_numpy(), rows["begins"].to_numpy()
    first = rows["first_at"].dt.epoch("us").to_numpy()
    events = np.bincount(which, weights=rows["seen"].to_numpy(), minlength=len(signature_ids))
    lasted = np.bincount(which, minlength=len(signature_ids))
    starts = [first[begins & (which == i)] for i in range(len(signature_ids))]
    return starts, events / np.maximum(lasted, 1) + 1e-9


def joined(traces: Precedence, bursts: Precedence) -> Precedence:
    """Return what traces tell of each pair, and bursts where no trace holds both."""
    choose = traces.traced | traces.traced.T
    parts = {
        name: np.where(choose, getattr(traces, name), getattr(bursts, name))
        for name in ("ahead", "together", "share", "sureness")
    }
    return Precedence(signature_ids=traces.signature_ids, traced=choose, **parts)
