"""The JSON records among all records: their part of the messages, fields and times."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from caseline.normalize.arrays import binary_of, distinct, edges_and_bytes, zeroed
from caseline.normalize.columns import slices, text_of
from caseline.normalize.jsonfields import Meaning, meaning_of
from caseline.normalize.jsonlines import UnreadableError, read_objects, readable
from caseline.normalize.layouts import Field
from caseline.normalize.lines import join_lines
from caseline.normalize.messages import Part, whole_part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.normalize.lines import Lines
    from caseline.normalize.recognition import Recognizer
    from caseline.normalize.wordbook import WordBook

    Ints = NDArray[np.int64]


class JsonPart(NamedTuple):
    """What JSON records say; all arrays are of *records*, their places among all.

    ``times`` are the bytes of the times, ``time_starts`` and ``time_ids`` tell where
    each one is and which layout it has.
    """

    records: Ints
    part: Part
    severity: NDArray[np.uint8]
    texts: dict[str, pl.Series]
    times: bytes
    time_starts: Ints
    time_ids: NDArray[np.int32]


def json_part(
    lines: Lines,
    at: tuple[Ints, Ints],
    records: Ints,
    recognizer: Recognizer,
    *,
    words: WordBook,
    date: str,
) -> JsonPart | None:
    """Return what the JSON objects of *records* say; those unreadable are left out.

    Args:
        lines: The lines of the block.
        at: The line of each record, and how many bytes of it stand before the object.
        records: The places of the records among all.
        recognizer: Knows the times, and the lines within container output.
        words: Severity words.
        date: The dated folder of field names.
    """
    found = _objects(lines, *at)
    if found is None:
        return None
    kept, frame = found
    meaning = meaning_of(frame, words, date)
    times, starts, ids = _times(meaning.time, recognizer)
    message = _with_unread_time(meaning, ids)
    meaning = _unwrapped(meaning._replace(message=message), recognizer)
    binary = binary_of(meaning.message)
    return JsonPart(
        records=records[kept],
        part=whole_part(records[kept], binary),
        severity=meaning.severity,
        texts=meaning.texts,
        times=times,
        time_starts=starts,
        time_ids=ids,
    )


def _objects(lines: Lines, first: Ints, skipped: Ints) -> tuple[Ints, pl.DataFrame] | None:
    """Return which of the lines hold objects, and their fields."""
    kept = np.arange(len(first), dtype=np.int64)
    try:
        return kept, read_objects(_text(lines, first, skipped), len(first))
    except UnreadableError:
        kept = np.flatnonzero(readable(_slices(lines, first, skipped)))
    try:
        text = _text(lines, first[kept], skipped[kept])
        return (kept, read_objects(text, len(kept))) if len(kept) else None
    except UnreadableError:
        return None


def _text(lines: Lines, first: Ints, skipped: Ints) -> bytes:
    """Return the objects of the lines *first*, each with a newline."""
    if len(first) and first[-1] - first[0] == len(first) - 1 and not skipped.any():
        start = int(lines.starts[first[0]])
        end = int(lines.starts[first[-1]] + lines.sizes[first[-1]])
        if end - start == int(lines.sizes[first].sum()) + len(first) - 1:
            return lines.data[start:end] + b"\n"
    return b"\n".join(_slices(lines, first, skipped)) + b"\n"


def _slices(lines: Lines, first: Ints, skipped: Ints) -> list[bytes]:
    found: list[bytes] = slices(
        lines.data, lines.starts[first] + skipped, lines.sizes[first] - skipped
    ).to_list()
    return found


def _times(values: pl.Series, recognizer: Recognizer) -> tuple[bytes, Ints, NDArray[np.int32]]:
    """Return the bytes of the times, where each starts, and its layout or -1."""
    texts = binary_of(values.fill_null(""))
    edges, raw = edges_and_bytes(texts)
    codes, shapes = distinct(zeroed(texts))
    return raw, edges[:-1].astype(np.int64), recognizer.time_ids(shapes)[codes]


def _with_unread_time(meaning: Meaning, ids: NDArray[np.int32]) -> pl.Series:
    """Keep a time that nobody could read in the message."""
    unread = pl.Series(ids < 0) & meaning.time.is_not_null()
    if not unread.any():
        return meaning.message
    frame = pl.DataFrame({"m": meaning.message, "t": meaning.time, "unread": unread})
    kept = pl.when("unread").then(pl.concat_str("m", pl.lit(" time="), "t")).otherwise("m")
    return frame.select(kept.alias("m")).get_column("m")


def _unwrapped(meaning: Meaning, recognizer: Recognizer) -> Meaning:
    """Take the header off lines that a container runtime wrapped; fill in what it says."""
    if not meaning.runtime.any():
        return meaning
    at = np.flatnonzero(meaning.runtime)
    inner = join_lines(meaning.message.gather(pl.Series(at)).cast(pl.Binary).to_list())
    rows = recognizer.rows(inner.shapes)[inner.shape_ids]

    def taken(start: Field) -> pl.Series:
        sizes = rows[:, start + 1].astype(np.int64)
        return text_of(slices(inner.data, inner.starts + rows[:, start], sizes))

    severity = meaning.severity.copy()
    severity[at] = np.where(severity[at] > 0, severity[at], rows[:, Field.SEVERITY])
    texts = dict(meaning.texts)
    for name, field in (("service", Field.SERVICE_START), ("severity_text", Field.SEVERITY_START)):
        texts[name] = _scattered(texts[name], at, taken(field), only_missing=True)
    message = _scattered(meaning.message, at, taken(Field.MESSAGE_START), only_missing=False)
    return meaning._replace(message=message, severity=severity, texts=texts)


def _scattered(values: pl.Series, at: Ints, new: pl.Series, *, only_missing: bool) -> pl.Series:
    """Return *values* with *new* at the places *at*; if *only_missing*, where none was."""
    place = np.zeros(len(values), dtype=np.uint32)
    place[at] = np.arange(len(at), dtype=np.uint32)
    chosen = np.zeros(len(values), dtype=bool)
    chosen[at] = True
    mask = pl.Series(chosen) & (values.is_null() if only_missing else pl.Series(chosen))
    return new.gather(pl.Series(place)).zip_with(mask, values)
