"""Reads zstd frames block by block: bounded output, and an exact end before damage.

The library's own readers either return all output of their input at once (a few bytes
may become gigabytes) or do not tell a whole frame from a cut one. Frames and blocks
are easily told apart (RFC 8878, section 3.1), so each block is decoded by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import zstandard

from caseline.collect.faults import Damage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from caseline.collect.reading import ByteReader

MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = b"\x2a\x4d\x18"
_SKIPPABLE_FIRST = range(0x50, 0x60)
_BLOCK_BYTES = 128 * 1024
_RLE, _RESERVED = 1, 3
_DICTIONARY_BYTES = (0, 1, 2, 4)
_SIZE_BYTES = (0, 2, 4, 8)


def zstd_begins(head: bytes) -> bool:
    """Return whether a frame, or one to skip, begins with *head*."""
    return head[:4] == MAGIC or (head[1:4] == _SKIPPABLE and head[0] in _SKIPPABLE_FIRST)


def zstd_frame(source: ByteReader, window_bytes: int) -> Iterator[bytes]:
    """Yield what one frame holds, at most 128 KiB at a time.

    Raises:
        Damage: truncated, corrupt, or a bomb: it asks for more than *window_bytes*.
    """
    magic = _take(source, 4)
    if magic != MAGIC:
        yield from _skipped(source)
        return
    decoder = zstandard.ZstdDecompressor(max_window_size=window_bytes).decompressobj()
    descriptor = _take(source, 1)
    header = magic + descriptor + _take(source, _header_bytes(descriptor[0]))
    yield from _decoded(decoder, header)
    last = False
    while not last:
        mark = _take(source, 3)
        field = int.from_bytes(mark, "little")
        last, kind, size = bool(field & 1), field >> 1 & 3, field >> 3
        if kind == _RESERVED or size > _BLOCK_BYTES:
            raise Damage("corrupt", "zstd: no such block")
        yield from _decoded(decoder, mark + _take(source, 1 if kind == _RLE else size))
    if descriptor[0] & 4:
        yield from _decoded(decoder, _take(source, 4))


def _header_bytes(descriptor: int) -> int:
    single = descriptor >> 5 & 1
    size = _SIZE_BYTES[descriptor >> 6] or single
    return (1 - single) + _DICTIONARY_BYTES[descriptor & 3] + size


def _skipped(source: ByteReader) -> Iterator[bytes]:
    size = int.from_bytes(_take(source, 4), "little")
    if source.skip(size) < size:
        raise Damage("truncated", "zstd: the end is missing")
    yield from ()


def _take(source: ByteReader, size: int) -> bytes:
    data = source.exactly(size)
    if len(data) < size:
        raise Damage("truncated", "zstd: the end is missing")
    return data


def _decoded(decoder: zstandard.ZstdDecompressionObj, data: bytes) -> Iterator[bytes]:
    try:
        chunk = decoder.decompress(data)
    except zstandard.ZstdError as error:
        if "memory" in str(error):
            raise Damage("bomb", "zstd: asks for too much memory", final=True) from None
        raise Damage("corrupt", "zstd: damaged block") from None
    if chunk:
        yield chunk
