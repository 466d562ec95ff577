"""Copies a database file without some of its rows: a DELETE leaves every byte in the file."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from caseline.errors import WorkspaceError
from caseline.store.connecting import attach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import duckdb

FRESH = "fresh"
"""What a copy is attached as while it is written."""


def copy_database(
    hub: duckdb.DuckDBPyConnection,
    source: str,
    target: Path,
    *,
    key: str | None,
    rows_of: Callable[[str], str | None],
    last: Callable[[str], None] = lambda _: None,
) -> None:
    """Write the tables of *source* to a new file, *target*.

    Args:
        hub: The connection that has *source* attached.
        source: Its name there.
        target: Must not exist.
        key: The new file's data key; None for one in clear.
        rows_of: Gives the query of what goes into a table by its name; None for nothing.
        last: Called with the name of the copy once all tables are there.
    """
    attach(hub, target, name=FRESH, key=key, read_only=False)
    try:
        for table, ddl in _tables(hub, source):
            hub.execute(ddl.replace("CREATE TABLE ", f"CREATE TABLE {FRESH}.", 1))
            rows = rows_of(table)
            if rows is not None:
                hub.execute(f'INSERT INTO {FRESH}."{table}" {rows}')
        last(FRESH)
        hub.execute(f"CHECKPOINT {FRESH}")
    finally:
        hub.execute(f"DETACH {FRESH}")


def columns_of(hub: duckdb.DuckDBPyConnection, source: str, table: str) -> dict[str, str]:
    """Return the columns of *table* in order, with their types."""
    found = hub.execute(
        "SELECT column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = $source AND table_name = $table ORDER BY column_index",
        {"source": source, "table": table},
    ).fetchall()
    return dict(found)


def refuse_without_room(folder: Path, files: Iterable[Path]) -> None:
    """Raise if *folder* has no room for a second copy of *files*.

    Raises:
        WorkspaceError: it has not; the message tells how much is needed.
    """
    needed = sum(path.stat().st_size for path in files if path.exists())
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise WorkspaceError(
            f"{folder} needs {needed / 1e6:.0f} MB to write its files anew, {free / 1e6:.0f} MB "
            "are free; nothing was changed: make room and try again"
        )


def _tables(hub: duckdb.DuckDBPyConnection, source: str) -> list[tuple[str, str]]:
    return hub.execute(
        "SELECT table_name, sql FROM duckdb_tables() WHERE database_name = $source "
        "AND NOT internal ORDER BY table_oid",
        {"source": source},
    ).fetchall()
