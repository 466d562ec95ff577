"""Lines → records: which line starts one, which goes on with the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from caseline.normalize.layouts import PARTIAL, Kind
from caseline.normalize.traceruns import Run, traced

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.normalize.settings import NormalizeSettings
    from caseline.normalize.traceruns import Leads

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]


class Records(NamedTuple):
    """Records as runs of lines.

    Args:
        first: The first line of each record.
        lines: How many lines each has.
        blank: Lines rejected as blank; nul: lines of NULs only.
        order: Where lines of several writers stand mixed: the lines, with those of each
            record together; all other numbers are places in this order. Else None.
    """

    first: Ints
    lines: Ints
    blank: Ints
    nul: Ints
    order: Ints | None = None


class Physical(NamedTuple):
    """What is known of each physical line.

    Args:
        kinds: Column KIND of each line's layout row.
        flags: Column FLAGS.
        roles: Column ROLE.
        free: Lines as a program wrote them: no header, or one without a level.
        hollow: Headers with nothing behind them: within a trace they are blank lines.
        sizes: Its bytes.
        writers: Who wrote it; None where that cannot matter.
    """

    kinds: NDArray[np.int32]
    flags: NDArray[np.int32]
    roles: NDArray[np.int32]
    free: Flags
    hollow: Flags
    sizes: Ints
    writers: Ints | None = None

    def taken(self, lines: Ints | slice) -> Physical:
        """Return what is known of *lines*."""
        return Physical(
            self.kinds[lines],
            self.flags[lines],
            self.roles[lines],
            self.free[lines],
            self.hollow[lines],
            self.sizes[lines],
            None if self.writers is None else self.writers[lines],
        )


def join_records(
    lines: Physical, *, headed: bool, leads: Leads, most_text: int, settings: NormalizeSettings
) -> Records:
    """Return the records that *lines* make.

    Args:
        lines: What is known of each.
        headed: Whether a line without a header goes on with the record before it.
        leads: Tells of lines whether they say that a trace follows.
        most_text: Lines of an exception's text between its name and its frames.
        settings: Bounds of a record.
    """
    by_writer = _by_writer(lines.writers)
    order = None
    if by_writer is None:
        starts, inner, void = _roles_of(lines, leads, most_text, headed=headed)
    else:
        mixed = lines.taken(by_writer)
        told = _roles_of(mixed, lambda at: leads(by_writer[at]), most_text, headed=headed)
        order, (starts, inner, void) = _gathered(by_writer, *told)
        lines = lines.taken(order)
        if (order == np.arange(len(order))).all():
            order = None
    blank, nul = lines.kinds == Kind.BLANK, lines.kinds == Kind.NUL
    first = np.flatnonzero(starts)
    owner = np.cumsum(starts) - 1
    member = inner | ~void
    counts = np.bincount(owner[member], minlength=len(first)) if len(first) else first
    first, counts = _bounded(first, counts, lines.sizes, settings)
    return Records(first, counts, np.flatnonzero(blank & ~inner), np.flatnonzero(nul), order)


def _by_writer(writers: Ints | None) -> Ints | None:
    """Return the lines sorted by writer; None if they are."""
    if writers is None or (np.diff(writers) >= 0).all():
        return None
    return np.argsort(writers, kind="stable")


def _roles_of(
    lines: Physical, leads: Leads, most_text: int, *, headed: bool
) -> tuple[Flags, Flags, Flags]:
    """Return which lines start a record, which blank ones are within one, which are void."""
    kinds = lines.kinds
    blank, nul = kinds == Kind.BLANK, kinds == Kind.NUL
    void = blank | nul
    change = np.zeros(len(kinds), dtype=bool)
    if lines.writers is not None:
        change[1:] = lines.writers[1:] != lines.writers[:-1]
    fill = _fills(kinds, change)
    has_before = _after_record(kinds, void | fill, nul, change) | fill
    goes_on = np.zeros(len(kinds), dtype=bool)
    # Where headers tell, only those that stand before a trace's own lines are in question.
    if (lines.roles[kinds == Kind.HEADER] if headed else lines.roles).any():
        full = np.flatnonzero(~void & ~lines.hollow & ~fill)
        gap = np.zeros(len(full), dtype=bool)
        gap[1:] = np.diff(full) != 1
        run = Run(lines.roles[full], lines.free[full], ~has_before[full], gap)
        goes_on[full] = traced(run, lambda at: leads(full[at]), most_text)
        goes_on |= lines.hollow & _before_continuation(void | lines.hollow, nul, goes_on & ~change)
    goes_on |= fill
    goes_on[1:] |= (lines.flags[:-1] & PARTIAL) != 0
    if headed:
        goes_on |= (kinds == Kind.PLAIN) | (kinds == Kind.CONTINUATION)
    inner = blank & _before_continuation(void, nul, goes_on & ~change) & has_before
    return ~void & ~(goes_on & has_before), inner, void


def _fills(kinds: NDArray[np.int32], change: Flags) -> Flags:
    """Return the lines that a JSON object right above them, of their writer, has taken in."""
    fill: Flags = kinds == Kind.FILL
    if fill.any():
        index = np.arange(len(kinds))
        last_other = np.maximum.accumulate(np.where(fill, -1, index))
        since = np.maximum.accumulate(np.where(change, index, 0))
        fill &= (last_other >= since) & (kinds[np.maximum(last_other, 0)] == Kind.JSON)
    return fill


def _gathered(
    order: Ints, starts: Flags, inner: Flags, void: Flags
) -> tuple[Ints, tuple[Flags, Flags, Flags]]:
    """Bring the lines of each record together, records in the order of their first lines."""
    index = np.arange(len(order))
    last_start = np.maximum.accumulate(np.where(starts, index, 0))
    within = np.where(void & ~inner, index, last_start)
    new = np.lexsort((order, order[within]))
    return order[new], (starts[new], inner[new], void[new])


def _before_continuation(void: Flags, nul: Flags, goes_on: Flags) -> Flags:
    """Return lines whose next line with text, no NULs between, goes on."""
    count = len(void)
    index = np.where(void & ~nul, count, np.arange(count))
    following = np.minimum.accumulate(index[::-1])[::-1] if count else index
    reachable = following < count
    safe = np.minimum(following, count - 1)
    found: Flags = reachable & goes_on[safe] & ~nul[safe]
    return found


def _after_record(kinds: NDArray[np.int32], void: Flags, nul: Flags, change: Flags) -> Flags:
    """Return lines that a record of the same writer stands before, no NULs between.

    JSON takes no more lines.
    """
    count = len(void)
    known = np.where(void & ~nul, -1, np.arange(count))
    last = np.maximum.accumulate(np.concatenate([[-1], known[:-1]])) if count else known
    safe = np.maximum(last, 0)
    since = np.maximum.accumulate(np.where(change, np.arange(count), 0)) if count else known
    found: Flags = (last >= since) & (last >= 0) & ~nul[safe] & (kinds[safe] != Kind.JSON)
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
