"""The header's fields as columns: severity, service, host, trace, tenant, placement."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from caseline.normalize.columns import slices, text_of
from caseline.normalize.layouts import (
    HOST_VARIES,
    NUMBER_PRIORITY,
    NUMBER_STATUS,
    NUMBER_THREAT,
    SERVICE_VARIES,
    Field,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.normalize.lines import Lines
    from caseline.normalize.wordbook import WordBook

    Ints = NDArray[np.int64]
    Rows = NDArray[np.int32]

TEXT_FIELDS = {
    "severity_text": (Field.SEVERITY_START, 0),
    "service": (Field.SERVICE_START, SERVICE_VARIES),
    "host": (Field.HOST_START, HOST_VARIES),
    "trace_id": (Field.TRACE_START, -1),
    "tenant": (Field.TENANT_START, -1),
    "placement": (Field.PLACEMENT_START, -1),
}


class Fields(NamedTuple):
    """Severity numbers (0: none) and the text fields by name, for some records."""

    severity: NDArray[np.uint8]
    texts: dict[str, pl.Series]

    def overlaid(
        self, records: Ints, severity: NDArray[np.uint8], texts: dict[str, pl.Series]
    ) -> Fields:
        """Return these fields with others at *records*, where those say anything.

        A header's fields stand where the object behind it has none.
        """
        count = len(self.severity)
        numbers = self.severity.copy()
        numbers[records] = np.where(severity > 0, severity, numbers[records])
        place = np.zeros(count, dtype=np.uint32)
        place[records] = np.arange(len(records), dtype=np.uint32)
        chosen = np.zeros(count, dtype=bool)
        chosen[records] = True
        mask = pl.Series(chosen)
        overlaid = {}
        for name, values in self.texts.items():
            found = texts[name].gather(pl.Series(place))
            overlaid[name] = found.zip_with(mask & found.is_not_null(), values)
        return Fields(numbers, overlaid)


def header_fields(lines: Lines, rows: Rows, first: Ints, words: WordBook) -> Fields:
    """Return the fields that the headers of the records at lines *first* hold."""
    ids = lines.shape_ids[first]
    example = np.zeros(len(rows), dtype=np.int64)
    example[ids[::-1]] = first[::-1]
    texts = {
        name: _text(lines, rows, first, (start, varies), example=example)
        for name, (start, varies) in TEXT_FIELDS.items()
    }
    return Fields(severities(lines, rows, first, words), texts)


def _text(
    lines: Lines, rows: Rows, first: Ints, field: tuple[Field, int], *, example: Ints
) -> pl.Series:
    """Return one field; where no shape holds digits in it, one look at each shape does."""
    start, varies = field
    ids = lines.shape_ids[first]
    sizes = rows[:, start + 1].astype(np.int64)
    if not len(ids) or sizes.max(initial=-1) < 0:
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(ids))
    if varies >= 0 and not (rows[:, Field.FLAGS] & varies).any():
        known = slices(lines.data, lines.starts[example] + rows[:, start], sizes)
        return text_of(known).gather(pl.Series(ids.astype(np.uint32)))
    starts = lines.starts[first] + rows[ids, start]
    return text_of(slices(lines.data, starts, sizes[ids]))


def severities(lines: Lines, rows: Rows, first: Ints, words: WordBook) -> NDArray[np.uint8]:
    """Return OpenTelemetry severity numbers, 0 where nothing tells one."""
    ids = lines.shape_ids[first]
    found: NDArray[np.uint8] = rows[ids, Field.SEVERITY].astype(np.uint8)
    source = rows[ids, Field.NUMBER]
    for number, meanings in (
        (NUMBER_PRIORITY, np.array(words.priorities, dtype=np.uint8)),
        (NUMBER_STATUS, _by_hundreds(words)),
        (NUMBER_THREAT, np.array(words.threats, dtype=np.uint8)),
    ):
        at = np.flatnonzero(source == number)
        if len(at):
            found[at] = meanings[_index(_numbers(lines, rows, first[at]), number)]
    return found


def _index(digits: Ints, number: int) -> Ints:
    """Return the place in the table of meanings for numbers of one kind."""
    if number == NUMBER_PRIORITY:
        return digits % 8
    return np.minimum(digits // 100, 9) if number == NUMBER_STATUS else np.minimum(digits, 10)


def _by_hundreds(words: WordBook) -> NDArray[np.uint8]:
    return np.array([words.statuses.get(i, 0) for i in range(10)], dtype=np.uint8)


def _numbers(lines: Lines, rows: Rows, first: Ints) -> Ints:
    """Return the number of up to three digits at NUMBER_START of each line."""
    ids = lines.shape_ids[first]
    start = lines.starts[first] + rows[ids, Field.NUMBER_START]
    size = rows[ids, Field.NUMBER_SIZE]
    view = lines.bytes_view
    value = np.zeros(len(first), dtype=np.int64)
    for i in range(3):
        more = i < size
        digit = view[np.minimum(start + i, len(view) - 1)].astype(np.int64) - ord("0")
        value = np.where(more, value * 10 + digit, value)
    return value
