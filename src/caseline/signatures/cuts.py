"""Cutting variables out of messages: whole columns at a time.

A shape is as long as each of its messages, so the spans found in it hold for all of
them. Rows are taken in groups with equally many spans: their cuts are one long column
that is folded into lists without a copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_LIST = pl.List(pl.String)


class SpanTable(NamedTuple):
    """Where the variables of some shapes stand, equally many in each.

    Args:
        shapes: Which shapes, shape (n,).
        spans: Start and length of each variable in bytes, shape (n, n_variables, 2).
    """

    shapes: NDArray[np.int64]
    spans: NDArray[np.uint32]


def span_tables(spans: Sequence[tuple[int, ...]]) -> list[SpanTable]:
    """Return the tables of shapes whose spans are start, length, start, length ...

    >>> [table.shapes.tolist() for table in span_tables([(4, 1), (), (7, 1)])]
    [[1], [0, 2]]
    """
    counts = np.array([len(span) // 2 for span in spans], dtype=np.int64)
    tables = []
    for count in np.unique(counts).tolist():
        chosen = np.flatnonzero(counts == count)
        table = np.array([spans[n] for n in chosen.tolist()], dtype=np.uint32)
        tables.append(SpanTable(chosen, table.reshape(len(chosen), count, 2)))
    return tables


def cut_variables(
    messages: pl.Series, shapes: NDArray[np.uint32], tables: Sequence[SpanTable]
) -> pl.Series:
    """Return the variables of each message.

    Args:
        messages: String, one per row.
        shapes: For each row its shape, shape (n_rows,).
        tables: The spans of each shape; every shape is in one of them.

    Returns:
        List(String), one per row.

    >>> messages, shapes = pl.Series(["uid=7 a", "uid=8 b"]), np.zeros(2, np.uint32)
    >>> cut_variables(messages, shapes, span_tables([(4, 1)])).to_list()
    [['7'], ['8']]
    """
    groups: dict[int, list[SpanTable]] = {}
    for table in tables:
        groups.setdefault(table.spans.shape[1], []).append(table)
    size = 1 + max((int(t.shapes.max()) for t in tables if len(t.shapes)), default=-1)
    group_of = np.full(size, -1, dtype=np.int64)
    place = np.zeros(size, dtype=np.int64)
    for count, same in groups.items():
        chosen = np.concatenate([table.shapes for table in same])
        group_of[chosen] = count
        place[chosen] = np.arange(len(chosen))
    per_row = group_of[shapes]
    data = messages.cast(pl.Binary)
    rows: list[NDArray[np.intp]] = []
    lists: list[pl.Series] = []
    for count in np.unique(per_row).tolist():
        chosen = np.flatnonzero(per_row == count)
        rows.append(chosen)
        spans = np.concatenate([table.spans for table in groups[count]])
        lists.append(_cut_equal(data, chosen, spans[place[shapes[chosen]]]))
    if not lists:
        return pl.Series("variables", [], dtype=_LIST)
    joined = pl.concat(lists, rechunk=True) if len(lists) > 1 else lists[0]
    if len(lists) > 1:
        joined = joined.gather(np.argsort(np.concatenate(rows), kind="stable"))
    return joined.alias("variables")


def _cut_equal(data: pl.Series, rows: NDArray[np.intp], cuts: NDArray[np.uint32]) -> pl.Series:
    """Return the variables of *rows*, whose spans are *cuts*: (n_rows, count, 2)."""
    count = cuts.shape[1]
    if count == 0:
        return pl.Series([[]], dtype=_LIST).new_from_index(0, len(rows))
    whole = len(rows) == len(data)
    text = data if whole and count == 1 else data.gather(np.repeat(rows, count))
    frame = pl.DataFrame(
        {"text": text, "start": cuts[..., 0].ravel(), "size": cuts[..., 1].ravel()}
    )
    cut = frame.select(pl.col("text").bin.slice("start", "size")).to_series().cast(pl.String)
    return cut.reshape((len(rows), count)).arr.to_list()
