"""What the tables are: their DDL, and the columns that tell their rows apart."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from caseline.errors import InputError
from caseline.records import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = "2"
"""Of the layout on disk; it grows with each migration."""

_TYPES = {
    "text": "VARCHAR",
    "time": "TIMESTAMP",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
}

FROM_OUTSIDE = {t.name: t for t in (*tables.FLEET, tables.TICKETS, tables.MESSAGES)}

KEYS: dict[str, tuple[str, ...]] = {
    "meta": ("name",),
    "signatures": ("signature_id",),
    "shapes": ("shape",),
    "signature_aliases": ("signature_id",),
    "alias_history": ("signature_id", "position"),
    "signature_splits": ("signature_id", "value"),
    "vocabulary": ("word", "customer_id"),
    "lineage": ("from_id", "to_id", "position"),
    "numbers": ("kind", "name"),
    "share_groups": ("share_group", "customer_id"),
    "collections": ("collection_id",),
    "sources": ("source_id",),
    "clock_readings": ("environment_id", "host", "zoned", "slot"),
    "clocks": ("environment_id", "host", "zoned", "received_at", "starts_at"),
    "environment_services": ("environment_id", "service"),
    "signature_services": ("signature_id", "service"),
    "rejects": ("collection_id", "name", "reason", "position"),
    "issues": ("issue_id",),
    "issue_signatures": ("issue_id", "signature_id"),
    "fixes": ("issue_id", "component", "position"),
    "links": ("link_id",),
    "link_decisions": ("link_id", "position"),
    "cause_models": ("version",),
    "cause_delays": ("version", "customer_id"),
    **{name: table.key for name, table in FROM_OUTSIDE.items()},
}
"""The catalog's tables, each with the columns of its key."""

ROLLUPS = {"hours": "hour", "days": "day", "months": "month"}
"""The rollups, each with the column that holds its moment."""

DIMENSIONS = (
    "signature_id",
    "environment_id",
    "customer_id",
    "share_group",
    "version",
    "stage",
    "severity",
)
"""What a rollup counts by, besides its moment."""

SETS = {
    "environments": "environment_id",
    "customers": "customer_id",
    "share_groups": "share_group",
}
"""The bitmaps of reach, each with the column whose values are in it."""


@cache
def catalog_ddl() -> str:
    """Return the statements that make the catalog's tables where they are absent."""
    outside = (_table_ddl(table) for table in FROM_OUTSIDE.values())
    return _read("catalog.sql") + "\n".join(outside)


@cache
def partition_ddl() -> str:
    """Return the statements that make a partition's tables where they are absent."""
    return _read("partition.sql")


@cache
def question_text(name: str) -> str:
    """Return the SQL of a question by its *name*; of a faster way with its folder."""
    return _read(f"questions/{name}.sql")


def key_of(table: str, columns: Sequence[str]) -> list[str]:
    """Return those of *columns* that tell rows of the catalog's *table* apart.

    Raises:
        InputError: there is no such table.

    >>> key_of("vocabulary", ["customer_id", "word", "more"])
    ['word', 'customer_id']
    """
    if table not in KEYS:
        raise InputError(f"no catalog table {table!r}; there are {sorted(KEYS)}")
    return [name for name in KEYS[table] if name in columns]


def _read(path: str) -> str:
    return files("caseline.store").joinpath(path).read_text(encoding="utf-8")


def _table_ddl(table: tables.TableSchema) -> str:
    columns = ", ".join(
        f'"{c.name}" {_TYPES[c.kind]}{" NOT NULL" if c.required else ""}' for c in table.columns
    )
    return f"CREATE TABLE IF NOT EXISTS {table.name} ({columns});"
