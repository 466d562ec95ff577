"""Which columns are variables: votes among forms that share a punctuation skeleton."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from caseline.signatures.kin import KinFinder
from caseline.signatures.tokens import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from caseline.signatures.rulebook import Rulebook
    from caseline.signatures.vocabulary import Vocabulary

Words = tuple[bytes, ...]
_CAPITALS = re.compile(rb"[A-Z][A-Z_]+")
_PLAIN = re.compile(rb"[A-Za-z]?[a-z]+(?:[-_][a-z]+)*")
_DIGITS = re.compile(rb"[0-9]+")
_LETTER = re.compile(rb"[A-Za-z\x80-\xf4]")
_EQUALS = (b"=", b'="', b"='")


class Votes:
    """The forms of one skeleton, and which of their columns are variables.

    Leave one out: a column is looked at among the rows that agree in all other columns;
    when they hold more distinct words there than the limit for words of this sort, the
    column is a variable and the rows become one.

    Values: a word that stands where values do (after ``=``, alone in quotes, in one of
    several pairs ``key: value``) is a variable as soon as two words were seen there,
    whatever other such columns hold.

    Customers: words that many customers' lines hold stay constant, however many; words
    that each one customer's lines hold are values, where the rest of the text is common.

    Twins: a word that stands in a row more than once is one value, and is looked at in
    all its columns together.

    Crowds: where several columns vary at once no two rows agree in all others. Rows
    that agree in the words that are frequent in their columns are a crowd; when it is
    large, its rare words are values.

    Args:
        gaps: The punctuation in front of each column, and behind the last.
        rules: How many distinct words stay constant, what a crowd is, what kin share.
        vocabulary: At how many customers words were seen.
    """

    def __init__(self, gaps: list[bytes], rules: Rulebook, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._common = rules.customers.common
        self._values = frozenset(n for n in range(len(gaps) - 1) if gaps[n].endswith(_EQUALS))
        self._quoted = frozenset(n for n in range(len(gaps) - 1) if _is_quoted(gaps, n))
        self._limits = rules.limits
        self._crowds = rules.crowds
        self._endings = rules.kin.endings
        self._most_kin = rules.kin.most_rows
        self._kin = KinFinder(rules.kin, self._exceeds)
        self._live: set[Words] = set()
        self._peers: dict[tuple[int, Words], set[bytes]] = {}
        self._twins: dict[tuple[frozenset[int], Words], set[bytes]] = {}
        self._voted: dict[Words, frozenset[int]] = {}
        self._fits: dict[frozenset[int], dict[Words, Words]] = {}
        self._orders: list[frozenset[int]] = []

    @property
    def live(self) -> frozenset[Words]:
        """The rows that are part of no other."""
        return frozenset(self._live)

    def add(self, rows: Iterable[Words]) -> None:
        """Count *rows* in; rows may become one."""
        new = {words for words in rows if self.final(words) is None}
        self._gather_values(new)
        loose = new | (self._live - self._voted.keys())
        counts = [Counter(column) for column in zip(*loose, strict=True)]
        for frequency in self._crowds.frequencies:
            if new and len(loose) >= self._crowds.rows:
                loose = self._gather_crowds(loose, counts, frequency)
        for words in sorted(new):
            if self.final(words) is None:
                self._add_one(words)
        if new and len(self._live) <= self._most_kin:
            self._gather_kin()

    def restore(self, words: Words, voted: Iterable[int]) -> None:
        """Take in a row that was settled earlier, with its voted columns."""
        self._insert(words, frozenset(voted))

    def final(self, words: Words) -> Words | None:
        """Return the row that *words* are part of, the most special; None for none."""
        if words in self._live:
            return words
        for columns in self._orders:
            found = self._fits[columns].get(_masked(words, columns))
            if found is not None:
                return found
        return None

    def _add_one(self, words: Words) -> None:
        self._insert(words, frozenset())
        self._settle(words)

    def _settle(self, words: Words) -> None:
        """Vote on a row, and on what it becomes."""
        queue = [words]
        while queue:
            row = queue.pop()
            if row in self._live and (general := self._vote(row)) is not None:
                queue.append(general)

    def _vote(self, row: Words) -> Words | None:
        for column in reversed(range(len(row))):
            rest = (*row[:column], VARIABLE, *row[column + 1 :])
            seen = self._peers[column, rest]
            says = len(seen) > 1 and any(map(_LETTER.search, rest))
            if says and self._varies(seen, column, rest):
                members = [(*row[:column], word, *row[column + 1 :]) for word in seen]
                self._merge(members, rest, frozenset((column,)))
                return rest
        return self._vote_twins(row)

    def _vote_twins(self, row: Words) -> Words | None:
        for columns in _repeated(row):
            rest = _masked(row, columns)
            seen = self._twins[columns, rest]
            says = len(seen) > 1 and any(map(_LETTER.search, rest))
            if says and self._varies(seen, min(columns), rest):
                members = [_filled(rest, columns, word) for word in seen]
                self._merge(members, rest, columns)
                return rest
        return None

    def _gather_values(self, new: set[Words]) -> None:
        """Merge the rows that differ in values only; take them out of *new*."""
        places = self._values | self._quoted
        if not places:
            return
        alike: dict[Words, set[Words]] = {}
        for words in new:
            alike.setdefault(_masked(words, places), set()).add(words)
        for words in self._live:
            if (key := _masked(words, places)) in alike:
                alike[key].add(words)
        for key in sorted(alike):
            members = alike[key]
            columns = frozenset(n for n in places if self._many({w[n] for w in members}, n))
            if columns and any(map(_LETTER.search, key)):
                self._merge_alike(members, columns)
                new.difference_update(members)

    def _many(self, words: set[bytes], column: int) -> bool:
        limit = self._limits.value if column in self._values else self._limits.quoted
        return len(words) > limit or (len(words) > 1 and b"" in words)

    def _gather_crowds(
        self, loose: set[Words], counts: list[Counter[bytes]], frequency: int
    ) -> set[Words]:
        """Merge the crowds among the *loose* rows; return the rows left."""
        crowds: dict[Words, list[Words]] = {}
        for words in loose:
            key = tuple(
                [
                    word if count[word] >= frequency else VARIABLE
                    for word, count in zip(words, counts, strict=True)
                ]
            )
            crowds.setdefault(key, []).append(words)
        left = set(loose)
        for key in sorted(crowds):
            if columns := self._crowd_columns(key, crowds[key]):
                self._merge(crowds[key], key, columns)
                self._settle(key)
                left.difference_update(crowds[key])
        return left

    def _gather_kin(self) -> None:
        """Merge the rows that are kin: what varies among them is a variable."""
        for kin in self._kin.find(self._live):
            self._merge_alike(kin.members, kin.columns)

    def _merge_alike(self, members: Iterable[Words], columns: frozenset[int]) -> None:
        """Make one row of those *members* that agree outside of *columns*, which are variables."""
        groups: dict[Words, list[Words]] = {}
        for words in members:
            groups.setdefault(_masked(words, columns), []).append(words)
        for general in sorted(groups):
            self._merge(groups[general], general, columns)
            self._settle(general)

    def _exceeds(self, words: set[bytes], column: int) -> bool:
        if column in self._values or column in self._quoted:
            return self._many(words, column)
        return len(words) > self._limit(words, column)

    def _crowd_columns(self, key: Words, members: list[Words]) -> frozenset[int]:
        """Return the columns that are values in a crowd; none where it is no crowd."""
        if len(members) < self._crowds.rows:
            return frozenset()
        distinct = [
            (n, len({words[n] for words in members} - {VARIABLE}))
            for n, word in enumerate(key)
            if word == VARIABLE
        ]
        columns = frozenset(n for n, count in distinct if count)
        constants = sum(1 for word in key if len(word) > 1 and _LETTER.search(word))
        told = (
            len(columns) > 1
            and min(count for _, count in distinct if count) >= self._crowds.distinct
            and constants >= self._crowds.constants
            and constants >= self._crowds.share * (constants + len(columns))
        )
        return columns if told else frozenset()

    def _merge(self, members: Iterable[Words], into: Words, columns: frozenset[int]) -> None:
        for member in members:
            columns |= self._remove(member)
        self._insert(into, columns)

    def _insert(self, row: Words, columns: frozenset[int]) -> None:
        self._live.add(row)
        for column in range(len(row)):
            rest = (*row[:column], VARIABLE, *row[column + 1 :])
            self._peers.setdefault((column, rest), set()).add(row[column])
        for twins in _repeated(row):
            self._twins.setdefault((twins, _masked(row, twins)), set()).add(row[min(twins)])
        if columns:
            self._voted[row] = columns
            if columns not in self._fits:
                self._orders = sorted((*self._orders, columns), key=_by_size)
            self._fits.setdefault(columns, {})[_masked(row, columns)] = row

    def _remove(self, row: Words) -> frozenset[int]:
        """Take *row* out; return its voted columns."""
        if row not in self._live:
            return frozenset()
        self._live.discard(row)
        for column in range(len(row)):
            rest = (*row[:column], VARIABLE, *row[column + 1 :])
            seen = self._peers[column, rest]
            seen.discard(row[column])
            if not seen:
                del self._peers[column, rest]
        for twins in _repeated(row):
            self._twins[twins, _masked(row, twins)].discard(row[min(twins)])
        columns = self._voted.pop(row, frozenset())
        if columns:
            del self._fits[columns][_masked(row, columns)]
        return columns

    def _varies(self, seen: set[bytes], column: int, rest: Words) -> bool:
        words = seen - {VARIABLE}
        if column in self._values or b"" in words:
            return True
        if len(words) < len(seen):
            voted = column in self._voted.get(rest, ())
            return voted or len(words) > 1 or not all(map(_PLAIN.fullmatch, words))
        stems = {_DIGITS.sub(b"", word) for word in words}
        if len(stems) < len(words):
            return True
        return len(words) > self._limit(words, column) or self._are_customers(words, rest)

    def _are_customers(self, words: set[bytes], rest: Words) -> bool:
        """Whether *words* are each of one customer, in a text that many customers have."""
        said = [word for word in rest if _LETTER.search(word)]
        return (
            len(self._vocabulary) > 0
            and all(map(self._vocabulary.is_common, said))
            and self._vocabulary.are_own(words)
        )

    def _limit(self, words: set[bytes], column: int) -> int:
        if len(self._vocabulary) and all(map(self._vocabulary.is_common, words)):
            return self._common
        if all(map(_CAPITALS.fullmatch, words)):
            return self._limits.capitals
        if all(map(_DIGITS.search, words)):
            return self._limits.names
        first = column == 0 and not all(b"." in word for word in words)
        return self._limits.first if first or self._state(words) else self._limits.plain

    def _state(self, words: set[bytes]) -> bool:
        """Whether *words* are verbs of one form: texts that differ in them say different things."""
        return any(all(word.endswith(end) for word in words) for end in self._endings)


def _is_quoted(gaps: list[bytes], n: int) -> bool:
    """Whether the word behind the gap *n* is alone in quotes, or the value of a pair."""
    before, after = gaps[n], gaps[n + 1]
    quote = before[-1:]
    if quote in (b'"', b"'") and after[:1] == quote:
        return not after.startswith((quote + b":", quote + b" :", quote + b"="))
    paired = n > 0 and gaps[n - 1].endswith((b", ", b"; ", b",", b";"))
    return paired and before == b": " and after[:1] in (b",", b";", b"")


def _masked(words: Words, columns: frozenset[int]) -> Words:
    masked = list(words)
    for column in columns:
        masked[column] = VARIABLE
    return tuple(masked)


def _filled(words: Words, columns: frozenset[int], word: bytes) -> Words:
    return tuple(word if n in columns else other for n, other in enumerate(words))


def _repeated(row: Words) -> list[frozenset[int]]:
    """Return the columns of each word that stands in *row* more than once."""
    if len(set(row)) == len(row):
        return []
    places: dict[bytes, list[int]] = {}
    for n, word in enumerate(row):
        if len(word) > 1:  # no variable, and no empty value
            places.setdefault(word, []).append(n)
    return [frozenset(columns) for columns in places.values() if len(columns) > 1]


def _by_size(columns: frozenset[int]) -> tuple[int, list[int]]:
    return len(columns), sorted(columns)
