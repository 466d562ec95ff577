"""Who wrote a line: threads and containers whose lines stand mixed in one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from caseline.normalize.arrays import binary_of, distinct
from caseline.normalize.columns import slices
from caseline.normalize.layouts import Field, Kind, Role

if TYPE_CHECKING:
    import re

    from numpy.typing import NDArray

    from caseline.normalize.formatbook import Format
    from caseline.normalize.lines import Lines

    Ints = NDArray[np.int64]
    Rows = NDArray[np.int32]
    Match = re.Match[bytes]
    Span = tuple[int, int]

_WRITERS = ("host", "pid", "thread", "service")
_JOINING = (Role.CHAINS, Role.DOWN, Role.UP, Role.GOES_ON, Role.PLACES)


def writer_span(format_: Format, spans: dict[str, Span], found: tuple[Match, Match]) -> Span | None:
    """Return what in the header tells one writer from another, time and level apart.

    A runtime's own header tells it whole; of others it is process, thread and logger.
    """
    if format_.inner:
        end = spans["partial"][0] if "partial" in spans else found[1].end()
        return (found[1].start(), end)
    named = [spans[name] for name in _WRITERS if name in spans]
    return (min(named)[0], max(end for _, end in named)) if named else None


def writers_of(lines: Lines, rows: Rows) -> Ints | None:
    """Return a number for each line's writer; None where no line of a trace has a header.

    What tells writers apart is in the header: host, process, thread, logger, or all that
    a runtime put there. A line without one has the writer of the line before it.
    """
    headers = rows[:, Field.KIND] == Kind.HEADER
    joining = headers & np.isin(rows[:, Field.ROLE], _JOINING)
    if not joining.any():
        return None
    ids = lines.shape_ids
    headed = np.flatnonzero(headers[ids])
    at = ids[headed]
    sizes = np.maximum(rows[at, Field.WRITER_SIZE], 0).astype(np.int64)
    keys = slices(lines.data, lines.starts[headed] + rows[at, Field.WRITER_START], sizes)
    codes, _ = distinct(binary_of(keys))
    found = np.full(len(ids), -1, dtype=np.int64)
    found[headed] = codes
    last = np.maximum.accumulate(np.where(found >= 0, np.arange(len(ids)), -1))
    writers = np.where(last >= 0, found[np.maximum(last, 0)], -1)
    return _adopted(writers, headed, codes, joining[ids])


def _adopted(
    writers: Ints, headed: Ints, codes: NDArray[np.int32], joining: NDArray[np.bool_]
) -> Ints:
    """Let a writer that begins with a trace's inner line be the one before it."""
    known, first = np.unique(codes, return_index=True)
    for writer, line in zip(known.tolist(), headed[first].tolist(), strict=True):
        if joining[line] and line > 0:
            writers[writers == writer] = writers[line - 1]
    return writers
