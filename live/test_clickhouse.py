"""Events in ClickHouse: every answer equals the embedded store's, and nothing is torn.

The engine is chDB, ClickHouse's own: behind the HTTP interface of servers/clickhouse if it
runs, else in this process; in processes of their own for those that are killed.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import caseline
from caseline.clock import ManualClock
from caseline.errors import InputError, KeyMismatchError, WorkspaceError
from caseline.store.cluster.catalog import LocalCatalog
from caseline.store.cluster.engine import ClusterEngine
from caseline.store.cluster.translation import literal
from caseline.store.embedded import EmbeddedStore
from caseline.testing.engines import checking
from caseline.testing.engines.asked import ASKED
from caseline.testing.engines.batches import append, drawn_batches
from caseline.testing.engines.checking import check_engine, drop_from_oracle
from caseline.testing.engines.fleet import decide, load_fleet

pytest.importorskip("chdb", reason="no chDB: run `make live`")
clickhouse = pytest.importorskip("caseline.store.cluster.clickhouse")
server_of = pytest.importorskip("caseline.store.cluster.clickhouse_server").connect_clickhouse

SERVER = os.environ.get("CASELINE_CLICKHOUSE", "")
WRITER = Path(__file__).with_name("crashing_writer.py")
NAMES = (f"w{os.getpid()}_{number}" for number in count())
SOME = [a for a in ASKED if a.question in {"events", "signature_days", "top_signatures_ever"}]
THOROUGH = bool(os.environ.get("CASELINE_LIVE_THOROUGH"))
"""Every question four ways, before and after each upkeep: minutes more."""
ROLLUPS = {"hours": "toStartOfHour", "days": "toStartOfDay", "months": "toStartOfMonth"}


def url_of(database: str) -> str:
    """Return the URL of *database* on the server, or in this process if there is none."""
    return f"{SERVER}/{database}" if SERVER else f"chdb://?database={database}"


@pytest.fixture
def warehouse():
    opened = clickhouse.ClickHouseWarehouse(server_of(url_of(next(NAMES))))
    yield opened
    opened.close()


@pytest.fixture
def engine(warehouse):
    opened = ClusterEngine(warehouse, LocalCatalog())
    yield opened
    opened.close()


@pytest.fixture
def oracle(tmp_path):
    opened = EmbeddedStore(tmp_path)
    yield opened
    opened.close()


def rows(warehouse, table: str) -> int:
    """Return how many rows of *table* exist."""
    sql = f"SELECT count() AS n FROM {warehouse.relation(table, None)} t"
    return warehouse.run(sql)["n"][0].as_py()


def stored(warehouse, table: str) -> int:
    """Return how many rows of *table* the server keeps, seen or not."""
    return warehouse._server.value(f"SELECT count() FROM {warehouse._database}.{table}")


# the answers ------------------------------------------------------------------------


def test_every_question_is_answered_as_the_embedded_store_does(engine, oracle, warehouse):
    for each in (engine, oracle):
        load_fleet(each)
    for batch in drawn_batches(np.random.default_rng(7)):
        assert append(engine, batch) == append(oracle, batch)
    check_engine(engine, oracle, SOME)
    for each in (engine, oracle):
        decide(each)
    assert check_engine(
        engine, oracle, ways=checking.THOROUGH if THOROUGH else checking.QUICK
    ) > len(ASKED)
    assert engine.compact(force=True) == warehouse.months()
    check_engine(engine, oracle, ASKED if THOROUGH else SOME)
    engine.drop_customer("c'4")
    drop_from_oracle(oracle, "c'4")
    check_engine(engine, oracle, ASKED if THOROUGH else SOME)


POSTGRES = os.environ.get("CASELINE_POSTGRES", "")
NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)


@pytest.mark.skipif(not (SERVER and POSTGRES), reason="no servers: run `make live`")
def test_the_public_face_says_the_same_on_clickhouse_with_its_catalog_in_postgres(tmp_path):
    name = next(NAMES)
    url = f"{SERVER}/{name}?catalog={POSTGRES}?schema={name}"
    told = [asked_of_a_workspace(where) for where in (tmp_path / "embedded", url)]
    assert told[0] == told[1]
    with caseline.open(url, key="a long random key", read_only=True) as ws:
        assert [top["events"] for top in ws.signatures.top()] == [200]
    with pytest.raises(KeyMismatchError):
        caseline.open(url, key="another key")


def asked_of_a_workspace(where: str | Path) -> list[object]:
    """Return what a workspace says, through its public face, after taking in some lines."""
    lines = [
        f"2026-03-0{1 + n % 8} 10:00:{n % 60:02d},{n:03d} ERROR [w-{n % 3}] Pool - wait {n} ms"
        for n in range(200)
    ]
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
        return [
            report.events,
            top,
            ws.impact.of(name).customers.to_dicts(),
            ws.trends.series(name, by="day", window=window).to_dicts(),
            ws.impact.context("c1", around=NOON).to_dict(),
            ws.as_viewer("bo", customers=["c2"]).signatures.top().to_dicts(),
            ws.events(text="WAIT 7").to_dicts(),
        ]


TEXT = st.text(alphabet=st.sampled_from("aß漢\\'\"`{}:$%?;-/*\n\t\0 x_"), max_size=12)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(TEXT, max_size=3), one=TEXT, moment=st.datetimes())
def test_values_come_back_as_they_were_given(warehouse, values, one, moment):
    told = [literal(value, warehouse) for value in (one, values, moment)]
    found = warehouse.run(f"SELECT {told[0]} AS a, {told[1]} AS b, {told[2]} AS c").to_pylist()
    assert [found[0]["a"], found[0]["b"]] == [one, values]
    assert found[0]["c"].replace(tzinfo=None) == moment


def test_what_is_offered_is_read_as_it_was(warehouse):
    warehouse.prepare()
    rules = pa.array([["number"], [], None], pa.list_(pa.string()))
    given = pa.table({"name": ["a", "b", "c"], "rules": rules, "flag": [True, None, False]})
    name = warehouse.offer("things", given)
    assert warehouse.run(f"SELECT * FROM {name} ORDER BY name").to_pylist() == given.to_pylist()
    later = warehouse.offer("things", given.slice(1))
    assert warehouse.run(f"SELECT name FROM {later} ORDER BY 1")["name"].to_pylist() == ["b", "c"]


# writing ----------------------------------------------------------------------------


def ledger_of(ids: list[str]) -> pa.Table:
    times = pa.array([0] * len(ids), pa.timestamp("us"))
    numbers = pa.array([1] * len(ids), pa.int64())
    return pa.table(
        {
            "batch_id": ids,
            "source_id": ids,
            "received_at": times,
            "events": numbers,
            "duplicates": numbers,
        }
    )


def test_a_write_done_again_is_there_once(warehouse):
    warehouse.prepare()
    for _ in range(2):
        warehouse.write("2026-03", {"batches": ledger_of(["a", "b"])}, "write-1")
    assert rows(warehouse, "batches") == 2
    warehouse.write("2026-03", {"batches": ledger_of(["a", "b"])}, "write-2")
    assert rows(warehouse, "batches") == 4
    assert warehouse.months() == ["2026-03"]


@pytest.mark.parametrize("at_call", range(1, 9))
def test_a_write_that_stops_half_way_is_not_seen_and_is_completed_by_doing_it_again(
    warehouse, monkeypatch, at_call
):
    warehouse.prepare()
    warehouse.write("2026-03", {"batches": ledger_of(["old"])}, "write-0")
    written = {"batches": ledger_of(["a"]), "coverage": pa.table(COVERAGE)}
    stop_at(warehouse, monkeypatch, at_call)
    try:
        warehouse.write("2026-03", written, "write-1")
    except KeyboardInterrupt:
        assert [rows(warehouse, t) for t in written] == [1, 0]
    monkeypatch.undo()
    warehouse.write("2026-03", written, "write-1")
    assert [rows(warehouse, t) for t in written] == [2, 1]


COVERAGE = {
    "source_id": ["s"], "environment_id": ["e"], "host": [None], "timed": [True],
    **{
        name: pa.array([0], pa.timestamp("us"))
        for name in ("starts_at", "ends_at", "told_from", "told_to", "received_at")
    },
    "events": [1],
}  # fmt: skip


def stop_at(warehouse, monkeypatch, call: int) -> None:
    """Let the server be asked no more at its *call*-th change."""
    calls = count(1)

    def stopping(real):
        def asked(*args):
            if next(calls) >= call:
                raise KeyboardInterrupt
            return real(*args)

        return asked

    for name in ("do", "insert"):
        monkeypatch.setattr(warehouse._server, name, stopping(getattr(warehouse._server, name)))


@pytest.mark.parametrize("at_call", range(1, 12))
def test_a_replacing_that_stops_half_way_shows_all_old_or_all_new(warehouse, monkeypatch, at_call):
    warehouse.prepare()
    written = {"batches": ledger_of(["a", "b"]), "coverage": pa.table(COVERAGE)}
    warehouse.write("2026-03", written, "write-1")
    warehouse.write("2026-04", written, "write-1")
    months = ("2026-03", "2026-03")
    fewer = {
        "batches": f"SELECT * FROM {warehouse.relation('batches', months)} b WHERE batch_id = 'a'",
        "coverage": f"SELECT * FROM {warehouse.relation('coverage', months)} c WHERE false",
    }
    stop_at(warehouse, monkeypatch, at_call)
    try:
        warehouse.replace("2026-03", fewer)
    except KeyboardInterrupt:
        monkeypatch.undo()
    assert [rows(warehouse, t) for t in written] in ([4, 2], [3, 1])
    monkeypatch.undo()
    warehouse.prepare()
    warehouse.replace("2026-03", fewer)
    assert [rows(warehouse, t) for t in written] == [3, 1]
    assert [stored(warehouse, t) for t in written] == [3, 1]


def test_a_question_that_meets_a_replacing_is_asked_again(warehouse, monkeypatch):
    warehouse.prepare()
    warehouse.write("2026-03", {"batches": ledger_of(["a", "b"])}, "write-1")
    other = clickhouse.ClickHouseWarehouse(warehouse._server)
    query = {"batches": f"SELECT * FROM {warehouse.relation('batches', None)} b"}
    real = other._filled
    replacing = iter([True])

    def meanwhile(sql, ledger):
        told = real(sql, ledger)
        if next(replacing, False):
            warehouse.replace("2026-03", query)
        return told

    monkeypatch.setattr(other, "_filled", meanwhile)
    assert rows(other, "batches") == 2
    monkeypatch.setattr(
        other, "_filled", lambda *a: (warehouse.replace("2026-03", query), real(*a))[1]
    )
    with pytest.raises(WorkspaceError, match="again and again"):
        rows(other, "batches")


def test_what_others_offered_is_dropped_by_a_replacing_and_made_again_when_asked(warehouse):
    warehouse.prepare()
    warehouse.write("2026-03", {"batches": ledger_of(["a"])}, "write-1")
    other = clickhouse.ClickHouseWarehouse(warehouse._server)
    name = other.offer("customers", pa.table({"customer_id": ["c1"]}))
    warehouse.replace(
        "2026-03", {"batches": f"SELECT * FROM {warehouse.relation('batches', None)} b"}
    )
    exists = f"EXISTS TABLE {name}"
    assert warehouse._server.value(exists) == 0
    assert other.run(f"SELECT customer_id FROM {name}").to_pylist() == [{"customer_id": "c1"}]
    other._drop_offers(own=True)
    assert warehouse._server.value(exists) == 0
    with pytest.raises(WorkspaceError, match="error 60"):
        other.run(f"SELECT 1 FROM {warehouse._database}.never_offered")


def test_a_dropped_customer_is_in_no_live_file(engine, warehouse):
    load_fleet(engine)
    for batch in drawn_batches(np.random.default_rng(3), batches=2):
        append(engine, batch)
    engine.ask("top_signatures_ever", by="events", limit=5)
    engine.drop_customer("c'4")
    for table in ("events", "hours", "days", "months"):
        sql = f"SELECT count() FROM {warehouse._database}.{table} WHERE customer_id = 'c\\'4'"
        assert warehouse._server.value(sql) == 0


def test_wrong_names_are_refused_and_a_closed_server_is_not_well(warehouse):
    with pytest.raises(InputError, match="database"):
        server_of(url_of("a;b"))
    warehouse.prepare()
    with pytest.raises(InputError, match="write_id"):
        warehouse.write("2026-03", {}, "it's")
    assert warehouse.health().ok
    assert warehouse.health().version.startswith("ClickHouse 2")
    with pytest.raises(WorkspaceError, match="error 62"):
        warehouse.run("SELEC 'secret'")


def test_a_server_that_is_away_or_refuses_the_password_is_told_without_it():
    for url in (
        "clickhouse://ana:hidden-word@127.0.0.1:1/db",
        SERVER.replace("let-me", "hidden-word"),
    ):
        if url:
            with pytest.raises(WorkspaceError, match="cannot be reached") as told:
                server_of(url)
            assert "hidden-word" not in str(told.value)


# killed -----------------------------------------------------------------------------

CHECK = """
    import json, sys
    from pathlib import Path
    sys.path.insert(0, {live!r})
    from crashing_writer import open_engine
    from test_clickhouse import found_in
    engine = open_engine(Path(sys.argv[1]))
    print(json.dumps(found_in(engine)))
    engine.close()
