"""Spark answers as the embedded store does; killed clients and workers tear nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pyarrow.parquet as pq
import pytest

import caseline
from caseline.clock import ManualClock
from caseline.errors import WorkspaceError
from caseline.store.cluster.catalog import LocalCatalog
from caseline.store.cluster.engine import ClusterEngine
from caseline.store.cluster.spark import SparkWarehouse
from caseline.store.embedded import EmbeddedStore
from caseline.testing.engines.asked import ASKED
from caseline.testing.engines.batches import append, drawn_batches
from caseline.testing.engines.checking import OWNER, THOROUGH, check_engine, drop_from_oracle
from caseline.testing.engines.fleet import decide, load_fleet

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")

URL = urlsplit(os.environ.get("CASELINE_SPARK", "spark://127.0.0.1:1/nowhere"))
DATA = Path(os.environ.get("CASELINE_SPARK_DATA", "nowhere"))
SERVER = Path(__file__).parent / "servers" / "spark"
REMOTE = f"sc://{URL.netloc}"
FEW = [a for a in ASKED if a.question in {"events", "signature_days", "top_signatures_ever"}]
EACH, WAYS = list({a.question: a for a in ASKED}.values()), OWNER
if os.environ.get("CASELINE_LIVE_THOROUGH"):  # every question four ways: minutes more
    EACH, WAYS = list(ASKED), THOROUGH
NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)


def connected(name):
    return ClusterEngine(SparkWarehouse(REMOTE, Path(URL.path) / name), LocalCatalog())


@pytest.fixture
def oracle(tmp_path):
    (tmp_path / "oracle").mkdir()
    opened = EmbeddedStore(tmp_path / "oracle")
    load_fleet(opened)
    yield opened
    opened.close()


@pytest.fixture
def engine(request):
    opened = connected(request.node.name)
    load_fleet(opened)
    yield opened
    opened.close()


def kill_worker(number):
    """Kill a worker and its executors as a machine that loses its power would."""
    pid = int((DATA / "pids" / f"worker-{number}").read_text())
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, check=False
    )
    for each in (pid, *map(int, found.stdout.split())):
        os.kill(each, signal.SIGKILL)


def start_worker(number):
    subprocess.run([SERVER / "worker", DATA, str(number)], check=True)


def test_it_answers_every_question_as_the_embedded_store_before_and_after_upkeep(engine, oracle):
    batches = drawn_batches(np.random.default_rng(7), batches=3)
    for batch in batches:
        assert append(engine, batch) == append(oracle, batch)
    for batch in batches[:2]:  # late, and known already
        assert append(engine, batch) == (0, batch.frame.height)
    check_engine(engine, oracle, FEW, ways=OWNER)
    engine.compact(force=True)
    decide(engine)
    decide(oracle)
    assert check_engine(engine, oracle, EACH, ways=WAYS) >= len(EACH)
    check_engine(engine, oracle, FEW, ways=THOROUGH)
    engine.drop_customer("c'4")
    drop_from_oracle(oracle, "c'4")
    check_engine(engine, oracle, FEW, ways=OWNER)
    files = list(Path(URL.path).glob("*/*/events/*/*.parquet"))
    assert files
    for file in files:
        assert "c'4" not in pq.read_table(file)["customer_id"].to_pylist()


def test_the_public_face_says_the_same(tmp_path):
    lines = [
        f"2026-03-0{1 + n % 8} 10:00:{n % 60:02d},{n:03d} ERROR [w-{n % 3}] Pool - wait {n} ms"
        for n in range(200)
    ]
    told = []
    catalog = f"duckdb://{tmp_path}/catalog.duckdb"
    for where in (tmp_path / "embedded", f"spark://{URL.netloc}{URL.path}/face?catalog={catalog}"):
        with caseline.open(where, key="a long random key", clock=ManualClock(NOON)) as ws:
            ws.fleet.load(
                customers=[{"customer_id": "c1"}, {"customer_id": "c2"}],
                environments=[{"environment_id": "e1", "kind": "single_tenant"}],
                tenancies=[{"customer_id": "c1", "environment_id": "e1"}],
            )
            report = ws.ingest(lines, environment="e1")
            window = (NOON - timedelta(days=8), NOON)
            (top,) = ws.signatures.top(window=window)
            name = top["signature_id"]
            told.append(
                (
                    report.events,
                    top,
                    ws.impact.of(name).customers.to_dicts(),
                    ws.trends.series(name, by="day", window=window).to_dicts(),
                    ws.impact.context("c1", around=NOON).to_dict(),
                    ws.as_viewer("bo", customers=["c2"]).signatures.top().to_dicts(),
                    ws.events(text="WAIT 7").to_dicts(),
                )
            )
    assert told[0] == told[1]


WRITER = """
import sys
from pathlib import Path
import numpy as np
from caseline.store.cluster.catalog import LocalCatalog
from caseline.store.cluster.engine import ClusterEngine
from caseline.store.cluster.manifests import SharedFolder
from caseline.store.cluster.spark import SparkWarehouse
from caseline.testing.engines.batches import append, drawn_batches
from caseline.testing.engines.fleet import load_fleet

