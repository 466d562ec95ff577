"""Reads all that a database file holds: what cannot be read is damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from caseline.store.faults import is_damage

if TYPE_CHECKING:
    from collections.abc import Iterator

_TABLES = """
    SELECT table_name FROM duckdb_tables() WHERE database_name = $database ORDER BY table_name
"""
_COLUMNS = """
    SELECT column_name FROM duckdb_columns()
    WHERE database_name = $database AND table_name = $table ORDER BY column_index
"""


def tables_of(hub: duckdb.DuckDBPyConnection, database: str) -> list[str]:
    """Return the names of the tables that the attached *database* has."""
    rows = hub.execute(_TABLES, {"database": database}).fetchall()
    return [name for (name,) in rows]


def columns_of(hub: duckdb.DuckDBPyConnection, database: str, table: str) -> list[str]:
    """Return the names of the columns of *table*, in order."""
    rows = hub.execute(_COLUMNS, {"database": database, "table": table}).fetchall()
    return [name for (name,) in rows]


def read_all(
    hub: duckdb.DuckDBPyConnection, database: str
) -> Iterator[tuple[str, int, duckdb.Error | None]]:
    """Read every value of every table of the attached *database*.

    The engine compares each block's checksum (or its tag, where it is encrypted) when the
    block comes from the disk; blocks that it holds in memory are not fetched again.

    Yields:
        The table's name, its rows, and the error if not all of it can be read.
    """
    for table in tables_of(hub, database):
        sums = ", ".join(f'bit_xor(hash("{name}"))' for name in columns_of(hub, database, table))
        try:
            row = hub.execute(f"SELECT count(*), {sums} FROM {database}.{table}").fetchone()
        except duckdb.Error as error:
            if not is_damage(error):
                raise
            yield table, 0, error
        else:
            yield table, int(row[0]) if row else 0, None


def is_readable(hub: duckdb.DuckDBPyConnection, database: str) -> bool:
    """Return whether all of the attached *database* can be read."""
    return all(error is None for _, _, error in read_all(hub, database))
