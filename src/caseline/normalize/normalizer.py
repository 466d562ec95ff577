"""Blocks of one file → batches of records as columns."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.normalize.fields import header_fields
from caseline.normalize.joining import Physical, Records, join_records
from caseline.normalize.jsonpart import json_part
from caseline.normalize.layouts import EMBEDDED, PARTIAL, WEAK, Field, Kind, Role
from caseline.normalize.learned import FileFormats
from caseline.normalize.lines import clean, holes_apart, line_starts, split_lines
from caseline.normalize.messages import combine, joined_part, plain_part, run_part
from caseline.normalize.namedcolumns import NamedColumns
from caseline.normalize.occurred import QUALITIES, FileClock
from caseline.normalize.pairs import pairs_part
from caseline.normalize.repeats import Previous, repeat_counts
from caseline.normalize.roles import load_trace_words
from caseline.normalize.settings import NormalizeSettings
from caseline.normalize.stanzas import StanzaReader
from caseline.normalize.wordbook import load_words
from caseline.normalize.wrapped import unwrap
from caseline.normalize.writers import writers_of
from caseline.records.batches import RawBatch, Reject

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.normalize.jsonpart import JsonPart
    from caseline.normalize.lines import Lines
    from caseline.normalize.messages import Part
    from caseline.records.batches import RawBlock, Source

    Ints = NDArray[np.int64]
    Rows = NDArray[np.int32]

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "occurred_at": pl.Datetime("us", "UTC"),
    "time_quality": pl.String,
    "zoned": pl.Boolean,
    "severity": pl.UInt8,
    "severity_text": pl.String,
    "service": pl.String,
    "host": pl.String,
    "trace_id": pl.String,
    "tenant": pl.String,
    "placement": pl.String,
    "shape": pl.UInt32,
    "message": pl.Binary,
    "lines": pl.UInt32,
    "repeats": pl.UInt32,
}


_OPEN_LINES = 12
_MOST_HELD = 10_000
_MOST_RUNS = 100
"""So many rejects of a kind are told of a block."""


class FileNormalizer:
    r"""Turns the blocks of one file, in order, into batches of records.

    It carries across blocks: the record that the block's end may have cut, the time of
    the last record, the year of times without one, which order dates have, how many
    lines had a header, and what was found of headers in no known format.

    Args:
        source: The file.
        settings: Which tables to read by; bounds of a record.

    Raises:
        InputError: the source's timezone is no IANA zone.

    >>> from datetime import UTC, datetime
    >>> from caseline.records.batches import RawBlock, Source
    >>> source = Source(name="app.log", collection_id="c", origin="o",
    ...                 received_at=datetime(2026, 11, 24, tzinfo=UTC))
    >>> line = b"2026-11-23 10:00:00,123 ERROR [main] shop.Orders - order 7 failed\n"
    >>> batch = FileNormalizer(source).feed(RawBlock(source=source, data=line, last=True))
    >>> batch.frame.select("severity", "service", "message").row(0)
    (17, 'shop.Orders', b'order 7 failed')
    """

    def __init__(self, source: Source, *, settings: NormalizeSettings | None = None) -> None:
        self._source = source
        self._settings = settings or NormalizeSettings()
        self._file_formats = FileFormats(self._settings)
        self._words = load_words(self._settings.words)
        self._traces = load_trace_words(self._settings.words)
        self._clock = FileClock(source)
        self._previous = Previous()
        self._stanzas = StanzaReader(self._settings.formats)
        self._columns = NamedColumns()
        self._tail = b""
        self._tail_positions = np.zeros(0, dtype=np.int64)
        self._votes = np.zeros(2, dtype=np.int64)  # lines with a header, lines without
        self._started = False

    def feed(self, block: RawBlock) -> RawBatch:
        """Return the records that *block* completes.

        The last record is held back until the next block or ``block.last``, since its
        lines may go on there.
        """
        offset = block.offset_bytes - self._stanzas.held_bytes
        data = self._stanzas.whole(holes_apart(block.data), last=block.last)
        added = clean(unwrap(data), first=not self._started, last=block.last)
        added = self._stanzas.dressed(self._columns.dressed(added))
        self._started = self._started or bool(data)
        lines = split_lines(self._tail + added)
        positions = self._positions(data, offset, added, lines)
        rows = self._rows(lines)
        found = self._records(lines, rows)
        end = len(lines.starts)
        if not block.last and len(found.first):
            end = _held_from(found, rows[lines.shape_ids, Field.ROLE])
            found = (
                self._records(lines, rows, end) if found.order is not None else _before(found, end)
            )
        self._votes += _votes(rows, lines.shape_ids[:end])
        self._tail = lines.data[int(lines.starts[end]) :] if end < len(lines.starts) else b""
        self._tail_positions = positions[end:]
        if found.order is not None:
            lines, positions = lines.taken(found.order), positions[found.order]
        frame, shapes = self._batch(lines, rows, found)
        return RawBatch(
            source=self._source,
            frame=frame,
            shapes=shapes,
            index=block.index,
            rejects=tuple(self._rejects(found, positions)),
            formats=self._formats(lines, rows, found),
        )

    def _positions(self, data: bytes, offset: int, added: bytes, lines: Lines) -> Ints:
        """Return where each line starts in the source."""
        held = len(self._tail_positions)
        if added == data:
            moved = lines.starts[held:] - len(self._tail) + offset
            return np.concatenate([self._tail_positions, moved])
        raw = line_starts(data)[:-1] + offset
        goes_on = held + len(raw) - len(lines.starts)  # 1 where the block ends a held line
        return np.concatenate([self._tail_positions, raw[goes_on:]])

    def _rows(self, lines: Lines) -> Rows:
        rows = self._file_formats.rows(lines)
        if lines.json.any():
            rows[-1, Field.KIND] = Kind.JSON
        return rows

    def _records(self, lines: Lines, rows: Rows, end: int | None = None) -> Records:
        """Return the records of *lines*, or of those before *end*."""
        headers, plain = self._votes + _votes(rows, lines.shape_ids)
        headed = headers > 0 and headers >= self._settings.headed_share * (headers + plain)
        ids = lines.shape_ids
        header = rows[:, Field.KIND] == Kind.HEADER
        physical = Physical(
            rows[ids, Field.KIND],
            rows[ids, Field.FLAGS],
            rows[ids, Field.ROLE],
            (~header | (rows[:, Field.SEVERITY_SIZE] < 0))[ids],
            (header & (rows[:, Field.MESSAGE_SIZE] <= 0))[ids],
            lines.sizes,
            writers_of(lines, rows),
        )
        return join_records(
            physical.taken(slice(end)),
            headed=bool(headed),
            leads=lambda at: self._leads(lines, rows, ids[at]),
            most_text=self._traces.most_text_lines,
            settings=self._settings,
        )

    def _leads(self, lines: Lines, rows: Rows, ids: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return which shapes *ids* say that a trace of what they tell follows."""
        asked, place = np.unique(ids, return_inverse=True)
        told = rows[asked, Field.SEVERITY] >= self._traces.leads_severity
        for n in np.flatnonzero(~told).tolist():
            start = int(rows[asked[n], Field.MESSAGE_START])
            told[n] = self._traces.leads.search(lines.shapes[asked[n]], start) is not None
        found: NDArray[np.bool_] = told[place]
        return found

    def _batch(self, lines: Lines, rows: Rows, found: Records) -> tuple[pl.DataFrame, list[bytes]]:
        count = len(found.first)
        if not count:
            return pl.DataFrame(schema=SCHEMA), []
        fields = header_fields(lines, rows, found.first, self._words)
        json = self._json(lines, rows, found)
        micros, quality, zoned = self._times(lines, rows, found, json)
        if json is not None:
            fields = fields.overlaid(json.records, json.severity, json.texts)
        parts = self._parts(lines, rows, found, json)
        message, shape, shapes = combine(parts, count)
        frame = pl.DataFrame(
            {
                "occurred_at": _moments(micros, quality),
                "time_quality": _named(quality, QUALITIES),
                "zoned": zoned,
                "severity": _or_null(fields.severity),
                **fields.texts,
                "shape": shape,
                "message": message,
                "lines": found.lines.astype(np.uint32),
                "repeats": repeat_counts(lines, rows, found.first),
            }
        )
        if self._source.host is not None:
            frame = frame.with_columns(pl.col("host").fill_null(self._source.host))
        flags = rows[lines.shape_ids[found.first], Field.FLAGS]
        return self._previous.stand_in(frame.select(list(SCHEMA)), shapes, flags)

    def _json(self, lines: Lines, rows: Rows, found: Records) -> JsonPart | None:
        kinds = rows[lines.shape_ids[found.first], Field.KIND]
        embedded = (rows[lines.shape_ids[found.first], Field.FLAGS] & EMBEDDED) != 0
        records = np.flatnonzero((kinds == Kind.JSON) | (embedded & (found.lines == 1)))
        if not len(records):
            return None
        skipped = rows[lines.shape_ids[found.first[records]], Field.MESSAGE_START]
        return json_part(
            lines,
            (found.first[records], np.where(embedded[records], skipped, 0)),
            records,
            self._file_formats.recognizer,
            words=self._words,
            date=self._settings.words,
        )

    def _parts(self, lines: Lines, rows: Rows, found: Records, json: JsonPart | None) -> list[Part]:
        mend = _to_mend(lines, rows, found)
        several = (found.lines > 1) & ~mend
        plain = (found.lines == 1) & ~mend
        pairs = ~mend & (rows[lines.shape_ids[found.first], Field.PAIRS] >= 0)
        parts = []
        if json is not None:
            for which in (mend, plain, pairs):
                which[json.records] = False
            parts.append(json.part)
        if (records := np.flatnonzero(pairs)).size:
            several[records] = plain[records] = False
            made = self._file_formats.recognizer.arrangements
            parts.append(pairs_part(lines, rows, found, records, made))
        if (records := np.flatnonzero(plain)).size:
            parts.append(plain_part(lines, rows, found.first[records], records))
        if (records := np.flatnonzero(several)).size:
            parts.append(run_part(lines, rows, found, records))
        if (records := np.flatnonzero(mend)).size:
            parts.append(joined_part(lines, rows, found, records, words=self._traces))
        return parts

    def _times(
        self, lines: Lines, rows: Rows, found: Records, json: JsonPart | None
    ) -> tuple[Ints, NDArray[np.uint8], NDArray[np.bool_]]:
        ids = lines.shape_ids[found.first]
        starts = lines.starts[found.first] + rows[ids, Field.TIME_START]
        time_ids = rows[ids, Field.TIME]
        data = lines.bytes_view
        if json is not None:
            time_ids = time_ids.copy()
            own = json.time_ids >= 0
            time_ids[json.records[own]] = json.time_ids[own]
            starts[json.records[own]] = len(data) + json.time_starts[own]
            data = np.concatenate([data, np.frombuffer(json.times, dtype=np.uint8)])
        return self._clock.read(data, starts, time_ids, self._file_formats.recognizer.time_layouts)

    def _rejects(self, found: Records, positions: Ints) -> list[Reject]:
        return [
            Reject(reason=reason, lines=int(size), name=self._source.name, position=int(position))
            for reason, lines in (("blank", found.blank), ("nul_block", found.nul))
            for position, size in _few(_runs(lines, positions))
        ]

    def _formats(self, lines: Lines, rows: Rows, found: Records) -> dict[str, int]:
        """Return lines by the format of their record's first line."""
        ids = lines.shape_ids[found.first]
        is_json = rows[ids, Field.KIND] == Kind.JSON
        names = ["json", "none", *self._file_formats.recognizer.format_names]
        index = np.where(is_json, 0, rows[ids, Field.FORMAT] + 2)
        index = np.where(~is_json & (rows[ids, Field.FORMAT] < 0), 1, index)
        totals = np.bincount(index, weights=found.lines, minlength=len(names))
        named: Counter[str] = Counter()
        for name, total in zip(names, totals.tolist(), strict=True):
            named[name] += int(total)  # several found formats have one name
        return {name: total for name, total in named.items() if total}


