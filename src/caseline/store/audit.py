"""The audit log: what was done with the workspace as a whole, by whom, and when."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.store.values import aware, stored

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import duckdb

COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "at": pl.Datetime("us", "UTC"),
    "action": pl.String,
    "by": pl.String,
    "subject": pl.String,
    "details": pl.String,
}
"""Of the log; ``details`` are counts, as JSON."""

_THERE = "SELECT 1 FROM duckdb_tables() WHERE database_name = 'catalog' AND table_name = 'audit'"
"""A workspace of an older version has none until it is opened for writing."""


def subject_of(customer: str, secret: bytes) -> str:
    """Return what the log calls *customer*: nobody can tell who it was without asking for it.

    >>> subject_of("c-1", b"0123456789abcdef") == subject_of("c-1", b"0123456789abcdef")
    True
    """
    digest = hashlib.blake2b(customer.encode(), digest_size=16, key=secret, person=b"audit")
    return f"customer:{digest.hexdigest()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the log says of one deed.

    Args:
        at: When it was asked for.
        action: What was done.
        by: Who asked for it.
        subject: What it was done with.
        details: How much that was.
    """

    at: datetime
    action: str
    by: str
    subject: str = "workspace"
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """The details as the log holds them."""
        return json.dumps(self.details, sort_keys=True)


def write_entry(hub: duckdb.DuckDBPyConnection, database: str, entry: Entry) -> None:
    """Add *entry* to the log in *database*; entries are never changed."""
    hub.execute(
        f"INSERT INTO {database}.audit VALUES ($at, $action, $by, $subject, $details)",
        {
            "at": stored(entry.at),
            "action": entry.action,
            "by": entry.by,
            "subject": entry.subject,
            "details": entry.told,
        },
    )


def read_entries(hub: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Return the log, oldest first: see ``COLUMNS``."""
    if not hub.execute(_THERE).fetchall():
        return pl.DataFrame(schema=COLUMNS)
    found = hub.execute('SELECT * FROM catalog.audit ORDER BY "at", rowid').pl()
    return aware(found).select(list(COLUMNS))
