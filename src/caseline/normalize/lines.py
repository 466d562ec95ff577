"""A block's bytes → its lines: clean bytes, offsets, distinct shapes; nothing is copied twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from caseline.normalize.arrays import ZEROED, binary_array, distinct, index_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from caseline.normalize.arrays import Binary

    Ints = NDArray[np.int64]

_COLOUR = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\n]{0,200}\x07")
_BOM = b"\xef\xbb\xbf"
# A few NUL pad a value; so many, or any number of them where a line starts, are a hole.
_HOLE = re.compile(rb"(?:\A|(?<=\n))\0{16,}|\0{512,}")
_FEW = bytes(16)
_NEWLINE = 10
_BRACE = 123


class Lines(NamedTuple):
    """Lines over one buffer.

    Args:
        data: The bytes, clean of colours, carriage returns and a byte order mark.
        zeroed: The same bytes with every ASCII digit turned into 0.
        starts: First byte of each line, int64; sizes: its bytes without the newline.
        shape_ids: For each line the index of its shape in *shapes*.
        shapes: The distinct zeroed lines; for JSON lines one stands for all.
        json: Which lines are JSON objects.
    """

    data: bytes
    zeroed: bytes
    starts: Ints
    sizes: Ints
    shape_ids: NDArray[np.int32]
    shapes: list[bytes]
    json: NDArray[np.bool_]

    def taken(self, order: Ints) -> Lines:
        """Return the lines in another *order*, over the same buffer."""
        return self._replace(
            starts=self.starts[order],
            sizes=self.sizes[order],
            shape_ids=self.shape_ids[order],
            json=self.json[order],
        )

    @property
    def bytes_view(self) -> NDArray[np.uint8]:
        """The bytes as an array."""
        return np.frombuffer(self.data, dtype=np.uint8)


def clean(data: bytes, *, first: bool, last: bool) -> bytes:
    r"""Return *data* without colours, carriage returns before a newline, and a leading BOM.

    The number of lines stays as it is.

    >>> clean(b"\xef\xbb\xbf\x1b[31mred\x1b[0m\r\n", first=True, last=False)
    b'red\n'
    """
    ended = not data or data.endswith(b"\n")
    if first and data.startswith(_BOM):
        data = data[len(_BOM) :]
    if b"\x1b" in data:
        data = _COLOUR.sub(b"", data)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
        data = data[:-1] if last and data.endswith(b"\r") else data
    if last and not ended and (not data or data.endswith(b"\n")):
        data += b"\n"  # the last line held nothing else, but was a line
    return data


def holes_apart(data: bytes) -> bytes:
    r"""Return *data* with each hole on a line of its own; no byte changes its place.

    A crash leaves NUL where it had room for lines, and the next line follows at once.

    >>> holes_apart(b"half a li" + bytes(512) + b"next\n").replace(bytes(510), b"...")
    b'half a li\n...\nnext\n'
    """
    if _FEW not in data:
        return data

    def apart(hole: re.Match[bytes]) -> bytes:
        before, after = (
            data[max(hole.start() - 1, 0) : hole.start()],
            data[hole.end() : hole.end() + 1],
        )
        first = b"\0" if before in (b"", b"\n") else b"\n"
        last = b"\0" if after in (b"", b"\n") else b"\n"
        return first + bytes(hole.end() - hole.start() - 2) + last

    return _HOLE.sub(apart, data)


def line_starts(data: bytes) -> Ints:
    r"""Return where the lines of *data* start, and its end: lines + 1 numbers.

    >>> line_starts(b"a\nbc\nd").tolist()
    [0, 2, 5, 6]
    """
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == _NEWLINE) + 1
    if len(data) and (not len(ends) or ends[-1] != len(data)):
        ends = np.append(ends, len(data))
    return np.concatenate([np.zeros(1, dtype=np.int64), ends])


def split_lines(data: bytes) -> Lines:
    """Return the lines of *data*, each as long as to its newline."""
    edges = line_starts(data)
    newline = np.ones(len(edges) - 1, dtype=np.int64)
    if data and not data.endswith(b"\n"):
        newline[-1] = 0
    return _shape_lines(data, edges, newline)


def join_lines(lines: Sequence[bytes]) -> Lines:
    """Return *lines* as they are, newlines within them kept."""
    edges = np.zeros(len(lines) + 1, dtype=np.int64)
    np.cumsum([len(line) for line in lines], out=edges[1:])
    return _shape_lines(b"".join(lines), edges, np.zeros(len(lines), dtype=np.int64))


def _shape_lines(data: bytes, edges: Ints, newline: Ints) -> Lines:
    view = np.frombuffer(data, dtype=np.uint8)
    zeroed = data.translate(ZEROED)
    starts = edges[:-1]
    sizes = np.diff(edges) - newline
    json = _json_lines(view, starts, sizes)
    ids, shapes = _distinct(binary_array(edges.astype(np.int32), zeroed), json)
    return Lines(data, zeroed, starts, sizes, ids, shapes, json)


def _json_lines(view: NDArray[np.uint8], starts: Ints, sizes: Ints) -> NDArray[np.bool_]:
    if not len(view):
        return np.zeros(len(starts), dtype=bool)
    found: NDArray[np.bool_] = view[np.minimum(starts, len(view) - 1)] == _BRACE
    if found.any():
        found &= (sizes > 1) & (view[np.maximum(starts + sizes - 1, 0)] == _BRACE + 2)
    return found


def _distinct(column: Binary, json: NDArray[np.bool_]) -> tuple[NDArray[np.int32], list[bytes]]:
    """Return the shape's index for each line and the shapes; JSON lines share ``{}``."""
    if not json.any():
        return distinct(column)
    plain = np.flatnonzero(~json)
    plain_ids, shapes = distinct(column.take(index_array(plain)))
    ids = np.full(len(json), len(shapes), dtype=np.int32)
    ids[plain] = plain_ids
    return ids, [*shapes, b"{}"]
