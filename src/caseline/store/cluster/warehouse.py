"""What an outside engine must do to hold events: a page to write a new one by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from caseline.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from sqlglot import exp

TABLES = ("events", "hours", "days", "months", "coverage", "batches")
"""What a month holds: tables of ``partition.sql``, without its sets."""

Months = tuple[str, str]
"""The first and the last month, both meant: ``("2026-11", "2027-01")``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How an outside engine is.

    Args:
        ok: Whether it answers.
        version: What it says it is; empty if it does not answer.
        workers: How many machines or processes work for it; None if it does not say.
        detail: What is wrong: class names and counts, never data.
    """

    ok: bool
    version: str = ""
    workers: int | None = None
    detail: str = ""


class OutdatedError(WorkspaceError):
    """What a statement reads was replaced meanwhile: look, and ask again."""


class Warehouse(Protocol):
    """Holds the events of each month, with their rollups, coverage and ledger.

    Times are UTC. Columns are those of ``partition.sql``; how rows are kept by month and
    by write besides is its own affair.
    """

    dialect: str
    """Which SQL it speaks, by SQLGlot's name."""

    def prepare(self) -> None:
        """Make what has to be there before the first write; what is there stays."""
        ...

    def look(self) -> None:
        """Take note of what is written by now: relations and months are of this moment.

        They stay so until the next look, so that one answer is made of one moment, though
        others write meanwhile. What this warehouse writes itself is looked at.
        """
        ...

    def months(self) -> list[str]:
        """Return the months that hold anything, in order: ``["2026-11"]``."""
        ...

    def relation(self, table: str, months: Months | None) -> str:
        """Return what stands after FROM, in its SQL, to read *table*.

        Only rows of finished writes, and of *months* if they are given, with exactly the
        columns of ``partition.sql``. The engine gives it an alias. Questions name their own
        views ``events``, ``days`` …: a table of that name has to be qualified.
        """
        ...

    def rewrite(self, tree: exp.Expr) -> exp.Expr:
        """Return *tree*, put together for DuckDB, as its dialect needs it.

        What SQLGlot does not put into other words by itself is done here; for instance
        the function ``text_of(message, parts, variables)``, see ``translation``.
        """
        ...

    def run(self, sql: str) -> pa.Table:
        """Return the answer to one statement in its SQL.

        Raises:
            OutdatedError: what it reads was replaced since the last look.
        """
        ...

    def write(self, month: str, tables: Mapping[str, pa.Table], write_id: str) -> None:
        """Add rows to the *tables* of *month*: seen all at once, or never.

        Done again with the same *write_id*, after whatever a crash left, each row is
        there once. *tables* have the columns and types of ``partition.sql``.
        """
        ...

    def replace(self, month: str, queries: Mapping[str, str]) -> None:
        """Put for each table of *month* the answer to its query in its place, all at once.

        The queries are in its SQL and read the tables they replace. The rows that are
        not in the answers are gone from its storage when this returns.
        """
        ...

    def offer(self, name: str, rows: pa.Table) -> str:
        """Let statements read a small table, and return how they call it.

        A later offer under *name* takes its place.
        """
        ...

    def health(self) -> Health:
        """Say how it is; never raises."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
