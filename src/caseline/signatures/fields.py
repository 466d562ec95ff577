"""The fields of many shapes at once, as columns: what stands between two blanks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

_BLANK, _END = 32, 10
_STEP, _GOLDEN = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


class FieldColumns(NamedTuple):
    """Fields of shapes, one after another.

    Args:
        distinct: The distinct fields; a field may be there twice.
        ids: For each field its index into *distinct*, shape (n_fields,).
        first: For each shape its first field, and the end of the last: (n_shapes + 1,).
        starts: Where each field starts in its shape, in bytes.
        sizes: Its bytes.
    """

    distinct: list[bytes]
    ids: Ints
    first: Ints
    starts: Ints
    sizes: Ints


def cut_fields(shapes: Sequence[bytes]) -> FieldColumns:
    r"""Return the fields of *shapes*, which hold no newline.

    >>> found = cut_fields([b"disk 0 full", b"disk  0"])
    >>> [found.distinct[n] for n in found.ids.tolist()]
    [b'disk', b'0', b'full', b'disk', b'', b'0']
    >>> found.first.tolist(), found.starts.tolist()
    ([0, 3, 6], [0, 5, 7, 0, 5, 6])
    """
    if not shapes:
        nothing = np.zeros(0, dtype=np.int64)
        return FieldColumns([], nothing, np.zeros(1, dtype=np.int64), nothing, nothing)
    data = b"\n".join(shapes) + b"\n"
    view = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero((view == _BLANK) | (view == _END))
    begins = np.concatenate([[0], ends[:-1] + 1])
    edges = np.concatenate([[0], ends + 1]).astype(np.int32)
    fields = pa.Array.from_buffers(
        pa.binary(), len(ends), [None, pa.py_buffer(memoryview(edges.data)), pa.py_buffer(data)]
    )
    coded = fields.dictionary_encode()
    memory = cast("pa.Buffer", coded.indices.buffers()[1])
    ids = np.frombuffer(memoryview(memory), dtype=np.int32, count=len(ends)).astype(np.int64)
    last = np.flatnonzero(view[ends] == _END)
    first = np.concatenate([[0], last + 1])
    shape_starts = begins[first[:-1]]
    starts = begins - np.repeat(shape_starts, np.diff(first))
    distinct = [field[:-1] for field in cast("list[bytes]", coded.dictionary.to_pylist())]
    return FieldColumns(distinct, ids, first, starts, ends - begins)


def with_fields(
    columns: FieldColumns, shapes: Sequence[Sequence[tuple[bytes, int, int]]]
) -> FieldColumns:
    """Return *columns* with more shapes, whose fields are given with start and size."""
    added = [field for fields in shapes for field in fields]
    sizes = np.array([len(fields) for fields in shapes], dtype=np.int64)
    ids = np.arange(len(added)) + len(columns.distinct)
    return FieldColumns(
        [*columns.distinct, *(text for text, _, _ in added)],
        np.concatenate([columns.ids, ids]),
        np.concatenate([columns.first, columns.first[-1] + np.cumsum(sizes)]),
        np.concatenate([columns.starts, np.array([start for _, start, _ in added])]),
        np.concatenate([columns.sizes, np.array([size for _, _, size in added])]),
    )


def row_hashes(codes: Ints, first: Ints) -> NDArray[np.uint64]:
    """Return a number for each row of *codes* that tells it from all others.

    Args:
        codes: One after another, of all rows.
        first: For each row its first code, and the end of the last; no row is empty.

    Source:
        The finisher of SplitMix64 (Steele, Lea, Flood 2014) over code and place, added
        up modulo 2^64: among a million rows two that differ get the same number by
        chance once in thirty million times.

    >>> one, two, three = row_hashes(np.array([1, 2, 2, 1, 1, 2]), np.array([0, 2, 4, 6]))
    >>> bool(one == three), bool(one == two)
    (True, False)
    """
    places = np.arange(len(codes)) - np.repeat(first[:-1], np.diff(first))
    mixed = codes.astype(np.uint64) * _STEP + places.astype(np.uint64) * _GOLDEN
    mixed ^= mixed >> np.uint64(30)
    mixed *= _MIX[0]
    mixed ^= mixed >> np.uint64(27)
    mixed *= _MIX[1]
    mixed ^= mixed >> np.uint64(31)
    return np.add.reduceat(mixed, first[:-1]) if len(mixed) else mixed
