"""Where the header ends among columns that lines share: what speaks for a column.

A header is sure of itself where a time, a level or a rising number stands at one place
of all lines. Columns behind it belong to it as long as they behave like columns: few
values over many messages, punctuation that does not change, independence of the words
that follow. Message text does none of it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from caseline.normalize.alignment import is_repeated, opens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from caseline.normalize.alignment import Alignment, Column

_PLAIN = re.compile(rb"[A-Za-z\x80-\xff]+")
_STRUCTURED = re.compile(rb"\S*[A-Za-z]\S*[0._$/@:-]\S*|\S*[._$/@-]\S*[A-Za-z]\S*")
_PORT = re.compile(rb"\S*:0+")
_GLUE = b".:/@=-_~+%*$&\\"
_NUMBER = re.compile(rb"[#+-]?0+|0x[0A-Fa-f]+")
_ALL = 0.98
_MOST = 0.9
_ONE_IN_TWENTY = 0.05
_REPEATED = 4


class Header(NamedTuple):
    """Where a header ends: columns up to *end* are of it; up to *sure* it is beyond doubt."""

    end: int
    sure: int
    timed: bool


def find_header(
    found: Alignment, rises: Callable[[Column], bool], limits: Mapping[str, float]
) -> Header | None:
    """Return where the header of the lines of *found* ends, or None if they have none.

    Args:
        found: The columns that the lines share.
        rises: Tells whether the numbers of a column rise from line to line.
        limits: The numbers of ``columns.toml``.
    """
    return _Judge(found, limits).header(rises)


def is_lead(found: Alignment, end: int, limits: Mapping[str, float]) -> bool:
    """Whether the first *end* columns may be columns in front of a header, not a sentence."""
    return _Judge(found, limits).lead_is_sound(end)


class _Judge:
    def __init__(self, found: Alignment, limits: Mapping[str, float]) -> None:
        self._found, self._limits = found, limits
        self._columns = found.columns
        self._places = [i for i, c in enumerate(self._columns) if c.kind not in ("space", "mark")]
        self._known: dict[int, Counter[bytes]] = {}
        self._lines = sum(found.weights[i] for i in found.live)

    def header(self, rises: Callable[[Column], bool]) -> Header | None:
        anchors = self._anchors() or self._rising(rises)
        if not anchors or not self.lead_is_sound(anchors[0]):
            return None
        sure = self._end_of(anchors[-1])
        if sure is None or not self._messages_differ(sure):
            return None
        timed = any(self._columns[i].kind == "time" for i in anchors)
        return Header(self._last(anchors[-1], sure), sure, timed)

    def _counts(self, column: Column) -> Counter[bytes]:
        known = self._known.get(id(column))
        if known is None:
            known = self._known[id(column)] = self._found.counts(column)
        return known

    def _anchors(self) -> list[int]:
        """Return the columns that only a header has: a time, a level."""
        timed = [i for i in self._places if self._columns[i].kind == "time"]
        found = list(timed)
        for i in self._places:
            if self._columns[i].kind not in ("level", "letter"):
                continue
            varies = len(self._counts(self._columns[i])) > 1
            marked = self._columns[i].kind == "level" or self._is_marked(i)
            between = self._plain_between(timed[0], i) if timed else 0
            if between <= self._limits["skipped"] and (timed or (varies and marked)):
                found.append(i)
        return sorted(found)

    def _rising(self, rises: Callable[[Column], bool]) -> list[int]:
        """Return the column of a number that rises, in a lead with signs of its own."""
        for i in self._places:
            signs = [c for c in self._columns[:i] if c.kind == "mark"]
            if len(signs) > 1 and rises(self._columns[i]):
                return [i]
        return []

    def _is_marked(self, place: int) -> bool:
        before = [c.kind for c in self._columns[:place] if c.kind != "space"][-1:]
        after = [c.kind for c in self._columns[place + 1 :] if c.kind != "space"][:1]
        return "mark" in before + after

    def _plain_between(self, first: int, last: int) -> int:
        return sum(first < i < last and self._is_plain(i) for i in self._places)

    def _is_plain(self, place: int) -> bool:
        """Whether a column holds words with nothing but blanks around them."""
        column = self._columns[place]
        before = self._columns[place - 1].kind if place else "space"
        after = self._columns[place + 1].kind if place + 1 < len(self._columns) else "space"
        bare = column.kind == "value" and before == after == "space"
        return bare and self._share(column, _PLAIN) >= _MOST

    def _share(self, column: Column, pattern: re.Pattern[bytes]) -> float:
        counts = self._counts(column)
        return sum(n for text, n in counts.items() if pattern.fullmatch(text)) / self._lines

    def lead_is_sound(self, anchor: int) -> bool:
        """Whether what stands before the first sure column may be columns, not a sentence."""
        words = 0
        for i in self._places:
            if i >= anchor:
                break
            if self._is_plain(i):
                words += len(self._counts(self._columns[i])) == 1
            if not self._is_repeated(self._columns[i]):
                return False
        return words <= self._limits["lead_words"]

    def _is_repeated(self, column: Column) -> bool:
        return is_repeated(self._counts(column), self._limits)

    def _separator(self, place: int) -> list[Column]:
        """Return what stands behind a column and is not the opening of the next one."""
        found = []
        for column in self._columns[place + 1 :]:
            if column.kind not in ("space", "mark"):
                break
            found.append(column)
        while found and found[-1].kind == "mark" and opens(_sign(found[-1])):
            found.pop()
        return found

    def _end_of(self, place: int) -> int | None:
        separator = self._separator(place)
        return place + 1 + len(separator) if separator else None

    def _last(self, anchor: int, sure: int) -> int:
        """Return the end of the last column behind the sure ones that is one too."""
        end, doubtful = sure, 0
        for i in self._places:
            if i <= anchor:
                continue
            stop = self._end_of(i)
            if stop is not None and self._is_column(i) and self._messages_differ(stop):
                end, doubtful = stop, 0
            else:
                doubtful += 1 + self._has_blanks(self._columns[i]) * len(self._places)
            if doubtful > self._limits["skipped"]:
                break
        return end

    def _has_blanks(self, column: Column) -> bool:
        return any(b" " in text for text in self._found.texts(column))

    def _is_column(self, place: int) -> bool:
        column, separator = self._columns[place], self._separator(place)
        signs = [_sign(c) for c in separator if c.kind == "mark"]
        if signs and not self._is_glued(place, separator):
            return signs[0] not in (b"=", b"(") and self._is_repeated(column)
        if signs or self._columns[place - 1].kind == "mark":
            return False
        if self._share(column, _NUMBER) >= _ALL:
            return True
        if not self._is_repeated(column) or self._share(column, _PORT) > 1 - _MOST:
            return False
        if self._share(column, _STRUCTURED) >= _MOST:
            return True
        return self._is_independent(place)

    def _is_glued(self, place: int, separator: list[Column]) -> bool:
        """Whether the sign behind a column may be one inside a word, such as a port's colon."""
        if len(separator) > 1 or _sign(separator[0]) not in _GLUE:
            return False
        if place + 2 >= len(self._columns) or _sign(separator[0]) != b":":
            return True
        return self._share(self._columns[place + 2], _NUMBER) > 1 - _MOST

    def _messages_differ(self, end: int) -> bool:
        """Whether there are messages behind column *end*, and not always the same one."""
        texts: Counter[bytes] = Counter()
        for i in self._found.live:
            texts[self._rest(i, end)] += self._found.weights[i]
        empty = texts.pop(b"", 0)
        return empty <= (1 - _MOST) * self._lines and len(texts) >= self._limits["messages"]

    def _rest(self, line: int, end: int) -> bytes:
        return self._found.shapes[line][self._columns[end - 1].spans[line][1] :].strip()

    def _is_independent(self, place: int) -> bool:
        """Whether the words behind a column tell little of its value."""
        column = self._columns[place]
        end = self._end_of(place)
        counts = self._counts(column)
        if end is None or sum(n >= _ONE_IN_TWENTY * self._lines for n in counts.values()) < 2:  # noqa: PLR2004 - two values differ
            return False
        pairs: Counter[tuple[bytes, bytes]] = Counter()
        for i in self._found.live:
            value = self._found.shapes[i][slice(*column.spans[i])]
            words = b" ".join(self._rest(i, end).split()[:2])
            pairs[value, words] += self._found.weights[i]
        return _explained(pairs) <= self._limits["dependence"]


def _explained(pairs: Mapping[tuple[bytes, bytes], int]) -> float:
    """Return what share of the first's uncertainty the second takes, 1 where few recur.

    Corrected for what chance takes among so few lines (Miller 1955).
    """
    follow: Counter[bytes] = Counter()
    for (_, words), n in pairs.items():
        follow[words] += n
    kept = {pair: n for pair, n in pairs.items() if follow[pair[1]] >= _REPEATED}
    total = sum(kept.values())
    if total * 2 < sum(pairs.values()):
        return 1.0
    first: Counter[bytes] = Counter()
    second: Counter[bytes] = Counter()
    for (value, words), n in kept.items():
        first[value] += n
        second[words] += n
    uncertainty = _entropy(first, total)
    if uncertainty == 0:
        return 1.0
    shared = uncertainty + _entropy(second, total) - _entropy(kept, total)
    chance = (len(first) - 1) * (len(second) - 1) / (2 * total)
    return max(0.0, shared - chance) / uncertainty


def _entropy(counts: Mapping[Any, int], total: int) -> float:
    return -sum(n / total * math.log(n / total) for n in counts.values())


def _sign(column: Column) -> bytes:
    return column.pattern.removeprefix("\\").encode()