def _before(found: Records, end: int) -> Records:
    """Return the records and rejects on lines before *end*, where a record starts."""
    count = int(np.searchsorted(found.first, end))
    return Records(
        found.first[:count],
        found.lines[:count],
        found.blank[found.blank < end],
        found.nul[found.nul < end],
    )


def _held_from(found: Records, roles: NDArray[np.int32]) -> int:
    """Return from which physical line on a block's lines wait for the next block.

    The last record may go on there; and lines behind an exception's name may turn out
    to be its text.
    """
    if found.order is not None:
        return _clean_cut(found)
    last = len(found.first) - 1
    near = np.flatnonzero(np.isin(roles[-_OPEN_LINES:], (Role.OPENS, Role.NAMES)))
    if len(near):
        line = max(len(roles) - _OPEN_LINES, 0) + int(near[0])
        owner = int(np.searchsorted(found.first, line, side="right")) - 1
        last = max(min(last, owner - 1), 0)
    return int(found.first[last])


def _clean_cut(found: Records) -> int:
    """Return the last line where a record starts and no earlier one goes on behind it."""
    order = found.order if found.order is not None else found.first[:0]
    before = np.maximum.accumulate(np.concatenate([[-1], order[:-1]]))[found.first]
    clean = np.flatnonzero(before == found.first - 1)
    line = int(found.first[clean[-1]]) if len(clean) else 0
    most = len(order) - _MOST_HELD
    return line if line > most else int(order[found.first[-1]])


