from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from caseline.store.embedded import EmbeddedStore
from caseline.store.verifying import verify

WRITER = Path(__file__).with_name("crashing_writer.py")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
KILLS = 5
"""Of one workspace, one after the other: each meets what the one before has left."""
CRASHES = os.environ.get("CASELINE_CRASHES")
"""How many; if it is given, all is recounted after each of them, not only in the end."""
PLANS = range(int(CRASHES or 5) // KILLS)


def killed(writer, folder, plan, rng):
    """Run the writer and kill it; return the words it has said by then.

    At a random moment after a random word, among them that it opens (and replays its log)
    or closes (and moves the log into the file); or when some CPU time is used up.
    """
    cpu_seconds = rng.uniform(0.01, 0.8) if rng.random() < 0.2 else 0
    command = [sys.executable, str(WRITER), str(folder), str(plan), str(cpu_seconds)]
    said = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if not cpu_seconds:
            moment = rng.choice(["opening", "closing", str(rng.randrange(writer.STEPS))])
            while not said or said[-1] != moment:
                said.append(process.stdout.readline().strip())
                assert said[-1]
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=rng.uniform(0, 0.1))
            process.kill()
        said += process.stdout.read().split()
    return said


def rows_by_month(writer, plan):
    """What each batch of *plan* has in each month: the truth."""
    due = Counter()
    for number, kind in enumerate(writer.plan(plan)):
        if kind not in ("compact", "save"):
            months = writer.batch(number, kind).frame["occurred_at"].dt.strftime("%Y-%m")
            due.update((number, month) for month in months)
    return due


def stored_by_month(store):
    found = {}
    for month in store.partitions.months:
        p = store.partitions.attached(month)
        rows = store.hub.execute(f"SELECT variables, count(*) FROM {p}.events GROUP BY 1")
        found |= {(int(number), month): n for number, n in rows.fetchall()}
    return found


def looked_at(writer, folder, plan, safe, *, recounted=True):
    """Assert that what is *safe* is there, and nothing is half there; return what is."""
    store = EmbeddedStore(folder)
    found, due = stored_by_month(store), rows_by_month(writer, plan)
    assert all(found[key] == due[key] for key in found)
    assert all(found.get(key) == due[key] for key in due if str(key[0]) in safe)
    saved = dict(store.hub.execute("SELECT word, count(*) FROM catalog.vocabulary GROUP BY 1")
                 .fetchall())  # fmt: skip
    assert set(saved.values()) <= {200}
    steps = enumerate(writer.plan(plan))
    assert {f"w{n}" for n, kind in steps if kind == "save" and str(n) in safe} <= saved.keys()
    if recounted:
        report = verify(store, as_of=NOW)
        assert report.sound, report.notes
    store.close()
    return found


@pytest.mark.parametrize("plan", PLANS)
def test_a_writer_killed_again_and_again_loses_nothing_acknowledged_and_tears_nothing(
    tmp_path, writer, plan
):
    rng = random.Random(plan)
    folder, copy = tmp_path / "ws", tmp_path / "copy"
    folder.mkdir()
    safe = set()
    for _ in range(KILLS):
        safe |= set(killed(writer, folder, plan, rng))
        shutil.copytree(folder, copy)
        looked_at(writer, copy, plan, safe, recounted=CRASHES is not None)
        shutil.rmtree(copy)
    writer.work(folder, writer.plan(plan))
    assert looked_at(writer, folder, plan, safe) == rows_by_month(writer, plan)


def test_a_file_whose_making_was_cut_short_is_made_again(tmp_path, writer):
    store = EmbeddedStore(tmp_path)
    store.close()
    (tmp_path / "events").mkdir()
    for name in ("events/2026-01.duckdb.new", "events/2026-01.duckdb.new.wal"):
        (tmp_path / name).write_bytes(b"half of it")
    writer.work(tmp_path, ["append"])
    store = EmbeddedStore(tmp_path)
    assert sum(stored_by_month(store).values()) == writer.ROWS
    assert not list(tmp_path.rglob("*.new*"))
    store.close()


def test_what_was_not_noted_before_a_crash_is_not_missed_after_it(tmp_path, writer):
    folder, copy = tmp_path / "ws", tmp_path / "copy"
    folder.mkdir()
    store = EmbeddedStore(folder)
    writer.append(store, 0, "append")
    shutil.copytree(folder, copy)
    store.close()
    store = EmbeddedStore(copy)
    assert store.inventory.noted == {}
    assert isinstance(verify(store, as_of=NOW).to_frame(), pl.DataFrame)
    assert verify(store, as_of=NOW).sound
    store.close()
