"""Lines of key=value pairs: which pair says what, and the message that is made of the rest.

The message is made as it is of a JSON object: the text of ``msg``, then ``key=value`` of
all pairs that no column takes, in the order of keys. So a line says the same in both
dresses, and whoever changes the order of the pairs does not make another message.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from caseline.normalize.columns import pieces
from caseline.normalize.jsonlines import field_names
from caseline.normalize.layouts import WEAK, Field
from caseline.normalize.messages import Part, whole_part
from caseline.normalize.wordbook import load_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from caseline.normalize.joining import Records
    from caseline.normalize.lines import Lines

    Ints = NDArray[np.int64]
    Rows = NDArray[np.int32]
    Match = re.Match[bytes]
    Span = tuple[int, int]

_PAIR = re.compile(
    rb'([A-Za-z_@][\w.@\-/]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*?))(?:,?[ \t]+|,?[ \t]*\Z)'
)
_ESCAPE = re.compile(rb'\\(?=["\\])(.)')
_LOOSE = (
    ("service", re.compile(rb'(?:^| )(?:svc|service|component|logger|app)="?([\w.\-/]+)')),
    ("severity", re.compile(rb'(?:^| )(?:level|lvl|severity|loglevel)="?([A-Za-z]+)')),
)
_COLUMNS = ("time", "severity", "message", "service", "host", "trace_id", "tenant", "placement")
_FIELDS = (
    ("severity", Field.SEVERITY_START),
    ("service", Field.SERVICE_START),
    ("host", Field.HOST_START),
    ("trace_id", Field.TRACE_START),
    ("tenant", Field.TENANT_START),
    ("placement", Field.PLACEMENT_START),
)
_FEWEST = 2


class Pairs(NamedTuple):
    """The pairs of a line: their values by column, and the pieces its message is made of."""

    columns: dict[str, Span]
    pieces: tuple[Span, ...]


class _Pair(NamedTuple):
    key: bytes
    start: int
    value: Span
    quoted: bool


class PairReader:
    """Enters what lines of pairs say into their layout rows; keeps how messages are made.

    Args:
        date: The dated folder of words and field names.
    """

    def __init__(self, date: str) -> None:
        self._date = date
        self._levels = load_words(date).words
        self._ids: dict[tuple[Span, ...], int] = {}
        self.arrangements: list[tuple[Span, ...]] = []

    def enter(
        self,
        line: bytes,
        start: int,
        row: list[int],
        times_at: Callable[[bytes, int], Mapping[str | None, Match | None]],
        enter_time: Callable[[str, Match, list[int]], None],
    ) -> None:
        """Take all that the pairs of *line* from *start* on say; the rest is its message."""
        times: dict[Span, tuple[str, Match]] = {}

        def no_time(span: Span) -> bool:
            for kind, time in times_at(line, span[0]).items():
                if kind is not None and time is not None and time.end() == span[1]:
                    times[span] = kind, time
            return span not in times

        def no_level(span: Span) -> bool:
            return line[span[0] : span[1]].lower() not in self._levels

        pairs = read_pairs(line, start, self._date, {"time": no_time, "severity": no_level})
        columns = loose_columns(line, start) if pairs is None else pairs.columns
        for name, field in _FIELDS:
            if name in columns and (pairs or row[field + 1] < 0):
                row[field], row[field + 1] = columns[name][0], columns[name][1] - columns[name][0]
        word = row[Field.SEVERITY_START], row[Field.SEVERITY_START] + row[Field.SEVERITY_SIZE]
        row[Field.SEVERITY] = self._levels.get(line[word[0] : word[1]].lower(), 0)
        if pairs is None:
            return
        if "time" in columns:
            enter_time(*times[columns["time"]], row)
            row[Field.FLAGS] &= ~WEAK
        row[Field.MESSAGE_START] = columns.get("message", (start, 0))[0]
        if pairs.pieces not in self._ids:
            self._ids[pairs.pieces] = len(self.arrangements)
            self.arrangements.append(pairs.pieces)
        row[Field.PAIRS] = self._ids[pairs.pieces]


@cache
def _ranks(date: str) -> dict[bytes, tuple[tuple[str, int], ...]]:
    """Return for each name the columns it may tell, with its rank among their names."""
    found: dict[bytes, list[tuple[str, int]]] = {}
    for column in _COLUMNS:
        for rank, name in enumerate(field_names(date)[0][column]):
            found.setdefault(name.encode(), []).append((column, rank))
    return {name: tuple(columns) for name, columns in found.items()}


def read_pairs(line: bytes, start: int, date: str, unfit: Mapping[str, object]) -> Pairs | None:
    """Return the pairs of *line* from *start* to its end; None if it holds anything else.

    Args:
        line: The line, or its shape.
        start: Where the first key stands.
        date: The dated folder of field names.
        unfit: For some columns a function that says whether a span cannot be its value.
    """
    found = _found(line, start)
    if len(found) < _FEWEST:
        return None
    chosen = _chosen(found, date, unfit)
    blank = line.find(b" ", start)
    made: list[Span] = []
    if "message" in chosen:
        made += _value(line, found[chosen["message"]])
    rest = sorted(set(range(len(found))) - set(chosen.values()), key=lambda i: (found[i].key, i))
    for i in rest:
        pair = found[i]
        if made:
            made.append((blank, blank + 1))
        if pair.quoted:
            made += [(pair.start, pair.value[0] - 1), *_value(line, pair)]
        else:
            made.append((pair.start, pair.value[1]))
    columns = {column: found[i].value for column, i in chosen.items()}
    return Pairs(columns, tuple(span for span in made if span[0] < span[1]))


def loose_columns(line: bytes, start: int) -> dict[str, Span]:
    """Return service and severity of a line that holds more than pairs.

    >>> loose_columns(b"ts=7 level=warn app=shop gone", 0)
    {'service': (20, 24), 'severity': (11, 15)}
    """
    matches = {name: pattern.search(line, start) for name, pattern in _LOOSE}
    return {name: match.span(1) for name, match in matches.items() if match is not None}


def _found(line: bytes, start: int) -> list[_Pair]:
    found = []
    while start < len(line):
        match = _PAIR.match(line, start)
        if match is None:
            return []
        quoted = match.start(2) >= 0
        found.append(_Pair(match[1], start, match.span(2 if quoted else 3), quoted))
        start = match.end()
    return found


def _chosen(found: list[_Pair], date: str, unfit: Mapping[str, object]) -> dict[str, int]:
    """Return for each column the pair that tells it: the one with its best name."""
    ranks, needs = _ranks(date), field_names(date)[1]
    names = {pair.key.decode("ascii", "replace") for pair in found}
    best: dict[str, tuple[int, int]] = {}
    for i, pair in enumerate(found):
        wanted = needs.get(pair.key.decode("ascii", "replace"))
        if pair.value[0] == pair.value[1] or (wanted and names.isdisjoint(wanted)):
            continue
        for column, rank in ranks.get(pair.key, ()):
            cannot = unfit.get(column)
            if callable(cannot) and cannot(pair.value):
                continue
            best[column] = min(best.get(column, (rank, i)), (rank, i))
    return {column: i for column, (_, i) in best.items()}


def _value(line: bytes, pair: _Pair) -> list[Span]:
    """Return the pieces of a value: backslashes before quotes and backslashes go."""
    start, end = pair.value
    if not pair.quoted:
        return [pair.value]
    made = []
    for escape in _ESCAPE.finditer(line, start, end):
        made.append((start, escape.start()))
        start = escape.start(1)
    return [*made, (start, end)]


def pairs_part(
    lines: Lines,
    rows: Rows,
    found: Records,
    records: Ints,
    arrangements: Sequence[tuple[Span, ...]],
) -> Part:
    """Return the messages of records whose first line is of pairs; more lines follow as they are.

    Args:
        lines: The lines.
        rows: Layout rows of the distinct shapes.
        found: All records.
        records: Which of them.
        arrangements: The pieces that column PAIRS tells of.
    """
    first, last = found.first[records], found.first[records] + found.lines[records] - 1
    which = rows[lines.shape_ids[first], Field.PAIRS]
    used, place = np.unique(which, return_inverse=True)
    table = [arrangements[i] for i in used.tolist()]
    counts = np.array([len(spans) for spans in table])
    flat = np.array([span for spans in table for span in spans], dtype=np.int64).reshape(-1, 2)
    own = counts[place] + 1
    owners = np.repeat(np.arange(len(records)), own)
    within = np.arange(len(owners)) - np.repeat(np.cumsum(own) - own, own)
    is_piece = within < np.repeat(own, own) - 1
    at = np.where(is_piece, np.repeat((np.cumsum(counts) - counts)[place], own) + within, 0)
    at = np.minimum(at, max(len(flat) - 1, 0))
    spans = flat if len(flat) else np.zeros((1, 2), dtype=np.int64)
    ends = lines.starts[first] + lines.sizes[first]
    starts = np.where(is_piece, lines.starts[first][owners] + spans[at, 0], ends[owners])
    more = lines.starts[last] + lines.sizes[last] - ends
    sizes = np.where(is_piece, spans[at, 1] - spans[at, 0], more[owners])
    return whole_part(records, pieces(lines.bytes_view, starts, sizes, owners, len(records)))