def waits(self, month, manifest):
    print("files are written", flush=True)
    sys.stdin.read()

SharedFolder.commit = waits
engine = ClusterEngine(SparkWarehouse(sys.argv[1], Path(sys.argv[2])), LocalCatalog())
load_fleet(engine)
append(engine, drawn_batches(np.random.default_rng(9), batches=1)[0])
"""


def test_a_client_killed_before_its_commit_leaves_nothing_and_its_batch_is_completed(
    oracle, tmp_path
):
    folder = Path(URL.path) / "killed"
    program = tmp_path / "writer.py"
    program.write_text(WRITER)
    client = subprocess.Popen(
        [sys.executable, program, REMOTE, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert client.stdout.readline() == b"files are written\n"
    client.kill()
    client.communicate()
    assert list(folder.glob("*/events/*/*.parquet"))
    engine = connected("killed")
    load_fleet(engine)
    (batch,) = drawn_batches(np.random.default_rng(9), batches=1)
    assert engine.ask("version_places").is_empty()
    assert append(engine, batch) == append(oracle, batch)
    check_engine(engine, oracle, FEW, ways=OWNER)
    engine.compact(force=True)
    counted = {month.name: len(list(month.glob("events/*"))) for month in folder.iterdir()}
    assert set(counted.values()) == {1}
    engine.close()


def test_a_worker_killed_amid_append_and_amid_compaction_tears_nothing(engine, oracle, monkeypatch):
    first, second = drawn_batches(np.random.default_rng(11), batches=2)
    append(engine, first)
    append(oracle, first)
    real = engine._warehouse.run
    calls = []

    def run(sql):
        calls.append(sql)
        if len(calls) == 2:
            kill_worker(1)
        return real(sql)

    monkeypatch.setattr(engine._warehouse, "run", run)
    done = append_or_again(engine, second)
    assert len(calls) > 2
    assert done == append(oracle, second)
    check_engine(engine, oracle, FEW, ways=OWNER)
    start_worker(1)
    kill_worker(2)
    compact_or_again(engine)
    start_worker(2)
    check_engine(engine, oracle, FEW, ways=OWNER)


def append_or_again(engine, batch):
    """Append *batch*; if the cluster gave up, do it again: each month counts once."""
    from pyspark.errors import PySparkException

    try:
        return append(engine, batch)
    except PySparkException:
        append(engine, batch)
        return batch_counts(engine, batch)


def batch_counts(engine, batch):
    ledger = engine._questions.run("SELECT batch_id, events, duplicates FROM held.batches")
    own = {part.batch_id for part in batch.parts}
    rows = [row for row in ledger.to_dicts() if row["batch_id"] in own]
    return sum(r["events"] for r in rows), sum(r["duplicates"] for r in rows)


def compact_or_again(engine):
    from pyspark.errors import PySparkException

    try:
        engine.compact(force=True)
    except PySparkException:
        engine.compact(force=True)


def test_health_says_what_answers_and_a_server_that_is_not_there_is_told(engine, tmp_path):
    health = engine.health()
    assert health.ok
    assert health.version.startswith("Spark 4.")
    with pytest.raises(WorkspaceError, match="no Spark Connect server answers at sc://127"):
        SparkWarehouse("sc://127.0.0.1:9", tmp_path / "shared")