def _to_mend(lines: Lines, rows: Rows, found: Records) -> NDArray[np.bool_]:
    """Return the records whose message is not simply the bytes from one place to another."""
    kinds = rows[:, Field.KIND]
    shape = ((rows[:, Field.FLAGS] & PARTIAL) != 0) | (rows[:, Field.MANGLED] > 0)
    shape |= (rows[:, Field.EXTRA_SIZE] >= 0) | (kinds == Kind.JSON)
    mend: NDArray[np.bool_] = shape[lines.shape_ids[found.first]]
    if (found.lines > 1).any():
        wrapped = (kinds == Kind.HEADER) | ((rows[:, Field.FLAGS] & PARTIAL) != 0)
        before = np.concatenate([[0], np.cumsum(wrapped[lines.shape_ids])])
        mend |= before[found.first + found.lines] > before[found.first + 1]
    return mend


def _votes(rows: Rows, ids: NDArray[np.int32]) -> Ints:
    """Return how many lines have a header, and how many are plain text."""
    kinds = rows[:, Field.KIND]
    header = (kinds == Kind.HEADER) & ((rows[:, Field.FLAGS] & WEAK) == 0)
    header |= kinds == Kind.JSON
    counts = np.bincount(ids, minlength=len(rows))
    return np.array([counts[header].sum(), counts[kinds == Kind.PLAIN].sum()])


