"""Fewer shapes to read: those that differ only in the letters of hexadecimal numbers.

An id such as ``52ea0173870e53be`` makes nearly every line a shape of its own. With its
letters turned into zeros like its digits, such shapes become one; they keep their
length, so that offsets still hold for each of their lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# A word of four or more hexadecimal digits in one case, at least one of them 0 to 9.
_HEX = re.compile(rb"(?<![0-9A-Za-z_])(?=[a-fA-F]*0)(?:[0a-f]{4,}|[0A-F]{4,})(?![0-9A-Za-z_])")
_BETWEEN = b"\0"
_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)


def zeroed(data: bytes) -> bytes:
    """Return *data* with every ASCII digit turned into 0."""
    return data.translate(_ZEROS)


def shape_of(text: bytes) -> bytes:
    """Return the shape that the message *text* is read by.

    >>> shape_of(b"task 52ea0173 done in 15 ms")
    b'task 00000000 done in 00 ms'
    """
    return coarse(zeroed(text))


def coarse(shape: bytes) -> bytes:
    """Return *shape* with hexadecimal numbers turned into zeros.

    >>> coarse(b"task 00ea0000 done, added 0 to cafe")
    b'task 00000000 done, added 0 to cafe'
    """
    return _HEX.sub(_zeros, shape)


def coarsened(
    rows: NDArray[np.uint32], shapes: Sequence[bytes]
) -> tuple[NDArray[np.uint32], list[bytes]]:
    """Return *rows* and *shapes* with the shapes that are alike but for hex letters as one.

    Args:
        rows: For each row its index into *shapes*.
        shapes: The distinct messages with digits turned into zeros.
    """
    if not shapes:
        return rows, []
    changed = coarse(_BETWEEN.join(shapes)).split(_BETWEEN)
    if len(changed) != len(shapes):  # a shape holds what should stand between them
        changed = [coarse(shape) for shape in shapes]
    places: dict[bytes, int] = {}
    index = [places.setdefault(shape, len(places)) for shape in changed]
    return np.array(index, dtype=np.uint32)[rows], list(places)


def _zeros(found: re.Match[bytes]) -> bytes:
    return b"0" * (found.end() - found.start())
