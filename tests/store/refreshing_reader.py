"""Reads a workspace that somebody writes to, again and again: run by test_readers.py.

Prints how many batches each state has; ends when it has seen all of them, or a state
that cannot be.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from caseline.store.opening import open_reader

if TYPE_CHECKING:
    from caseline.store.embedded import EmbeddedStore

_RECOUNT = """
    SELECT count(*) FROM (
        (SELECT date_trunc('{unit}', moment) AS at_, count(*) AS n FROM {p}.events GROUP BY 1
         EXCEPT SELECT {unit}, sum(events) FROM {p}.{rollup} GROUP BY 1)
        UNION ALL
        (SELECT {unit}, sum(events) FROM {p}.{rollup} GROUP BY 1
         EXCEPT SELECT date_trunc('{unit}', moment), count(*) FROM {p}.events GROUP BY 1))
"""
_UNSIGNED = "SELECT count(*) FROM {p}.events ANTI JOIN catalog.signatures USING (signature_id)"
_UNKNOWN = "SELECT count(*) FROM {p}.batches b ANTI JOIN catalog.sources USING (source_id)"


def batches_of(store: EmbeddedStore, rows: int) -> int:
    """Return how many batches of *rows* rows in each month the state has, all of it sound."""
    counts = []
    for p in store.partitions.touched_by(None):
        for unit, rollup in (("hour", "hours"), ("day", "days"), ("month", "months")):
            assert store.value(_RECOUNT.format(p=p, unit=unit, rollup=rollup)) == 0, rollup
        assert store.value(_UNSIGNED.format(p=p)) == 0
        assert store.value(_UNKNOWN.format(p=p)) == 0
        sizes = store.hub.execute(
            f"SELECT count(*), min(signature_id) FROM {p}.events GROUP BY signature_id"
        ).fetchall()
        assert all(size == rows for size, _ in sizes), sizes
        assert {name for _, name in sizes} == {f"s-{n}" for n in range(len(sizes))}
        counts.append(len(sizes))
    assert max(counts, default=0) - min(counts, default=0) <= 1
    return min(counts, default=0)


def read(home: Path, key: str | None, *, batches: int, rows: int) -> None:
    """Refresh until all *batches* were seen."""
    store, _ = open_reader(home, key=key)
    seen = -1
    while seen < batches:
        now = batches_of(store, rows)
        assert now >= max(seen, 0)
        seen = now
        sys.stdout.write(f"{seen}\n")
        sys.stdout.flush()
        assert store.refresh()
    store.close()


if __name__ == "__main__":
    read(
        Path(sys.argv[1]),
        sys.argv[2] or None,
        batches=int(sys.argv[3]),
        rows=int(sys.argv[4]),
    )
