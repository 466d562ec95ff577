"""Unpacks gzip, bzip2, xz and zstd as streams; what precedes damage is always given.

Each codec decodes ONE member (stream, frame) and leaves its reader right behind it.
``unpacked`` strings members together and finds the next one after damage.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from caseline.collect.budgets import Budget, Meter
from caseline.collect.faults import Damage
from caseline.collect.reading import ByteReader, Mark
from caseline.collect.zstd_frames import MAGIC as ZSTD_MAGIC
from caseline.collect.zstd_frames import zstd_begins, zstd_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK = 1 << 20
_FIRST_PIECE, _PIECE = 1024, 65_536
# A decoder that fails drops the output of that call: small pieces lose little.
_BZ2_PIECE, _XZ_PIECE = 128, 4096
# Places that only look like a member's beginning: noise has few, an attack has many.
_MOST_GUESSES = 10_000
_TRAILER_BYTES = 8
_GZIP_RESERVED = 0xE0
_XZ_HEADER_BYTES = 12
_BZ2_BLOCKS = (bytes.fromhex("314159265359"), bytes.fromhex("177245385090"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """One way of packing bytes.

    Args:
        name: What it is called in details.
        mark: How every member begins.
        member: Decodes one member; the number is ``Limits.window_bytes``, the flag
            says that the place is sure to be a member's beginning.
    """

    name: str
    mark: Mark
    member: Callable[[ByteReader, int, bool], Iterator[bytes]]


def inflated(source: ByteReader, wbits: int, *, name: str, sure: bool = True) -> Iterator[bytes]:
    """Yield what one deflate stream holds; *wbits* as zlib takes it.

    Raises:
        Damage: truncated or corrupt; every byte before it was given, if *sure*.
    """
    decoder = zlib.decompressobj(wbits)
    piece = _FIRST_PIECE
    while not decoder.eof:
        data = first = source.read(piece)
        if not data:
            raise Damage("truncated", f"{name}: the end is missing")
        while data:
            spare = decoder.copy()
            try:
                chunk = decoder.decompress(data, CHUNK)
            except zlib.error:
                if sure:
                    yield from _salvaged(spare, data, source)
                else:
                    source.push_back(first[2:])
                raise Damage("corrupt", f"{name}: damaged data") from None
            if chunk:
                yield chunk
            data = decoder.unconsumed_tail
        sure, piece = True, min(piece * 2, _PIECE)
    source.push_back(decoder.unused_data)


def _salvaged(decoder: zlib._Decompress, data: bytes, source: ByteReader) -> Iterator[bytes]:
    """Yield what a failing call would have given, had it stopped before the damage."""
    for index in range(len(data)):
        try:
            chunk = decoder.decompress(data[index : index + 1])
        except zlib.error:
            source.push_back(data[index + 1 :])
            return
        if chunk:
            yield chunk


def _gzip_begins(head: bytes) -> bool:
    if head[:2] != b"\x1f\x8b":
        return False
    flags = head[3:4] or b"\0"
    return head[2:3] in (b"", b"\x08") and not flags[0] & _GZIP_RESERVED


def _gzip_member(source: ByteReader, _: int, sure: bool) -> Iterator[bytes]:  # noqa: FBT001 - one type for all codecs
    return inflated(source, 31, name="gzip", sure=sure)


def _bz2_begins(head: bytes) -> bool:
    if head[:3] != b"BZh" or head[3:4] not in b"123456789":
        return False
    return any(mark.startswith(head[4:10]) for mark in _BZ2_BLOCKS)


def bz2_member(source: ByteReader, _: int, __: bool) -> Iterator[bytes]:  # noqa: FBT001 - as above
    """Yield what one bzip2 stream holds."""
    return _decoded(bz2.BZ2Decompressor(), source, "bzip2", _BZ2_PIECE)


def _xz_begins(head: bytes) -> bool:
    if head[:6] != b"\xfd7zXZ\0":
        return False
    whole = len(head) >= _XZ_HEADER_BYTES
    return not whole or zlib.crc32(head[6:8]) == int.from_bytes(head[8:12], "little")


def xz_member(source: ByteReader, window_bytes: int, _: bool) -> Iterator[bytes]:  # noqa: FBT001 - as above
    """Yield what one xz stream holds."""
    # The decoder needs some memory besides its history.
    decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=window_bytes + CHUNK)
    return _decoded(decoder, source, "xz", _XZ_PIECE)


def _decoded(
    decoder: bz2.BZ2Decompressor | lzma.LZMADecompressor,
    source: ByteReader,
    name: str,
    piece: int,
) -> Iterator[bytes]:
    while not decoder.eof:
        data = source.read(piece) if decoder.needs_input else b""
        if not data and decoder.needs_input:
            raise Damage("truncated", f"{name}: the end is missing")
        try:
            chunk = decoder.decompress(data, CHUNK)
        except (OSError, lzma.LZMAError) as error:
            if "emory" in str(error):
                raise Damage("bomb", f"{name}: asks for too much memory", final=True) from None
            raise Damage("corrupt", f"{name}: damaged data") from None
        if chunk:
            yield chunk
    source.push_back(decoder.unused_data)


def zstd_member(source: ByteReader, window_bytes: int, _: bool) -> Iterator[bytes]:  # noqa: FBT001 - as above
    """Yield what one zstd frame holds."""
    return zstd_frame(source, window_bytes)


CODECS = {
    codec.name: codec
    for codec in (
        Codec(
            name="gzip",
            mark=Mark(needle=b"\x1f\x8b\x08", begins=_gzip_begins, width=10),
            member=_gzip_member,
        ),
        Codec(
            name="bzip2",
            mark=Mark(needle=b"BZh", begins=_bz2_begins, width=10),
            member=bz2_member,
        ),
        Codec(
            name="xz",
            mark=Mark(needle=b"\xfd7zXZ\0", begins=_xz_begins, width=_XZ_HEADER_BYTES),
            member=xz_member,
        ),
        Codec(
            name="zstd",
            mark=Mark(needle=ZSTD_MAGIC, begins=zstd_begins, width=5),
            member=zstd_member,
        ),
    )
}


def unpacked(codec: Codec, source: ByteReader, budget: Budget) -> ByteReader:
    """Return a reader of all that *source* holds, packed by *codec* in any number of members.

    After damage it goes on with the next member that can be found.

    >>> packed = iter([zlib.compress(b"one ", wbits=31) + zlib.compress(b"two", wbits=31)])
    >>> from caseline.collect.limits import Limits
    >>> source = ByteReader(lambda size: next(packed, b""))
    >>> unpacked(CODECS["gzip"], source, Budget(Limits())).exactly(7)
    b'one two'
    """
    return ByteReader(_Members(codec, source, budget).pull)


class _Members:
    """The members of one packed layer, one after another."""

    def __init__(self, codec: Codec, source: ByteReader, budget: Budget) -> None:
        self._codec = codec
        self._source = source
        self._meter = Meter(budget, source)
        self._chunks: Iterator[bytes] | None = None
        self._fresh = True  # nothing of the present member was given yet
        self._lost = False  # the next member must be looked for
        self._started = False  # a member was seen
        self._sure = True  # the present member's beginning was not guessed
        self._guesses = 0
        self._done = False

    def pull(self, _: int) -> bytes:
        """Return the next bytes, ``b""`` at the end."""
        while not self._done:
            try:
                chunk = self._step()
            except Damage as damage:
                if self._is_news(damage):
                    raise
                continue
            if chunk:
                return chunk
        return b""

    def _step(self) -> bytes:
        if self._chunks is None:
            self._done = not self._find_member()
            return b""
        chunk = next(self._chunks, b"")
        if not chunk:
            self._chunks, self._lost = None, False
            return b""
        self._fresh = False
        self._meter.spend(len(chunk))
        return chunk

    def _find_member(self) -> bool:
        place = self._source.position
        found = self._source.seek(self._codec.mark) if self._lost else self._at_member()
        if found:
            # A wrong sum ends a member a few bytes before the next: that place is sure.
            near = not self._fresh and self._source.position - place <= _TRAILER_BYTES
            self._sure = near or not self._lost
            self._chunks = self._codec.member(self._source, self._meter.window_bytes, self._sure)
            self._fresh = self._started = True
        return found

    def _at_member(self) -> bool:
        """Return whether a member follows; zeros behind a member are padding."""
        source, mark = self._source, self._codec.mark
        while True:
            head = source.peek(mark.width)
            if mark.fits(head):
                return True
            if not head and not source.read(1):
                return False
            zeros = len(head) - len(head.lstrip(b"\0"))
            if not zeros or not self._started:
                raise Damage("corrupt", f"{self._codec.name}: no such data here")
            source.skip(zeros)

    def _is_news(self, damage: Damage) -> bool:
        """Make ready to look for the next member; return whether to tell of *damage*.

        Where a member was only guessed to begin, failing at once means it did not.
        """
        guessed = not self._sure and self._fresh and not damage.final
        self._guesses += guessed
        self._chunks, self._lost = None, True
        self._done = damage.final or self._guesses > _MOST_GUESSES
        return not guessed
