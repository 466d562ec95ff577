"""Which signature is read as which: merges by rule, merges and splits by people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.signatures.catalog import ALIASES

if TYPE_CHECKING:
    from collections.abc import Iterable

RULE = "rule"
PERSON = "person"


class Aliases:
    """Rows of ``signature_aliases``, flat: every row names the final signature.

    A row that a person wrote is never overwritten by a rule. A row that names itself
    says that a person keeps the signature apart.
    """

    def __init__(self) -> None:
        self._rows: dict[str, tuple[str, str, str]] = {}
        self._fresh: set[str] = set()

    def canonical(self, name: str) -> str:
        """Return the id that *name* is read as."""
        row = self._rows.get(name)
        return name if row is None else row[0]

    def by_rule(self, name: str) -> str:
        """Return the id that a rule reads *name* as; a person's rows do not count."""
        row = self._rows.get(name)
        return row[0] if row is not None and row[2] == RULE else name

    def merge(self, names: Iterable[str], into: str, *, reason: str, author: str = RULE) -> None:
        """Read each of *names*, and whatever was read as one of them, as *into*."""
        target = self.canonical(into)
        for name in names:
            if name == target or self._is_kept(name, author):
                continue
            for member, (read_as, _, wrote) in list(self._rows.items()):
                if read_as == name and member != name and not (wrote == PERSON != author):
                    self._put(member, target, reason, wrote)
            self._put(name, target, reason, author)

    def split(self, name: str) -> None:
        """Keep *name* apart, whatever rules say."""
        self._put(name, name, "split", PERSON)

    def take(self) -> pl.DataFrame:
        """Return the rows that are new or changed since the last call."""
        fresh, self._fresh = sorted(self._fresh), set()
        return self._frame(fresh)

    def rows(self) -> pl.DataFrame:
        """Return all rows."""
        return self._frame(self._rows)

    def load(self, frame: pl.DataFrame) -> None:
        """Take in rows that were stored."""
        for name, into, reason, author in frame.select(list(ALIASES)).iter_rows():
            self._rows[name] = (into, reason, author)

    def _is_kept(self, name: str, author: str) -> bool:
        row = self._rows.get(name)
        return row is not None and row[2] == PERSON and author != PERSON

    def _put(self, name: str, into: str, reason: str, author: str) -> None:
        self._rows[name] = (into, reason, author)
        self._fresh.add(name)

    def _frame(self, names: Iterable[str]) -> pl.DataFrame:
        rows = [(name, *self._rows[name]) for name in names]
        return pl.DataFrame(rows, schema=ALIASES, orient="row")
