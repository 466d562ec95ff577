"""A month's files are seen all at once or never, whatever was left behind."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.errors import DamagedError
from caseline.store.cluster.manifests import Manifest, SharedFolder

NAMES = st.sampled_from(["events", "days", "batches"])
WRITES = st.lists(st.tuples(st.sampled_from("abc"), st.sets(NAMES, min_size=1)), max_size=8)


def made(folder, month, name):
    (folder.root / month / name).mkdir(parents=True)
    (folder.root / month / name / "part-0.parquet").write_bytes(b"rows")


@pytest.fixture
def folder(tmp_path):
    return SharedFolder(tmp_path)


@given(WRITES)
def test_of_each_write_the_last_try_counts_and_nothing_else(writes):
    manifest = Manifest()
    last = {}
    for attempt, (write, tables) in enumerate(writes):
        folders = {table: f"{table}/{write}-{attempt}" for table in tables}
        manifest = manifest.added(write, folders)
        last[write] = folders
    counted = {name for names in manifest.folders.values() for name in names}
    assert counted == {name for folders in last.values() for name in folders.values()}
    assert manifest.generation == len(writes)


def test_replaced_tables_have_one_folder_and_the_others_keep_theirs():
    manifest = Manifest().added("a", {"events": "events/a", "batches": "batches/a"})
    manifest = manifest.added("b", {"events": "events/b"}).replaced({"events": "events/m"})
    assert dict(manifest.folders) == {"events": ("events/m",), "batches": ("batches/a",)}
    again = manifest.added("b", {"batches": "batches/b"})
    assert again.folders["batches"] == ("batches/a", "batches/b")


def test_what_was_committed_is_read_and_a_month_without_manifest_is_none(folder):
    manifest = Manifest().added("a", {"events": "events/a"})
    folder.commit("2026-03", manifest)
    made(folder, "2026-04", "events/b")
    assert folder.read("2026-03") == manifest
    assert folder.read("2026-04") == Manifest()
    assert folder.months() == ["2026-03"]
    assert folder.path("2026-03", "events/a") == str(folder.root / "2026-03" / "events/a")


def test_a_folder_that_is_not_there_has_no_months(tmp_path):
    assert SharedFolder(tmp_path / "none").months() == []


def test_a_commit_that_dies_before_its_rename_changes_nothing(folder, monkeypatch):
    before = Manifest().added("a", {"events": "events/a"})
    folder.commit("2026-03", before)

    def dies(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", dies)
    with pytest.raises(OSError, match="disk full"):
        folder.commit("2026-03", before.added("b", {"events": "events/b"}))
    assert folder.read("2026-03") == before


def test_sweeping_deletes_what_no_manifest_names_and_nothing_else(folder):
    for name in ("events/a", "events/half", "days/half"):
        made(folder, "2026-03", name)
    folder.commit("2026-03", Manifest().added("a", {"events": "events/a"}))
    assert folder.sweep("2026-03") == ["days/half", "events/half"]
    assert (folder.root / "2026-03/events/a/part-0.parquet").exists()
    assert folder.sweep("2026-03") == []


@pytest.mark.parametrize("content", ["{", '{"format": 2}'])
def test_a_manifest_that_is_not_ours_is_refused(folder, content):
    (folder.root / "2026-03").mkdir()
    (folder.root / "2026-03" / "manifest.json").write_text(content)
    with pytest.raises(DamagedError, match=r"manifest\.json"):
        folder.read("2026-03")
