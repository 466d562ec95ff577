"""Columns of who, what and when become the bytes of log files."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.testing.fleet.plan import DAY
from caseline.testing.fleet.sheet import Sheet, fill_places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from caseline.testing.fleet.typecase import Typecase


class Renderer:
    """Writes lines, sorted by file and time.

    Args:
        typecase: The ready-made texts.
    """

    def __init__(self, typecase: Typecase) -> None:
        self._case = typecase
        names = sorted({f.format for f in typecase.files})
        self._form = np.array([names.index(f.format) for f in typecase.files], dtype=np.int64)
        # A file's rank: files of one format stand together.
        self._rank = np.argsort(np.argsort(self._form, kind="stable"), kind="stable")

    def render(
        self, rows: pl.DataFrame, rng: np.random.Generator
    ) -> Iterator[tuple[int, int, bytes]]:
        """Yield (file, records, bytes) for each log file in *rows*.

        Args:
            rows: Columns file, tenancy (-1: none), template, at (microseconds since
                1970, within two days of one another), chain (what has one number has
                one trace; -1: one of its own). Rows of one file and moment keep their
                order.
            rng: Draws the values of the places.
        """
        if rows.is_empty():
            return
        at = rows["at"].to_numpy()
        place = self._rank[rows["file"].to_numpy()] * (4 * DAY) + (at - at.min())
        rows = rows[np.argsort(place, kind="stable")]
        values = fill_places(self._case, rows["template"].to_numpy(), rng)
        for low, high in runs(self._form[rows["file"].to_numpy()]):
            part = [column[low:high] for column in values]
            yield from _split(Sheet(self._case, rows[low:high], part, rng))


def _split(sheet: Sheet) -> Iterator[tuple[int, int, bytes]]:
    """Yield (file, records, bytes) for each log file of *sheet*."""
    lines = sheet.lines()
    ends = np.cumsum(lines.str.len_bytes().to_numpy().astype(np.int64) + 1)
    written = io.BytesIO()
    # The CSV writer, told not to quote, is the fastest way from a column to bytes.
    pl.DataFrame({"line": lines}).write_csv(written, include_header=False, quote_style="never")
    data = written.getvalue()
    for low, high in runs(sheet.file):
        start = ends[low - 1] if low else 0
        yield int(sheet.file[low]), high - low, data[start : ends[high - 1]]


def runs(values: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each run of equal *values*.

    >>> list(runs(np.array([4, 4, 7])))
    [(0, 2), (2, 3)]
    """
    cuts = np.flatnonzero(values[1:] != values[:-1]) + 1
    edges = [0, *cuts.tolist(), len(values)]
    yield from pairwise(edges)
