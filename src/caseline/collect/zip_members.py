"""Reads zip archives as a stream, by the headers of their members.

The standard library needs the directory at the end, reads it whole, and believes it;
a cut archive has none. Members follow one another, each behind its own header, so
one way serves whole, cut, damaged and nested archives (PKWARE's APPNOTE, 4.3).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from caseline.collect.archives import Member
from caseline.collect.faults import Damage
from caseline.collect.reading import Mark
from caseline.collect.zip_bodies import DECODERS, Body, Header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from caseline.collect.budgets import Budget
    from caseline.collect.reading import ByteReader

_LOCAL = b"PK\x03\x04"
_SPLIT = b"PK\x07\x08"
_DIRECTORY = (b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07")
_HEADER = struct.Struct("<4s5H3L2H")
_ENCRYPTED, _TRAILED, _UTF8 = 0x1, 0x8, 0x800
_STORED, _AES = 0, 99
_METHODS = frozenset({*range(20), *range(92, 100)})
_IN_ZIP64 = 0xFFFFFFFF
_HIGHEST_VERSION = 100


def zip_begins(head: bytes) -> bool:
    """Return whether a member's header begins with these 30 bytes."""
    if head[:4] != _LOCAL or len(head) < _HEADER.size:
        return head[:4] == _LOCAL
    _, version, _, method, *_, name_bytes, _ = _HEADER.unpack(head[: _HEADER.size])
    return version & 0xFF <= _HIGHEST_VERSION and method in _METHODS and name_bytes > 0


ZIP_MARK = Mark(needle=_LOCAL, begins=zip_begins, width=_HEADER.size)


def list_zip_members(
    source: ByteReader,
    report: Callable[[Damage, int], None],
    budget: Budget,
    links: frozenset[int] = frozenset(),
) -> Iterator[Member]:
    """Yield what *source* holds, in its order; damage goes to *report* with its place.

    Args:
        source: The archive.
        report: Told of what cannot be read, and where it stands in the archive.
        budget: Counts what is unpacked.
        links: Where headers of symbolic links stand.
    """
    walk = _Walk(source, report, budget)
    while walk.at_header():
        yield from walk.member(links)


class _Walk:
    """Where one reading of an archive stands."""

    def __init__(
        self, source: ByteReader, report: Callable[[Damage, int], None], budget: Budget
    ) -> None:
        self._source = source
        self._report = report
        self._budget = budget
        self._lost = False  # the next header must be looked for; that was reported
        self._told = False  # the last thing seen was damaged, and that was reported

    def at_header(self) -> bool:
        """Go to the next member's header; False at the directory or the end."""
        source = self._source
        while True:
            if self._lost:
                self._lost = False
                return source.seek(ZIP_MARK)
            head = source.peek(_HEADER.size)
            if zip_begins(head):
                return True
            if head[:4] in _DIRECTORY:
                return False
            if (
                head[:4] == _SPLIT and not source.position
            ):  # the mark of an archive split and put together
                source.skip(4)
                continue
            self._lose(head)

    def _lose(self, head: bytes) -> None:
        self._lost = True
        position = self._source.position
        if not head:
            try:
                self._source.read(1)
            except Damage as damage:
                self._report(damage, position)
            else:
                if not self._told:
                    self._report(Damage("truncated", "zip: no directory"), position)
        else:
            self._report(Damage("corrupt", "zip: no sound header"), position)

    def member(self, links: frozenset[int]) -> Iterator[Member]:
        """Yield the member that begins here, then go behind it."""
        position = self._source.position
        try:
            header = self._header()
        except Damage as damage:
            self._report(damage, position)
            self._lost = self._told = True
            return
        body = Body(self._source, header, self._budget)
        refusal, detail = _judged(header)
        if position in links:
            refusal, detail = "unsafe_member", "symbolic link"
        yield Member(
            name=header.name,
            position=position,
            content=body.content,
            folder=header.name.endswith("/") and not header.unpacked_bytes,
            refusal=refusal,
            detail=detail,
            leave=body.leave if not refusal else body.pass_over,
        )
        self._lost, self._told = body.lost, body.lost

    def _header(self) -> Header:
        source = self._source
        fixed = source.exactly(_HEADER.size)
        if len(fixed) < _HEADER.size:
            raise Damage("truncated", "zip: a header is cut")
        _, _, flags, method, _, _, crc, packed, size, name_bytes, extra_bytes = _HEADER.unpack(
            fixed
        )
        name, extra = source.exactly(name_bytes), source.exactly(extra_bytes)
        if len(name) < name_bytes or len(extra) < extra_bytes:
            raise Damage("truncated", "zip: a header is cut")
        if _IN_ZIP64 in (packed, size):
            packed, size = _sizes64(extra, packed, size)
        trailed = bool(flags & _TRAILED)
        encoding = "utf-8" if flags & _UTF8 else "cp437"
        return Header(
            # Some tools part folders with a backslash.
            name=name.replace(b"\\", b"/").decode(encoding, "backslashreplace"),
            encrypted=bool(flags & _ENCRYPTED),
            trailed=trailed,
            method=method,
            crc=crc,
            packed_bytes=packed if not trailed or (packed and method == _STORED) else None,
            unpacked_bytes=size,
        )


def _sizes64(extra: bytes, packed: int, size: int) -> tuple[int, int]:
    """Return both sizes with what the zip64 field says of them."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            field = extra[at + 4 : at + 4 + length]
            values = [v for (v,) in struct.iter_unpack("<Q", field[: len(field) // 8 * 8])]
            if size == _IN_ZIP64 and values:
                size = values.pop(0)
            if packed == _IN_ZIP64 and values:
                packed = values.pop(0)
            break
        at += 4 + length
    return packed, size


def _judged(header: Header) -> tuple[str, str]:
    """Return why a member is refused, and the detail; empty if it is not."""
    if header.encrypted or header.method == _AES:
        return "encrypted", "zip: encrypted"
    if header.method not in DECODERS:
        return "unsupported", f"zip: method {header.method}"
    return "", ""
