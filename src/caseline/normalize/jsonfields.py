"""What the fields of JSON objects mean: time, severity, message, service, host and others."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from caseline.normalize.jsonlines import field_names
from caseline.normalize.wrapped import RUNTIME_TIME

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from caseline.normalize.wordbook import WordBook

_TEXTS = ("service", "host", "trace_id", "tenant", "placement")
_SYSLOG_MOST = 7
_OTEL_MOST = 24


class Meaning(NamedTuple):
    """The columns of JSON records.

    Args:
        message: The message, the stack under it, and ``key=value`` of all other fields.
        time: The time as written, None where there is none.
        severity: OpenTelemetry numbers, 0 for none.
        texts: The text fields by name; also ``severity_text``.
        runtime: Rows whose message a container runtime took from a process's output.
    """

    message: pl.Series
    time: pl.Series
    severity: NDArray[np.uint8]
    texts: dict[str, pl.Series]
    runtime: NDArray[np.bool_]


def meaning_of(frame: pl.DataFrame, words: WordBook, date: str) -> Meaning:
    """Return what the columns of *frame* (see ``read_objects``) mean."""
    names, needs = field_names(date)
    frame = _with_whole_times(frame, names["time"])
    picks = {column: _present(frame, wanted, needs) for column, wanted in names.items()}
    chosen = {column: _first(frame, found) for column, found in picks.items()}
    rest = _leftover(frame, picks)
    severity = _severity(chosen["severity"], chosen["severity_number"], words)
    texts = {name: chosen[name] for name in _TEXTS} | {"severity_text": chosen["severity"]}
    output = pl.lit(value=False)
    if "log" in frame.columns and "stream" in frame.columns:
        output = pl.col("log").is_not_null()
    runtime = frame.select(output.alias("runtime")).get_column("runtime")
    if len(runtime) != frame.height:
        runtime = runtime.new_from_index(0, frame.height)
    return Meaning(
        message=_message(chosen["message"], chosen["stack"], rest),
        time=chosen["time"],
        severity=severity,
        texts=texts,
        runtime=runtime.to_numpy(),
    )


def _with_whole_times(frame: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """Write times that came as seconds and nanoseconds as one number with a fraction."""
    columns = set(frame.columns)
    for name in names:
        for seconds, nanos in (
            (f"{name}.seconds", f"{name}.nanos"),
            (f"{name}Seconds", f"{name}Nanos"),
        ):
            if seconds not in columns:
                continue
            whole = pl.col(seconds)
            if nanos in columns:
                rest = pl.col(nanos).fill_null("0").str.zfill(9)
                whole = pl.concat_str(whole, pl.lit("."), rest)
            written = pl.coalesce(pl.col(name), whole) if name in columns else whole
            gone = [part for part in (seconds, nanos) if part in columns]
            frame = frame.with_columns(written.alias(name)).drop(gone)
    return frame


def _present(
    frame: pl.DataFrame, wanted: tuple[str, ...], needs: dict[str, tuple[str, ...]]
) -> list[str]:
    columns = set(frame.columns)
    return [
        name
        for name in wanted
        if name in columns and (name not in needs or columns.intersection(needs[name]))
    ]


def _first(frame: pl.DataFrame, names: list[str]) -> pl.Series:
    """Return for each row the first of the named columns that has a value."""
    if not names:
        return pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
    return frame.select(pl.coalesce(names).alias("first")).get_column("first")


def _leftover(frame: pl.DataFrame, picks: dict[str, list[str]]) -> pl.Series:
    """Return `` key=value`` of each field that no column took, in the order of keys."""
    before: dict[str, list[list[str]]] = {}
    for found in picks.values():
        for i, name in enumerate(found):
            before.setdefault(name, []).append(found[:i])
    parts = []
    for name in sorted(set(frame.columns) - {RUNTIME_TIME}):
        value = pl.lit(frame.get_column(name))  # as a column, * would be all of them
        if name in before:
            if not all(before[name]):
                continue
            passed_over = [pl.coalesce(names).is_not_null() for names in before[name]]
            value = pl.when(pl.all_horizontal(passed_over)).then(value)
        parts.append(pl.concat_str(pl.lit(f" {name}="), value, ignore_nulls=False))
    if not parts:
        return pl.Series([""]).new_from_index(0, frame.height)
    return frame.select(pl.concat_str(parts, ignore_nulls=True).alias("rest")).get_column("rest")


def _message(message: pl.Series, stack: pl.Series, rest: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"message": message, "stack": stack, "rest": rest})
    text = pl.concat_str(
        pl.col("message").str.strip_chars_end("\r\n"),
        pl.col("rest"),
        pl.when(pl.col("stack").is_not_null()).then(pl.concat_str(pl.lit("\n"), "stack")),
        ignore_nulls=True,
    )
    return frame.select(text.str.strip_chars(" \r\n\t").alias("m")).get_column("m")


def _severity(text: pl.Series, number: pl.Series, words: WordBook) -> NDArray[np.uint8]:
    """Return severity numbers; each distinct way to write one is looked up once."""
    frame = pl.DataFrame({"text": text, "number": number})
    distinct = frame.unique()
    meant = [_number_of(t, n, words) for t, n in distinct.iter_rows()]
    known = distinct.with_columns(severity=pl.Series(meant, dtype=pl.UInt8))
    joined = frame.join(
        known, on=["text", "number"], how="left", nulls_equal=True, maintain_order="left"
    )
    found: NDArray[np.uint8] = joined.get_column("severity").to_numpy()
    return found


def _number_of(text: str | None, number: str | None, words: WordBook) -> int:
    if number is not None and number.isdigit() and 1 <= int(number) <= _OTEL_MOST:
        return int(number)
    if text is None:
        return 0
    if text.isdigit():
        value = int(text[:9])
        if value <= _SYSLOG_MOST:
            return words.priorities[value]
        return words.numbers.get(value, 0)
    word = text.strip().encode()
    return words.words.get(word.lower(), 0) or words.letters.get(word, 0)
