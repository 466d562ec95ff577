"""Lines → records: which line starts one, which goes on with the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from caseline.normalize.layouts import ENDS, LATER, PARTIAL, Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.normalize.settings import NormalizeSettings

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]


class Records(NamedTuple):
    """Records as runs of lines.

    Args:
        first: The first line of each record.
        lines: How many lines each has.
        blank: Lines rejected as blank; nul: lines of NULs only.
    """

    first: Ints
    lines: Ints
    blank: Ints
    nul: Ints


def join_records(
    kinds: NDArray[np.int32],
    flags: NDArray[np.int32],
    sizes: Ints,
    *,
    headed: bool,
    settings: NormalizeSettings,
) -> Records:
    """Return the records of lines whose layouts say *kinds* and *flags*.

    Args:
        kinds: Column KIND of each line's layout row.
        flags: Column FLAGS.
        sizes: Bytes of each line.
        headed: Whether a line without a header goes on with the record before it.
        settings: Bounds of a record.
    """
    fill = _fills(kinds)
    blank, nul = kinds == Kind.BLANK, kinds == Kind.NUL
    goes_on = _continuations(kinds, flags, headed=headed)
    void = blank | nul
    has_before = _after_record(kinds, void | fill, nul) | fill
    goes_on |= fill
    inner = blank & _before_continuation(void, nul, goes_on) & has_before
    starts = ~void & ~(goes_on & has_before)
    member = starts | inner | (~void & ~starts)
    first = np.flatnonzero(starts)
    owner = np.cumsum(starts) - 1
    counts = np.bincount(owner[member], minlength=len(first)) if len(first) else first
    first, counts = _bounded(first, counts, sizes, settings)
    return Records(first, counts, np.flatnonzero(blank & ~inner), np.flatnonzero(nul))


def _fills(kinds: NDArray[np.int32]) -> Flags:
    """Return the lines that a JSON object right above them has taken in."""
    fill: Flags = kinds == Kind.FILL
    if fill.any():
        last_other = np.maximum.accumulate(np.where(fill, -1, np.arange(len(kinds))))
        fill &= (last_other >= 0) & (kinds[np.maximum(last_other, 0)] == Kind.JSON)
    return fill


def with_ends(flags: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return *flags* with LATER at the wrapped lines that open or close a trace.

    A line such as ``TimeoutError: no answer`` is a record of its own, unless it follows
    a line of a trace or stands right before one.
    """
    later, ends = (flags & LATER) != 0, (flags & ENDS) != 0
    if not ends.any():
        return flags
    last_other = np.maximum.accumulate(np.where(ends, -1, np.arange(len(flags))))
    of_trace = ends & (last_other >= 0) & later[np.maximum(last_other, 0)]
    of_trace[:-1] |= ends[:-1] & later[1:]
    return np.where(of_trace, flags | LATER, flags).astype(np.int32)


def _continuations(kinds: NDArray[np.int32], flags: NDArray[np.int32], *, headed: bool) -> Flags:
    """Return the lines that go on with what is before them, if anything is."""
    plain = (kinds == Kind.PLAIN) | (kinds == Kind.CLOSING)
    sure = (kinds == Kind.CONTINUATION) | ((flags & LATER) != 0)
    sure[1:] |= (flags[:-1] & PARTIAL) != 0
    found: Flags = sure | plain if headed else sure | _closings(kinds, sure)
    return found


def _closings(kinds: NDArray[np.int32], sure: Flags) -> Flags:
    """Return closing lines that follow a continuation, or a run of closing lines of one."""
    closing = kinds == Kind.CLOSING
    index = np.arange(len(kinds))
    last_other = np.maximum.accumulate(np.where(closing, -1, index)) if len(index) else index
    found: Flags = closing & (last_other >= 0) & sure[np.maximum(last_other, 0)]
    return found


def _before_continuation(void: Flags, nul: Flags, goes_on: Flags) -> Flags:
    """Return lines whose next line with text, no NULs between, goes on."""
    count = len(void)
    index = np.where(void & ~nul, count, np.arange(count))
    following = np.minimum.accumulate(index[::-1])[::-1] if count else index
    reachable = following < count
    safe = np.minimum(following, count - 1)
    found: Flags = reachable & goes_on[safe] & ~nul[safe]
    return found


def _after_record(kinds: NDArray[np.int32], void: Flags, nul: Flags) -> Flags:
    """Return lines that a record stands before, no NULs between; JSON takes no more lines."""
    count = len(void)
    known = np.where(void & ~nul, -1, np.arange(count))
    last = np.maximum.accumulate(np.concatenate([[-1], known[:-1]])) if count else known
    safe = np.maximum(last, 0)
    found: Flags = (last >= 0) & ~nul[safe] & (kinds[safe] != Kind.JSON)
    return found


def _bounded(
    first: Ints, counts: Ints, sizes: Ints, settings: NormalizeSettings
) -> tuple[Ints, Ints]:
    """Split records longer than the bounds allow."""
    ends = np.concatenate([[0], np.cumsum(sizes + 1)])
    size = ends[first + counts] - ends[first]
    long = (counts > settings.record_lines) | ((size > settings.record_bytes) & (counts > 1))
    if not long.any():
        return first, counts
    pieces = [
        _pieces(int(start), int(count), ends, settings) if is_long else [(start, count)]
        for start, count, is_long in zip(first, counts, long, strict=True)
    ]
    flat = np.array([piece for found in pieces for piece in found], dtype=np.int64)
    return flat[:, 0], flat[:, 1]


def _pieces(
    start: int, count: int, ends: Ints, settings: NormalizeSettings
) -> list[tuple[int, int]]:
    pieces = []
    end = start + count
    while start < end:
        limit = int(np.searchsorted(ends, ends[start] + settings.record_bytes, side="right")) - 1
        stop = min(end, start + settings.record_lines, max(limit, start + 1))
        pieces.append((start, stop - start))
        start = stop
    return pieces
