"""Line shapes → the leading columns that they share, as far as they agree.

Lines are walked side by side: blanks, one sign of punctuation, a time, a level, a value.
Where too few agree on what comes next, the walk ends. What the columns mean, and which
of them are a header, is judged elsewhere (see ``evidence``).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from caseline.normalize.wordbook import WordBook

    TimeAt = Callable[[bytes, int], tuple[str, int] | None]

_BLANKS = re.compile(rb" *")
_LEVEL = re.compile(rb"[A-Za-z]{1,14}0?(?![A-Za-z0_])")
_MARK = re.compile(rb" *([^A-Za-z0_ \x80-\xff])")
_OPENERS = b"[({<\"'"
_CLOSERS = dict(zip(_OPENERS, b"])}>\"'", strict=True))
_DELIMITERS = b"|;#,\t"
_APART = (rb" {1,40}(?:>>?|-|::?|\|)[ \t]", rb": ", rb"> ")
_SURE = 0.995
_LONGEST = 200
_BLANK = 32
_ALL = 0.98
_ID = re.compile(rb"(?=[^0]*0)[0A-Za-z-]{4,40}")

NAME = rb"[\w.$/@+%\-\x80-\xff]{1,100}"
WORD = rb"[\w\x80-\xff]{1,60}"
_VALUES = (
    NAME,
    WORD,
    rb"(?:[\w.$/@+%\-\x80-\xff]|:(?=[\w])){1,100}",
)


@dataclass(slots=True)
class Column:
    """One thing that the lines share at a place.

    Args:
        kind: space, mark, time, level, letter or value.
        pattern: What it looks like, for a shape.
        spans: For each line where it starts and ends; (0, 0) for lines that are out.
        share: Weight of the lines that agree, of all.
    """

    kind: str
    pattern: str
    spans: list[tuple[int, int]]
    share: float


@dataclass(slots=True)
class Alignment:
    """Columns from the lines' beginning on, and the lines that have all of them."""

    shapes: Sequence[bytes]
    weights: Sequence[int]
    columns: list[Column] = field(default_factory=list)
    live: list[int] = field(default_factory=list)
    kinds: tuple[str, ...] = ()

    def texts(self, column: Column) -> list[bytes]:
        """Return what the lines that are still in have in *column*."""
        return [self.shapes[i][slice(*column.spans[i])] for i in self.live]

    def counts(self, column: Column) -> Counter[bytes]:
        """Return how many lines have each value of *column*."""
        found: Counter[bytes] = Counter()
        for i in self.live:
            found[self.shapes[i][slice(*column.spans[i])]] += self.weights[i]
        return found


def align(
    shapes: Sequence[bytes],
    weights: Sequence[int],
    time_at: TimeAt,
    words: WordBook,
    limits: dict[str, float],
) -> Alignment:
    """Return the columns that *shapes*, seen *weights* times, share from their start on.

    Args:
        shapes: Distinct shapes of lines.
        weights: How many lines have each.
        time_at: Tells kind and end of a time at a place of a shape, or None.
        words: Which words are levels.
        limits: The numbers of ``columns.toml``.
    """
    return _Walk(shapes, weights, time_at, words, limits).run()