"""
ROUNDS = int(os.environ.get("CASELINE_KILLS", "4"))


def found_in(engine) -> dict[str, list[list[int]]]:
    """Return rows of each batch by month, and the sums that rollups hold otherwise."""
    warehouse = engine._warehouse
    events = warehouse.relation("events", None)
    batches = warehouse.run(
        "SELECT toInt64(splitByString(char(31), variables)[1]) AS batch, "
        "toYYYYMM(moment) AS month, count() AS n "
        f"FROM {events} e GROUP BY batch, month ORDER BY batch, month"
    )
    differ = []
    for table, start in ROLLUPS.items():
        counted = f"toUnixTimestamp({start}(moment, 'UTC')) AS t, sum(repeats) AS n"
        summed = f"toUnixTimestamp(toDateTime({table[:-1]}, 'UTC')) AS t, sum(events) AS n"
        told = [
            {(row["t"], row["n"]) for row in warehouse.run(sql).to_pylist()}
            for sql in (
                f"SELECT {counted} FROM {events} e GROUP BY t",
                f"SELECT {summed} FROM {warehouse.relation(table, None)} r GROUP BY t",
            )
        ]
        differ += [list(row) for row in told[0] ^ told[1]]
    return {"batches": [list(row.values()) for row in batches.to_pylist()], "differ": differ}


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_killed_writer_loses_nothing_it_acknowledged_and_tears_nothing(tmp_path, seed):
    whole = {202602: 180, 202603: 220}
    moment = random.Random(seed).uniform(0.05, 4)
    acknowledged = run_writer(tmp_path, moment)
    kept = read_in_a_process_of_its_own(tmp_path)
    assert all(n == whole[month] for _, month, n in kept["batches"])
    assert {(b, m) for b in acknowledged for m in whole} <= {(b, m) for b, m, _ in kept["batches"]}
    assert kept["differ"] == []
    assert run_writer(tmp_path, 600) == list(range(5))
    kept = read_in_a_process_of_its_own(tmp_path)
    assert kept["batches"] == [[b, m, n] for b in range(5) for m, n in whole.items()]
    assert kept["differ"] == []


def run_writer(folder: Path, cpu_seconds: float) -> list[int]:
    """Return the batches that it told to be safe before it was killed, or was through."""
    run = subprocess.run(
        [sys.executable, str(WRITER), str(folder), str(cpu_seconds)],
        stdout=subprocess.PIPE,
        check=False,
    )
    return [int(n) for n in run.stdout.decode().splitlines(keepends=True) if n.endswith("\n")]


def read_in_a_process_of_its_own(folder: Path) -> dict[str, list[list[int]]]:
    """Return what ``found_in`` tells: one process has one folder of chDB open."""
    script = textwrap.dedent(CHECK.format(live=str(WRITER.parent)))
    told = subprocess.run(
        [sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, check=True
    )
    return json.loads(told.stdout)
