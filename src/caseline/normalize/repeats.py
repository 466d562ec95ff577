"""Lines that say "last message repeated 50 times": the message before, with a weight."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from caseline.normalize.arrays import ZEROED
from caseline.normalize.layouts import REPEATED, Field

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.normalize.lines import Lines

    Ints = NDArray[np.int64]
    Rows = NDArray[np.int32]

_MAX_REPEATS = 10_000_000


def repeat_counts(lines: Lines, rows: Rows, first: Ints) -> NDArray[np.uint32]:
    """Return how often each record stands for: 1 unless its line says otherwise."""
    counts = np.ones(len(first), dtype=np.uint32)
    sizes = rows[lines.shape_ids[first], Field.REPEATS_SIZE]
    for record in np.flatnonzero(sizes >= 0).tolist():
        line = first[record]
        start = lines.starts[line] + rows[lines.shape_ids[line], Field.REPEATS_START]
        counts[record] = max(1, min(int(lines.data[start : start + sizes[record]]), _MAX_REPEATS))
    return counts


class Previous:
    """Puts in a repetition's place the message it repeats: the last one of the same host.

    Across blocks it keeps the last message of each host.

    Args:
        limit: Hosts to remember.
    """

    def __init__(self, limit: int = 1_000) -> None:
        self._limit = limit
        self._kept: dict[str | None, _Kept] = {}

    def stand_in(
        self, frame: pl.DataFrame, shapes: list[bytes], flags: NDArray[np.int32]
    ) -> tuple[pl.DataFrame, list[bytes]]:
        """Return the frame and shapes with repetitions replaced; remember the last messages.

        Args:
            frame: The records.
            shapes: Their shapes.
            flags: Column FLAGS of each record's first line.
        """
        repeated = np.flatnonzero((flags & REPEATED) != 0)
        if len(repeated):
            frame, shapes = self._replace(frame, shapes, repeated)
        self._keep(frame)
        return frame, shapes

    def _replace(
        self, frame: pl.DataFrame, shapes: list[bytes], repeated: Ints
    ) -> tuple[pl.DataFrame, list[bytes]]:
        hosts = frame.get_column("host").to_list()
        known = set(repeated.tolist())
        made: dict[int, _Kept] = {}
        for record in repeated.tolist():
            back = record - 1
            while back >= 0 and (back in known or hosts[back] != hosts[record]):
                back -= 1
            found = _kept_of(frame, back) if back >= 0 else self._kept.get(hosts[record])
            if found is not None:
                made[record] = found
        return _with_messages(frame, shapes, made, set(repeated.tolist()) - set(made))

    def _keep(self, frame: pl.DataFrame) -> None:
        last = frame.with_row_index("row").group_by("host").agg(pl.col("row").last())
        if len(self._kept) + last.height > self._limit:
            self._kept.clear()
        for host, row in last.sort("row").tail(self._limit).iter_rows():
            self._kept[host] = _kept_of(frame, row)


class _Kept(NamedTuple):
    message: bytes
    service: str | None
    severity: int | None
    severity_text: str | None


def _kept_of(frame: pl.DataFrame, row: int) -> _Kept:
    return _Kept(*(frame.get_column(name)[row] for name in _Kept._fields))


def _with_messages(
    frame: pl.DataFrame, shapes: list[bytes], made: dict[int, _Kept], unknown: set[int]
) -> tuple[pl.DataFrame, list[bytes]]:
    """Return the frame with the rows of *made* replaced, and *unknown* standing for 1."""
    columns = {name: frame.get_column(name).to_list() for name in _Kept._fields}
    shape = frame.get_column("shape").to_list()
    repeats = frame.get_column("repeats").to_list()
    index = {text: i for i, text in enumerate(shapes)}
    for record, kept in made.items():
        for name in _Kept._fields:
            columns[name][record] = getattr(kept, name)
        zeroed = kept.message.translate(ZEROED)
        shape[record] = index.setdefault(zeroed, len(index))
    for record in unknown:
        repeats[record] = 1
    changed = {**columns, "shape": shape, "repeats": repeats}
    return frame.with_columns(
        pl.Series(name, values, dtype=frame.schema[name]) for name, values in changed.items()
    ), list(index)
