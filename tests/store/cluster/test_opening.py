"""Opening a cluster by its URL: what is wrong is said, and no password with it."""

from __future__ import annotations

import polars as pl
import pytest

import caseline
from caseline.errors import InputError, KeyMismatchError, SourceError, WorkspaceError
from caseline.store.cluster import opening
from caseline.store.cluster.catalog import LocalCatalog
from caseline.store.cluster.engine import ClusterEngine
from caseline.store.cluster.local import LocalWarehouse
from caseline.store.keys import unwrapped, wrapped

KEY = "a long random one"


@pytest.fixture
def url(tmp_path, monkeypatch):
    warehouse = LocalWarehouse()
    monkeypatch.setitem(opening._WAREHOUSES, "spark", lambda _: warehouse)
    monkeypatch.setattr(warehouse, "close", lambda: None)
    return f"spark://ana:s3cret@h:1/shared?catalog=duckdb://{tmp_path}/catalog.duckdb"


def test_the_same_key_gives_the_same_secret_again(url):
    first, made = opening.open_engine(url, key=KEY)
    first.close()
    again, kept = opening.open_engine(url, key=KEY.encode(), read_only=True)
    assert kept.secret == made.secret
    assert len(kept.secret) == 32
    assert kept.secret.hex() not in repr(kept)
    assert not again.writable
    again.close()


def test_another_key_opens_nothing_and_the_secret_is_not_in_the_catalog(url, tmp_path):
    opened, keys = opening.open_engine(url, key=KEY)
    opened.close()
    with pytest.raises(KeyMismatchError, match="spark://h:1/shared does not open"):
        opening.open_engine(url, key="another")
    catalog = LocalCatalog(tmp_path / "catalog.duckdb")
    told = "".join(catalog.read("meta")["value"])
    catalog.close()
    assert keys.secret.hex() not in told
    assert unwrapped(wrapped(b"x", KEY), KEY, "here") == b"x"


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ("spark://h:1/s", InputError, "no catalog="),
        ("sparc://h:1/s?catalog=duckdb:///x", InputError, "did you mean 'spark'"),
        ("spark://h:1/s?catalog=mysql://h/x", InputError, "no kind of catalog 'mysql'"),
    ],
)
def test_a_url_that_cannot_be_right_is_told(wrong, error, says):
    with pytest.raises(error, match=says):
        opening.open_engine(wrong, key=KEY)


@pytest.mark.parametrize("key", [None, "", b""])
def test_a_shared_place_wants_a_key(url, key):
    with pytest.raises(KeyMismatchError, match="give key=") as caught:
        caseline.open(url, key=key)
    assert "s3cret" not in str(caught.value)


def test_a_place_without_workspace_is_not_made_by_a_reader(url):
    with pytest.raises(WorkspaceError, match="holds no workspace"):
        opening.open_engine(url, key=KEY, read_only=True)


def test_a_shared_folder_that_is_not_mounted_is_told_before_any_server_is_asked(tmp_path):
    url = f"spark://h:1/no/such/place?catalog=duckdb://{tmp_path}/c.duckdb"
    with pytest.raises((SourceError, caseline.MissingExtraError), match=r"mount|spark"):
        opening.open_engine(url, key=KEY)


def test_a_workspace_on_a_cluster_has_the_same_face(url):
    with caseline.open(url, key=KEY) as ws:
        assert repr(ws) == "Workspace('spark://h:1/shared', read_only=False)"
        ws.fleet.load(
            customers=[{"customer_id": "c1"}],
            environments=[{"environment_id": "e1", "kind": "single_tenant"}],
            tenancies=[{"customer_id": "c1", "environment_id": "e1"}],
        )
        lines = [f"2026-03-01 10:00:0{n} ERROR took {n} ms".encode() for n in range(5)]
        report = ws.ingest(lines, environment="e1")
        assert (report.events, report.duplicates) == (5, 0)
        assert ws.ingest(lines, environment="e1").events == 0
        (top,) = ws.signatures.top()
        assert top["events"] == 5
        assert ws.impact.of(top["signature_id"]).customers.to_dicts()[0]["status"] == "hit"
        assert len(ws.events()) == 5


@pytest.mark.parametrize("asked", ["verify", "repair", "backup"])
def test_what_is_about_files_of_its_own_is_refused_on_a_cluster(url, asked, tmp_path):
    with caseline.open(url, key=KEY) as ws, pytest.raises(WorkspaceError, match="no files of its"):
        getattr(ws, asked)(*([tmp_path / "kept"] if asked == "backup" else []))


def test_what_takes_care_of_files_is_refused_on_a_cluster(url):
    with caseline.open(url, key=KEY) as ws:
        with pytest.raises(InputError, match="on a cluster"):
            ws.privacy.erase("c1")
        assert ws.privacy.scrub("disk full") == "disk full"


def test_an_engine_tells_what_others_changed_once(warehouse):
    catalog = LocalCatalog()
    writer = ClusterEngine(warehouse, catalog)
    reader = ClusterEngine(warehouse, catalog, read_only=True)
    writer.save("customers", pl.DataFrame({"customer_id": ["c1"]}))
    assert reader.ask("customer_ids")["customer_id"].to_list() == ["c1"]
    assert [reader.refresh(), reader.refresh(), writer.refresh()] == [True, False, False]
    assert reader.remember("k", ["customers"], lambda: 1) == 1
    assert reader.scoped(frozenset({"c1"})).remember("k", ["customers"], lambda: 2) == 2
