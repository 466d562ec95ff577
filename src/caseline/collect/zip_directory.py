"""Looks up in a zip's directory which members are symbolic links.

Only the directory, at the archive's end, knows; all else is read from the members'
own headers, so that an archive without a directory is read as well.
"""

from __future__ import annotations

import stat
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from caseline.collect.reading import RandomAccess

_END = b"PK\x05\x06"
_END_BYTES = 22
_LONGEST_COMMENT = 65_535
_END64_LOCATOR = b"PK\x06\x07"
_LOCATOR_BYTES = 20
_END64_BYTES = 56
_ENTRY = struct.Struct("<4s4B4HL2L5H2L")
_PIECE = 1 << 20


def link_positions(container: RandomAccess, most: int) -> frozenset[int]:
    """Return where the headers of symbolic links stand in a zip, in bytes.

    Args:
        container: The archive.
        most: Look at so many entries, no more.
    """
    found = _directory(container)
    if found is None:
        return frozenset()
    start, size, shift = found
    links = set()
    for count, (mode, offset) in enumerate(_entries(container, start, size)):
        if count >= most:
            break
        if stat.S_ISLNK(mode):
            links.add(offset + shift)
    return frozenset(links)


def _directory(container: RandomAccess) -> tuple[int, int, int] | None:
    """Return where the directory stands, its size, and how far all offsets are shifted."""
    start = max(0, container.size - _END_BYTES - _LONGEST_COMMENT)
    tail = container.at(start, _END_BYTES + _LONGEST_COMMENT)
    found = tail.rfind(_END)
    if found < 0 or len(tail) - found < _END_BYTES:
        return None
    size, offset = struct.unpack_from("<LL", tail, found + 12)
    end = start + found
    before = found - _LOCATOR_BYTES
    if before >= 0 and tail[before : before + 4] == _END64_LOCATOR:
        end, size, offset = _directory64(container, tail[before:found])
    place = end - size
    if place < 0:
        return None
    return place, size, place - offset


def _directory64(container: RandomAccess, locator: bytes) -> tuple[int, int, int]:
    (end,) = struct.unpack_from("<Q", locator, 8)
    record = container.at(end, _END64_BYTES)
    if len(record) < _END64_BYTES or record[:4] != b"PK\x06\x06":
        return 0, 1, 0
    size, offset = struct.unpack_from("<QQ", record, 40)
    return end, size, offset


def _entries(container: RandomAccess, start: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield mode and header offset of each entry; stop at the first unsound one."""
    end = start + size
    piece, at = container.at(start, _PIECE), 0
    while start + at < end:
        if len(piece) - at < _ENTRY.size:
            start, at = start + at, 0
            piece = container.at(start, _PIECE)
            if len(piece) < _ENTRY.size:
                return
        fields = _ENTRY.unpack_from(piece, at)
        if fields[0] != b"PK\x01\x02":
            return
        made_on_unix = fields[2] == 3  # noqa: PLR2004 - the format's number
        yield (fields[17] >> 16 if made_on_unix else 0), fields[18]
        at += _ENTRY.size + fields[12] + fields[13] + fields[14]
