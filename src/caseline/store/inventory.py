"""What the catalog knows of each partition, so that one that lost something is missed.

A database file tells whether its own bytes are whole. It cannot tell that it is an older
one, that the end of its log was cut off, or that it is gone. So the catalog notes how many
entries each month's ledger has, and how many events they stand for: with the next change
of the catalog, which every ingest ends with, and when the workspace is closed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

RESTORED = "restored"
"""A file that a restored workspace has until it is opened to be written."""
_PREFIX = "ledger "
_COUNTED = "SELECT count(*), CAST(coalesce(sum(events), 0) AS BIGINT) FROM {}.batches"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a partition's ledger holds.

    Args:
        entries: Batches.
        events: Events they brought.
    """

    entries: int = 0
    events: int = 0


class Inventory:
    """What was noted of the ledgers of one workspace.

    Args:
        hub: The connection, with the catalog attached.
    """

    def __init__(self, hub: duckdb.DuckDBPyConnection) -> None:
        self._hub = hub
        self.pending: dict[str, Holding] = {}
        rows = hub.execute(
            "SELECT name, value FROM catalog.meta WHERE starts_with(name, $prefix)",
            {"prefix": _PREFIX},
        ).fetchall()
        self.noted = {name.removeprefix(_PREFIX): Holding(**json.loads(v)) for name, v in rows}

    def changed(self, month: str, partition: str) -> None:
        """Count the ledger of *month* in *partition*, to be noted."""
        self.pending[month] = counted(self._hub, partition)

    def write(self) -> None:
        """Note what has changed; the caller holds a transaction of the catalog."""
        for month, holding in list(self.pending.items()):
            self.note(month, holding)

    def note(self, month: str, holding: Holding) -> None:
        """Note *holding* for *month*; the caller holds a transaction of the catalog."""
        self.forget(month)
        value = json.dumps({"entries": holding.entries, "events": holding.events})
        self._hub.execute(
            "INSERT INTO catalog.meta VALUES ($name, $value)",
            {"name": _PREFIX + month, "value": value},
        )
        self.noted[month] = holding

    def forget_if_restored(self, folder: Path) -> None:
        """Expect nothing, if *folder* was restored from a backup.

        A backup of a running workspace has the catalog of a moment after its months' own;
        the caller holds a transaction of the catalog.
        """
        if not (folder / RESTORED).exists():
            return
        for month in list(self.noted):
            self.forget(month)
        (folder / RESTORED).unlink()

    def forget(self, month: str) -> None:
        """Expect nothing of *month* any more; the caller holds a transaction of the catalog."""
        self._hub.execute("DELETE FROM catalog.meta WHERE name = $name", {"name": _PREFIX + month})
        self.noted.pop(month, None)
        self.pending.pop(month, None)


def forget_all(hub: duckdb.DuckDBPyConnection, catalog: str) -> None:
    """Expect nothing of any month by *catalog*, a copy whose months will be others."""
    hub.execute(f"DELETE FROM {catalog}.meta WHERE starts_with(name, $prefix)", {"prefix": _PREFIX})


def counted(hub: duckdb.DuckDBPyConnection, partition: str) -> Holding:
    """Return what the ledger of *partition* holds."""
    entries, events = hub.execute(_COUNTED.format(partition)).fetchone() or (0, 0)
    return Holding(entries=entries, events=events)
