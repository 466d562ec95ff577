"""Appends batches to chDB until the kernel ends it: run by test_clickhouse.py.

Its CPU time runs out in the middle of whatever it does: no exit handler, no clean close.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from caseline.store.cluster.catalog import LocalCatalog
from caseline.store.cluster.clickhouse import ClickHouseWarehouse
from caseline.store.cluster.clickhouse_server import connect_clickhouse
from caseline.store.cluster.engine import ClusterEngine
from caseline.testing.engines.batches import append, batch_of
from caseline.testing.engines.fleet import at, load_fleet

BATCHES, ROWS = 5, 400
_EVENT = {
    "time_quality": "exact", "severity": 17, "severity_text": "ERROR", "service": "api",
    "host": "h1", "environment_id": "e1", "customer_id": "c1", "version": "8.1",
    "stage": "production", "region": "eu", "lines": 1, "repeats": 1, "signature_id": "s-took",
}  # fmt: skip


def batch(number: int):
    """Return batch *number*: rows on both sides of a month's end, none like another batch's."""
    events = [
        {
            **_EVENT,
            "occurred_at": at(hours=-12, minutes=4 * row, seconds=number),
            "variables": [str(number)],
            "text": f"took {number} ms",
        }
        for row in range(ROWS)
    ]
    return batch_of(events, number=number)


def open_engine(folder: Path) -> ClusterEngine:
    """Open the engine whose events and catalog are in *folder*."""
    warehouse = ClickHouseWarehouse(connect_clickhouse(f"chdb://{folder / 'events'}"))
    return ClusterEngine(warehouse, LocalCatalog(folder / "catalog.duckdb"))


def write(folder: Path, cpu_seconds: float) -> None:
    """Append all batches, telling each that is safe; merge what was written now and then."""
    engine = open_engine(folder)
    load_fleet(engine)
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    for number in range(BATCHES):
        append(engine, batch(number))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        if number % 3 == 2:
            engine.compact(force=True)
    engine.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]), float(sys.argv[2]))
