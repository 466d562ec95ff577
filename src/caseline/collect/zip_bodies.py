"""The bytes of one zip member: unpacked, and checked against its sum and size."""

from __future__ import annotations

import lzma
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from caseline.collect.budgets import Budget, Meter
from caseline.collect.compression import (
    CHUNK,
    bz2_member,
    inflated,
    xz_member,
    zstd_member,
)
from caseline.collect.faults import Damage
from caseline.collect.reading import ByteReader

if TYPE_CHECKING:
    from collections.abc import Iterator

_DESCRIPTOR = b"PK\x07\x08"
_DESCRIPTOR_BYTES = 24
_WINDOW = 65_536
_LZMA_HEADER_BYTES = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A member's own header.

    Args:
        name: Decoded, not judged.
        encrypted: Its data cannot be read without a key.
        trailed: Sum and sizes follow the data.
        method: The format's number of the packing.
        crc: CRC-32 of the unpacked data, if not ``trailed``.
        packed_bytes: Size in the archive; None if only what follows the data tells.
        unpacked_bytes: Size of the data, if not ``trailed``.
    """

    name: str
    encrypted: bool
    trailed: bool
    method: int
    crc: int
    packed_bytes: int | None
    unpacked_bytes: int


class Body:
    """The data of one member.

    Args:
        source: The archive, right behind the member's header.
        header: The member's.
        budget: Counts what is unpacked.
    """

    def __init__(self, source: ByteReader, header: Header, budget: Budget) -> None:
        self._source = source
        self._header = header
        self._left = header.packed_bytes
        self._packed = source
        if self._left is not None:
            self._packed = ByteReader(self._pull_packed, leap=self._leap_packed)
        self._meter = Meter(budget, source)
        self._chunks: Iterator[bytes] | None = None
        self._broken = False
        self._checked = False  # read to its end, with what follows it
        self.content = ByteReader(self._pull)
        self.lost = False  # where the next member begins must be looked for

    def leave(self) -> None:
        """Go behind the data; without unpacking it where its size is known.

        Raises:
            Damage: the end of the data cannot be found.
        """
        if self._left is None and not self._broken:
            self.content.drain()
        self.pass_over()

    def pass_over(self) -> None:
        """Go behind the data, or leave it to be looked for what follows."""
        if self._left is not None:
            self._packed.drain()
        self.lost = self.lost or (
            not self._checked and (self._left is None or self._header.trailed)
        )

    def _pull(self, _: int) -> bytes:
        if self._broken:
            return b""
        if self._chunks is None:
            self._chunks = self._verified()
        try:
            chunk = next(self._chunks, b"")
            if self._packed is not self._source or self._header.method:
                self._meter.spend(len(chunk))
        except Damage:
            self._broken = True
            raise
        return chunk

    def _verified(self) -> Iterator[bytes]:
        crc = size = 0
        for chunk in self._unpacked():
            crc = zlib.crc32(chunk, crc)
            size += len(chunk)
            yield chunk
        if self._left is not None:
            self._packed.drain()
        header = self._header
        if header.trailed:
            self._checked = _take_descriptor(self._source, crc, size)
        else:
            self._checked = (crc, size) == (header.crc, header.unpacked_bytes)
        if not self._checked:
            raise Damage("corrupt", "zip: sum or size of the member differs")

    def _unpacked(self) -> Iterator[bytes]:
        header = self._header
        if header.method == 0 and header.packed_bytes is None:
            return _until_descriptor(self._source)
        return DECODERS[header.method](self._packed, self._meter.window_bytes)

    def _pull_packed(self, size: int) -> bytes:
        if not self._left:
            return b""
        try:
            chunk = self._source.read(min(size, self._left))
        except Damage:
            self._left, self.lost = 0, True
            raise
        self._left -= len(chunk)
        if not chunk:
            self._left, self.lost = 0, True
            raise Damage("truncated", "zip: the member's end is missing")
        return chunk

    def _leap_packed(self, size: int) -> int:
        try:
            done = self._source.skip(min(size, self._left or 0))
        except Damage:
            self._left, self.lost = 0, True
            raise
        self._left = (self._left or 0) - done
        return done


def _stored(source: ByteReader, _: int) -> Iterator[bytes]:
    while chunk := source.read(CHUNK):
        yield chunk


def _deflated(source: ByteReader, _: int) -> Iterator[bytes]:
    return inflated(source, -zlib.MAX_WBITS, name="zip")


def _bzipped(source: ByteReader, window_bytes: int) -> Iterator[bytes]:
    return bz2_member(source, window_bytes, True)  # noqa: FBT003 - the codecs' one type


def _xzipped(source: ByteReader, window_bytes: int) -> Iterator[bytes]:
    return xz_member(source, window_bytes, True)  # noqa: FBT003 - the same


def _zstandard(source: ByteReader, window_bytes: int) -> Iterator[bytes]:
    return zstd_member(source, window_bytes, True)  # noqa: FBT003 - the same


def _lzma(source: ByteReader, window_bytes: int) -> Iterator[bytes]:
    """Yield what LZMA data with zip's own header holds (APPNOTE, 5.8.8)."""
    head = source.exactly(_LZMA_HEADER_BYTES)
    if len(head) < _LZMA_HEADER_BYTES or head[2:4] != b"\x05\x00" or head[4] >= 9 * 5 * 5:
        raise Damage("corrupt", "zip: no LZMA header")
    history = int.from_bytes(head[5:9], "little")
    if history > window_bytes:
        raise Damage("bomb", "zip: asks for too much memory", final=True)
    rest, lc = divmod(head[4], 9)
    pb, lp = divmod(rest, 5)
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": history, "lc": lc, "lp": lp, "pb": pb}]
    try:
        decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)
    except lzma.LZMAError:  # counts of bits that no coder takes together
        raise Damage("corrupt", "zip: no LZMA header") from None
    while not decoder.eof:
        data = source.read(4096) if decoder.needs_input else b""
        if decoder.needs_input and not data:
            return  # it may end without a mark; sum and size tell
        try:
            chunk = decoder.decompress(data, CHUNK)
        except lzma.LZMAError:
            raise Damage("corrupt", "zip: damaged data") from None
        if chunk:
            yield chunk
    source.push_back(decoder.unused_data)


