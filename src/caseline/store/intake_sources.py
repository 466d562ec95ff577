"""From whatever a table comes as to rows with their numbers."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl
import pyarrow as pa
import pyarrow.csv

from caseline.errors import InputError, SourceError, TableError

if TYPE_CHECKING:
    from collections.abc import Sequence

RowReason = tuple[int, str]
"""A row's number, from 1, and why it is refused."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rows:
    """What was read: columns as they came, each row's number, the rows that are none.

    ``nothing`` is set where no row came in a form that has no columns without rows.
    """

    frame: pl.DataFrame
    numbers: Sequence[int]
    refused: tuple[RowReason, ...] = ()
    nothing: bool = False


def read_rows(data: Any, table: str) -> Rows:  # noqa: PLR0911 - one for each form
    """Return the rows of *data*, untyped; *table* is its name for messages.

    >>> read_rows([{"a": 1}, {"a": 2, "b": "x"}], "things").frame.columns
    ['a', 'b']
    """
    match data:
        case pl.DataFrame():
            return _whole(data)
        case pl.LazyFrame():
            return _whole(data.collect())
        case str() | Path():
            return _read_path(Path(data), table)
        case Mapping():
            return _whole(_from_columns({str(k): list(v) for k, v in data.items()}))
        case _ if type(data).__module__.partition(".")[0] == "pandas":
            return _whole(_from_pandas(data, table))
        case _ if hasattr(data, "__arrow_c_stream__"):
            return _whole(pl.DataFrame(data))
        case _ if callable(getattr(data, "to_frame", None)):
            return read_rows(data.to_frame(), table)
        case bytes():
            pass
        case Iterable():
            return _from_records(list(data))
    raise InputError(
        f"table {table!r} came as {type(data).__name__}; give a Polars, pandas or Arrow "
        "table, a list of dicts, or a path to CSV, JSON lines or Parquet"
    )


def _whole(frame: pl.DataFrame) -> Rows:
    return Rows(frame, range(1, frame.height + 1))


def _read_path(path: Path, table: str) -> Rows:
    readers: dict[str, Callable[[Path], Rows]] = {
        ".csv": _read_csv,
        ".jsonl": _read_json_lines,
        ".ndjson": _read_json_lines,
        ".json": _read_json,
        ".parquet": _read_parquet,
    }
    reader = readers.get(path.suffix.lower())
    if not path.exists():
        raise SourceError(f"{str(path)!r} does not exist; table {table!r} was to be read from it")
    if reader is None:
        raise InputError(
            f"{str(path)!r} is no table; give a file that ends in {', '.join(sorted(readers))}"
        )
    try:
        return reader(path)
    except OSError as error:
        raise SourceError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error
    except (pa.ArrowInvalid, pl.exceptions.PolarsError, json.JSONDecodeError, csv.Error):
        # From None: what the parsers say may quote the table.
        raise TableError(f"{str(path)!r} is no readable {path.suffix[1:]} table") from None


def _read_parquet(path: Path) -> Rows:
    return _whole(pl.read_parquet(path))


def _read_csv(path: Path) -> Rows:
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    names = next(csv.reader(io.StringIO(text, newline="")), [])
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise TableError(f"{str(path)!r} has columns twice: {', '.join(map(repr, twice))}")
    if not names:
        return _whole(pl.DataFrame())
    refused: list[RowReason] = []

    def skip(row: pyarrow.csv.InvalidRow) -> Literal["skip"]:
        number = (row.number or 0) - 1  # the header is the first
        refused.append(
            (number, f"has {row.actual_columns} fields, the header {row.expected_columns}")
        )
        return "skip"

    raw = text.encode()
    arrow = pyarrow.csv.read_csv(
        io.BytesIO(raw),
        # One block and one thread: rows keep their numbers, fields may hold newlines.
        read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=len(raw) + 1),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            null_values=[""],
        ),
    )
    frame = pl.DataFrame(arrow)
    gone = {number for number, _ in refused}
    numbers = [n for n in range(1, frame.height + len(gone) + 1) if n not in gone]
    return Rows(frame, numbers, tuple(refused))


def _read_json_lines(path: Path) -> Rows:
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    return _from_records([_parsed(line) for line in text.split("\n") if line.strip()])


def _read_json(path: Path) -> Rows:
    records = json.loads(path.read_text(encoding="utf-8-sig"))
    if not isinstance(records, list):
        raise TableError(f"{str(path)!r} holds no list; give a list of objects")
    return _from_records(records)


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _from_records(records: list[Any]) -> Rows:
    kept: list[Mapping[str, Any]] = []
    numbers: list[int] = []
    refused: list[RowReason] = []
    for number, record in enumerate(records, start=1):
        row = _as_mapping(record)
        if row is None:
            refused.append((number, "is no object with named values"))
        else:
            kept.append(row)
            numbers.append(number)
    names = list(dict.fromkeys(name for row in kept for name in row))
    columns = {str(name): [row.get(name) for row in kept] for name in names}
    return Rows(_from_columns(columns), numbers, tuple(refused), nothing=not records)


def _as_mapping(record: Any) -> Mapping[str, Any] | None:
    if isinstance(record, Mapping):
        return record
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {f.name: getattr(record, f.name) for f in dataclasses.fields(record)}
    return None


def _from_pandas(data: Any, table: str) -> pl.DataFrame:
    if not hasattr(data, "columns"):
        raise InputError(f"table {table!r} came as a pandas Series; give a DataFrame")
    columns: list[pl.Series] = []
    for index, name in enumerate(data.columns):
        column = data.iloc[:, index]
        if column.dtype == object:
            values = column.astype(object).where(column.notna(), None).tolist()
            columns.append(_series(str(name), values))
        else:
            columns.append(pl.Series(str(name), pa.Array.from_pandas(column)))
    return pl.DataFrame(columns)


def _from_columns(columns: Mapping[str, list[Any]]) -> pl.DataFrame:
    return pl.DataFrame([_series(name, values) for name, values in columns.items()])


def _series(name: str, values: list[Any]) -> pl.Series:
    """Return *values* as a column; what is of several types becomes text."""
    kinds = {type(v) for v in values if v is not None}
    if len(kinds) <= 1 and kinds <= {str, int, float, bool}:
        try:
            return pl.Series(name, values, strict=True)
        except (OverflowError, TypeError, pl.exceptions.PolarsError):
            pass  # integers beyond 64 bits: as text
    if kinds and all(issubclass(k, datetime) for k in kinds) and all(map(_aware, values)):
        moments = [None if v is None else v.astimezone(UTC) for v in values]
        return pl.Series(name, moments, dtype=pl.Datetime("us", "UTC"))
    return pl.Series(name, [_as_text(v) for v in values], dtype=pl.String)


def _aware(value: Any) -> bool:
    return value is None or getattr(value, "tzinfo", None) is not None


def _as_text(value: Any) -> str | None:  # noqa: PLR0911 - one for each type
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case float() | datetime() if value != value:  # noqa: PLR0124 - NaN and NaT
            return None
        case datetime() | date():
            return value.isoformat()
        case bytes():
            return value.decode("utf-8", errors="replace")
        case Mapping() | list() | tuple():
            return json.dumps(value, default=str, ensure_ascii=False, sort_keys=True)
        case _:
            return str(value)
