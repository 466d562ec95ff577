"""Reads tar archives as a stream; after damage it goes on at the next sound header.

Headers are judged by the standard library; its own reader ends at the first damage
and skips what is left, or needs the whole archive at hand.
"""

from __future__ import annotations

import re
import tarfile
from typing import TYPE_CHECKING

from caseline.collect.archives import Member
from caseline.collect.faults import Damage
from caseline.collect.reading import ByteReader, Mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOCK = 512
_LONGEST_EXTENSION = 1 << 20
_PAX_RECORD = re.compile(rb"\d+ (path|size|GNU\.sparse\.[a-z]+)=([^\n]*)\n")
_CHECKSUM = re.compile(rb"[ 0-7]*[\0 ]")
_SIZE = re.compile(rb"\d{1,18}")
_EXTENSIONS = (b"x", b"g", b"L", b"K", b"X", b"N", b"V", b"M")
_REGULAR = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_KINDS = {
    tarfile.LNKTYPE: "hard link",
    tarfile.SYMTYPE: "symbolic link",
    tarfile.CHRTYPE: "device",
    tarfile.BLKTYPE: "device",
    tarfile.FIFOTYPE: "named pipe",
}


def _header(block: bytes) -> tarfile.TarInfo | None:
    """Return the header in *block*; None if it is none."""
    if not _CHECKSUM.match(block, 148):
        return None  # quickly: a search meets many
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return None
    return header if header.size >= 0 else None


def tar_begins(block: bytes) -> bool:
    """Return whether *block*, 512 bytes, is a sound header.

    >>> tar_begins(tarfile.TarInfo("app.log").tobuf()[:512]), tar_begins(bytes(512))
    (True, False)
    """
    return _header(block) is not None


TAR_MARK = Mark(needle=b"ustar", begins=tar_begins, width=BLOCK, lead=257)


def list_tar_members(source: ByteReader, report: Callable[[Damage, int], None]) -> Iterator[Member]:
    """Yield what *source* holds, in its order; damage goes to *report* with its place."""
    walk = _Walk(source, report)
    while (header := walk.next_header()) is not None:
        yield from walk.member(header)


class _Walk:
    """Where one reading of an archive stands."""

    def __init__(self, source: ByteReader, report: Callable[[Damage, int], None]) -> None:
        self._source = source
        self._report = report
        self._position = 0
        self._padding = 0  # zeros that fill up the last member
        self._ended = False  # the mark of the end was seen
        self._extension: dict[str, bytes] = {}

    def next_header(self) -> tarfile.TarInfo | None:
        """Return the next member's header, None at the end of the archive."""
        while True:
            padding, self._padding = self._padding, 0
            self._position = self._source.position + padding
            try:
                self._source.skip(padding)
                block = self._source.exactly(BLOCK)
            except Damage as damage:
                self._report(damage, self._position)
                block = None
            if block == b"":
                self._check_end()
                return None
            if block is not None and not block.strip(b"\0"):
                self._ended = True
                continue
            header = None if block is None else _header(block)
            if header is not None:
                self._ended = False
                return header
            if not self._go_on(block):
                return None

    def _check_end(self) -> None:
        """Tell if the archive ends without its mark: then it was cut between members."""
        if not self._ended and not self._source.damaged:
            self._report(Damage("truncated", "tar: no mark of the end"), self._position)

    def _go_on(self, block: bytes | None) -> bool:
        """Find the next sound header behind a *block* that is none."""
        source = self._source
        if block is not None:
            source.push_back(block[1:])
            if not self._ended:
                cut = len(block) < BLOCK
                damage = Damage(
                    "truncated" if cut else "corrupt",
                    "tar: a header is cut" if cut else "tar: no sound header",
                )
                self._report(damage, self._position)
        self._extension = {}
        return source.seek(TAR_MARK)

    def member(self, header: tarfile.TarInfo) -> Iterator[Member]:
        """Yield the member of *header*, then pass over the rest of it."""
        if header.type in _EXTENSIONS:
            self._extend(header)
            return
        extension, self._extension = self._extension, {}
        name, size, refusal, detail = _judged(header, extension)
        body = _Body(self._source, size)
        content = ByteReader(body.pull, leap=body.leap)
        yield Member(
            name=name,
            position=self._position,
            content=content,
            folder=header.isdir(),
            refusal=refusal,
            detail=detail,
            leave=content.drain,
        )
        if body.lost:
            self._ended = True  # that it ends here was told already
            self._source.seek(TAR_MARK)
        else:
            self._padding = -size % BLOCK

    def _extend(self, header: tarfile.TarInfo) -> None:
        """Keep what an extension says of the member that follows."""
        body = _Body(self._source, header.size)
        content = ByteReader(body.pull, leap=body.leap)
        try:
            data = content.exactly(min(header.size, _LONGEST_EXTENSION))
            content.drain()
        except Damage as damage:
            self._report(damage, self._position)
            self._ended = True
            self._source.seek(TAR_MARK)
            return
        self._padding = -header.size % BLOCK
        if header.type in (b"x", b"X"):
            self._extension.update((k.decode(), v) for k, v in _PAX_RECORD.findall(data))
        elif header.type == b"L":
            self._extension["path"] = data.rstrip(b"\0")


def _judged(header: tarfile.TarInfo, extension: dict[str, bytes]) -> tuple[str, int, str, str]:
    """Return a member's name, size in bytes, reason of refusal and detail."""
    raw = extension.get("path") or header.name.encode("utf-8", "surrogateescape")
    size = header.size
    if _SIZE.fullmatch(extension.get("size", b"")):
        size = int(extension["size"])
    if header.type in (tarfile.DIRTYPE, *_KINDS) and header.type != tarfile.LNKTYPE:
        size = 0
    name = raw.decode("utf-8", "backslashreplace")
    if header.type in _KINDS:
        return name, 0, "unsafe_member", _KINDS[header.type]
    sparse = any(key.startswith("GNU.sparse") for key in extension)
    if sparse or header.type not in (*_REGULAR, tarfile.DIRTYPE):
        return name, size, "unsupported", "tar: sparse" if sparse else "tar: kind of member"
    return name, size, "", ""


class _Body:
    """The bytes of one member, as they stand in the archive."""

    def __init__(self, source: ByteReader, size: int) -> None:
        self._source = source
        self.left = size
        self.lost = False

    def pull(self, size: int) -> bytes:
        """Return the next bytes; ``b""`` at the member's end."""
        if not self.left:
            return b""
        try:
            chunk = self._source.read(min(size, self.left))
        except Damage:
            self.left, self.lost = 0, True
            raise
        if not chunk:
            missing, self.left, self.lost = self.left, 0, True
            raise Damage("truncated", f"tar: {missing} bytes of the member are missing")
        self.left -= len(chunk)
        return chunk

    def leap(self, size: int) -> int:
        """Skip up to *size* bytes of the member."""
        try:
            done = self._source.skip(min(size, self.left))
        except Damage:
            self.left, self.lost = 0, True
            raise
        self.left -= done
        return done
