"""JSON lines → columns, many lines at once.

Polars reads each block with every field as text, so that a field may hold a number in
one line and an object in the next. The fields' names are found first, by looking at
the bytes: a name is what stands between two quotes before a colon.
"""

from __future__ import annotations

import io
import json
import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from polars.exceptions import ComputeError

from caseline.normalize.columns import slices
from caseline.normalize.wordbook import read_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_QUOTE, _COLON, _SPACE, _BACKSLASH = 34, 58, 32, 92
_BARE_BACKSLASH = re.compile(rb'\\(?:(?=[^"\\/bfnrtu])|(?=u(?![0-9a-fA-F]{4})))')
_MAX_NAMES = 600
_MAX_DEPTH = 4


class UnreadableError(ValueError):
    """Text that is no series of JSON objects, or one with too many names."""


@cache
def field_names(date: str) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Return for each column the names it may have, best first, and what names need.

    >>> field_names("2026-11")[0]["time"][0]
    '@timestamp'
    """
    data = read_data("words", date, "json.toml")
    prefixes = data["prefixes"]
    columns = {
        column: tuple(dict.fromkeys(prefix + name for prefix in prefixes for name in names))
        for column, names in data["columns"].items()
    }
    return columns, {name: tuple(beside) for name, beside in data["needs"].items()}


def read_objects(text: bytes, count: int) -> pl.DataFrame:
    r"""Return the *count* objects of *text*, one on each line, as columns of String.

    Objects within objects become columns ``outer.inner``; lists stay JSON text.

    Raises:
        UnreadableError: a line is no object.

    >>> read_objects(b'{"a": 1, "b": {"c": "x"}}\n', 1).to_dicts()
    [{'a': '1', 'b.c': 'x'}]
    """
    return _flat(_read(text, count), 1)


def _read(text: bytes, count: int) -> pl.DataFrame:
    names = _names(text)
    if len(names) > _MAX_NAMES:
        raise UnreadableError(f"{len(names)} names")
    try:
        frame = pl.read_ndjson(io.BytesIO(text), schema=dict.fromkeys(names or [""], pl.String))
    except ComputeError as error:
        raise UnreadableError("no JSON objects") from error
    if frame.height != count:
        raise UnreadableError(f"{frame.height} objects on {count} lines")
    empty = [c.name for c in frame.get_columns() if c.null_count() == count]
    # By name: a field called * or ^a$ would stand for others too.
    return frame.drop(pl.selectors.by_name(empty))


def _names(text: bytes) -> list[str]:
    """Return the names of all fields, those of inner objects too, sorted."""
    view = np.frombuffer(text + b"  ", dtype=np.uint8)
    quotes = np.flatnonzero(view == _QUOTE)
    after = view[quotes + 1]
    if ((after == _SPACE) & (view[np.minimum(quotes + 2, len(view) - 1)] == _COLON)).any():
        return _names_slowly(text)
    ends = np.flatnonzero(after == _COLON)
    ends = ends[ends > 0]
    starts = quotes[ends - 1] + 1
    if (view[np.maximum(starts - 2, 0)] == _BACKSLASH).any():
        return _names_slowly(text)
    found = slices(text, starts, quotes[ends] - starts).unique().to_list()
    try:
        return sorted({json.loads(b'"' + name + b'"') for name in found})
    except ValueError:
        return _names_slowly(text)


def _names_slowly(text: bytes) -> list[str]:
    """Return the outer names by reading each line."""
    names: set[str] = set()
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except ValueError as error:
            raise UnreadableError("no JSON object") from error
        names.update(found if isinstance(found, dict) else ())
    return sorted(names)


def _flat(frame: pl.DataFrame, depth: int) -> pl.DataFrame:
    """Turn columns that hold objects into columns of their fields."""
    if depth >= _MAX_DEPTH:
        return frame
    columns: dict[str, pl.Series] = {}
    for column in frame.get_columns():
        inner = _inner(column, depth)
        for made in (column,) if inner is None else inner:
            columns.setdefault(made.name, made)
    return pl.DataFrame(columns) if columns else frame


def _inner(column: pl.Series, depth: int) -> list[pl.Series] | None:
    """Return what the objects in *column* hold, row by row; None if it holds none."""
    text = column.alias("value")  # its own name may be * or ^a$, which stand for others
    begins = text.str.starts_with("{")
    if not begins.any():
        return None  # most columns: not a look more than one
    is_object = (
        begins & text.str.ends_with("}") & ~text.str.contains("\n", literal=True)
    ).fill_null(value=False)
    if not is_object.any():
        return None
    rows = is_object.arg_true()
    # Polars writes tabs and backslashes in the texts of inner objects as they are.
    objects = "\n".join(text.gather(rows).to_list()).replace("\t", "\\t").encode() + b"\n"
    objects = _BARE_BACKSLASH.sub(rb"\\\\", objects) if b"\\" in objects else objects
    try:
        inner = _flat(_read(objects, len(rows)), depth + 1)
    except UnreadableError:
        return None
    place = np.zeros(len(column), dtype=np.uint32)
    place[rows.to_numpy()] = np.arange(len(rows), dtype=np.uint32)
    spread = [
        values.alias("value")
        .gather(pl.Series(place))
        .zip_with(is_object, _nulls(len(column)))
        .alias(f"{column.name}.{values.name}")
        for values in inner.get_columns()
    ]
    rest = text.zip_with(~is_object, _nulls(len(column))).alias(column.name)
    return [*spread, rest] if rest.null_count() < len(rest) else spread


def _nulls(count: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, count)


def readable(lines: Sequence[bytes]) -> NDArray[np.bool_]:
    """Return which of *lines* are JSON objects: the slow way, for blocks that hold others."""
    return np.array([_is_object(line) for line in lines], dtype=bool)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line, parse_constant=_refuse), dict)
    except (ValueError, RecursionError):
        return False


def _refuse(constant: str) -> None:
    raise ValueError(constant)
