"""The catalog's tables as columns: what each table has, and as which type of a frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from caseline.errors import InputError
from caseline.store import schema
from caseline.store.values import naive

if TYPE_CHECKING:
    from collections.abc import Sequence

_TYPES: dict[str, pl.DataType] = {
    "VARCHAR": pl.String(),
    "VARCHAR[]": pl.List(pl.String()),
    "TIMESTAMP": pl.Datetime("us"),
    "DOUBLE": pl.Float64(),
    "BIGINT": pl.Int64(),
    "INTEGER": pl.Int32(),
    "UINTEGER[]": pl.List(pl.UInt32()),
    "BOOLEAN": pl.Boolean(),
    "BLOB": pl.Binary(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogColumn:
    """One column of a table of the catalog.

    Args:
        name: Its name.
        declared: Its type in the DDL, as DuckDB writes it: ``VARCHAR[]``.
        dtype: Its type in frames; times are UTC without saying so.
        required: Whether a row must have a value in it.
    """

    name: str
    declared: str
    dtype: pl.DataType
    required: bool


@cache
def declared_columns() -> dict[str, tuple[CatalogColumn, ...]]:
    """Return the columns of each table of ``schema.KEYS``, as the catalog's DDL tells them.

    >>> [column.name for column in declared_columns()["share_groups"]]
    ['share_group', 'customer_id', 'weight']
    """
    with duckdb.connect() as hub:
        hub.execute(schema.catalog_ddl())
        rows = hub.execute(
            "SELECT table_name, column_name, data_type, NOT is_nullable FROM duckdb_columns() "
            "WHERE NOT internal ORDER BY table_name, column_index"
        ).fetchall()
    tables: dict[str, list[CatalogColumn]] = {}
    for table, name, declared, required in rows:
        column = CatalogColumn(
            name=name, declared=declared, dtype=_TYPES[declared], required=required
        )
        tables.setdefault(table, []).append(column)
    return {table: tuple(tables[table]) for table in schema.KEYS}


def checked_key(table: str, names: Sequence[str]) -> list[str]:
    """Return the columns of the key of *table* that rows with columns *names* have.

    Raises:
        InputError: the catalog has no such table, or no such columns, or the rows have
            no column of its key.

    >>> checked_key("vocabulary", ["customer_id", "word"])
    ['word', 'customer_id']
    """
    key = schema.key_of(table, names)
    known = [column.name for column in declared_columns()[table]]
    for name in names:
        if name not in known:
            raise InputError.unknown(f"column of {table}", name, known)
    if not key:
        raise InputError(f"rows for {table} need a column of its key {list(schema.KEYS[table])}")
    return key


def as_stored(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Return *rows* with the types that *table* has; aware times become naive UTC."""
    types = {column.name: column.dtype for column in declared_columns()[table]}
    return naive(rows).cast({name: types[name] for name in rows.columns})
