"""Looks at every file of a workspace: whether it opens, can be read, and adds up."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import duckdb
import polars as pl

from caseline.errors import WorkspaceError
from caseline.records.verification import SOUND, Verification
from caseline.store.faults import is_damage
from caseline.store.reading import read_all, tables_of
from caseline.store.recounts import RECOUNTS
from caseline.store.schema import KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from caseline.store.embedded import EmbeddedStore

    Verdict = Literal["sound", "differs", "damaged", "missing"]

_COLUMNS = {
    "file": pl.String,
    "check": pl.String,
    "verdict": pl.String,
    "rows": pl.Int64,
    "wrong": pl.Int64,
    "detail": pl.String,
}
_CATALOG = "catalog.duckdb"
_LEDGER = """
    WITH due AS (SELECT source_id, sum(events) AS n FROM {p}.batches GROUP BY 1),
    found AS (SELECT source_id, count(*) AS n FROM {p}.events GROUP BY 1)
    SELECT (SELECT count(*) FROM {p}.batches),
           count(*) FILTER (coalesce(due.n, 0) <> coalesce(found.n, 0))
    FROM due FULL JOIN found USING (source_id)
"""
_KNOWN = """
    SELECT count(*), count(*) FILTER (k.{column} IS NULL)
    FROM (SELECT DISTINCT {column} FROM {p}.{table}) u
    LEFT JOIN (SELECT DISTINCT {column} FROM catalog.{kind}) k USING ({column})
"""
_DISTINCT = """
    SELECT count(*), count(*) - count(DISTINCT ({columns})) FROM catalog.{table}
"""
_TOLD: dict[str, str] = {
    "ledger": "sources whose events are not as many as their batches brought",
    "signatures": "signatures of events that the catalog does not know",
    "sources": "sources of batches that the catalog does not know",
    "keys": "rows of the catalog whose key another row has",
}


def verify(store: EmbeddedStore, *, as_of: datetime) -> Verification:
    """Look at every file of *store*.

    Of the catalog: every block, and that keys tell rows apart. Of each month: that it is
    there, opens, has all that it had, every block, every rollup against a recount of its
    events, its ledger against its events, and that the catalog knows their signatures and
    sources. Blocks that this process holds in memory are not fetched from the disk again.

    Args:
        store: The open store; read-only is enough.
        as_of: When this is.
    """
    with store.alone():
        rows = list(_catalog(store))
        for month in store.partitions.months:
            rows += _partition(store, month)
    frame = pl.DataFrame(rows, schema=_COLUMNS, orient="row")
    notes = [f"{r[0]}: {r[1]}: {r[5]}" for r in rows if r[2] != SOUND]
    return Verification("verification", frame, as_of=as_of, notes=notes)


Found = tuple[str, str, str, int, int, str]


def _catalog(store: EmbeddedStore) -> Iterator[Found]:
    yield from _readable(store, _CATALOG, "catalog")

    def keys() -> tuple[int, int]:
        tables = [table for table in tables_of(store.hub, "catalog") if table in KEYS]
        sums = [_numbers(store, _distinct(table)) for table in tables]
        return sum(rows for rows, _ in sums), sum(wrong for _, wrong in sums)

    yield _checked(_CATALOG, "keys", keys)


def _distinct(table: str) -> str:
    columns = ", ".join(f'coalesce(CAST("{name}" AS VARCHAR), chr(31))' for name in KEYS[table])
    return _DISTINCT.format(columns=columns, table=table)


def _partition(store: EmbeddedStore, month: str) -> Iterator[Found]:
    file = f"events/{month}.duckdb"
    try:
        p = store.partitions.attached(month)
    except WorkspaceError as error:
        there = store.partitions.path_of(month).exists()
        yield file, "opens", "damaged" if there else "missing", 0, 0, str(error)
        return
    yield file, "opens", SOUND, 0, 0, ""
    yield from _readable(store, file, p)
    for table, recount in RECOUNTS.items():
        yield _checked(file, table, partial(recount, store, p), "rows that a recount has not")
    yield _checked(file, "ledger", lambda: _numbers(store, _LEDGER.format(p=p)))
    known = {"p": p, "column": "signature_id", "table": "events", "kind": "signatures"}
    yield _checked(file, "signatures", lambda: _numbers(store, _KNOWN.format(**known)))
    sources = {"p": p, "column": "source_id", "table": "batches", "kind": "sources"}
    yield _checked(file, "sources", lambda: _numbers(store, _KNOWN.format(**sources)))


def _readable(store: EmbeddedStore, file: str, database: str) -> Iterator[Found]:
    read = list(read_all(store.hub, database))
    rows = sum(count for _, count, _ in read)
    bad = [table for table, _, error in read if error is not None]
    verdict = "damaged" if bad else SOUND
    yield file, "readable", verdict, rows, len(bad), ", ".join(bad)


def _checked(
    file: str, check: str, count: Callable[[], tuple[int, int]], wrong_is: str = ""
) -> Found:
    """Return what *check* finds: *count* gives rows looked at, and how many are wrong."""
    try:
        rows, wrong = count()
    except duckdb.Error as error:
        if not is_damage(error):
            raise
        return file, check, "damaged", 0, 0, "cannot be counted: blocks are damaged"
    if not wrong:
        return file, check, SOUND, rows, 0, ""
    return file, check, "differs", rows, wrong, f"{wrong} {wrong_is or _TOLD[check]}"


def _numbers(store: EmbeddedStore, sql: str) -> tuple[int, int]:
    rows, wrong = store.hub.execute(sql).fetchone() or (0, 0)
    return int(rows), int(wrong)
