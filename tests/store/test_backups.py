from __future__ import annotations

import errno
import json
import os
import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from caseline.errors import DamagedError, InputError, SourceError, WorkspaceError
from caseline.store import backups, copying, locks
from caseline.store.backups import back_up, restore
from caseline.store.manifests import MANIFEST, read_manifest
from caseline.store.opening import open_reader, open_writer
from caseline.store.schema import KEYS

FEBRUARY, MARCH = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
NOON = datetime(2026, 3, 16, 12, tzinfo=UTC)
KEY = "a long key"
CRASHES = os.environ.get("CASELINE_CRASHES")
ALL = {
    "customer": None, "environment": None, "signature": None, "text": None, "trace": None,
    "start": None, "end": None, "limit": 10_000,
}  # fmt: skip
SIGNATURES = pl.DataFrame(
    {
        "signature_id": ["s-took"],
        "scheme": ["t"],
        "kind": ["log"],
        "template": ["took <*> ms"],
        "parts": [["took ", " ms"]],
        "rules": [["number"]],
    }
)


@pytest.fixture
def key():
    return None


@pytest.fixture
def store(tmp_path, key):
    """What the fixture `append` writes to."""
    (tmp_path / "support").mkdir()
    opened, _ = open_writer(tmp_path / "support", key=key)
    opened.save("signatures", SIGNATURES)
    yield opened
    opened.close()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "backup"


@pytest.fixture
def backed_up(store, append, target):
    """A backup of two events."""
    append([{"n": 1}, {"n": 2, "occurred_at": FEBRUARY}])
    back_up(store, target, taken_at=NOON)
    return target


def content(home, key=None):
    """All rows of all tables, and the answer about events."""
    store, _ = open_reader(home, key=key)
    held = {
        name: sorted(map(repr, store.hub.execute(f"SELECT * FROM catalog.{name}").fetchall()))
        for name in KEYS
    }
    for p in store.partitions.touched_by(None):
        for table in ("events", "hours", "days", "months", "coverage", "batches", "reach"):
            rows = store.hub.execute(f"SELECT * FROM {p}.{table}").fetchall()
            held[f"{p}.{table}"] = sorted(map(repr, rows))
    held["answer"] = sorted(store.ask("events", **ALL)["message"])
    store.close()
    return held


@pytest.mark.parametrize("key", [None, KEY])
def test_a_restored_workspace_holds_what_was_backed_up(store, append, target, tmp_path, key):
    append([{"n": 1}, {"n": 2, "occurred_at": FEBRUARY}])
    before = content(store.home, key)
    report = back_up(store, target, taken_at=NOON)
    append([{"n": 3}], name="b.log")
    restored = restore(target, tmp_path / "again")
    assert content(tmp_path / "again", key) == before
    assert (restored.files, restored.size_bytes) == (report.files, report.size_bytes)
    assert restored.taken_at == report.taken_at == NOON
    with open_writer(tmp_path / "again", key=key)[0].transaction():
        pass


def test_a_backup_during_appends_is_one_of_the_states_in_between(store, append, target, tmp_path):
    append([{"n": 0}])
    begun, enough = threading.Event(), threading.Event()
    acknowledged = []

    def write():
        for n in range(1, 400):
            both = [{"n": f"{n}"}, {"n": f"{n}", "occurred_at": MARCH + timedelta(days=5)}]
            append(both, name=f"{n}.log", batch=f"b{n}")
            acknowledged.append(n)
            begun.set()
            if enough.is_set():
                return

    thread = threading.Thread(target=write)
    thread.start()
    begun.wait()
    low = len(acknowledged)
    report = back_up(store, target, taken_at=NOON)
    high = len(acknowledged) + 1
    enough.set()
    thread.join()
    restore(target, tmp_path / "again")
    texts = content(tmp_path / "again")["answer"]
    batches = (len(texts) - 1) // 2
    assert low <= batches <= high
    assert texts == sorted(["took 0 ms", *[f"took {n} ms" for n in range(1, batches + 1)] * 2])
    assert report.files >= 3


