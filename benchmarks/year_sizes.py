"""What a workspace takes on disk, by table and by group of columns.

Each piece of a column says in which block it starts, and where in it; pieces of several
columns share a block. A piece ends where the next one of its block starts.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from pathlib import Path

GROUPS = {
    "times": ("moment", "timed", "occurred_at", "written_at", "received_at", "time_quality"),
    "identity of place": (
        "environment_id", "customer_id", "share_group", "version", "stage", "region",
        "service", "host",
    ),
    "signature": ("signature_id", "severity", "severity_text", "repeats", "lines"),
    "variables": ("variables", "message"),
    "trace": ("trace_id",),
    "source": ("source_id",),
}  # fmt: skip
"""The columns of events, by what they tell."""
_GROUP_OF = {column: group for group, columns in GROUPS.items() for column in columns}
_PIECES = """
    SELECT '{table}' AS in_table, column_name, block_id, block_offset,
           len(additional_block_ids) AS more
    FROM pragma_storage_info('{table}')
    WHERE persistent AND block_id >= 0
"""
_SIZES = """
    WITH pieces AS ({pieces}),
    ends AS (
        SELECT *, lead(block_offset, 1, {block}) OVER (
            PARTITION BY block_id ORDER BY block_offset, more) AS ends_at
        FROM pieces)
    SELECT in_table, column_name, sum(ends_at - block_offset + more * {block})
    FROM ends GROUP BY ALL
"""


def sizes(workspace: Path) -> dict[str, int]:
    """Return bytes on disk: ``events: times`` and so on, each other table, the catalog, the rest.

    Args:
        workspace: A closed workspace in clear.
    """
    found: Counter[str] = Counter()
    total = 0
    for path in sorted(workspace.rglob("*")):
        if not path.is_file():
            continue
        total += path.stat().st_size
        if path.suffix == ".duckdb" and path.parent.name == "events":
            found.update(_sizes_of(path))
        elif path.name.startswith("catalog."):
            found["catalog"] += path.stat().st_size
    found["free and shared blocks"] = total - found.total()
    return dict(found)


def _sizes_of(path: Path) -> Counter[str]:
    """Return the bytes of one partition."""
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = [row[0] for row in connection.execute("SHOW TABLES").fetchall()]
        block = connection.execute("SELECT block_size FROM pragma_database_size()").fetchone()
        pieces = " UNION ALL ".join(_PIECES.format(table=table) for table in tables)
        sql = _SIZES.format(pieces=pieces, block=block[0] if block else 0)
        rows = connection.execute(sql).fetchall()
    found: Counter[str] = Counter()
    for table, column, size in rows:
        name = f"events: {_GROUP_OF.get(column, column)}" if table == "events" else table
        found[name] += int(size)
    return found
