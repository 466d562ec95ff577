"""Tables from outside: whatever they come as, checked and typed before they are kept.

A table that cannot be right (columns missing, times without a zone) raises and
nothing is changed. A row that cannot be right is refused with its number and its
reason, and the others go on.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.errors import TableError
from caseline.store.intake_columns import coerced
from caseline.store.intake_sources import RowReason, Rows, read_rows

if TYPE_CHECKING:
    from caseline.records.tables import TableSchema

_ROW = "__row__"
_REFUSED = {"row": pl.Int64, "reason": pl.String}
_DTYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "text": pl.String,
    "time": pl.Datetime("us", "UTC"),
    "number": pl.Float64,
    "integer": pl.Int64,
    "boolean": pl.Boolean,
}
_INTERVALS = (("valid_from", "valid_to", False), ("starts_at", "ends_at", True))
"""Columns of an interval's start and end, and whether it may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A table as it was taken in.

    Args:
        frame: The accepted rows: every column of the schema, in its order and type.
        refused: ``row`` (from 1, as in the table given) and ``reason``, one each.
        unknown: Columns that the schema does not know; they are left out.
        rows: The number of each accepted row, from 1, as in the table given.
    """

    frame: pl.DataFrame
    refused: pl.DataFrame
    unknown: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()


def read_table(data: Any, schema: TableSchema) -> Intake:
    """Return *data* as a checked table of *schema*.

    Args:
        data: A Polars (lazy) frame, a pandas frame, an Arrow table, a list of dicts or
            of dataclasses, a dict of columns, or a path to a ``.csv``, ``.jsonl``,
            ``.ndjson``, ``.json`` or ``.parquet`` file.
        schema: What the columns are.

    Returns:
        The rows that are right (times in UTC, exact repetitions once), the rows that
        are not, and the columns nobody asked for.

    Raises:
        TableError: Required columns are missing, or a column has a type that cannot be.
        InputError: A time has no zone, or *data* is no table.
        SourceError: The path does not exist or cannot be read.

    >>> from caseline.records.tables import ENVIRONMENTS
    >>> rows = [{"environment_id": 7, "kind": "single_tenant"}, {"environment_id": 8, "kind": "x"}]
    >>> intake = read_table(rows, ENVIRONMENTS)
    >>> intake.frame["environment_id"].to_list(), intake.refused.rows()
    (['7'], [(2, 'kind is not one of single_tenant, multi_tenant')])
    """
    rows = read_rows(data, schema.name)
    if not rows.nothing:
        _check_columns(rows.frame, schema)
    typed, reasons = _typed(rows, schema)
    reasons += _interval_reasons(typed, schema)
    typed = typed.filter(~pl.col(_ROW).is_in([row for row, _ in reasons]))
    typed, again = _distinct(typed, schema)
    names = {column.name for column in schema.columns}
    return Intake(
        frame=typed.drop(_ROW),
        refused=_refused([*rows.refused, *reasons, *again]),
        unknown=tuple(name for name in rows.frame.columns if name not in names),
        rows=tuple(typed[_ROW].to_list()),
    )


def _check_columns(frame: pl.DataFrame, schema: TableSchema) -> None:
    missing = [name for name in schema.required if name not in frame.columns]
    if not missing:
        return
    near = {
        name: difflib.get_close_matches(name, frame.columns, n=1, cutoff=0.5) for name in missing
    }
    hints = [f"{name!r} (did you mean {near[name][0]!r}?)" for name in missing if near[name]]
    named = [repr(name) for name in missing if not near[name]]
    raise TableError(
        f"table {schema.name!r} misses {', '.join(named + hints)}; "
        f"its columns are {', '.join(map(repr, frame.columns)) or 'none'}"
    )


def _typed(rows: Rows, schema: TableSchema) -> tuple[pl.DataFrame, list[RowReason]]:
    """Return all columns of *schema* in their type, and why some rows cannot stay."""
    numbers = pl.Series(_ROW, rows.numbers, dtype=pl.Int64)
    columns = [numbers]
    reasons: list[RowReason] = []

    def refuse(mask: pl.Series, reason: str) -> None:
        reasons.extend((row, reason) for row in numbers.filter(mask).to_list())

    for column in schema.columns:
        if column.name not in rows.frame.columns:
            dtype = _DTYPES[column.kind]
            columns.append(pl.Series(column.name, [None] * len(numbers), dtype=dtype))
            continue
        values, bad = coerced(rows.frame[column.name], column, schema.name)
        refuse(bad, f"{column.name} is no {column.kind}")
        if column.required:
            refuse(values.is_null() & ~bad, f"{column.name} is empty")
        if column.one_of:
            off = ~values.is_in(list(column.one_of)) & values.is_not_null()
            refuse(off, f"{column.name} is not one of {', '.join(column.one_of)}")
        columns.append(values)
    return pl.DataFrame(columns), reasons


def _interval_reasons(frame: pl.DataFrame, schema: TableSchema) -> list[RowReason]:
    names = {column.name for column in schema.columns}
    reasons: list[RowReason] = []
    for start, end, may_be_empty in _INTERVALS:
        if not {start, end} <= names:
            continue
        wrong = pl.col(end) < pl.col(start) if may_be_empty else pl.col(end) <= pl.col(start)
        found = frame.filter(wrong)[_ROW].to_list()
        reasons += [(row, f"{end} is not after {start}") for row in found]
    return reasons


def _distinct(frame: pl.DataFrame, schema: TableSchema) -> tuple[pl.DataFrame, list[RowReason]]:
    """Return *frame* with equal rows once, and the rows whose key was taken before."""
    content = [column.name for column in schema.columns]
    frame = frame.unique(subset=content, keep="first", maintain_order=True)
    first = frame.select(pl.col(_ROW).min().over(list(schema.key)))[_ROW]
    again = frame.with_columns(first.alias("first")).filter(pl.col(_ROW) != pl.col("first"))
    reasons = [
        (row, f"same {', '.join(schema.key)} as row {before}, other content")
        for row, before in again.select(_ROW, "first").iter_rows()
    ]
    return frame.filter(~pl.col(_ROW).is_in([row for row, _ in reasons])), reasons


def _refused(reasons: list[RowReason]) -> pl.DataFrame:
    frame = pl.DataFrame(reasons, schema=_REFUSED, orient="row")
    return frame.group_by("row").agg(pl.col("reason").str.join("; ")).sort("row")
