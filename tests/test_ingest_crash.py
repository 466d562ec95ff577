from __future__ import annotations

import io
import random
import subprocess
import sys
import tarfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import caseline

NOW = datetime(2026, 4, 3, tzinfo=UTC)
CHILD = Path(__file__).with_name("killed_ingest.py")
FILES, LINES = 8, 400


def line(file, number):
    at = datetime(2026, 3, 31, 20, tzinfo=UTC) + timedelta(minutes=file * 60, seconds=number)
    said = f"step {number} of run {file} done"
    return f"{at:%Y-%m-%d %H:%M:%S},000 INFO [w] shop.Job{file} - {said}\n"


@pytest.fixture
def bundle(tmp_path):
    path = tmp_path / "bundle.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for file in range(FILES):
            data = "".join(line(file, n) for n in range(LINES)).encode()
            entry = tarfile.TarInfo(f"logs/app{file}.log")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path


def workspace(folder):
    ws = caseline.open(folder, clock=caseline.ManualClock(NOW))
    ws.fleet.load(
        customers=[{"customer_id": "acme"}],
        environments=[{"environment_id": "acme-prod", "kind": "single_tenant"}],
        tenancies=[{"customer_id": "acme", "environment_id": "acme-prod"}],
    )
    return ws


@pytest.mark.parametrize("seed", range(4))
def test_an_ingest_killed_at_any_moment_is_completed_by_doing_it_again(tmp_path, bundle, seed):
    folder = tmp_path / "support"
    workspace(folder).close()
    moment = random.Random(seed).uniform(0.1, 2.5)
    subprocess.run([sys.executable, str(CHILD), str(folder), str(bundle), str(moment)], check=False)
    with workspace(folder) as ws:
        kept = Counter(event.message for event in ws.events(limit=10_000))
        assert set(kept.values()) <= {1}
        report = ws.ingest(bundle, environment="acme-prod")
        assert report.events + len(kept) == FILES * LINES
        assert report.lines == FILES * LINES
        whole = Counter(event.message for event in ws.events(limit=10_000))
        assert len(whole) == FILES * LINES
        assert set(whole.values()) == {1}
        assert sum(row.events for row in ws.signatures.top(limit=100)) == FILES * LINES
