"""Signatures that a person split by the value of a variable.

Nothing stored is rewritten: events keep the template they were given, and questions look
at the variable's value. So the same holds for events stored earlier and later, counts add
up, and merging the parts back undoes it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from caseline.signatures.catalog import Signature, signature_id
from caseline.signatures.tokens import LIST, VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

KIND = "split"
SPLITS: dict[str, pl.DataType | type[pl.DataType]] = {
    "signature_id": pl.String,
    "variable": pl.Int32,
    "value": pl.String,
    "split_into": pl.String,
    "author": pl.String,
    "decided_at": pl.Datetime("us", "UTC"),
}
_MARKS = re.compile(b"[" + re.escape(VARIABLE + LIST) + b"]")
_BLANKS = re.compile(rb"[^\S\n]+")


class Splits:
    """Rows of ``signature_splits``: one variable for each signature that was split."""

    def __init__(self) -> None:
        self._variable: dict[str, int] = {}
        self._rows: dict[tuple[str, str], tuple[str, str, datetime]] = {}
        self._fresh: dict[tuple[str, str], None] = {}

    def variable(self, name: str) -> int | None:
        """Return the number, from 1, of the variable that *name* was split by."""
        return self._variable.get(name)

    def values(self, name: str) -> dict[str, tuple[str, str, datetime]]:
        """Return for each value that was split off *name*: into what, by whom, when."""
        return {value: row for (one, value), row in self._rows.items() if one == name}

    def add(
        self, name: str, variable: int, value: str, into: str, who: tuple[str, datetime]
    ) -> None:
        """Give the events of *name* with this *value* to *into*; a second time is nothing."""
        if self._variable.setdefault(name, variable) != variable or (name, value) in self._rows:
            return
        self._rows[name, value] = (into, *who)
        self._fresh[name, value] = None

    def part_of(self, signature: Signature, line: str) -> str | None:
        """Return the part of *signature* that *line* belongs to, if it was split."""
        variable = self._variable.get(signature.signature_id)
        if variable is None:
            return None
        pieces = align(_BLANKS.sub(b" ", line.encode("utf-8", "replace")).strip(), signature.text)
        if pieces is None:
            return None
        value = pieces[variable - 1].decode("utf-8", "replace")
        row = self._rows.get((signature.signature_id, value))
        return None if row is None else row[0]

    def follow(self, narrow: Signature, wide: Signature) -> None:
        """Split *wide*, which a rule made of *narrow*, as a person split *narrow*."""
        variable = self._variable.get(narrow.signature_id)
        pieces = align(narrow.text, wide.text)
        if variable is None or pieces is None:
            return
        before = 0
        for number, piece in enumerate(pieces, 1):
            if before + 1 == variable and _MARKS.fullmatch(piece):
                for value, (into, author, at) in self.values(narrow.signature_id).items():
                    self.add(wide.signature_id, number, value, into, (author, at))
            before += len(_MARKS.findall(piece))

    def take(self) -> pl.DataFrame:
        """Return the rows that are new since the last call."""
        fresh, self._fresh = self._fresh, {}
        rows = [
            (name, self._variable[name], value, *self._rows[name, value]) for name, value in fresh
        ]
        return pl.DataFrame(rows, schema=SPLITS, orient="row")

    def load(self, frame: pl.DataFrame) -> None:
        """Take in rows that were stored."""
        for name, variable, value, into, author, at in frame.select(list(SPLITS)).iter_rows():
            self._variable[name] = variable
            self._rows[name, value] = (into, author, at)

    def copy(self) -> Splits:
        """Return the same, to go back to when a change could not be saved."""
        other = Splits()
        other._variable, other._rows = dict(self._variable), dict(self._rows)
        other._fresh = dict(self._fresh)
        return other


def part(signature: Signature, variable: int, value: str) -> Signature:
    """Return the signature of the events of *signature* with a certain *value*.

    Its id is made of the other one's and of the value: the same split made twice, or in
    two workspaces, gives the same one.
    """
    content = b"\0".join((signature.signature_id.encode(), b"%d" % variable, value.encode()))
    parts = list(signature.parts)
    rules = list(signature.rules)
    parts[variable - 1 : variable + 1] = [parts[variable - 1] + value + parts[variable]]
    del rules[variable - 1]
    return Signature(
        signature_id=signature_id(signature.scheme, KIND, content),
        scheme=signature.scheme,
        kind=KIND,
        template="<*>".join(parts),
        parts=tuple(parts),
        rules=tuple(rules),
    )


def members_with(
    members: Iterable[Signature], wide: Signature, variable: int, values: Sequence[str]
) -> tuple[list[tuple[Signature, int]], list[tuple[Signature, str]], list[Signature]]:
    """Return how narrower templates that became part of *wide* take part in its split.

    Returns:
        Those that have the variable themselves, each with its number there; those that
        hold one of *values* as a constant; those of which it cannot be told.
    """
    varying, constant, unclear = [], [], []
    for one in members:
        pieces = align(one.text, wide.text) if one.kind == "log" else None
        if pieces is None:
            unclear.append(one)
            continue
        piece = pieces[variable - 1]
        before = sum(len(_MARKS.findall(p)) for p in pieces[: variable - 1])
        if _MARKS.fullmatch(piece):
            varying.append((one, before + 1))
        elif _MARKS.search(piece):
            unclear.append(one)
        elif piece.decode("utf-8", "replace") in values:
            constant.append((one, piece.decode("utf-8", "replace")))
    return varying, constant, unclear


def align(narrow: bytes, wide: bytes) -> list[bytes] | None:
    """Return what of *narrow* stands in each variable of the template *wide*.

    >>> align(b"disk sda is full", b" ".join([b"disk", VARIABLE, b"is full"]))
    [b'sda']
    """
    literals = [re.escape(text) for text in _MARKS.split(wide)]
    found = re.fullmatch(b"(.*?)".join(literals), narrow, re.DOTALL)
    return None if found is None else list(found.groups())
