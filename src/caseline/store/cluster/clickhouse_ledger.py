"""The ledger of a ClickHouse warehouse: which rows of a month exist.

A write takes a number here, brings its rows under that number, and is finished by one
more row: one insert of one row, which the server does wholly or not at all. A number that
was begun and not finished is never given again, so that what a killed client left of its
rows is never seen. What replaces a month's tables starts them anew with its own number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from caseline.errors import InputError
from caseline.store.cluster.warehouse import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from caseline.store.cluster.clickhouse_server import Server

LEDGER = "writes"
"""Its table: a row when a write begins, another when it is finished."""
LEDGER_COLUMNS = (
    "month UInt32, position UInt64, write_id String, finished UInt8, replaced Array(String)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What the ledger says of one month.

    Args:
        number: The month: 202611.
        latest: The last write of it that was given a number.
        unfinished: Those that are not finished.
        bases: For each table the write that it starts anew with, or 0.
    """

    number: int
    latest: int
    unfinished: tuple[int, ...]
    bases: Mapping[str, int]

    def seen(self, table: str) -> str:
        """Return the condition for the rows of *table* that exist.

        >>> Month(number=202603, latest=7, unfinished=(5,), bases={"days": 4}).seen("days")
        '(month = 202603 AND base = 4 AND position <= 7 AND position NOT IN (5))'
        """
        told = f"month = {self.number} AND base = {self.bases[table]} AND position <= {self.latest}"
        if self.unfinished:
            told += f" AND position NOT IN ({', '.join(map(str, self.unfinished))})"
        return f"({told})"


class Ledger:
    """Reads and writes the ledger on *server*."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._place = f"{server.database}.{LEDGER}"
        self._read: tuple[int, dict[int, Month]] = (-1, {})

    def months(self) -> dict[int, Month]:
        """Return what it says now, of each month with a finished write.

        It only grows: how many rows it has tells whether what was read of it still holds,
        and the server knows that number without reading any.
        """
        rows = int(self._server.value(f"SELECT count() FROM {self._place}"))
        if self._read[0] != rows:
            self._read = rows, self._months()
        return self._read[1]

    def _months(self) -> dict[int, Month]:
        bases = ", ".join(
            f"maxIf(position, done AND has(anew, '{table}')) AS {table}" for table in TABLES
        )
        found = self._server.answer(
            "SELECT month, max(position) AS latest, countIf(done) AS finished, "
            f"groupArrayIf(position, NOT done) AS unfinished, {bases} FROM (SELECT month, "
            "position, max(finished) AS done, groupUniqArrayArray(replaced) AS anew "
            f"FROM {self._place} GROUP BY month, position) GROUP BY month"
        )
        return {
            row["month"]: Month(
                number=row["month"],
                latest=row["latest"],
                unfinished=tuple(sorted(row["unfinished"])),
                bases={table: row[table] or 0 for table in TABLES},
            )
            for row in found.to_pylist()
            if row["finished"]
        }

    def finished(self, month: int, write_id: str) -> bool:
        """Return whether *write_id* was finished for *month*."""
        told = f"month = {month} AND finished AND write_id = '{_plain(write_id)}'"
        return bool(self._server.value(f"SELECT count() FROM {self._place} WHERE {told}"))

    def begin(self, month: int, write_id: str) -> int:
        """Return a number that no write had before, finished or not."""
        position = int(self._server.value(f"SELECT max(position) FROM {self._place}") or 0) + 1
        self._note(f"{month}, {position}, '{_plain(write_id)}', 0, []")
        return position

    def finish(
        self, month: int, position: int, write_id: str, *, replaced: Sequence[str] = ()
    ) -> None:
        """Let the rows that were written under *position* exist.

        Args:
            month: Whose.
            position: What ``begin`` returned.
            write_id: What ``begin`` was given.
            replaced: Tables in which they take the place of all that were there.
        """
        tables = ", ".join(f"'{table}'" for table in replaced)
        self._note(f"{month}, {position}, '{_plain(write_id)}', 1, [{tables}]")

    def _note(self, values: str) -> None:
        self._server.do(f"INSERT INTO {self._place} VALUES ({values})")


def still_stands(then: Mapping[int, Month], now: Mapping[int, Month]) -> bool:
    """Return whether nothing that was there *then* is replaced *now*."""
    return all(number in now and now[number].bases == month.bases for number, month in then.items())


def _plain(write_id: str) -> str:
    if not re.fullmatch(r"[\w.-]+", write_id):
        raise InputError(f"write_id {write_id!r}: give letters, digits, _, . and - only")
    return write_id
