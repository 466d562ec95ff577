"""Events in ClickHouse: each month in files of its own, seen by what the ledger says.

ClickHouse has no transaction over several tables: ``clickhouse_ledger`` tells how a write
is seen all at once all the same, and ``clickhouse_tables`` how rows are kept.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from typing import TYPE_CHECKING

import pyarrow as pa

from caseline.errors import WorkspaceError
from caseline.store.cluster import clickhouse_sql
from caseline.store.cluster.clickhouse_ledger import Ledger, Month, still_stands
from caseline.store.cluster.clickhouse_server import UNKNOWN_TABLE, RefusedError
from caseline.store.cluster.clickhouse_tables import OWN, columns, kept, month_ddl, offer_ddl
from caseline.store.cluster.warehouse import Health

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlglot import exp

    from caseline.store.cluster.clickhouse_server import Server
    from caseline.store.cluster.warehouse import Months

_TRIES = 5
_NONE = "\x00none"
"""A list cannot be NULL there: a list of this alone stands for it."""
_KEPT_OFFERS = 2
"""Of each table: somebody may be reading the one before."""


class ClickHouseWarehouse:
    """A ``Warehouse`` on a ClickHouse server, or on chDB, the same engine in the process.

    Args:
        server: See ``connect_clickhouse``.
    """

    dialect = "clickhouse"

    def __init__(self, server: Server) -> None:
        self._server = server
        self._database = server.database
        self._ledger = Ledger(server)
        self._token = secrets.token_hex(6)
        self._marker = re.compile(rf"\{{{{{self._token}:(\w+):(\d*):(\d*)\}}}}")
        self._offered: dict[str, list[tuple[str, pa.Table]]] = {}
        self._offers = 0

    def prepare(self) -> None:
        """Make the tables, and finish what a killed client left of a replacing."""
        self._server.do(f"CREATE DATABASE IF NOT EXISTS {self._database}")
        for statement in month_ddl(self._database):
            self._server.do(statement)
        for month in self._ledger.months().values():
            self._drop_replaced(month)

    def look(self) -> None:
        """Do nothing: ``run`` looks for itself, so that each statement is of one moment."""

    def months(self) -> list[str]:
        """Return the months that hold anything."""
        return [f"{n // 100:04}-{n % 100:02}" for n in sorted(self._ledger.months())]

    def relation(self, table: str, months: Months | None) -> str:
        """Return what stands after FROM: ``run`` puts the rows there that exist by then."""
        first, last = ("", "") if months is None else (_number(m) for m in months)
        return f"{{{{{self._token}:{table}:{first}:{last}}}}}"

    def rewrite(self, tree: exp.Expr) -> exp.Expr:
        """Return *tree* as ClickHouse needs it."""
        return clickhouse_sql.rewrite(tree)

    def run(self, sql: str) -> pa.Table:
        """Return the answer to one statement, all of it as of one moment.

        Raises:
            WorkspaceError: the server does not answer, or refuses the statement.
        """
        if self._marker.search(sql) is None:
            return _with_missing_lists(self._answer(sql))
        for _ in range(_TRIES):
            ledger = self._ledger.months()
            answer = self._answer(self._filled(sql, ledger))
            if still_stands(ledger, self._ledger.months()):
                return _with_missing_lists(answer)
        raise WorkspaceError(f"{self._database} is being rewritten again and again; ask later")

    def write(self, month: str, tables: Mapping[str, pa.Table], write_id: str) -> None:
        """Add rows to the tables of a month: see ``Warehouse.write``."""
        number = _number(month)
        if self._ledger.finished(number, write_id):
            return
        held = self._ledger.months().get(number)
        position = self._ledger.begin(number, write_id)
        for table, rows in tables.items():
            base = held.bases[table] if held else 0
            self._insert(table, rows, (number, base, position))
        self._ledger.finish(number, position, write_id)

    def replace(self, month: str, queries: Mapping[str, str]) -> None:
        """Put answers in the place of tables of a month: see ``Warehouse.replace``."""
        number = _number(month)
        ledger = self._ledger.months()
        write_id = f"replaced-{secrets.token_hex(8)}"
        position = self._ledger.begin(number, write_id)
        for table, query in queries.items():
            names = [name for name, *_ in columns()[table]]
            target = ", ".join([*OWN, *(kept(table, name) for name in names)])
            self._server.do(
                f"INSERT INTO {self._database}.{table} ({target}) "
                f"SELECT {number}, {position}, {position}, {', '.join(names)} "
                f"FROM ({self._filled(query, ledger)})"
            )
        self._ledger.finish(number, position, write_id, replaced=tuple(queries))
        self._drop_replaced(self._ledger.months()[number])
        self._drop_offers(own=False)

    def offer(self, name: str, rows: pa.Table) -> str:
        """Let statements read a table of the catalog.

        It is this client's own. Another that replaces rows drops it, since it may hold
        what was to be erased; ``run`` makes it again from what was offered last.
        """
        self._offers += 1
        table = f"offered_{self._token}_{self._offers}_{name}"
        self._put(table, rows)
        held = self._offered.setdefault(name, [])
        held.append((table, rows))
        while len(held) > _KEPT_OFFERS:
            self._server.do(f"DROP TABLE IF EXISTS {self._database}.{held.pop(0)[0]}")
        return f"{self._database}.{table}"

    def health(self) -> Health:
        """Say how it is; never raises."""
        try:
            version = self._server.value("SELECT version()")
        except WorkspaceError as error:
            return Health(ok=False, detail=str(error))
        return Health(ok=True, version=f"ClickHouse {version}")

    def close(self) -> None:
        """Take back what was offered, and let go of connections."""
        with contextlib.suppress(WorkspaceError):  # if it is gone, the next client clears up
            self._drop_offers(own=True)
        self._server.close()

    def _answer(self, sql: str) -> pa.Table:
        try:
            return self._server.answer(sql)
        except RefusedError as error:
            if error.code != UNKNOWN_TABLE:
                raise
        for held in self._offered.values():
            for table, rows in held:
                if table in sql:
                    self._put(table, rows)
        return self._server.answer(sql)

    def _filled(self, sql: str, ledger: Mapping[int, Month]) -> str:
        """Return *sql* with the rows that exist by *ledger* where it names relations."""

        def told(found: re.Match[str]) -> str:
            table, first, last = found.groups()
            seen = " OR ".join(
                month.seen(table)
                for number, month in sorted(ledger.items())
                if not first or int(first) <= number <= int(last)
            )
            names = ", ".join(
                name if (own := kept(table, name)) == name else f"{own} AS {name}"
                for name, *_ in columns()[table]
            )
            return f"(SELECT {names} FROM {self._database}.{table} WHERE {seen or 'false'})"

        return self._marker.sub(told, sql)

    def _insert(self, table: str, rows: pa.Table, own: tuple[int, int, int]) -> None:
        given = rows.rename_columns([kept(table, name) for name in rows.column_names])
        for name, value in zip(OWN, own, strict=True):
            given = given.append_column(name, pa.repeat(pa.scalar(value, pa.uint64()), len(rows)))
        self._server.insert(table, given)

    def _put(self, table: str, rows: pa.Table) -> None:
        """Make the table to offer."""
        place = f"{self._database}.{table}"
        self._server.do(f"DROP TABLE IF EXISTS {place}")
        self._server.do(offer_ddl(place, rows))
        if rows.num_rows:
            self._server.insert(table, _without_missing_lists(rows))

    def _drop_offers(self, *, own: bool) -> None:
        """Drop the offered tables of this client, or those of all others."""
        found = self._server.answer(
            f"SELECT name FROM system.tables WHERE database = '{self._database}' "
            f"AND startsWith(name, 'offered_') AND {'' if own else 'NOT '}"
            f"startsWith(name, 'offered_{self._token}_')"
        )
        for name in found["name"].to_pylist():
            self._server.do(f"DROP TABLE IF EXISTS {self._database}.{name}")

    def _drop_replaced(self, month: Month) -> None:
        """Drop the files of *month* that newer ones stand in for, and what was torn there."""
        for table, base in month.bases.items():
            found = self._server.answer(
                "SELECT DISTINCT partition_id FROM system.parts WHERE active "
                f"AND database = '{self._database}' AND table = '{table}'"
            )
            for name in found["partition_id"].to_pylist():
                number, started = map(int, str(name).split("-"))
                if number == month.number and started < base:
                    self._server.do(
                        f"ALTER TABLE {self._database}.{table} DROP PARTITION ID '{name}'"
                    )


def _number(month: str) -> int:
    return int(month.replace("-", ""))


def _without_missing_lists(rows: pa.Table) -> pa.Table:
    for index, field in enumerate(rows.schema):
        if pa.types.is_list(field.type) and rows.column(index).null_count:
            told = [[_NONE] if item is None else item for item in rows.column(index).to_pylist()]
            rows = rows.set_column(index, field.name, pa.array(told, field.type))
    return rows


def _with_missing_lists(rows: pa.Table) -> pa.Table:
    for index, field in enumerate(rows.schema):
        if pa.types.is_list(field.type) and pa.types.is_string(field.type.value_type):
            told = [None if item == [_NONE] else item for item in rows.column(index).to_pylist()]
            rows = rows.set_column(index, field.name, pa.array(told, field.type))
    return rows