def _runs(lines: Ints, positions: Ints) -> list[tuple[int, int]]:
    """Return (position, lines) of each run of neighbouring rejected lines."""
    if not len(lines):
        return []
    edges = np.flatnonzero(np.diff(lines) != 1) + 1
    starts = np.concatenate([[0], edges])
    sizes = np.diff(np.concatenate([starts, [len(lines)]]))
    return list(zip(positions[lines[starts]].tolist(), sizes.tolist(), strict=True))


def _few(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the first *runs* as they are, all others as one where the first of them is.

    A file with a blank line behind each line has as many runs as lines.
    """
    if len(runs) <= _MOST_RUNS:
        return runs
    rest = runs[_MOST_RUNS - 1 :]
    return [*runs[: _MOST_RUNS - 1], (rest[0][0], sum(size for _, size in rest))]


def _moments(micros: Ints, quality: NDArray[np.uint8]) -> pl.Series:
    moments = pl.Series(micros).cast(pl.Datetime("us", "UTC"))
    known = pl.Series(quality != QUALITIES.index("none"))
    return moments if known.all() else moments.zip_with(known, moments.clear(len(micros)))


def _named(codes: NDArray[np.uint8], names: tuple[str, ...]) -> pl.Series:
    return pl.Series(names, dtype=pl.String).gather(pl.Series(codes.astype(np.uint32)))


def _or_null(severity: NDArray[np.uint8]) -> pl.Series:
    found = pl.Series(severity, dtype=pl.UInt8)
    return found.zip_with(found > 0, found.clear(len(found)))
