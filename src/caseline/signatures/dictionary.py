"""The shape dictionary: what was found out about a shape, once."""

from __future__ import annotations

from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

SHAPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "shape": pl.Binary,
    "signature_id": pl.String,
    "spans": pl.List(pl.UInt32),
    "rebuilds": pl.Boolean,
}
_REFINED = b"refined"


class Entry(NamedTuple):
    """What lines of one shape have in common.

    Args:
        signature_id: Their template; empty where the digits of names must be looked
            at first, and then *spans* are where the names stand.
        spans: Start and length of each variable in turn, in bytes.
        rebuilds: Whether the template's parts and the variables give the line back.
    """

    signature_id: str
    spans: tuple[int, ...]
    rebuilds: bool


class ShapeDictionary:
    """Entries by the digest of their shape: it holds no text.

    A shape that was seen once is not handed out for storing: most of those never come
    again, and one that does is looked at anew.

    Args:
        most: How many entries are kept; the oldest half is forgotten past it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: dict[bytes, Entry] = {}
        self._fresh: dict[bytes, Entry] = {}
        self._single: set[bytes] = set()

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._entries)

    def get(self, key: bytes) -> Entry | None:
        """Return the entry of a shape's digest."""
        entry = self._entries.get(key)
        if entry is not None and key in self._single:
            self._single.discard(key)
            self._fresh[key] = entry
        return entry

    def put(self, key: bytes, entry: Entry, *, single: bool = False) -> None:
        """Remember *entry*; *single* says that one line had the shape so far."""
        if len(self._entries) >= self._most:
            for old in list(islice(self._entries, self._most // 2)):
                del self._entries[old]
                self._single.discard(old)
        self._entries[key] = entry
        if single:
            self._single.add(key)
        else:
            self._single.discard(key)
            self._fresh[key] = entry

    def take(self) -> pl.DataFrame:
        """Return the entries that are new since the last call."""
        fresh, self._fresh = self._fresh, {}
        return _rows(fresh.items())

    def rows(self) -> pl.DataFrame:
        """Return all entries."""
        return _rows(self._entries.items())

    def load(self, frame: pl.DataFrame) -> None:
        """Take in entries that were stored, the latest where there are too many."""
        for shape, name, spans, rebuilds in frame.select(list(SHAPES)).tail(self._most).iter_rows():
            self._entries[shape] = Entry(name, tuple(spans), rebuilds)


def digest(shape: bytes, *, refined: bool = False) -> bytes:
    """Return the key of *shape*; one whose names keep their digits has another.

    >>> len(digest(b"disk 0 full"))
    16
    """
    return blake2b(shape, digest_size=16, person=_REFINED if refined else b"").digest()


def _rows(entries: Iterable[tuple[bytes, Entry]]) -> pl.DataFrame:
    rows = [(key, entry.signature_id, list(entry.spans), entry.rebuilds) for key, entry in entries]
    return pl.DataFrame(rows, schema=SHAPES, orient="row")
