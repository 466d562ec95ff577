"""Rows of lines that begin like one whose header is known: most lines of a file do.

What a line is depends on its beginning, but for what may stand anywhere in it. Lines
that hold none of those marks, whose message is no part of a trace and opens with no
label, differ from one another in the size of their message alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from caseline.normalize.layouts import EMBEDDED, WIDTH, Field, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from caseline.normalize.roles import TraceWords

_OPENING = 32
_LABEL = 11  # a label's name with a bracket and the sign
_BLANKS = (b" ", b"\t", b"\r", b"\n", b"")
_OTHER_BLANKS = b" \t\r"
MARGIN = 8
"""So many bytes of the message belong to a line's beginning: they tell its header's end."""


class Beginnings:
    """Headers by how their lines begin.

    Args:
        traces: Tells which messages belong to a trace.
    """

    def __init__(self, traces: TraceWords) -> None:
        self._roles = traces.roles
        self._rows: dict[bytes, list[int]] = {}
        self._simple: dict[bytes, int] = {}
        self._sizes: dict[bytes, list[int]] = {}
        self._table: list[list[int]] = []
        self._array = np.zeros((0, WIDTH), dtype=np.int32)

    def clear(self) -> None:
        """Forget all."""
        for known in (self._rows, self._simple, self._sizes, self._table):
            known.clear()
        self._array = self._array[:0]

    def add(self, beginning: bytes, row: list[int]) -> None:
        """Remember what the header says of lines that start with *beginning*."""
        kept = self._rows[beginning] = list(row)
        sizes = self._sizes.setdefault(beginning[:_OPENING], [])
        if len(beginning) not in sizes:
            sizes.append(len(beginning))
        simple = row[Field.KIND] == Kind.HEADER and row[Field.SEVERITY_SIZE] >= 0
        simple &= row[Field.TENANT_SIZE] <= 0 and row[Field.PAIRS] < 0
        if simple and not row[Field.FLAGS] & EMBEDDED:
            self._simple[beginning] = len(self._table)
            self._table.append(kept)

    def find(self, line: bytes) -> list[int] | None:
        """Return what the header of *line* says, if a line began like it."""
        for size in self._sizes.get(line[:_OPENING], ()):
            known = self._rows.get(line[:size])
            if known is not None:
                return list(known)
        return None

    def places(self, shapes: Sequence[bytes], marked: Sequence[bool]) -> NDArray[np.int64]:
        """Return for each of *shapes* the place of its row, or -1 where it is to be read.

        Args:
            shapes: Lines with their digits turned into zeros.
            marked: Which hold something that is to be looked for.
        """
        sizes, simple, roles = self._sizes, self._simple, self._roles
        found = np.full(len(shapes), -1, dtype=np.int64)
        if not simple:
            return found
        for n, shape in enumerate(shapes):
            if marked[n] or shape[-2:-1] in _BLANKS or shape[-1] in _OTHER_BLANKS:
                continue
            for size in sizes.get(shape[:_OPENING], ()):
                place = simple.get(shape[:size])
                if place is not None:
                    start = self._table[place][Field.MESSAGE_START]
                    labelled = b"=" in shape[start : start + _LABEL]
                    if not labelled and not roles[shape[start]].match(shape, start):
                        found[n] = place
                    break
        return found

    def rows(self, places: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the rows at *places* for lines of so many bytes, newline apart."""
        if not len(places):
            return self._array[:0]
        if len(self._array) < len(self._table):
            fresh = np.array(self._table[len(self._array) :], dtype=np.int32)
            self._array = np.concatenate([self._array, fresh])
        rows = self._array[places]
        rows[:, Field.MESSAGE_SIZE] = sizes - rows[:, Field.MESSAGE_START]
        return rows
