"""What the Spark warehouse does by itself: files, manifests, views, errors; no server."""

from __future__ import annotations

import socket
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from caseline.errors import MissingExtraError, SourceError, WorkspaceError
from caseline.store.cluster import spark
from caseline.store.cluster.catalog import LocalCatalog
from caseline.store.cluster.spark import SparkWarehouse
from caseline.store.cluster.warehouse import OutdatedError
from caseline.store.schema import KEYS

BATCHES = pa.table({"batch_id": ["b"], "events": pa.array([1], pa.uint32())})
DAYS = pa.table({"day": ["d"], "variables": pa.array([["x"]], pa.large_list(pa.large_string()))})


class Session:
    """Takes down what is asked of Spark; writes a file where Spark would."""

    version = "4.2.0"

    def __init__(self):
        self.asked, self.views, self.error = [], {}, None
        self.read = self.catalog = self

    def schema(self, _):
        return self

    def parquet(self, *paths):
        return Frame(self, paths)

    def createDataFrame(self, rows):  # noqa: N802 - Spark's name
        return Frame(self, rows)

    def dropTempView(self, name):  # noqa: N802
        del self.views[name]

    def sql(self, text):
        self.asked.append(text)
        if self.error is not None:
            raise self.error
        return Frame(self, text)

    def stop(self):
        self.asked.append("stop")


class Frame:
    def __init__(self, session, held):
        self.session, self.held, self.write = session, held, self

    def createOrReplaceTempView(self, name):  # noqa: N802
        self.session.views[name] = self.held

    def toArrow(self):  # noqa: N802
        return pa.table({"one": [1]})

    def coalesce(self, _):
        return self

    def parquet(self, path):
        path = spark.Path(path)
        path.mkdir(parents=True)
        pq.write_table(BATCHES, path / "part-0.parquet")


@pytest.fixture
def session(monkeypatch):
    made = Session()
    monkeypatch.setattr(spark, "_connected", lambda _: made)
    return made


@pytest.fixture
def warehouse(tmp_path, session):
    made = SparkWarehouse("sc://127.0.0.1:9", tmp_path / "shared")
    made.prepare()
    return made


def files(warehouse, table):
    return sorted(warehouse._folder.root.glob(f"*/{table}/*/*.parquet"))


def test_a_write_is_read_by_whoever_looks_after_it(warehouse, session, tmp_path):
    reader = SparkWarehouse("sc://127.0.0.1:9", tmp_path / "shared")
    reader.look()
    warehouse.write("2026-03", {"batches": BATCHES, "days": DAYS}, "w")
    assert warehouse.months() == ["2026-03"]
    assert reader.months() == []
    reader.look()
    view = reader.relation("batches", None)
    (path,) = session.views[view]
    written = pq.read_table(path).to_pydict()
    assert (written["batch_id"], written["events"]) == (["b"], [1])


def test_a_write_done_again_counts_once_and_its_first_try_is_swept(warehouse, session):
    for _ in range(2):
        warehouse.write("2026-03", {"batches": BATCHES}, "w")
    assert len(files(warehouse, "batches")) == 2
    (path,) = session.views[warehouse.relation("batches", None)]
    warehouse.replace("2026-03", {"days": "SELECT 1"})
    assert [str(file.parent) for file in files(warehouse, "batches")] == [path]


def test_a_write_that_dies_before_its_manifest_is_never_seen(warehouse, monkeypatch):
    def dies(*_):
        raise OSError("disk full")

    monkeypatch.setattr(warehouse._folder, "commit", dies)
    with pytest.raises(OSError, match="disk full"):
        warehouse.write("2026-03", {"batches": BATCHES}, "w")
    assert files(warehouse, "batches")
    warehouse.look()
    assert warehouse.months() == []


def test_what_is_replaced_is_gone_from_the_disk(warehouse):
    warehouse.write("2026-03", {"days": DAYS, "batches": BATCHES}, "w")
    (before,) = files(warehouse, "days")
    warehouse.replace("2026-03", {"days": "SELECT 1"})
    (after,) = files(warehouse, "days")
    assert after != before
    assert "merged" in str(after)


def test_only_the_months_asked_for_are_read(warehouse, session):
    for month in ("2026-02", "2026-03", "2026-04"):
        warehouse.write(month, {"batches": BATCHES}, "w")
    march_on = session.views[warehouse.relation("batches", ("2026-03", "2026-09"))]
    assert [path.split("/")[-3] for path in march_on] == ["2026-03", "2026-04"]
    nothing = session.views[warehouse.relation("batches", ("2025-01", "2025-02"))]
    assert nothing.endswith(" WHERE false")
    assert nothing.startswith("SELECT CAST(NULL AS STRING) AS `batch_id`, ")


def test_views_do_not_grow_without_end(warehouse, session, monkeypatch):
    monkeypatch.setattr(spark, "_VIEWS_KEPT", 2)
    for number in range(5):
        warehouse.write(f"2026-0{number + 1}", {"batches": BATCHES}, "w")
        warehouse.relation("batches", None)
    assert len(session.views) <= 2


def test_numbers_without_sign_and_long_texts_become_what_spark_has(warehouse, session):
    name = warehouse.offer("signatures", DAYS)
    assert name == "caseline_catalog_signatures"
    assert session.views[name].schema.field("variables").type == pa.list_(pa.string())
    small = pa.table({"n": pa.array([1], pa.uint8()), "at": pa.array([0], pa.timestamp("us"))})
    told = session.views[warehouse.offer("small", small)].schema
    assert (told.field("n").type, told.field("at").type) == (pa.int16(), pa.timestamp("us", "UTC"))


def test_every_empty_table_of_the_catalog_says_its_columns(warehouse, session):
    catalog = LocalCatalog()
    for table in KEYS:
        rows = spark._signed(catalog.read(table).to_arrow())
        assert list(spark._columns(rows.schema)) == rows.schema.names
        told = session.views[warehouse.offer(table, rows)]
        assert all(f" AS `{name}`" in told for name in rows.schema.names)
        assert told.endswith(" WHERE false")
    catalog.close()


def test_files_that_went_away_are_told_apart_from_other_errors(warehouse, session):
    session.error = RuntimeError("[FAILED_READ_FILE.FILE_NOT_EXIST] x")
    with pytest.raises(OutdatedError):
        warehouse.run("SELECT 1")
    session.error = RuntimeError("no such column")
    with pytest.raises(RuntimeError, match="no such column"):
        warehouse.run("SELECT 1")


def test_health_is_what_the_server_says(warehouse, session, monkeypatch):
    assert not warehouse.health().ok  # nobody listens
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        monkeypatch.setattr(warehouse, "_remote", f"sc://127.0.0.1:{listener.getsockname()[1]}")
        assert warehouse.health().version == "Spark 4.2.0"
        session.error = RuntimeError("lost")
        assert warehouse.health().detail == "RuntimeError"
    warehouse.close()
    assert session.asked[-1] == "stop"


def test_a_folder_that_is_not_mounted_is_told(tmp_path, session):
    with pytest.raises(SourceError, match="mount the shared folder"):
        SparkWarehouse("sc://127.0.0.1:9", tmp_path / "no" / "where")


def test_an_absent_driver_and_an_absent_server_are_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql.connect.session", None)
    with pytest.raises(MissingExtraError, match=r"caseline\[spark\]"):
        SparkWarehouse("sc://127.0.0.1:9", tmp_path / "shared")
    with pytest.raises(WorkspaceError, match="no Spark Connect server answers"):
        spark._knock("sc://127.0.0.1:9")
