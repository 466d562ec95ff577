"""Turns what a file holds into UTF-8 text, as it is read."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from caseline.collect.faults import Damage
from caseline.collect.reading import ByteReader
from caseline.collect.recognition import HEAD_BYTES, binary_kind

if TYPE_CHECKING:
    from codecs import IncrementalDecoder

# The mark of UTF-32, little end first, begins like that of UTF-16: it stands first.
_MARKS = (
    (codecs.BOM_UTF8, None),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PIECE = 1 << 20
_LONE_RETURN = re.compile(rb"\r(?!\n)")
# Behind a return, what a line of a log begins with: a date, a clock, a month's name.
_LINE_BEHIND = re.compile(rb"\r[\[(<]?(?:\d{1,4}[\-/:.]\d\d|[A-Z][a-z]{2} [ \d]\d )")


def text_of(source: ByteReader) -> ByteReader:
    r"""Return a reader of the text in *source*: UTF-8, no byte order mark.

    If the beginning says that a carriage return alone ends lines, each one becomes a
    newline, and no byte changes its place. A few of them within lines stay.

    UTF-16 and UTF-32 are transcoded if they have a mark. Bytes that are not valid in
    the file's own encoding stay as they are (UTF-8), or become U+FFFD.

    Raises:
        Damage: it is binary.

    >>> parts = iter(["on\n".encode("utf-16")])
    >>> text_of(ByteReader(lambda size: next(parts, b""))).read(9)
    b'on\n'
    """
    text = _decoded(source)
    head = text.peek(HEAD_BYTES)[:-1]  # what follows the last byte is not known
    lone = len(_LONE_RETURN.findall(head)) if b"\r" in head else 0
    if lone and (lone >= head.count(b"\n") or _LINE_BEHIND.search(head)):
        return ByteReader(_Returns(text).pull)
    return text


def _decoded(source: ByteReader) -> ByteReader:
    head = source.peek(HEAD_BYTES)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            source.skip(len(mark))
            if encoding is None:
                return source
            decoder = codecs.getincrementaldecoder(encoding)("replace")
            return ByteReader(_Transcoder(source, decoder).pull)
    if head and not head.strip(b"\0"):
        return _behind_hole(source)
    _refuse_binary(head)
    return source


def _refuse_binary(head: bytes) -> None:
    kind = binary_kind(head)
    if kind:
        raise Damage("binary", kind, final=True)


def _behind_hole(source: ByteReader) -> ByteReader:
    """Judge by what follows the zeros a file begins with; give them back, uncopied.

    A log that was cut to nothing while its writer kept its place begins so.
    """
    zeros = 0
    rest = b""
    while not rest and (chunk := source.read(_PIECE)):
        rest = chunk.lstrip(b"\0")
        zeros += len(chunk) - len(rest)
    source.push_back(rest)
    _refuse_binary(source.peek(HEAD_BYTES) or bytes(1))
    return ByteReader(_Hole(source, zeros).pull)


class _Hole:
    """Zeros that were counted, then what follows them."""

    def __init__(self, source: ByteReader, zeros: int) -> None:
        self._source = source
        self._zeros = zeros

    def pull(self, size: int) -> bytes:
        """Return the next bytes."""
        if not self._zeros:
            return self._source.read(size)
        chunk = bytes(min(size, self._zeros, _PIECE))
        self._zeros -= len(chunk)
        return chunk


class _Transcoder:
    """What a decoder makes of a source, in UTF-8."""

    def __init__(self, source: ByteReader, decoder: IncrementalDecoder) -> None:
        self._source = source
        self._decoder = decoder
        self._ended = False

    def pull(self, size: int) -> bytes:
        """Return the next bytes."""
        text = ""
        while not text and not self._ended:
            try:
                chunk = self._source.read(size)
            except Damage:
                self._decoder.reset()
                raise
            self._ended = not chunk
            text = self._decoder.decode(chunk, final=self._ended)
        return text.encode("utf-8", "replace")


class _Returns:
    """Text whose carriage returns, where no newline follows, are newlines."""

    def __init__(self, source: ByteReader) -> None:
        self._source = source
        self._held = b""

    def pull(self, size: int) -> bytes:
        """Return the next bytes."""
        while True:
            chunk = self._source.read(size)
            data, self._held = self._held + chunk, b""
            if chunk and data.endswith(b"\r"):
                data, self._held = data[:-1], b"\r"
            if data or not chunk:
                return _LONE_RETURN.sub(b"\n", data)
