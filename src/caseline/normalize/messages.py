"""The messages of records and their shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from caseline.normalize.arrays import binary_of, distinct, mask_array, zeroed
from caseline.normalize.columns import pieces, slices
from caseline.normalize.layouts import PARTIAL, Field

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.normalize.arrays import Binary
    from caseline.normalize.joining import Records
    from caseline.normalize.lines import Lines
    from caseline.normalize.roles import TraceWords

    Ints = NDArray[np.int64]
    Rows = NDArray[np.int32]


class Part(NamedTuple):
    """Messages of some of the records: which, the bytes, and what shape each has."""

    records: Ints
    messages: pl.Series
    shapes: Binary
    shape_ids: Ints


def plain_part(lines: Lines, rows: Rows, first: Ints, records: Ints) -> Part:
    """Return the messages of records that are a slice of one line each.

    Args:
        lines: The lines.
        rows: Layout rows of the distinct shapes.
        first: The line of each of *records*.
        records: Their places among all records.
    """
    ids = lines.shape_ids[first]
    start, size = _message_slice(rows, ids)
    messages = slices(lines.data, lines.starts[first] + start, size)
    example = np.full(len(rows), -1, dtype=np.int64)
    example[ids[::-1]] = first[::-1]
    used = np.flatnonzero(example >= 0)
    place = np.cumsum(example >= 0) - 1
    start, size = _message_slice(rows, used)
    shapes = slices(lines.zeroed, lines.starts[example[used]] + start, size)
    return Part(records, messages, binary_of(shapes), place[ids])


def _message_slice(rows: Rows, ids: NDArray[np.integer]) -> tuple[Ints, Ints]:
    start = rows[ids, Field.MESSAGE_START].astype(np.int64)
    return start, rows[ids, Field.MESSAGE_SIZE].astype(np.int64)


def whole_part(records: Ints, messages: Binary) -> Part:
    """Return messages that were made anew, each with a shape of its own."""
    series = cast("pl.Series", pl.from_arrow(messages))
    return Part(records, series, zeroed(messages), np.arange(len(messages), dtype=np.int64))


def run_part(lines: Lines, rows: Rows, found: Records, records: Ints) -> Part:
    """Return the messages of records whose lines stand in the buffer as they should read."""
    first = found.first[records]
    last = first + found.lines[records] - 1
    starts = lines.starts[first] + rows[lines.shape_ids[first], Field.MESSAGE_START]
    ends = lines.starts[last] + rows[lines.shape_ids[last], Field.MESSAGE_SIZE]
    sizes = np.maximum(ends - starts, 0)
    messages = slices(lines.data, starts, sizes)
    shapes = binary_of(slices(lines.zeroed, starts, sizes))
    return Part(records, messages, shapes, np.arange(len(records), dtype=np.int64))


def joined_part(
    lines: Lines, rows: Rows, found: Records, records: Ints, *, words: TraceWords
) -> Part:
    """Return the messages of records of several lines, or of lines that need mending.

    Headers of a runtime before each line are left out, traces that a collector put on
    one line get their newlines back, structured data goes to the end.
    """
    first, count = found.first[records], found.lines[records]
    owners = np.repeat(np.arange(len(records)), count)
    within = np.arange(len(owners)) - np.repeat(np.cumsum(count) - count, count)
    line = np.repeat(first, count) + within
    ids = lines.shape_ids[line]
    start, size = _message_slice(rows, ids)
    start += lines.starts[line]
    size = np.where(lines.json[line], lines.sizes[line], size)
    newline = (within < np.repeat(count, count) - 1) & ((rows[ids, Field.FLAGS] & PARTIAL) == 0)
    extra_start, extra_size = _extras(lines, rows, first)
    all_starts = np.concatenate([start, lines.starts[line] + lines.sizes[line], extra_start])
    all_sizes = np.concatenate([size, newline.astype(np.int64), extra_size])
    all_owners = np.concatenate([owners, owners, np.arange(len(records))])
    position = np.concatenate([within * 2, within * 2 + 1, np.full(len(records), 1 << 40)])
    order = np.lexsort((position, all_owners))
    joined = pieces(
        lines.bytes_view, all_starts[order], all_sizes[order], all_owners[order], len(records)
    )
    mangled = rows[lines.shape_ids[first], Field.MANGLED]
    return whole_part(records, _mended(joined, mangled, words))


def _extras(lines: Lines, rows: Rows, first: Ints) -> tuple[Ints, Ints]:
    """Return the structured data of each record with the space before it."""
    ids = lines.shape_ids[first]
    size = rows[ids, Field.EXTRA_SIZE].astype(np.int64) + 1
    start = lines.starts[first] + rows[ids, Field.EXTRA_START] - 1
    return np.where(size > 0, start, 0), size


def _mended(messages: Binary, mangled: Rows, words: TraceWords) -> Binary:
    """Put newlines where a collector wrote #012, a backslash and an n, or the like."""
    for n, mangling in enumerate(words.manglings, start=1):
        chosen = mangled == n
        if not chosen.any():
            continue
        replace = pc.replace_substring_regex if mangling.regex else pc.replace_substring
        mended = messages
        for written, meant in mangling.written:
            mended = replace(mended, pattern=written, replacement=meant)
        messages = pc.if_else(mask_array(chosen), mended, messages)
    return messages


def combine(parts: list[Part], count: int) -> tuple[pl.Series, pl.Series, list[bytes]]:
    """Return message and shape of all *count* records, and the distinct shapes."""
    codes, shapes = distinct(pa.concat_arrays([part.shapes for part in parts]))
    shape = np.zeros(count, dtype=np.uint32)
    place = np.zeros(count, dtype=np.int64)
    shift = shapes_before = 0
    for part in parts:
        shape[part.records] = codes[shapes_before + part.shape_ids]
        place[part.records] = np.arange(shift, shift + len(part.records))
        shift += len(part.records)
        shapes_before += len(part.shapes)
    messages = parts[0].messages
    if len(parts) > 1:
        messages = pl.concat([part.messages for part in parts]).gather(pl.Series(place))
    return (
        messages.alias("message"),
        pl.Series("shape", shape, dtype=pl.UInt32),
        shapes,
    )
