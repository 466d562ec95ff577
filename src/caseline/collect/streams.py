"""Reads open files, and records that come one by one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, BinaryIO

from caseline.collect.containers import Part
from caseline.collect.faults import Damage, Faults
from caseline.collect.identity import content_hash
from caseline.collect.reading import ByteReader
from caseline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from caseline.collect.budgets import Budget
    from caseline.collect.limits import Limits
    from caseline.records.batches import MediaKind

_PIECE = 1 << 20


class OpenFileContainer:
    """A binary file that the caller has open; it is read from where it stands.

    Args:
        file: The file. If it can seek, it is read as one of the disk would be.
        name: What to call it.
        budget: Counts what is read to look for the manifest.
    """

    def __init__(self, file: BinaryIO, name: str, budget: Budget) -> None:
        self._file = file
        self._probe = budget
        self._rewinds = bool(getattr(file, "seekable", bool)())
        self._start = file.tell() if self._rewinds else 0
        self._digest = content_hash()
        self.media: MediaKind = "file" if self._rewinds else "stream"
        self.name = name
        self.size = 0
        self.content_id: str | None = None

    def identify(self, limits: Limits, faults: Faults) -> None:  # noqa: ARG002 - the protocol's
        """Hash it, if it can be rewound."""
        if not self._rewinds:
            return
        while chunk := self._read(_PIECE):
            self._digest.update(chunk)
            self.size += len(chunk)
        self.content_id = self._digest.hexdigest()
        self._file.seek(self._start)

    def manifest(self, find: Callable[[ByteReader, str], bytes | None]) -> bytes | None:
        """Return the manifest of a packed bundle, if the file can be rewound."""
        if not self._rewinds:
            return None
        found = find(self._reader(self._probe), self.name)
        self._file.seek(self._start)
        return found

    def parts(
        self,
        budget: Budget,
        faults: Faults,  # noqa: ARG002 - the protocol's
        find: Callable[[ByteReader, str], bytes | None],  # noqa: ARG002 - the protocol's
    ) -> Iterator[Part]:
        """Yield the file."""
        yield Part(name=self.name, prefix="", reader=self._reader(budget))

    def at(self, offset: int, size: int) -> bytes:
        """Return up to *size* bytes from *offset* on, without moving the reader."""
        place = self._file.tell()
        self._file.seek(self._start + offset)
        data = self._file.read(size)
        self._file.seek(place)
        return data

    def _reader(self, budget: Budget) -> ByteReader:
        def pull(size: int) -> bytes:
            try:
                chunk = self._read(size)
            except OSError as error:
                raise Damage("unreadable", type(error).__name__, final=True) from None
            budget.packed_bytes += len(chunk)
            if not self._rewinds:
                self._digest.update(chunk)
                if not chunk:
                    self.content_id = self._digest.hexdigest()
            return chunk

        return ByteReader(pull, random=self if self._rewinds else None)

    def _read(self, size: int) -> bytes:
        # What is there now, not all that was asked for: a pipe may be slow.
        read = getattr(self._file, "read1", self._file.read)
        chunk = read(size)
        if not isinstance(chunk, bytes):
            kind = type(chunk).__name__
            raise InputError(f"{self.name} gives {kind}; open it in binary mode, blocking")
        return chunk


class ItemContainer:
    """Records that come one by one: each is one or more whole lines.

    Args:
        items: bytes, str (stored as UTF-8) or dict (stored as a JSON line). What lacks
            a newline at its end gets one.
        name: What to call it.
    """

    media: MediaKind = "stream"

    def __init__(self, items: Iterable[Any], name: str) -> None:
        self._items = iter(items)
        self._digest = content_hash()
        self._count = 0
        self._refused = 0
        self._first_refused = 0
        self.name = name
        self.content_id: str | None = None

    def identify(self, limits: Limits, faults: Faults) -> None:
        """Do nothing: it can be read only once."""

    def manifest(
        self,
        find: Callable[[ByteReader, str], bytes | None],  # noqa: ARG002 - the protocol's
    ) -> bytes | None:
        """Return None: lines have no manifest."""
        return None

    def parts(
        self,
        budget: Budget,
        faults: Faults,
        find: Callable[[ByteReader, str], bytes | None],  # noqa: ARG002 - the protocol's
    ) -> Iterator[Part]:
        """Yield the lines, then tell how many items were none."""

        def pull(size: int) -> bytes:
            data = self._gather(size)
            budget.packed_bytes += len(data)
            self._digest.update(data)
            if not data:
                self.content_id = self._digest.hexdigest()
            return data

        yield Part(name=self.name, prefix="", reader=ByteReader(pull), lines=True)
        if self._refused:
            detail = f"neither bytes, str nor dict; the first is item {self._first_refused}"
            faults.add("bad_item", self.name, detail=detail, lines=self._refused)

    def _gather(self, size: int) -> bytes:
        """Return the next items, about *size* bytes of them."""
        lines: list[bytes] = []
        have = 0
        for item in self._items:
            line = line_of(item)
            if line is None:
                self._first_refused = self._first_refused if self._refused else self._count
                self._refused += 1
            else:
                lines.append(line)
                have += len(line)
            self._count += 1
            if have >= size:
                break
        return b"".join(lines)


def line_of(item: Any) -> bytes | None:
    r"""Return *item* as bytes that end in a newline; None if it is no record.

    Values JSON does not know are written as ``str`` gives them.

    >>> line_of("started"), line_of({"level": "info", "size": 3}), line_of(7)
    (b'started\n', b'{"level": "info", "size": 3}\n', None)
    """
    if isinstance(item, dict):
        try:
            item = json.dumps(item, default=str, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError):
            return None
    if isinstance(item, str):
        data = item.encode("utf-8", "replace")
    elif isinstance(item, bytes | bytearray | memoryview):
        data = bytes(item)
    else:
        return None
    return data if data.endswith(b"\n") or not data else data + b"\n"
