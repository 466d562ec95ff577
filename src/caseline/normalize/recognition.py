"""Distinct line shapes → layouts, each shape once in the life of the process."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.normalize.beginnings import MARGIN, Beginnings
from caseline.normalize.labels import mark_varying, shed_labels
from caseline.normalize.layouts import (
    EMBEDDED,
    FILL,
    NUMBER_PRIORITY,
    NUMBER_STATUS,
    NUMBER_THREAT,
    PARTIAL,
    REPEATED,
    WEAK,
    WHOLE,
    WIDTH,
    WRAPPED,
    Field,
    Kind,
    empty_row,
)
from caseline.normalize.ownbook import book_of
from caseline.normalize.pairs import PairReader
from caseline.normalize.roles import enter_role, load_trace_words
from caseline.normalize.timestamps import layout_of
from caseline.normalize.wordbook import load_words
from caseline.normalize.writers import writer_span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from caseline.normalize.formatbook import Format, LeadGroup, TimeKind
    from caseline.normalize.settings import NormalizeSettings
    from caseline.normalize.timestamps import TimeLayout

    Groups = tuple[tuple[LeadGroup, ...], ...]
    Match = re.Match[bytes]
    Span = tuple[int, int]

INNER_DEPTH = 2
"""A runtime may wrap what another one wrapped, and that a line with a header."""
# What may stand behind an envelope; MARGIN bytes tell.
_ENVELOPED = re.compile(
    rb'(?:@cee: ?)?(?P<object>\{"|\{\})|CEF: ?0|LEEF:0'
    rb"|[A-Za-z_@][\w.@\-]{0,6}=|severity|timestam|@timesta|componen|hostname|loglevel"
)
_OPENS_BYTES = 6
_MOST_OPENINGS = 10_000
_LONGEST = 4_096
_REPEATS = b"message repeated"
_FEW = 64
_FIRST_READ = 200
_RECOGNIZERS = 16
_NAMED = (
    ("service", Field.SERVICE_START),
    ("host", Field.HOST_START),
    ("extra", Field.EXTRA_START),
)
_NUMBERED = (
    ("priority", NUMBER_PRIORITY),
    ("status", NUMBER_STATUS),
    ("threat", NUMBER_THREAT),
)
_COLUMNS = (
    ("tenant", Field.TENANT_START),
    ("placement", Field.PLACEMENT_START),
    ("trace", Field.TRACE_START),
)
_IN_HEADERS = (*_NAMED, *_COLUMNS)


class Recognizer:
    """Knows each line shape it has met: one row of numbers for each (see ``layouts``).

    The row depends on the shape alone, so that it does not matter which file or
    process met it first.

    Args:
        settings: Which tables to read by and how many shapes to remember.
    """

    def __init__(self, settings: NormalizeSettings) -> None:
        self._book = book_of(settings)
        self._words = load_words(settings.words)
        self._traces = load_trace_words(settings.words)
        self._has_own = bool(settings.own)
        self._limit = settings.remembered_shapes
        needles = {n for keys in self._words.keys.values() for n in keys.needles}
        self._marks = sorted(n.decode() for n in (*needles, *self._traces.needles, _REPEATS))
        self._places: dict[bytes, int] = {}
        self._table = np.zeros((0, WIDTH), dtype=np.int32)
        self._beginnings = Beginnings(self._traces)
        self._layout_ids: dict[tuple[str, bytes], int] = {}
        self._openings: dict[bytes, tuple[TimeKind, ...]] = {}
        self._pairs = PairReader(settings.words)
        self.arrangements = self._pairs.arrangements
        self.time_layouts: list[TimeLayout] = []
        self.format_names = [f.name for f in self._book.formats]
        self.generic = np.array([*(f.generic for f in self._book.formats), False])  # -1: none

    def rows(self, shapes: Iterable[bytes]) -> NDArray[np.int32]:
        """Return one layout row for each of *shapes*: (shapes, WIDTH) int32."""
        known = self._places
        wanted = list(shapes)
        places = np.array([known.get(shape, -1) for shape in wanted], dtype=np.int64)
        new = np.flatnonzero(places < 0).tolist()
        if new and len(self._table) > self._limit:
            self._forget()
            return self.rows(wanted)
        if new:
            fresh = [wanted[n] for n in new]
            places[new] = np.arange(len(new)) + len(self._table)
            self._table = np.concatenate([self._table, self._read(fresh, self._marked(fresh))])
            known |= {wanted[n]: int(places[n]) for n in new if len(wanted[n]) <= _LONGEST}
        return self._table[places]

    def _read(self, shapes: list[bytes], marked: list[bool]) -> NDArray[np.int32]:
        """Return the rows of new *shapes*: of most of them the beginning is known."""
        rows = np.zeros((len(shapes), WIDTH), dtype=np.int32)
        sizes = np.array([len(s) - s.endswith(b"\n") for s in shapes], dtype=np.int64)
        left = np.arange(len(shapes))
        step = _FIRST_READ
        while len(left):
            known = self._beginnings.places(
                [shapes[n] for n in left.tolist()], [marked[n] for n in left.tolist()]
            )
            quick = known >= 0
            rows[left[quick]] = self._beginnings.rows(known[quick], sizes[left[quick]])
            left = left[~quick]
            for n in left[:step].tolist():
                rows[n] = self._row(shapes[n], marked=marked[n])
            left = left[step:]
            step *= 2
        return rows

    def _forget(self) -> None:
        self._places.clear()
        self._table = self._table[:0]
        self._beginnings.clear()

    def _marked(self, shapes: list[bytes]) -> list[bool]:
        """Return which of *shapes* hold a key or a mark that is to be looked for by line."""
        if len(shapes) < _FEW:
            return [True] * len(shapes)
        texts = pl.Series(shapes, dtype=pl.Binary).cast(pl.String, strict=False)
        found = texts.str.contains_any(self._marks, ascii_case_insensitive=True)
        return found.fill_null(value=True).to_list()

    def time_ids(self, shapes: Iterable[bytes]) -> NDArray[np.int32]:
        """Return the layout of the time that is the whole of each shape, or -1."""
        return np.array([self._time_id(shape) for shape in shapes], dtype=np.int32)

    def _time_id(self, shape: bytes) -> int:
        for kind, time in self._times_at(shape, 0).items():
            if kind is not None and time is not None and time.end() == len(shape):
                row = empty_row()
                self._enter_time(kind, time, row)
                return row[Field.TIME]
        return -1

    def _row(self, shape: bytes, *, marked: bool) -> list[int]:
        line = shape.rstrip(b"\n").rstrip(b" \t\r")
        if not line.strip(b" \t\r\x0b\x0c\0"):
            row = empty_row()
            row[Field.MESSAGE_SIZE] = len(line)
            row[Field.KIND] = Kind.NUL if b"\0" in line else Kind.BLANK
            return row
        if line == FILL:
            row = empty_row()
            row[Field.KIND], row[Field.MESSAGE_SIZE] = Kind.FILL, 0
            return row
        row = self._head(line)
        row[Field.MESSAGE_SIZE] = len(line) - row[Field.MESSAGE_START]
        if row[Field.FORMAT] < 0:
            row[Field.KIND] = Kind.PLAIN
        elif row[Field.MESSAGE_SIZE] <= 0 and self._book.formats[row[Field.FORMAT]].inner:
            row[Field.KIND] = Kind.BLANK  # a blank line of the program, whoever wrapped it
        self._finish(line, row, marked=marked)
        return row

    def _head(self, line: bytes) -> list[int]:
        """Return what the header says, from the line's beginning if one like it is known.

        Lines that are alike up to a little behind their header have the same header:
        threads, loggers and hosts recur where messages do not.
        """
        known = self._beginnings.find(line)
        if known is not None:
            return known
        row, format_ = self._header(line, 0, INNER_DEPTH)
        if self._has_own:
            return row  # an own format may read the whole line where another reads its beginning
        size = row[Field.MESSAGE_START] + MARGIN
        whole = format_ is None or format_.needs_whole_line or row[Field.FLAGS] & WHOLE
        if not whole and size < len(line):
            beginning = line[:size]
            if self._header(beginning, 0, INNER_DEPTH)[0] == row:
                self._beginnings.add(beginning, row)
        return row

    def header_at(self, line: bytes, start: int) -> tuple[list[int], Format | None]:
        """Return what a header that begins at *start* of a shape says, and its format."""
        return self._header(line, start, 1)

    def _header(
        self, line: bytes, start: int, depth: int, groups: Groups | None = None
    ) -> tuple[list[int], Format | None]:
        """Return a row of what the header of the line from *start* on says, and its format."""
        row = empty_row()
        if start >= len(line):
            return row, None
        times: dict[int, dict[str | None, Match | None]] = {}
        for group in (groups or self._book.by_first_byte)[line[start]]:
            lead = group.lead.match(line, start)
            if lead is None:
                continue
            end = lead.end()
            if end not in times:
                times[end] = self._times_at(line, end)
            for kind, time in times[end].items():
                found = group.find(kind, line, time.end() if time else end)
                if found is None:
                    continue
                format_, rest = found
                row = self._enter(format_, line, row, (lead, rest), depth=depth)
                if time is not None and kind is not None:
                    self._enter_time(kind, time, row)
                return row, format_
        return row, None

    def _times_at(self, line: bytes, position: int) -> dict[str | None, Match | None]:
        """Return the ways a time may be written at *position*; None: there need be none."""
        found: dict[str | None, Match | None] = {}
        if position < len(line):
            opening = line[position : position + _OPENS_BYTES]
            kinds = self._openings.get(opening)
            if kinds is None:
                kinds = self._kinds_of(opening)
                if len(self._openings) < _MOST_OPENINGS:
                    self._openings[opening] = kinds
            for kind in kinds:
                time = kind.pattern.match(line, position)
                if time is not None:
                    found[kind.name] = time
        found[None] = None
        return found

    def _kinds_of(self, opening: bytes) -> tuple[TimeKind, ...]:
        """Return the ways to write a time that may begin so."""
        digit = opening.startswith(b"0")
        return tuple(
            kind
            for kind in self._book.kinds.values()
            if kind.starts_with_digit == digit
            and (not kind.opens or opening.startswith(kind.opens))
        )

    def _enter_time(self, kind: str, time: Match, row: list[int]) -> None:
        key = (kind, time[0])
        found = self._layout_ids.get(key)
        if found is None:
            found = self._layout_ids[key] = len(self.time_layouts)
            self.time_layouts.append(layout_of(self._book.kinds[kind], time))
        row[Field.TIME] = found
        row[Field.TIME_START] = time.start()

    def _enter(
        self,
        format_: Format,
        line: bytes,
        row: list[int],
        found: tuple[Match, Match],
        *,
        depth: int,
    ) -> list[int]:
        """Enter what a format that matches says; return the row, or that of an inner line."""
        spans = _spans(found)
        end = spans["message"][0] if "message" in spans else found[1].end()
        enveloped = _ENVELOPED.match(line, end) if format_.envelope or format_.inner else None
        if depth and (format_.inner or enveloped):
            row = self._header(line, end, depth - 1)[0]
            end = max(end, row[Field.MESSAGE_START])
            row[Field.FLAGS] |= WHOLE
        if enveloped and enveloped["object"]:
            end = enveloped.start("object")
            row[Field.FLAGS] |= EMBEDDED
        row[Field.KIND] = Kind.HEADER
        row[Field.FORMAT] = format_.index
        row[Field.MESSAGE_START] = end
        # A lead without a time votes if the line behind it has one.
        row[Field.FLAGS] |= WEAK if format_.weak and row[Field.TIME] < 0 else 0
        for name, field in _IN_HEADERS:
            if name in spans and row[field + 1] < 0:
                _set(row, field, _named(line, spans[name]))
        if row[Field.SEVERITY_SIZE] < 0 and not row[Field.NUMBER]:
            self._enter_severity(line, row, spans)
        if format_.pairs:
            self._pairs.enter(line, found[0].start(), row, self._times_at, self._enter_time)
        if format_.inner:
            row[Field.FLAGS] |= WRAPPED
            partial = spans.get("partial", (0, 0))
            row[Field.FLAGS] |= PARTIAL if line[partial[0] : partial[1]] == b"P" else 0
        _set(row, Field.WRITER_START, writer_span(format_, spans, found))
        mark_varying(line, row)
        return row

    def _enter_severity(self, line: bytes, row: list[int], spans: dict[str, Span]) -> None:
        if span := spans.get("severity"):
            word = line[span[0] : span[1]].lower()
            row[Field.SEVERITY] = self._words.words.get(word, 0) or self._words.letters.get(
                word.upper(), 0
            )
            _set(row, Field.SEVERITY_START, span)
        elif span := spans.get("letter"):
            row[Field.SEVERITY] = self._words.letters.get(line[span[0] : span[1]], 0)
            _set(row, Field.SEVERITY_START, span)
        for name, number in _NUMBERED:
            if span := spans.get(name):
                row[Field.NUMBER] = number
                _set(row, Field.NUMBER_START, span)

    def _finish(self, line: bytes, row: list[int], *, marked: bool) -> None:
        """Enter what may stand in any line: level, keys, mangled traces, repeats."""
        start = row[Field.MESSAGE_START]
        if not line.endswith(b"}"):
            row[Field.FLAGS] &= ~EMBEDDED
        if row[Field.SEVERITY_SIZE] < 0 and row[Field.KIND] in (Kind.HEADER, Kind.PLAIN):
            self._enter_leading_level(line, row, start)
        if marked:
            lower = line.lower()
            for name, field in _COLUMNS:
                keys = self._words.keys[name]
                _set(row, field, keys.value(line, lower, self._words.not_values))
        if row[Field.PAIRS] < 0:
            shed_labels(line, row)
        if row[Field.KIND] != Kind.BLANK:
            enter_role(self._traces, line, row, marked=marked)
        if marked and _REPEATS in line:
            self._enter_repeats(line, row, start)

    def _enter_leading_level(self, line: bytes, row: list[int], start: int) -> None:
        found = self._words.leading.match(line, start)
        if found is None or found.lastgroup is None:
            return
        word = found[found.lastgroup].lower()
        row[Field.SEVERITY] = self._words.words.get(word, 0)
        row[Field.NUMBER] = 0
        _set(row, Field.SEVERITY_START, found.span(found.lastgroup))

    def _enter_repeats(self, line: bytes, row: list[int], start: int) -> None:
        for pattern in self._words.repeats:
            match = pattern.match(line, start)
            if match is None:
                continue
            _set(row, Field.REPEATS_START, match.span("count"))
            inner = match.span("message") if "message" in pattern.groupindex else (0, 0)
            if inner[0] < inner[1]:
                _set(row, Field.MESSAGE_START, inner)
            else:
                row[Field.FLAGS] |= REPEATED
            return


def _spans(found: tuple[Match, Match]) -> dict[str, Span]:
    """Return the groups that took part; ``service2`` counts as ``service``."""
    return {
        name.rstrip("2"): match.span(name)
        for match in found
        for name in match.re.groupindex
        if match.start(name) >= 0
    }


def _named(line: bytes, span: Span | None) -> Span | None:
    """Return *span* unless the line says there that it has no such value."""
    return None if span is None or line[span[0] : span[1]] in (b"-", b"") else span


def _set(row: list[int], start: Field, span: Span | None) -> None:
    if span is not None:
        row[start] = span[0]
        row[start + 1] = span[1] - span[0]


@lru_cache(maxsize=_RECOGNIZERS)
def recognizer_for(settings: NormalizeSettings) -> Recognizer:
    """Return the process's recognizer for *settings*: all files share what it knows."""
    return Recognizer(settings)
