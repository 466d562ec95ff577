"""Cutting variables out of messages: whole columns at a time.

A shape is as long as each of its messages, so the spans found in it hold for all of
them. Rows are taken in groups with equally many spans: their cuts are one long column
that is folded into lists without a copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_LIST = pl.List(pl.String)


def cut_variables(
    messages: pl.Series, shapes: NDArray[np.uint32], spans: Sequence[tuple[int, ...]]
) -> pl.Series:
    """Return the variables of each message.

    Args:
        messages: String, one per row.
        shapes: For each row its index into *spans*, shape (n_rows,).
        spans: For each shape start, length, start, length ... in bytes.

    Returns:
        List(String), one per row.

    >>> cut_variables(pl.Series(["uid=7 a", "uid=8 b"]), np.zeros(2, np.uint32), [(4, 1)]).to_list()
    [['7'], ['8']]
    """
    counts = np.array([len(span) // 2 for span in spans], dtype=np.uint32)
    per_row = counts[shapes]
    data = messages.cast(pl.Binary)
    rows: list[NDArray[np.intp]] = []
    lists: list[pl.Series] = []
    for count in np.unique(per_row):
        chosen = np.flatnonzero(per_row == count)
        rows.append(chosen)
        lists.append(_cut_equal(data, chosen, shapes[chosen], spans, counts, int(count)))
    if not lists:
        return pl.Series("variables", [], dtype=_LIST)
    joined = pl.concat(lists, rechunk=True) if len(lists) > 1 else lists[0]
    if len(lists) > 1:
        joined = joined.gather(np.argsort(np.concatenate(rows), kind="stable"))
    return joined.alias("variables")


def _cut_equal(
    data: pl.Series,
    rows: NDArray[np.intp],
    shapes: NDArray[np.uint32],
    spans: Sequence[tuple[int, ...]],
    counts: NDArray[np.uint32],
    count: int,
) -> pl.Series:
    if count == 0:
        return pl.Series([[]], dtype=_LIST).new_from_index(0, len(rows))
    chosen = np.flatnonzero(counts == count)
    table = np.array([spans[n] for n in chosen.tolist()], dtype=np.uint32).reshape(-1, count, 2)
    place = np.zeros(len(counts), dtype=np.intp)
    place[chosen] = np.arange(len(chosen))
    cuts = table[place[shapes]]
    whole = len(rows) == len(data)
    text = data if whole and count == 1 else data.gather(np.repeat(rows, count))
    frame = pl.DataFrame(
        {"text": text, "start": cuts[..., 0].ravel(), "size": cuts[..., 1].ravel()}
    )
    cut = frame.select(pl.col("text").bin.slice("start", "size")).to_series().cast(pl.String)
    return cut.reshape((len(rows), count)).arr.to_list()
