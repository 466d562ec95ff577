"""The client's own copy of a shared catalog: questions on it need no network."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from caseline.store import schema
from caseline.store.cluster.catalog import LocalCatalog

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    import pyarrow as pa

    from caseline.store.cluster.catalog import Catalog


class Mirror:
    """A copy of *catalog* in a DuckDB of this process, brought up to date table by table.

    Its connection ``hub`` has besides: ``empty``, ``touched`` and ``held`` (a partition
    without rows: what questions' answers look like is read off them), ``staged`` and
    ``stored`` (partitions that an append fills and empties).
    """

    def __init__(self, catalog: Catalog) -> None:
        self.hub = duckdb.connect(
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
        )
        self._catalog = catalog
        self._copy = LocalCatalog(hub=self.hub)
        self._seen: dict[str, int] = {}
        self._written: Counter[str] = Counter()
        self._inside = False
        for name in ("empty", "touched", "held", "staged", "stored"):
            self.hub.execute(f"ATTACH ':memory:' AS {name}")
            ddl = schema.partition_ddl()
            self.hub.execute(ddl.replace("IF NOT EXISTS ", f"IF NOT EXISTS {name}."))

    def refresh(self) -> set[str]:
        """Copy the tables that changed since; return their names.

        Not inside a transaction of this client's own: what it wrote is here already.
        """
        if self._inside:
            return set()
        changed = {
            name: version
            for name, version in self._catalog.versions().items()
            if self._seen.get(name) != version
        }
        for name, version in changed.items():
            self._copy.put(name, self._catalog.read(name))
            self._seen[name] = version
        return set(changed)

    def version(self, table: str) -> int:
        """Return a number that grows whenever the copy of *table* changes."""
        cursor = self.hub.cursor()  # one of its own sees what is committed, and no more
        sql = "SELECT max(version) FROM catalog.versions WHERE name = $name"
        row = cursor.execute(sql, {"name": table}).fetchone()
        return row[0] or 0 if row else 0

    def read(self, table: str) -> pa.Table:
        """Return the copy of *table*."""
        schema.key_of(table, ())
        return self.hub.cursor().execute(f"SELECT * FROM catalog.{table}").to_arrow_table()

    def save(self, table: str, rows: pl.DataFrame) -> int:
        """Write *rows* into the catalog and the copy."""
        schema.key_of(table, rows.columns)
        if rows.is_empty():
            return 0
        with self.transaction():
            self._catalog.save(table, rows)
            self._written[table] += 1
            return self._copy.save(table, rows)

    def remove(self, table: str, rows: pl.DataFrame) -> int:
        """Remove rows from the catalog and the copy."""
        schema.key_of(table, rows.columns)
        if rows.is_empty():
            return 0
        with self.transaction():
            removed = self._catalog.remove(table, rows)
            self._written[table] += 1
            self._copy.remove(table, rows)
            return removed

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside one change, of the catalog and of the copy."""
        if self._inside:
            yield
            return
        self.refresh()
        self._inside = True
        try:
            with self._copy.transaction(), self._catalog.transaction():
                yield
        except BaseException:
            self._written.clear()
            raise
        finally:
            self._inside = False
        self._note_written()

    def _note_written(self) -> None:
        """Know the versions that are this client's own: no need to copy them back."""
        versions = self._catalog.versions()
        for table, times in self._written.items():
            if versions.get(table, 0) == self._seen.get(table, 0) + times:
                self._seen[table] = versions[table]
        self._written.clear()

    def close(self) -> None:
        """Close the copy and the catalog."""
        self.hub.close()
        self._catalog.close()
