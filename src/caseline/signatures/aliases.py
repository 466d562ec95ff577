"""Which signature is read as which: merges by rule, merges and splits by people."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from caseline.signatures.catalog import ALIASES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

RULE = "rule"
PERSON = "person"
SCHEME = "scheme"
MACHINES = frozenset({RULE, SCHEME})
"""Authors that are no people: what a person decides, they leave."""


class Alias(NamedTuple):
    """How one signature is read.

    Args:
        merged_into: The end of its chain: what it is read as.
        reason: A rule's name, ``merge``, ``split``.
        author: ``rule``, ``scheme``, or the person.
        step_into: The next of its chain: what it was merged into itself. Its own id
            says that a person keeps it apart.
        decided_at: When; None until it is handed out.
        position: Grows with each change of the workspace's aliases.
    """

    merged_into: str
    reason: str
    author: str
    step_into: str
    decided_at: datetime | None
    position: int

    @property
    def by_person(self) -> bool:
        """Whether a person decided it."""
        return self.author not in MACHINES


class Aliases:
    """Rows of ``signature_aliases``: each names the final signature, and the next one.

    Questions need the end only. The steps are kept so that one merge can be undone
    without those before and after it. A row that a person wrote is never overwritten by
    a machine.
    """

    def __init__(self) -> None:
        self._rows: dict[str, Alias] = {}
        self._members: dict[str, set[str]] = {}
        self._fresh: dict[str, None] = {}
        self._told: list[tuple[str, Alias]] = []
        self._position = 0

    def canonical(self, name: str) -> str:
        """Return the id that *name* is read as."""
        row = self._rows.get(name)
        return name if row is None else row.merged_into

    def row(self, name: str) -> Alias | None:
        """Return how *name* is read, if anything was ever said of it."""
        return self._rows.get(name)

    def by_rule(self, name: str) -> str:
        """Return the id that rules read *name* as; a person's rows do not count."""
        seen = {name}
        while (row := self._rows.get(name)) is not None and row.author == RULE:
            if row.step_into in seen:
                break
            name = row.step_into
            seen.add(name)
        return name

    def decided(self) -> list[str]:
        """Return the signatures of which a person said what they are read as."""
        return [name for name, row in self._rows.items() if row.by_person]

    def members(self, name: str) -> list[str]:
        """Return the signatures that were merged into *name* itself, sorted."""
        return sorted(self._members.get(name, ()))

    def merge(
        self,
        names: Iterable[str],
        into: str,
        *,
        reason: str,
        author: str = RULE,
        at: datetime | None = None,
    ) -> None:
        """Read each of *names*, and whatever is read as one of them, as *into*.

        What would close a circle is left out: it is read as *into* already.
        """
        for name in names:
            if name == into or self.canonical(into) == name:
                continue
            if author in MACHINES and self._is_kept(name):
                self._carry(name, into, reason)
            else:
                self._put(name, into, reason, author, at)

    def split(self, name: str, *, author: str = PERSON, at: datetime | None = None) -> None:
        """Keep *name* apart, whatever rules say; what was merged into it stays with it."""
        self._put(name, name, "split", author, at)

    def take(self, at: datetime | None = None) -> dict[str, pl.DataFrame]:
        """Return what is new since the last call: ``signature_aliases``, ``alias_history``.

        Args:
            at: The moment of what has none yet: rules decide while a batch is read.
        """
        fresh = [(name, self._rows[name]) for name in self._fresh]
        told, self._fresh, self._told = self._told, {}, []
        for name, row in fresh:
            self._rows[name] = _timed(row, at)
        return {
            "signature_aliases": _frame((name, _timed(row, at)) for name, row in sorted(fresh)),
            "alias_history": _frame((name, _timed(row, at)) for name, row in told),
        }

    def rows(self) -> pl.DataFrame:
        """Return all rows."""
        return _frame(self._rows.items())

    def load(self, frame: pl.DataFrame) -> None:
        """Take in rows that were stored."""
        for name, into, reason, author, step, at, position in frame.select(
            [
                pl.col(column) if column in frame.columns else pl.lit(None, dtype).alias(column)
                for column, dtype in ALIASES.items()
            ]
        ).iter_rows():
            row = Alias(into, reason, author, step or into, at, position or 0)
            self._rows[name] = row
            self._members.setdefault(row.step_into, set()).add(name)
            self._position = max(self._position, row.position)

    def copy(self) -> Aliases:
        """Return the same, to go back to when a change could not be saved."""
        other = Aliases()
        other._rows = dict(self._rows)
        other._members = {name: set(members) for name, members in self._members.items()}
        other._fresh = dict(self._fresh)
        other._told = list(self._told)
        other._position = self._position
        return other

    def _is_kept(self, name: str) -> bool:
        row = self._rows.get(name)
        return row is not None and row.by_person

    def _carry(self, name: str, wider: str, reason: str) -> None:
        """Let *wider*, which a rule made of *name*, be read as a person reads *name*.

        Else lines that differ in one more word than before would leave the merge.
        """
        target = self.canonical(name)
        if target in (name, wider) or self.canonical(wider) == target or self._is_kept(wider):
            return
        self._put(wider, target, reason, RULE, None)

    def _put(self, name: str, step: str, reason: str, author: str, at: datetime | None) -> None:
        before = self._rows.get(name)
        if before is not None:
            self._members.get(before.step_into, set()).discard(name)
        self._members.setdefault(step, set()).add(name)
        end = name if step == name else self.canonical(step)
        self._write(name, Alias(end, reason, author, step, at, 0))
        due = [member for member in self._members.get(name, ()) if member != name]
        while due:
            member = due.pop()
            row = self._rows[member]
            self._write(member, row._replace(merged_into=end, decided_at=at))
            due += [one for one in self._members.get(member, ()) if one != member]

    def _write(self, name: str, row: Alias) -> None:
        self._position += 1
        row = row._replace(position=self._position)
        self._rows[name] = row
        self._fresh[name] = None
        self._told.append((name, row))


def _timed(row: Alias, at: datetime | None) -> Alias:
    return row if row.decided_at is not None else row._replace(decided_at=at)


def _frame(rows: Iterable[tuple[str, Alias]]) -> pl.DataFrame:
    return pl.DataFrame([(name, *row) for name, row in rows], schema=ALIASES, orient="row")