def test_the_second_backup_copies_only_what_changed(store, append, target, tmp_path):
    append([{"n": n, "occurred_at": FEBRUARY} for n in range(300)])
    append([{"n": 1}], name="b.log")
    store.partitions._seal("2026-02")
    store.partitions._seal("2026-03")
    first = back_up(store, target, taken_at=NOON)
    assert first.copied_bytes == first.size_bytes
    append([{"n": 2}], name="c.log")
    second = back_up(store, target, taken_at=NOON)
    sealed = (store.home / "events" / "2026-02.duckdb").stat().st_size
    assert second.size_bytes - second.copied_bytes == sealed
    assert second.files - second.copied_files == 1
    kept = {entry.stored for entry in read_manifest(target).files}
    assert {path.name for path in (target / "data").iterdir()} == kept
    restore(target, tmp_path / "again")
    assert len(content(tmp_path / "again")["answer"]) == 302


def test_a_closed_workspace_that_did_not_change_is_not_copied_again(
    store, append, target, tmp_path
):
    append([{"n": 1}])
    home = store.home
    store.close()
    for copied in (3, 1):
        reader, _ = open_reader(home, key=None)
        assert back_up(reader, target, taken_at=NOON).copied_files == copied
        reader.close()


@pytest.mark.parametrize("name", ["events/2026-02.duckdb", "catalog.duckdb", "keys"])
@pytest.mark.parametrize("how", ["changed", "short", "lost"])
def test_a_damaged_backup_is_named_and_nothing_is_written(backed_up, tmp_path, name, how):
    [entry] = [e for e in read_manifest(backed_up).files if e.name == name]
    path = backed_up / "data" / entry.stored
    if how == "changed":
        whole = bytearray(path.read_bytes())
        whole[len(whole) // 2] ^= 1
        path.write_bytes(whole)
    elif how == "short":
        os.truncate(path, entry.size_bytes - 1)
    else:
        path.unlink()
    with pytest.raises(DamagedError, match=name):
        restore(backed_up, tmp_path / "again")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["backup", "support"]


@pytest.mark.parametrize("content", ["not json", "[]", "{}"])
def test_a_manifest_that_is_none_is_named(backed_up, tmp_path, content):
    (backed_up / MANIFEST).write_text(content)
    with pytest.raises(DamagedError, match="not readable"):
        restore(backed_up, tmp_path / "again")


def test_a_manifest_that_was_changed_is_named(backed_up, tmp_path):
    told = json.loads((backed_up / MANIFEST).read_text())
    told["files"] = told["files"][1:]
    (backed_up / MANIFEST).write_text(json.dumps(told))
    with pytest.raises(DamagedError, match="not what was written"):
        restore(backed_up, tmp_path / "again")


def test_a_manifest_of_a_later_format_is_named(backed_up, tmp_path, monkeypatch):
    monkeypatch.setattr("caseline.store.manifests._FORMAT", 2)
    with pytest.raises(DamagedError, match="unknown format"):
        restore(backed_up, tmp_path / "again")


class Killed(BaseException):
    """Stands for a process that ends in the middle."""


def _killed_at(monkeypatch, module, name, number):
    """Let the *number*-th call of a function be the last thing that happens."""
    real, calls = getattr(module, name), []

    def do(*args, **kwargs):
        calls.append(args)
        if len(calls) == number:
            raise Killed
        return real(*args, **kwargs)

    monkeypatch.setattr(module, name, do)


@pytest.mark.parametrize("number", range(1, 9) if CRASHES else (2, 5))
def test_a_backup_that_was_killed_leaves_the_one_before(
    backed_up, store, append, tmp_path, monkeypatch, number
):
    before = read_manifest(backed_up)
    append([{"n": 3}], name="b.log")
    with monkeypatch.context() as patch:
        _killed_at(patch, copying, "settle", number)
        with pytest.raises(Killed):
            back_up(store, backed_up, taken_at=NOON)
    assert read_manifest(backed_up) == before
    restore(backed_up, tmp_path / "again")
    assert len(content(tmp_path / "again")["answer"]) == 2
    back_up(store, backed_up, taken_at=NOON)
    restore(backed_up, tmp_path / "later")
    assert len(content(tmp_path / "later")["answer"]) == 3
    assert not list((backed_up / "data").glob("*.partial"))
    assert not list((store.home / "snapshots").iterdir())


def test_a_backup_goes_on_where_it_was_killed(store, append, target, monkeypatch):
    append([{"n": 1}, {"n": 2, "occurred_at": FEBRUARY}])
    store.partitions._seal("2026-02")
    with monkeypatch.context() as patch:
        _killed_at(patch, backups, "_store", 2)
        with pytest.raises(Killed):
            back_up(store, target, taken_at=NOON)
    with pytest.raises(SourceError, match="holds no backup"):
        read_manifest(target)
    report = back_up(store, target, taken_at=NOON)
    assert report.files - report.copied_files == 1


@pytest.mark.parametrize("number", [1, 3])
def test_a_restore_that_was_killed_leaves_no_workspace_and_goes_on(
    backed_up, tmp_path, monkeypatch, number
):
    again = tmp_path / "again"
    with monkeypatch.context() as patch:
        _killed_at(patch, backups, "copy_file", number)
        with pytest.raises(Killed):
            restore(backed_up, again)
    assert not again.exists()
    again.mkdir()
    report = restore(backed_up, again)
    assert report.files - report.copied_files == number - 1
    assert len(content(again)["answer"]) == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again", "backup", "support"]


def test_a_workspace_is_not_restored_over_something(backed_up, tmp_path, store):
    with pytest.raises(WorkspaceError, match="holds something"):
        restore(backed_up, store.home)
    with pytest.raises(SourceError, match="does not exist"):
        restore(backed_up, tmp_path / "no" / "where")
    with pytest.raises(SourceError, match="holds no backup"):
        restore(tmp_path, tmp_path / "again")


def test_a_backup_does_not_go_into_what_it_is_none_of(store, tmp_path, target):
    with pytest.raises(InputError, match="within the workspace"):
        back_up(store, store.home / "backup", taken_at=NOON)
    with pytest.raises(SourceError, match="cannot be made"):
        back_up(store, tmp_path / "no" / "where", taken_at=NOON)
    target.mkdir()
    (target / "letter.txt").write_text("dear reader")
    with pytest.raises(WorkspaceError, match=r"letter\.txt"):
        back_up(store, target, taken_at=NOON)


def test_a_backup_of_another_workspace_is_kept(backed_up, tmp_path):
    (tmp_path / "other").mkdir()
    other, _ = open_writer(tmp_path / "other", key=None)
    with pytest.raises(WorkspaceError, match="another workspace"):
        back_up(other, backed_up, taken_at=NOON)
    other.close()


def test_a_restored_workspace_goes_on_with_its_backup(backed_up, tmp_path):
    restore(backed_up, tmp_path / "again")
    again, _ = open_writer(tmp_path / "again", key=None)
    again.save("signatures", SIGNATURES.with_columns(signature_id=pl.lit("s-new")))
    back_up(again, backed_up, taken_at=NOON)
    assert len(read_manifest(backed_up).files) >= 4
    again.close()


def test_no_space_for_a_backup_is_told(store, append, target, monkeypatch):
    append([{"n": 1}])

    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "copy_file_range", full, raising=False)
    with pytest.raises(WorkspaceError, match="no space"):
        back_up(store, target, taken_at=NOON)


def test_without_locks_a_writer_is_not_backed_up_but_a_reader_is(
    store, append, target, monkeypatch
):
    append([{"n": 1}])
    monkeypatch.setattr(locks, "_THERE", False)
    with pytest.raises(WorkspaceError, match="copy its folder"):
        back_up(store, target, taken_at=NOON)
    store.close()
    reader, _ = open_reader(store.home, key=None)
    assert back_up(reader, target, taken_at=NOON).files == 3
    reader.close()


def test_files_of_a_backup_are_as_private_as_those_of_the_workspace(backed_up, tmp_path):
    restore(backed_up, tmp_path / "again")
    assert (tmp_path / "again" / "keys").stat().st_mode & 0o777 == 0o600
    [keys] = [e for e in read_manifest(backed_up).files if e.name == "keys"]
    assert (backed_up / "data" / keys.stored).stat().st_mode & 0o777 == 0o600


def test_restored_folders_are_copies_not_links(backed_up, tmp_path):
    restore(backed_up, tmp_path / "again")
    shutil.rmtree(backed_up)
    assert len(content(Path(tmp_path / "again"))["answer"]) == 2
