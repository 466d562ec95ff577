from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from caseline.store.embedded import EmbeddedStore

BATCHES, ROWS = 10, 400
WRITER = Path(__file__).with_name("crashing_writer.py")

RECOUNT = """
    SELECT count(*) FROM (
        (SELECT date_trunc('{unit}', moment) AS at_, count(*) AS n FROM {p}.events GROUP BY 1
         EXCEPT SELECT {unit}, sum(events) FROM {p}.{rollup} GROUP BY 1)
        UNION ALL
        (SELECT {unit}, sum(events) FROM {p}.{rollup} GROUP BY 1
         EXCEPT SELECT date_trunc('{unit}', moment), count(*) FROM {p}.events GROUP BY 1))
"""


def killed_writer(folder, cpu_seconds):
    run = subprocess.run(
        [sys.executable, str(WRITER), str(folder), str(cpu_seconds), str(BATCHES)],
        stdout=subprocess.PIPE,
        check=False,
    )
    return [int(n) for n in run.stdout.decode().splitlines(keepends=True) if n.endswith("\n")]


def rows_of_batches(store):
    partitions = store.partitions.touched_by(None)
    parts = [f"SELECT source_id, variables[1] AS n FROM {p}.events" for p in partitions]
    if not parts:
        return {}
    sql = f"SELECT n, count(*) FROM ({' UNION ALL '.join(parts)}) GROUP BY n"
    return {int(n): rows for n, rows in store.hub.execute(sql).fetchall()}


def rollups_equal_a_recount(store):
    return all(
        store.value(RECOUNT.format(p=p, unit=unit, rollup=rollup)) == 0
        for p in store.partitions.touched_by(None)
        for rollup, unit in (("hours", "hour"), ("days", "day"), ("months", "month"))
    )


def whole_months(store):
    """Rows a month holds of a batch: all of them or none."""
    sizes = set()
    for p in store.partitions.touched_by(None):
        sizes |= {
            (p, n)
            for (n,) in store.hub.execute(
                f"SELECT count(*) FROM {p}.events GROUP BY variables[1]"
            ).fetchall()
        }
    return len(sizes) <= len(store.partitions.months)


@pytest.mark.parametrize("seed", range(5))
def test_a_killed_writer_loses_nothing_it_acknowledged_and_tears_nothing(tmp_path, seed):
    moment = random.Random(seed).uniform(0.01, 0.8)
    acknowledged = killed_writer(tmp_path, moment)
    store = EmbeddedStore(tmp_path)
    kept = rows_of_batches(store)
    assert all(kept[n] == ROWS for n in acknowledged)
    assert whole_months(store)
    assert rollups_equal_a_recount(store)
    store.close()
    assert len(killed_writer(tmp_path, 600)) == BATCHES
    store = EmbeddedStore(tmp_path)
    assert rows_of_batches(store) == dict.fromkeys(range(BATCHES), ROWS)
    assert rollups_equal_a_recount(store)
    store.close()
