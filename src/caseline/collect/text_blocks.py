"""Cuts text into blocks that end at a line's end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.collect.faults import Damage, Faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from caseline.collect.limits import Limits
    from caseline.collect.reading import ByteReader

Piece = tuple[int, bytes]


class TextBlocks:
    """The lines of one file, in blocks.

    A line longer than ``limits.line_bytes`` stays one line: its first bytes. The cut is
    told by a reject of 0 lines, since no record is lost; NUL bytes in such a line go
    first, so that a hole in a file does not eat the line behind it.

    Args:
        text: UTF-8 text.
        name: The file's, for rejects.
        limits: How large blocks and lines may be.
        faults: Told of damage and of cut lines.
    """

    def __init__(self, text: ByteReader, name: str, limits: Limits, faults: Faults) -> None:
        self._text = text
        self._name = name
        self._limits = limits
        self._faults = faults
        self._ended = False
        self._seam = False  # damage lies before what is read next
        self._at_line_end = True
        self.bytes_read = 0

    def pieces(self) -> Iterator[Piece]:
        """Yield (offset in bytes, bytes); all but the last end at a line's end."""
        offset, rest = 0, b""
        while rest or not self._ended:
            # Growing by what is there already keeps the cost of a long line linear.
            data = rest + self._fill(max(self._limits.block_bytes - len(rest), len(rest)))
            end = len(data) if self._ended else data.rfind(b"\n") + 1
            whole, rest = data[:end], data[end:]
            yield from self._short(offset, whole)
            offset += len(whole)
            if len(rest) > self._limits.line_bytes:
                kept, length, rest = self._cut(rest, offset)
                yield offset, kept
                offset += length

    def _fill(self, size: int) -> bytes:
        """Return the next bytes, about *size* of them; fewer only at the end."""
        parts: list[bytes] = []
        missing = size
        while missing > 0 and not self._ended:
            try:
                chunk = self._text.read(missing)
            except Damage as damage:
                self._faults.damage(damage, self._name, self.bytes_read)
                self._seam = True
                continue
            self._ended = not chunk
            if self._seam and chunk:
                # The line that was cut by the damage must not run into the next one.
                self._seam, chunk = False, chunk if self._at_line_end else b"\n" + chunk
            self._at_line_end = chunk.endswith(b"\n")
            self.bytes_read += len(chunk)
            missing -= len(chunk)
            parts.append(chunk)
        return b"".join(parts)

    def _short(self, offset: int, whole: bytes) -> Iterator[Piece]:
        """Yield *whole*, which stands at *offset*, with its long lines cut."""
        start = 0
        for begin, end in self._long_lines(whole):
            if begin > start:
                yield offset + start, whole[start:begin]
            line = whole[begin:end].removesuffix(b"\n")
            kept = line.translate(None, b"\0")[: self._limits.line_bytes]
            yield offset + begin, self._kept(kept, len(line), offset + begin)
            start = end
        if start < len(whole):
            yield offset + start, whole[start:]

    def _long_lines(self, whole: bytes) -> Iterator[tuple[int, int]]:
        """Yield begin and end of each line that is too long, its newline included."""
        line_bytes = self._limits.line_bytes
        at = 0
        while at + line_bytes < len(whole):
            # Lines up to the last newline within reach are all short enough.
            end = whole.rfind(b"\n", at, at + line_bytes + 1) + 1
            if not end:
                end = whole.find(b"\n", at + line_bytes) + 1 or len(whole)
                yield at, end
            at = end

    def _cut(self, line: bytes, offset: int) -> tuple[bytes, int, bytes]:
        """Read to the end of *line*, which is too long already.

        Returns:
            What is kept of it, its length in the text in bytes, and what follows it.
        """
        kept = bytearray(line.translate(None, b"\0")[: self._limits.line_bytes])
        length, rest = len(line), b""
        while data := self._fill(self._limits.block_bytes):
            line, newline, rest = data.partition(b"\n")
            kept += line.translate(None, b"\0")[: self._limits.line_bytes - len(kept)]
            length += len(line)
            if newline:
                break
        else:
            return self._kept(bytes(kept), length, offset), length, b""
        return self._kept(bytes(kept), length, offset), length + 1, rest

    def _kept(self, kept: bytes, length: int, offset: int) -> bytes:
        """Return the line made of what was *kept*; tell what was not."""
        kept = kept[: len(kept) - _cut_character(kept)]
        detail = f"{length - len(kept)} of {length} bytes dropped"
        self._faults.add("line_too_long", self._name, position=offset, detail=detail, lines=0)
        return kept + b"\n"


def _cut_character(line: bytes) -> int:
    """Return how many bytes of a cut UTF-8 character *line* ends with.

    >>> _cut_character("size 5 \N{MICRO SIGN}".encode()[:-1]), _cut_character(b"size 5")
    (1, 0)
    """
    for count, byte in enumerate(reversed(line[-3:]), start=1):
        if byte >= 0xC0:  # noqa: PLR2004 - the first byte of a longer character
            whole = 2 + (byte >= 0xE0) + (byte >= 0xF0)  # noqa: PLR2004 - the same
            return count if whole > count else 0
        if byte < 0x80:  # noqa: PLR2004 - ASCII
            return 0
    return 0
