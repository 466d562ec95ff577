"""Rows that are alike though several of their columns vary at once.

Where two columns vary, no two rows may agree in all others, and leaving one column out
shows nothing. Rows that share most of their words are kin; what varies among many kin
is a variable, as long as nothing says that it is part of what the text states.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from caseline.signatures.tokens import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from caseline.signatures.rulebook import KinLimits

    Words = tuple[bytes, ...]

_LETTERS = re.compile(rb"[A-Za-z\x80-\xf4]{2}")


class Kin(NamedTuple):
    """Rows that are kin, and which of their columns are variables."""

    members: list[Words]
    columns: frozenset[int]


class _Circle:
    """Kin being gathered: the words all members share, and the members."""

    __slots__ = ("core", "members")

    def __init__(self, row: Words) -> None:
        self.core = dict(enumerate(row))
        self.members = [row]

    def share(self, row: Words) -> tuple[int, list[int]]:
        """Return how many words that say something *row* shares, and the columns it does not."""
        same = 0
        other = []
        for column, word in self.core.items():
            if row[column] != word:
                other.append(column)
            elif _LETTERS.search(word):
                same += 1
        return same, other

    def add(self, row: Words, other: Iterable[int]) -> None:
        self.members.append(row)
        for column in other:
            del self.core[column]


class KinFinder:
    """Finds kin among the rows of one skeleton.

    Args:
        limits: How much kin share, and which words state something.
        many: Whether so many words in a column make it a variable.
    """

    def __init__(self, limits: KinLimits, many: Callable[[set[bytes], int], bool]) -> None:
        self._limits = limits
        self._many = many

    def find(self, rows: Iterable[Words]) -> list[Kin]:
        """Return the kin among *rows*; the order they come in has no effect."""
        found = []
        for circle in self._circles(sorted(rows)):
            if len(circle.members) >= self._limits.rows:
                columns = self._variables(circle)
                if columns:
                    found.append(Kin(circle.members, columns))
        return found

    def _circles(self, rows: Sequence[Words]) -> list[_Circle]:
        by_first: dict[Words, list[_Circle]] = defaultdict(list)
        for row in rows:
            circles = by_first[row[:1]]
            best, best_same, best_other = None, 0, []
            for circle in circles:
                same, other = circle.share(row)
                if same > best_same and self._may_join(circle, row, same, other):
                    best, best_same, best_other = circle, same, other
            if best is None:
                circles.append(_Circle(row))
            else:
                best.add(row, best_other)
        return [circle for circles in by_first.values() for circle in circles]

    def _may_join(self, circle: _Circle, row: Words, same: int, other: list[int]) -> bool:
        said = sum(1 for word in row if word != VARIABLE)
        if same < self._limits.shared or same < self._limits.share * said:
            return False
        return not any(self._states(circle.core[n], row[n]) for n in other)

    def _states(self, one: bytes, two: bytes) -> bool:
        """Whether two words in one place make two statements of a text."""
        if one in self._limits.stating or two in self._limits.stating:
            return True
        return any(one.endswith(end) and two.endswith(end) for end in self._limits.endings)

    def _variables(self, circle: _Circle) -> frozenset[int]:
        words = {
            n: {row[n] for row in circle.members}
            for n in range(len(circle.members[0]))
            if n not in circle.core
        }
        plain = {n: seen - {VARIABLE} for n, seen in words.items()}
        return frozenset(
            n for n, seen in words.items() if len(plain[n]) < len(seen) or self._many(seen, n)
        )
