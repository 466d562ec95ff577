"""A warehouse in this process: DuckDB, to test by, and the shortest example of one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import duckdb

from caseline.store import schema
from caseline.store.cluster.warehouse import TABLES, Health

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from sqlglot import exp

    from caseline.store.cluster.warehouse import Months

_OWN = ("partition_month", "write_id")


class LocalWarehouse:
    """Tables in memory, each row with its month and its write."""

    dialect = "duckdb"

    def __init__(self) -> None:
        self._hub = duckdb.connect()
        self._lock = threading.RLock()

    def prepare(self) -> None:
        """Make the tables."""
        with self._lock:
            self._hub.execute(schema.partition_ddl())
            for table in TABLES:
                for column in _OWN:
                    added = f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column} VARCHAR"
                    self._hub.execute(added)

    def look(self) -> None:
        """Do nothing: it is one client's own."""

    def months(self) -> list[str]:
        """Return the months that hold anything."""
        months = "SELECT DISTINCT partition_month FROM batches ORDER BY ALL"
        return [str(month) for month in self.run(months).column(0).to_pylist()]

    def relation(self, table: str, months: Months | None) -> str:
        """Return what stands after FROM."""
        where = ""
        if months is not None:
            where = f" WHERE partition_month BETWEEN '{months[0]}' AND '{months[1]}'"
        return f"(SELECT * EXCLUDE ({', '.join(_OWN)}) FROM main.{table}{where})"

    def rewrite(self, tree: exp.Expr) -> exp.Expr:
        """Return *tree* with the text of an event in DuckDB's words."""
        from sqlglot import exp, parse_one  # noqa: PLC0415 - part of the extras

        def told(node: exp.Expr) -> exp.Expr:
            if isinstance(node, exp.Anonymous) and node.name.lower() == "text_of":
                message, parts, variables = (item.sql("duckdb") for item in node.expressions)
                return parse_one(
                    f"coalesce({message}, array_to_string(list_transform(list_zip({parts}, "
                    f"{variables}), lambda x: x[1] || coalesce(x[2], '')), ''))",
                    dialect="duckdb",
                )
            return node

        return tree.transform(told)

    def run(self, sql: str) -> pa.Table:
        """Return the answer to one statement."""
        with self._lock:
            return self._hub.execute(sql).to_arrow_table()

    def write(self, month: str, tables: Mapping[str, pa.Table], write_id: str) -> None:
        """Add rows to the tables of a month, in one transaction."""
        with self._lock:
            self._hub.execute("BEGIN")
            try:
                for table, rows in tables.items():
                    told = f"DELETE FROM {table} WHERE write_id = $id AND partition_month = $month"
                    self._hub.execute(told, {"id": write_id, "month": month})
                    self._insert(table, rows, month, write_id)
                self._hub.execute("COMMIT")
            except BaseException:
                self._hub.execute("ROLLBACK")
                raise

    def replace(self, month: str, queries: Mapping[str, str]) -> None:
        """Put the answers of queries in the place of tables of a month."""
        with self._lock:
            answers = {table: self.run(sql) for table, sql in queries.items()}
            self._hub.execute("BEGIN")
            for table, rows in answers.items():
                self._hub.execute(
                    f"DELETE FROM {table} WHERE partition_month = $month", {"month": month}
                )
                self._insert(table, rows, month, "replaced")
            self._hub.execute("COMMIT")

    def _insert(self, table: str, rows: pa.Table, month: str, write_id: str) -> None:
        self._hub.register("given", rows)
        self._hub.execute(
            f"INSERT INTO {table} BY NAME "
            "SELECT *, $month AS partition_month, $id AS write_id FROM given",
            {"month": month, "id": write_id},
        )
        self._hub.unregister("given")

    def offer(self, name: str, rows: pa.Table) -> str:
        """Let statements read a table of the catalog."""
        with self._lock:
            self._hub.register("given", rows)
            self._hub.execute(f"CREATE OR REPLACE TABLE offered_{name} AS SELECT * FROM given")
            self._hub.unregister("given")
        return f"offered_{name}"

    def health(self) -> Health:
        """Say how it is."""
        try:
            return Health(ok=True, version=f"DuckDB {duckdb.__version__}", workers=self._one())
        except duckdb.Error as error:
            return Health(ok=False, detail=type(error).__name__)

    def _one(self) -> int:
        return int(self.run("SELECT 1 AS one")["one"][0].as_py())

    def close(self) -> None:
        """Close the connection."""
        self._hub.close()
