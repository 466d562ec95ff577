"""What keeps the catalog of a cluster: a small transactional database beside the events."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import duckdb

from caseline.store import schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import polars as pl


class Catalog(Protocol):
    """Fleet, signatures, issues, tickets and what was decided: the tables of ``schema.KEYS``.

    Several clients may use it at once. Frames hold times as UTC without a zone.
    """

    def save(self, table: str, rows: pl.DataFrame) -> int:
        """Write *rows*, replacing those with equal keys (NULL equals NULL); return their number.

        Columns that *rows* lack are NULL. In no transaction, it is one of its own.
        """
        ...

    def remove(self, table: str, rows: pl.DataFrame) -> int:
        """Remove the rows whose keys stand in *rows*; return how many there were."""
        ...

    def read(self, table: str) -> pl.DataFrame:
        """Return all rows of *table*, with the columns of its DDL in their order."""
        ...

    def versions(self) -> dict[str, int]:
        """Return a number for each table that was ever changed.

        It grows by exactly one with each ``save`` and ``remove`` that is committed.
        """
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Make what happens inside one change: all of it, or none. It nests."""
        ...

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep all other clients from writing events while inside. It nests."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class LocalCatalog:
    """A catalog in this process: DuckDB, in memory or in a file.

    A cluster's engine keeps its copy of the shared catalog in one; alone it serves one
    client, as in tests.

    Args:
        path: The file; None for memory only.
        hub: A connection to attach it to, under *name*; None for one of its own.
        name: What statements call it.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        hub: duckdb.DuckDBPyConnection | None = None,
        name: str = "catalog",
    ) -> None:
        self._hub = hub or duckdb.connect()
        self._name = name
        self._lock = threading.RLock()
        self._depth = 0
        where = "':memory:'" if path is None else "'" + str(path).replace("'", "''") + "'"
        self._hub.execute(f"ATTACH {where} AS {name}")
        ddl = schema.catalog_ddl() + (
            "\nCREATE TABLE IF NOT EXISTS versions (name VARCHAR NOT NULL, version BIGINT NOT NULL)"
        )
        self._hub.execute(ddl.replace("IF NOT EXISTS ", f"IF NOT EXISTS {name}."))

    def save(self, table: str, rows: pl.DataFrame) -> int:
        """Write *rows*: see ``Catalog.save``."""
        key = schema.key_of(table, rows.columns)
        if rows.is_empty():
            return 0
        with self.transaction(), self._given(rows):
            self._delete(table, key)
            self._hub.execute(f"INSERT INTO {self._name}.{table} BY NAME SELECT * FROM given")
            self._note(table)
        return rows.height

    def remove(self, table: str, rows: pl.DataFrame) -> int:
        """Remove rows: see ``Catalog.remove``."""
        key = schema.key_of(table, rows.columns)
        if rows.is_empty():
            return 0
        with self.transaction(), self._given(rows.select(key)):
            removed = self._delete(table, key)
            self._note(table)
        return removed

    def put(self, table: str, rows: pl.DataFrame) -> None:
        """Make *rows* all that *table* holds."""
        with self.transaction(), self._given(rows):
            self._hub.execute(f"DELETE FROM {self._name}.{table}")
            self._hub.execute(f"INSERT INTO {self._name}.{table} BY NAME SELECT * FROM given")
            self._note(table)

    def read(self, table: str) -> pl.DataFrame:
        """Return all rows of *table*."""
        schema.key_of(table, ())
        with self._lock:
            return self._hub.execute(f"SELECT * FROM {self._name}.{table}").pl()

    def versions(self) -> dict[str, int]:
        """Return how often each table was changed."""
        with self._lock:
            found = self._hub.execute(f"SELECT name, version FROM {self._name}.versions")
            return {str(name): int(version) for name, version in found.fetchall()}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside one change."""
        with self._lock:
            if self._depth:
                yield
                return
            self._hub.execute("BEGIN TRANSACTION")
            self._depth += 1
            try:
                yield
                self._hub.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
            finally:
                self._depth -= 1

    def _roll_back(self) -> None:
        try:
            self._hub.execute("ROLLBACK")
        except duckdb.TransactionException:
            return  # the engine rolled back by itself

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep this process's other threads out: it has no other clients."""
        with self._lock:
            yield

    def close(self) -> None:
        """Close the connection."""
        self._hub.close()

    @contextmanager
    def _given(self, rows: pl.DataFrame) -> Iterator[None]:
        """Let statements inside read *rows* as ``given``."""
        self._hub.register("given", rows.to_arrow())
        try:
            yield
        finally:
            self._hub.unregister("given")

    def _delete(self, table: str, key: Sequence[str]) -> int:
        columns = ", ".join(f'"{name}"' for name in key)
        same = " AND ".join(f't."{name}" IS NOT DISTINCT FROM i."{name}"' for name in key)
        removed = self._hub.execute(
            f"DELETE FROM {self._name}.{table} t "
            f"USING (SELECT DISTINCT {columns} FROM given) i WHERE {same}"
        ).fetchone()
        return int(removed[0]) if removed else 0

    def _note(self, table: str) -> None:
        versions = f"{self._name}.versions"
        values = {"name": table}
        changed = self._hub.execute(
            f"UPDATE {versions} SET version = version + 1 WHERE name = $name", values
        ).fetchone()
        if changed is None or changed[0] == 0:
            self._hub.execute(f"INSERT INTO {versions} VALUES ($name, 1)", values)
