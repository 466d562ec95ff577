"""Rows that are alike though several of their columns vary at once.

Where two columns vary, no two rows may agree in all others, and leaving one column out
shows nothing. Rows that share most of their words are kin; what varies among many kin
is a variable, as long as nothing says that it is part of what the text states.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from caseline.signatures.tokens import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from caseline.signatures.rulebook import KinLimits

    Words = tuple[bytes, ...]

_LETTERS = re.compile(rb"[A-Za-z\x80-\xf4]{2}")
_MOST_TRIED = 8


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

    def others(self, row: Words) -> list[int]:
        """Return the columns in which *row* has another word than all members."""
        return [column for column, word in self.core.items() if row[column] != word]

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
        for circle in self._circles(sorted(row for row in rows if row)):
            if len(circle.members) >= self._limits.rows:
                columns = self._variables(circle)
                if columns:
                    found.append(Kin(circle.members, columns))
        return found

    def _circles(self, rows: Sequence[Words]) -> list[_Circle]:
        circles: list[_Circle] = []
        having: dict[tuple[bytes, int, bytes], list[int]] = defaultdict(list)
        for row in rows:
            saying = [
                (row[0], column, word) for column, word in enumerate(row) if _LETTERS.search(word)
            ]
            joined = self._joined(row, saying, circles, having)
            if joined is None:
                for place in saying:
                    having[place].append(len(circles))
                circles.append(_Circle(row))
        return circles

    def _joined(
        self,
        row: Words,
        saying: Sequence[tuple[bytes, int, bytes]],
        circles: Sequence[_Circle],
        having: Mapping[tuple[bytes, int, bytes], Sequence[int]],
    ) -> _Circle | None:
        """Return the circle that *row* joined: the one it shares most words with, if any."""
        same: Counter[int] = Counter()
        for place in saying:
            same.update(n for n in having.get(place, ()) if place[1] in circles[n].core)
        said = sum(1 for word in row if word != VARIABLE)
        least = max(self._limits.shared, self._limits.share * said)
        likely = [(-count, n) for n, count in same.items() if count >= least]
        for _, n in sorted(likely)[:_MOST_TRIED]:
            other = circles[n].others(row)
            if not any(self._states(circles[n].core[c], row[c]) for c in other):
                circles[n].add(row, other)
                return circles[n]
        return None

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
