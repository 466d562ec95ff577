"""Which of two signatures comes first: in the traces both are in, or where both began."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

_PAIR: dict[str, pl.DataType | type[pl.DataType]] = {
    "upstream": pl.String,
    "downstream": pl.String,
    "evidence": pl.String,
    "together": pl.Int64,
    "first": pl.Int64,
    "last": pl.Int64,
    "probability": pl.Float64,
}
_WITHIN = timedelta(hours=6)


def order_pairs(
    moments: pl.DataFrame, onsets: pl.DataFrame, *, within: timedelta = _WITHIN
) -> pl.DataFrame:
    """Return which signature of each pair comes before the other, and how sure that is.

    A distributed trace in which both occur says it: the one whose first line is earlier.
    Pairs that share no trace, or only traces in which both began in one instant, are told
    by where and when they began: at each customer (or burst of it) that both struck.

    Args:
        moments: trace_id, signature_id, at: lines, or the first one of each trace.
        onsets: unit, signature_id, first_at: when each began at each customer or burst.
        within: Onsets further apart than this have nothing to do with each other.

    Returns:
        upstream, downstream, evidence (``traces`` or ``onsets``), together (shared traces
        or units), first (of these, with the upstream one first), last (with it last; the
        rest began in one instant), probability (that upstream comes first more often than
        not): one row for each pair with something in common, the surest first.

    Source:
        A sign test in Bayes' form: with a uniform prior on the share of first places,
        P(share > 1/2) is the tail of a Beta(1 + first, 1 + last) distribution.

    >>> from datetime import UTC, datetime
    >>> def at(second):
    ...     return datetime(2026, 3, 2, 9, 0, second, tzinfo=UTC)
    >>> lines = [("t1", "db", at(1)), ("t1", "api", at(2)), ("t2", "db", at(5))]
    >>> lines += [("t2", "api", at(7))]
    >>> moments = pl.DataFrame(lines, schema=["trace_id", "signature_id", "at"], orient="row")
    >>> nothing = pl.DataFrame(schema=["unit", "signature_id", "first_at"])
    >>> pairs = order_pairs(moments, nothing)
    >>> pairs.select("upstream", "downstream", "first", "probability").row(0)
    ('db', 'api', 2, 0.875)
    """
    by_trace = _compared(moments.rename({"trace_id": "unit"}), "traces", within=None)
    began = onsets.select("unit", "signature_id", pl.col("first_at").alias("at"))
    by_onset = _compared(began, "onsets", within=within)
    told = by_trace.filter(pl.col("one_first") + pl.col("other_first") > 0)
    rest = by_onset.join(told, on=["one", "other"], how="anti")
    both = pl.concat([told, rest])
    return _directed(both)


def causal_order(signature_ids: Sequence[str], pairs: pl.DataFrame) -> list[str]:
    """Return *signature_ids*, causes before symptoms.

    Next comes the one that the signatures still left have the least claim to precede;
    where the pairs say nothing, the given order stands. Contradictions in a circle are
    broken where they are weakest.

    Args:
        signature_ids: Each once, in the order to keep where nothing is known.
        pairs: What ``order_pairs`` returns.

    >>> pairs = pl.DataFrame({"upstream": ["c"], "downstream": ["a"], "probability": [0.9]})
    >>> causal_order(["a", "b", "c"], pairs)
    ['b', 'c', 'a']
    """
    claims = {
        (up, down): probability - 0.5
        for up, down, probability in pairs.select(
            "upstream", "downstream", "probability"
        ).iter_rows()
    }
    left, ordered = list(signature_ids), []
    while left:
        held = [max((claims.get((up, one), 0.0) for up in left), default=0.0) for one in left]
        ordered.append(left.pop(held.index(min(held))))
    return ordered


def _compared(firsts: pl.DataFrame, evidence: str, *, within: timedelta | None) -> pl.DataFrame:
    """Return one, other (by name), one_first, other_first, together and the evidence."""
    each = (
        firsts.with_columns(pl.col("unit", "signature_id").cast(pl.String))
        .group_by("unit", "signature_id")
        .agg(pl.col("at").cast(pl.Datetime("us", "UTC")).min())
    )
    pairs = each.join(each, on="unit", suffix="_other").filter(
        pl.col("signature_id") < pl.col("signature_id_other")
    )
    if within is not None:
        pairs = pairs.filter((pl.col("at") - pl.col("at_other")).abs() <= within)
    return (
        pairs.group_by(one=pl.col("signature_id"), other=pl.col("signature_id_other"))
        .agg(
            (pl.col("at") < pl.col("at_other")).sum().cast(pl.Int64).alias("one_first"),
            (pl.col("at") > pl.col("at_other")).sum().cast(pl.Int64).alias("other_first"),
            pl.len().cast(pl.Int64).alias("together"),
        )
        .with_columns(pl.lit(evidence).alias("evidence"))
    )


def _directed(counted: pl.DataFrame) -> pl.DataFrame:
    from scipy.special import betainc  # noqa: PLC0415 - importing scipy takes time

    straight = pl.col("one_first") >= pl.col("other_first")
    told = counted.with_columns(
        pl.when(straight).then("one").otherwise("other").alias("upstream"),
        pl.when(straight).then("other").otherwise("one").alias("downstream"),
        pl.max_horizontal("one_first", "other_first").alias("first"),
        pl.min_horizontal("one_first", "other_first").alias("last"),
    )
    first, last = told["first"].to_numpy(), told["last"].to_numpy()
    sure = 1.0 - betainc(1.0 + first, 1.0 + last, np.full(first.shape, 0.5))
    return (
        told.with_columns(pl.Series("probability", sure, dtype=pl.Float64))
        .select(pl.col(name).cast(dtype) for name, dtype in _PAIR.items())
        .sort(
            ["probability", "together", "upstream", "downstream"],
            descending=[True, True, False, False],
        )
    )
