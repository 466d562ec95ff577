"""How rows get into a table of the catalog, and out of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from caseline.store.values import naive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb
    import polars as pl


def replace_rows(
    hub: duckdb.DuckDBPyConnection, table: str, rows: pl.DataFrame, key: Sequence[str]
) -> None:
    """Write *rows* into *table*, in place of those of equal *key*; within a transaction."""
    with _given(hub, rows):
        _delete(hub, table, key)
        hub.execute(f"INSERT INTO catalog.{table} BY NAME SELECT * FROM given")


def remove_rows(
    hub: duckdb.DuckDBPyConnection, table: str, rows: pl.DataFrame, key: Sequence[str]
) -> int:
    """Remove from *table* what has the *key* of one of *rows*; return how many that were."""
    with _given(hub, rows.select(key)):
        return _delete(hub, table, key)


@contextmanager
def _given(hub: duckdb.DuckDBPyConnection, rows: pl.DataFrame) -> Iterator[None]:
    """Let statements inside read *rows* as ``given``."""
    hub.register("given", naive(rows).to_arrow())
    try:
        yield
    finally:
        hub.unregister("given")


def _delete(hub: duckdb.DuckDBPyConnection, table: str, key: Sequence[str]) -> int:
    """Delete the rows whose keys are given; return how many there were."""
    columns = ", ".join(f'"{name}"' for name in key)
    same = " AND ".join(f't."{name}" IS NOT DISTINCT FROM i."{name}"' for name in key)
    removed = hub.execute(
        f"DELETE FROM catalog.{table} t USING (SELECT DISTINCT {columns} FROM given) i WHERE {same}"
    ).fetchone()
    return int(removed[0]) if removed else 0
