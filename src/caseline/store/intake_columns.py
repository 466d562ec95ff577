"""From a column as it came to the type it must have."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import polars as pl

from caseline.errors import InputError, TableError

if TYPE_CHECKING:
    from caseline.records.tables import Column

_TIME = (
    r"^\s*(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?"
    r"\s*(?:([Zz]|UTC|GMT)|([+-])(\d{2}):?(\d{2})?)\s*$"
)
_NAIVE = r"^\s*\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)?\s*$"
_EARLIEST, _LATEST = -62135596800000000, 253402300799999999  # years 1 to 9999, in microseconds
_HOURS, _MINUTES = 24, 60
_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
_EXACT = 2**53  # up to here a float holds every integer


def coerced(values: pl.Series, column: Column, table: str) -> tuple[pl.Series, pl.Series]:
    """Return *values* in the type of *column*, and where they cannot be.

    Args:
        values: The column as it came.
        column: What it must be.
        table: The table's name, for messages.

    Returns:
        The typed values (null where there are none or they cannot be), and a mask of
        those that cannot be.

    Raises:
        InputError: A time without a zone.
        TableError: The column's type has no reading as the type it must have.

    >>> from caseline.records.tables import Column
    >>> column = Column(name="n", kind="number")
    >>> typed, bad = coerced(pl.Series("n", ["1.5", "x", None]), column, "things")
    >>> typed.to_list(), bad.to_list()
    ([1.5, None, None], [False, True, False])
    """
    if values.dtype == pl.Null or isinstance(values.dtype, (pl.Categorical, pl.Enum)):
        values = values.cast(pl.String)
    if values.dtype == pl.String:
        values = values.set(values.str.strip_chars() == "", None)
    match column.kind:
        case "text":
            typed = _text(values)
        case "time":
            typed = _time(values, table)
        case "number":
            typed = _number(values, table)
        case "integer":
            typed = _integer(values, table)
        case "boolean":
            typed = _boolean(values, table)
    there = (
        values.is_not_nan().fill_null(value=False)
        if values.dtype.is_float()
        else values.is_not_null()
    )
    return typed.alias(column.name), typed.is_null() & there


def _text(values: pl.Series) -> pl.Series:
    dtype = values.dtype
    if dtype.is_float():
        # Integer ids become floats where a table has gaps: 17.0 is 17.
        whole = values.is_finite() & (values == values.floor()) & (values.abs() < _EXACT)
        as_integer = values.set(~whole.fill_null(value=False), None).cast(pl.Int64)
        rest = values.fill_nan(None).cast(pl.String)
        return as_integer.cast(pl.String).zip_with(as_integer.is_not_null(), rest)
    if dtype == pl.Binary:
        decoded = [None if v is None else v.decode("utf-8", errors="replace") for v in values]
        return pl.Series(values.name, decoded, dtype=pl.String)
    if isinstance(dtype, pl.Datetime):
        return values.dt.to_string("iso:strict")
    if isinstance(dtype, (pl.Struct, pl.List, pl.Array)):
        wrapped = values.to_frame("v").select(pl.struct("v").struct.json_encode()).to_series()
        text = wrapped.str.strip_prefix('{"v":').str.strip_suffix("}")
        return text.set(values.is_null(), None)
    return values.cast(pl.String)


def _time(values: pl.Series, table: str) -> pl.Series:
    dtype = values.dtype
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return values.dt.cast_time_unit("us").dt.convert_time_zone("UTC")
    if isinstance(dtype, pl.Datetime) or dtype == pl.Date:
        if values.null_count() < len(values):
            _naive(values.name, table)
        return values.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if dtype != pl.String:
        _wrong(values, table, "aware datetimes, or ISO 8601 text with an offset or Z")
    if values.str.contains(_NAIVE).any():
        _naive(values.name, table)
    return _parsed_time(values)


def _parsed_time(values: pl.Series) -> pl.Series:
    """Return ISO 8601 text with an offset as UTC; null where it is none."""
    found = values.to_frame("v").select(pl.col("v").str.extract_groups(_TIME)).unnest("v")
    part = {str(i): pl.col(str(i)) for i in range(1, 9)}
    local = pl.concat_str(part["1"], pl.lit("T"), part["2"], pl.lit(":"), part["3"].fill_null("00"))
    fraction = part["4"].fill_null("0").str.pad_end(9, "0").str.slice(0, 6).cast(pl.Int64)
    hours, minutes = part["7"].cast(pl.Int64), part["8"].fill_null("0").cast(pl.Int64)
    sign = pl.when(part["6"] == "-").then(-1).otherwise(1)
    offset = pl.when(part["6"].is_null()).then(0).otherwise(sign * (hours * 60 + minutes))
    moment = local.str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False, time_unit="us").cast(pl.Int64)
    micros = moment + fraction - offset * 60_000_000
    possible = (
        micros.is_between(_EARLIEST, _LATEST) & (hours.fill_null(0) < _HOURS) & (minutes < _MINUTES)
    )
    typed = pl.when(possible).then(micros).cast(pl.Datetime("us", "UTC"))
    return found.select(typed.alias(values.name)).to_series()


def _number(values: pl.Series, table: str) -> pl.Series:
    if values.dtype == pl.String:
        values = values.str.strip_chars()
    elif not values.dtype.is_numeric():
        _wrong(values, table, "numbers")
    number = values.cast(pl.Float64, strict=False)
    return number.set(~number.is_finite().fill_null(value=False), None)


def _integer(values: pl.Series, table: str) -> pl.Series:
    if values.dtype.is_integer():
        return values.cast(pl.Int64, strict=False)
    if values.dtype == pl.String:
        exact = values.str.strip_chars().cast(pl.Int64, strict=False)
    else:
        exact = pl.Series(values.name, [None] * len(values), dtype=pl.Int64)
    number = _number(values, table)
    whole = (number == number.floor()) & (number.abs() < _EXACT)
    by_number = number.set(~whole.fill_null(value=False), None).cast(pl.Int64)
    return exact.zip_with(exact.is_not_null(), by_number)


def _boolean(values: pl.Series, table: str) -> pl.Series:
    if values.dtype == pl.Boolean:
        return values
    if values.dtype != pl.String and not values.dtype.is_numeric():
        _wrong(values, table, "true or false")
    words = _text(values).str.strip_chars().str.to_lowercase()
    known = words.is_in([*_TRUE, *_FALSE])
    return words.is_in(_TRUE).set(~known.fill_null(value=False), None)


def _naive(column: str, table: str) -> NoReturn:
    raise InputError(
        f"column {column!r} of table {table!r} holds times without a zone; give aware "
        "datetimes, or text that ends in Z or an offset: 2026-03-01T08:00:00+00:00"
    )


def _wrong(values: pl.Series, table: str, wanted: str) -> NoReturn:
    raise TableError(f"column {values.name!r} of table {table!r} is {values.dtype}; give {wanted}")