DECODERS = {
    0: _stored,
    8: _deflated,
    12: _bzipped,
    14: _lzma,
    93: _zstandard,
    95: _xzipped,
}


def _until_descriptor(source: ByteReader) -> Iterator[bytes]:
    """Yield stored data of unknown size: it ends where sum and size of it are written."""
    crc = size = 0
    while True:
        window = source.peek(_WINDOW)
        whole = len(window) == _WINDOW
        found, at, sum_ = window.find(_DESCRIPTOR), 0, crc
        while found >= 0 and not (whole and found + _DESCRIPTOR_BYTES > _WINDOW):
            sum_, at = zlib.crc32(window[at:found], sum_), found
            if _descriptor_bytes(window[found:], sum_, size + found):
                if found:
                    yield window[:found]
                source.skip(found)
                return
            found = window.find(_DESCRIPTOR, found + 1)
        take = found if found >= 0 else len(window) - (3 if whole else 0)
        if not whole:
            take = len(window) - _cut_descriptor(window, crc, size)
        if not take:
            source.read(1)
            raise Damage("truncated", "zip: the member's end is missing")
        crc, size = zlib.crc32(window[:take], crc), size + take
        source.skip(take)
        yield window[:take]
        if not whole:
            source.drain()
            raise Damage("truncated", "zip: the member's end is missing")


def _cut_descriptor(window: bytes, crc: int, size: int) -> int:
    """Return how many bytes of a descriptor that was cut *window* ends with."""
    for cut in range(min(_DESCRIPTOR_BYTES - 1, len(window)), 0, -1):
        data = len(window) - cut
        told = _DESCRIPTOR + struct.pack("<L", zlib.crc32(window[:data], crc))
        told += struct.pack("<Q", size + data)  # its lower half, where sizes have 32 bits
        if told.startswith(window[data : data + 12]):
            return cut
    return 0


def _descriptor_bytes(head: bytes, crc: int, size: int) -> int:
    """Return how long the descriptor at *head* is, 0 if it does not tell *crc* and *size*."""
    at = 4 if head[:4] == _DESCRIPTOR else 0
    for form in ("<3L", "<L2Q"):
        length = struct.calcsize(form)
        if len(head) >= at + length:
            told, _, told_size = struct.unpack_from(form, head, at)
            if (told, told_size) == (crc, size & (1 << (length - 4) * 4) - 1):
                return at + length
    return 0


def _take_descriptor(source: ByteReader, crc: int, size: int) -> bool:
    length = _descriptor_bytes(source.peek(_DESCRIPTOR_BYTES), crc, size)
    source.skip(length)
    return bool(length)