class _Walk:
    def __init__(
        self,
        shapes: Sequence[bytes],
        weights: Sequence[int],
        time_at: TimeAt,
        words: WordBook,
        limits: dict[str, float],
    ) -> None:
        self._found = Alignment(shapes, weights, live=list(range(len(shapes))))
        self._shapes, self._weights = shapes, weights
        self._time_at, self._words, self._limits = time_at, words, limits
        self._at = [0] * len(shapes)
        self._all = self._lines = sum(weights)
        self._marks: list[int] = []

    def run(self) -> Alignment:
        values = loose = 0
        while values < self._limits["columns"]:
            kinds = {column.kind for column in self._found.columns}
            steps = (
                (self._space, True),
                (self._time, "time" not in kinds),
                (self._mark, True),
                (self._level, not kinds & {"level", "letter"}),
                (self._value, True),
            )
            if not any(wanted and step() for step, wanted in steps):
                break
            last = self._found.columns[-1]
            values += last.kind not in ("space", "mark")
            loose += last.kind == "value" and not is_repeated(
                self._found.counts(last), self._limits
            )
            anchored = kinds & {"time", "level", "letter"}
            if loose > (self._limits["skipped"] if anchored else 0):
                break  # vocabulary grows: it is text
            if max(self._at[i] for i in self._found.live) > _LONGEST:
                break
        return self._found

    def _space(self) -> bool:
        columns = self._found.columns
        if columns and columns[-1].kind == "space":
            return False
        ends = {i: _end(_BLANKS, self._shapes[i], self._at[i]) for i in self._found.live}
        spaced = [i for i, end in ends.items() if end > self._at[i]]
        if not spaced:
            return False
        optional = not self._agree(spaced)
        if optional and not self._pads(ends):
            return False
        chosen = list(ends) if optional else spaced
        low = 0 if optional else 1
        return self._take("space", f" {{{low},40}}", {i: ends[i] for i in chosen})

    def _pads(self, ends: dict[int, int]) -> bool:
        """Whether blanks that only some lines have fill a column to its width."""
        columns = self._found.columns
        if not columns:
            return False
        if columns[-1].kind == "mark":
            return any(column.kind == "mark" for column in columns)
        marks = [_MARK.match(self._shapes[i], end) for i, end in ends.items()]
        signs = Counter(found[1] for found in marks if found is not None)
        return bool(signs) and signs.most_common(1)[0][1] == len(ends)

    def _time(self) -> bool:
        found = {i: self._time_at(self._shapes[i], self._at[i]) for i in self._found.live}
        ends = {i: time[1] for i, time in found.items() if time is not None}
        if not self._agree(ends):
            return False
        self._found.kinds = tuple(dict.fromkeys(t[0] for t in found.values() if t is not None))
        return self._take("time", "%{time}", ends)

    def _mark(self) -> bool:
        signs: dict[int, list[int]] = {}
        for i in self._found.live:
            sign = self._shapes[i][self._at[i] : self._at[i] + 1]
            if sign and not (sign.isalnum() or sign in b"_ " or sign[0] >= 128):  # noqa: PLR2004 - ASCII
                signs.setdefault(sign[0], []).append(i)
        for mark, lines in signs.items():
            if self._agree(lines):
                self._marks.append(mark)
                pattern = re.escape(chr(mark))
                return self._take("mark", pattern, {i: self._at[i] + 1 for i in lines})
        return False

    def _level(self) -> bool:
        words, letters = {}, {}
        for i in self._found.live:
            found = _LEVEL.match(self._shapes[i], self._at[i])
            if found is None:
                continue
            if found[0].lower() in self._words.words:
                words[i] = found.end()
            elif found[0] in self._words.letters:
                letters[i] = found.end()
        if self._agree(words):
            return self._take("level", "(?P<severity>[A-Za-z]{1,14}0?)(?![A-Za-z0_])", words)
        if self._agree(letters):
            return self._take("letter", "(?P<letter>[A-Z])", letters)
        return False

    def _value(self) -> bool:
        return self._words_up_to_a_mark() or self._one_value()

    def _words_up_to_a_mark(self) -> bool:
        """Take a value of one word here and several there, where a sign of its own ends it."""
        for sign in self._signs_apart():
            pattern = rb"[\w.][\w .\-]{0,60}?(?=" + sign + rb")"
            share, ends = self._ends(re.compile(pattern), _SURE)
            words = {self._shapes[i].count(b" ", self._at[i], end) for i, end in ends.items()}
            if share >= _SURE and 0 in words and len(words) > 1:
                return self._take("value", pattern.decode("latin-1"), ends)
        return False

    def _signs_apart(self) -> list[bytes]:
        last = self._marks[-1:]
        signs = [re.escape(bytes([sign])) for sign in last if sign not in _CLOSERS]
        return [*(rb" {0,40}" + sign for sign in signs), *_APART]

    def _one_value(self) -> bool:
        best: tuple[float, str, dict[int, int]] | None = None
        for pattern in self._candidates():
            share, ends = self._ends(re.compile(pattern), self._limits["step_share"])
            if share >= _SURE:
                best = (share, pattern.decode("latin-1"), ends)
                break
            if share >= self._limits["step_share"] and (best is None or share > best[0] + 0.01):
                best = (share, pattern.decode("latin-1"), ends)
        return best is not None and self._take("value", best[1], best[2])

    def _candidates(self) -> Iterable[bytes]:
        last = self._marks[-1] if self._marks else 0
        inside = last in _CLOSERS and self._found.columns[-1].kind in ("mark", "space")
        between = b""
        if last and last not in _CLOSERS and last not in _CLOSERS.values() and last != ord(":"):
            between = re.escape(bytes([last]))
            if [column.kind for column in self._found.columns[-3:]] == ["space", "mark", "space"]:
                yield rb"\S{1,100}(?= {1,40}" + between + rb"[ \t])"
            else:
                yield rb"[^\s" + between + rb"]{1,100}(?= {0,40}" + between + rb")"
        yield from _VALUES
        yield rb"[^\s\[\](){}|" + between + rb"]{1,100}"
        if inside:
            close = re.escape(bytes([_CLOSERS[last]]))
            yield rb"[^" + close + rb"]{0,120}(?=" + close + rb")"
        for delimiter in _DELIMITERS:
            sign = re.escape(bytes([delimiter]))
            yield rb"[^" + sign + rb"]{0,120}(?=" + sign + rb")"

    def _ends(self, pattern: re.Pattern[bytes], least: float) -> tuple[float, dict[int, int]]:
        """Return how many lines agree on what follows the value, and where theirs ends."""
        groups: dict[bytes, dict[int, int]] = {}
        allowed = (1 - least) * self._lines
        for i in self._found.live:
            shape = self._shapes[i]
            found = pattern.match(shape, self._at[i])
            if found is None or found.end() >= len(shape):
                allowed -= self._weights[i]
                if allowed < 0:
                    return 0.0, {}
                continue
            end = found.end()
            mark = _MARK.match(shape, end)
            if mark is not None:
                groups.setdefault(mark[1], {})[i] = end
            if shape[end] == _BLANK:
                groups.setdefault(b" ", {})[i] = end
        if not groups:
            return 0.0, {}
        ranked = sorted(groups.items(), key=lambda g: (-self._weight(g[1]), g[0] == b" ", g[0]))
        return self._weight(ranked[0][1]) / self._lines, ranked[0][1]

    def _weight(self, lines: Iterable[int]) -> int:
        return sum(self._weights[i] for i in lines)

    def _agree(self, lines: Iterable[int]) -> bool:
        weight = self._weight(lines)
        return (
            weight >= self._limits["step_share"] * self._lines
            and weight >= self._limits["whole_share"] * self._all
        )

    def _take(self, kind: str, pattern: str, ends: dict[int, int]) -> bool:
        if not self._agree(ends):
            return False
        spans = [(0, 0)] * len(self._shapes)
        for i, end in ends.items():
            spans[i] = (self._at[i], end)
            self._at[i] = end
        self._found.live = sorted(ends)
        self._lines = self._weight(ends)
        self._found.columns.append(Column(kind, pattern, spans, self._lines / self._all))
        return True


def _end(pattern: re.Pattern[bytes], text: bytes, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()


def is_repeated(counts: Mapping[bytes, int], limits: Mapping[str, float]) -> bool:
    """Whether few values stand in a column, or numbers and ids only.

    Args:
        counts: How many lines have each value.
        limits: The numbers of ``columns.toml``.
    """
    lines = sum(counts.values())
    most = max(limits["fewest_values"], limits["values"] * lines)
    singles = sum(n == 1 for n in counts.values())
    if len(counts) <= most and singles <= max(1, limits["singles"] * lines):
        return True
    return sum(n for text, n in counts.items() if _ID.fullmatch(text)) >= _ALL * lines


def opens(mark: bytes) -> bool:
    """Whether *mark* is a bracket or quote that a column begins with.

    >>> opens(b"["), opens(b"|")
    (True, False)
    """
    return mark in _OPENERS
