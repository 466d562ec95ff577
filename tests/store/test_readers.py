from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from caseline.errors import ReadOnlyError, WorkspaceError, WorkspaceLockedError
from caseline.store import desk, locks
from caseline.store.opening import open_reader, open_writer

READER = Path(__file__).with_name("refreshing_reader.py")
WRITER = Path(__file__).with_name("crashing_writer.py")
FEBRUARY, MARCH = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
ALL = {
    "customer": None, "environment": None, "signature": None, "text": None, "trace": None,
    "start": None, "end": None, "limit": 1000,
}  # fmt: skip
KEY = "a long key"


def messages(store):
    return sorted(store.ask("events", **ALL)["message"])


@pytest.fixture
def home(tmp_path):
    (tmp_path / "support").mkdir()
    return tmp_path / "support"


@pytest.fixture
def key():
    return None


@pytest.fixture
def store(home, key):
    """What the fixture `append` writes to."""
    opened = _writer(home, key)
    yield opened
    opened.close()


@pytest.fixture
def reader(home, key):
    """Opens readers, and closes them."""
    opened = []

    def do():
        opened.append(open_reader(home, key=key)[0])
        return opened[-1]

    yield do
    for each in opened:
        each.close()


def _writer(home, key=None):
    opened, _ = open_writer(home, key=key)
    opened.save("signatures", _signature("s-took"))
    return opened


def _signature(name):
    return pl.DataFrame(
        {
            "signature_id": [name],
            "scheme": ["t"],
            "kind": ["log"],
            "template": ["took <*> ms"],
            "parts": [["took ", " ms"]],
            "rules": [["number"]],
        }
    )


def _appended(home, rows, **options):
    """Append *rows* in a process of its own that then closes, or with `kill` dies at once."""
    kill = options.pop("kill", False)
    code = (
        "import sys, os, signal, pathlib, importlib.util as u\n"
        f"spec = u.spec_from_file_location('writing', {str(WRITER)!r})\n"
        "module = u.module_from_spec(spec); spec.loader.exec_module(module)\n"
        "from caseline.store.opening import open_writer\n"
        f"store, _ = open_writer(pathlib.Path({str(home)!r}), key=None)\n"
        "store.save('signatures', module.MINTED)\n"
        f"[store.append(module.batch(n)) for n in range({rows})]\n"
        f"os.kill(os.getpid(), signal.SIGKILL) if {kill} else store.close()\n"
    )
    return subprocess.run([sys.executable, "-c", code], check=not kill, capture_output=True)


@pytest.mark.parametrize("key", [None, KEY])
def test_readers_beside_a_writer_see_whole_states_that_grow(store, append, home, key, monkeypatch):
    monkeypatch.setattr(desk, "LOG_BYTES_READ", 20_000)
    batches, rows = 16, 10
    run = subprocess.Popen(
        [sys.executable, str(READER), str(home), key or "", str(batches), str(rows)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout.readline() == "0\n"
    for n in range(batches):
        store.save("signatures", _signature(f"s-{n}"))
        both = [
            {"n": f"{n}-{i}", "occurred_at": month + timedelta(minutes=i), "signature_id": f"s-{n}"}
            for month in (FEBRUARY, MARCH)
            for i in range(rows)
        ]
        append(both, name=f"{n}.log", batch=f"b{n}")
        if n % 5 == 4:
            store.compact(force=True)
    told, errors = run.communicate()
    seen = [int(line) for line in told.splitlines()]
    assert run.returncode == 0, errors
    assert seen[-1] == batches
    assert seen == sorted(seen)


def test_a_reader_stays_where_it_is_until_it_is_refreshed(store, append, reader):
    append([{"n": 1}])
    beside = reader()
    append([{"n": 2}], name="b.log")
    append([{"n": 3, "occurred_at": MARCH + timedelta(days=40)}], name="c.log")
    assert messages(beside) == ["took 1 ms"]
    assert beside.refresh()
    assert messages(beside) == messages(store) == ["took 1 ms", "took 2 ms", "took 3 ms"]
    assert not store.refresh()


def test_a_writer_opens_and_writes_while_readers_are_there(home, reader):
    _appended(home, 3)
    beside = reader()
    before = messages(beside)
    store = _writer(home)
    store.save("signatures", _signature("s-new"))
    store.close()
    assert messages(beside) == before
    assert beside.ask("all_signatures").height == 1
    beside.refresh()
    assert beside.ask("all_signatures").height == 2


@pytest.mark.parametrize("key", [None, KEY])
def test_a_late_event_in_a_sealed_month_leaves_its_readers_answer(home, key, append, store, reader):
    append([{"n": 1, "occurred_at": FEBRUARY}])
    append([{"n": 2}], name="b.log")
    store.partitions._seal("2026-02")
    beside = reader()
    [month, _] = sorted((home / "events").glob("*.duckdb"))
    assert month.stat().st_nlink == 2
    append([{"n": 3, "occurred_at": FEBRUARY}], name="c.log")
    assert month.stat().st_nlink == 1
    assert messages(beside) == ["took 1 ms", "took 2 ms"]
    assert messages(store) == ["took 1 ms", "took 2 ms", "took 3 ms"]
    beside.refresh()
    assert messages(beside) == messages(store)


def test_a_month_that_did_not_change_stays_attached_over_a_refresh(store, append, reader):
    append([{"n": 1, "occurred_at": FEBRUARY}])
    append([{"n": 2}], name="b.log")
    store.partitions._seal("2026-02")
    beside = reader()
    assert len(messages(beside)) == 2
    append([{"n": 3}], name="c.log")
    beside.refresh()
    attached = "SELECT min(database_name) FROM duckdb_databases() WHERE database_name LIKE 'm2026%'"
    assert beside.value(attached.replace("min", "max")) == beside.value(attached) == "m2026_02"
    assert len(messages(beside)) == 3


def test_a_month_that_nobody_writes_to_is_shared_again_and_can_be_written(
    store, append, reader, home
):
    append([{"n": 1}])
    month = home / "events" / "2026-03.duckdb"
    reader()
    assert month.stat().st_nlink == 1
    for _ in range(20):
        store.compact()
    reader()
    assert month.stat().st_nlink == 2
    append([{"n": 2}], name="b.log")
    assert store.compact(force=True) == ["m2026_03"]
    assert messages(store) == ["took 1 ms", "took 2 ms"]


def test_killed_readers_leave_nothing_when_a_writer_opens_next(home, reader):
    _appended(home, 1)
    beside = reader()
    code = (
        "import os, signal, pathlib\n"
        "from caseline.store.opening import open_reader\n"
        f"open_reader(pathlib.Path({str(home)!r}), key=None)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], check=False)
    assert run.returncode == -signal.SIGKILL
    assert len(list((home / "snapshots").iterdir())) == 2
    store = _writer(home)
    assert list((home / "snapshots").iterdir()) == [beside.folder]
    assert len(messages(beside)) == 200
    store.close()
    beside.close()
    assert list((home / "snapshots").iterdir()) == []


def test_what_a_killed_writer_had_committed_is_seen_by_readers_and_by_the_next_writer(home, reader):
    done = _appended(home, 2, kill=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert list((home / "events").glob("*.wal"))
    beside = reader()
    assert len(messages(beside)) == 400
    store = _writer(home)
    assert len(messages(store)) == 400
    store.close()
    assert not list(home.rglob("events/*.wal")) or beside.folder.exists()
    assert not list((home / "events").glob("*.wal"))
    beside.refresh()
    assert len(messages(beside)) == 400


@pytest.mark.parametrize("key", [None, KEY])
def test_a_log_that_was_copied_in_the_middle_of_a_commit_counts_up_to_the_one_before(
    store, append, home, key, tmp_path
):
    append([{"n": 1}])
    log = home / "events" / "2026-03.duckdb.wal"
    first = log.stat().st_size
    append([{"n": 2}], name="b.log")
    whole = log.read_bytes()
    for number, cut in enumerate((first, first + 1, (first + len(whole)) // 2, len(whole) - 1)):
        torn = tmp_path / f"torn{number}"
        shutil.copytree(home, torn)
        (torn / "events" / log.name).write_bytes(whole[:cut])
        beside, _ = open_reader(torn, key=key)
        assert messages(beside) == ["took 1 ms"]
        beside.close()


def _fails(error):
    def do(*args, **kwargs):
        raise OSError(error, os.strerror(error))

    return do


def test_where_files_cannot_be_linked_they_are_copied(home, reader, monkeypatch):
    _appended(home, 1)
    monkeypatch.setattr(Path, "hardlink_to", _fails(errno.EPERM))
    beside = reader()
    assert len(messages(beside)) == 200
    assert {p.stat().st_nlink for p in home.rglob("*.duckdb")} == {1}


def test_where_the_kernel_does_not_copy_files_it_is_done_by_hand(
    store, append, reader, monkeypatch
):
    append([{"n": 1}])
    monkeypatch.setattr(os, "copy_file_range", _fails(errno.EXDEV), raising=False)
    assert messages(reader()) == ["took 1 ms"]


def test_no_space_for_a_copy_is_told_and_leaves_nothing(store, append, home, reader, monkeypatch):
    append([{"n": 1}])
    monkeypatch.setattr(os, "copy_file_range", _fails(errno.ENOSPC), raising=False)
    with pytest.raises(WorkspaceError, match="no space for a copy of 2026-03"):
        reader()
    assert list((home / "snapshots").iterdir()) == []


def test_no_space_at_a_refresh_leaves_the_reader_where_it_is(store, append, reader, monkeypatch):
    append([{"n": 1}])
    beside = reader()
    monkeypatch.setattr(os, "copy_file_range", _fails(errno.ENOSPC), raising=False)
    with pytest.raises(WorkspaceError, match="no space"):
        beside.refresh()
    assert messages(beside) == ["took 1 ms"]


@pytest.mark.parametrize("how", ["disk", "platform"])
def test_where_no_snapshot_can_be_made_the_files_themselves_are_read(
    home, reader, monkeypatch, how
):
    _appended(home, 1)
    if how == "disk":
        monkeypatch.setattr(os, "open", _fails(errno.EROFS))
        monkeypatch.setattr(os, "mkdir", _fails(errno.EROFS))
    else:
        monkeypatch.setattr(locks, "_THERE", False)
    beside = reader()
    assert beside.folder == home
    assert len(messages(beside)) == 200
    assert not beside.refresh()


def test_a_writer_on_a_disk_that_takes_nothing_is_refused(home, monkeypatch):
    _appended(home, 1)
    monkeypatch.setattr(os, "open", _fails(errno.EROFS))
    with pytest.raises(ReadOnlyError, match="read_only=True"):
        open_writer(home, key=None)


def test_other_troubles_with_the_disk_are_not_taken_for_one_that_takes_nothing(
    home, reader, monkeypatch
):
    _appended(home, 1)
    monkeypatch.setattr(shutil, "rmtree", shutil.rmtree)
    monkeypatch.setattr(os, "open", _fails(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        reader()


def test_a_second_writer_is_refused_with_the_process_that_has_it(store, home):
    code = (
        "import pathlib\n"
        "from caseline.store.opening import open_writer\n"
        f"open_writer(pathlib.Path({str(home)!r}), key=None)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (
        f"WorkspaceLockedError: {home} is open for writing in process {os.getpid()}" in run.stderr
    )
    with pytest.raises(WorkspaceLockedError, match="in this process"):
        open_writer(home, key=None)


def test_a_reader_does_not_write(store, append, reader, home):
    append([{"n": 1}])
    beside = reader()
    with pytest.raises(ReadOnlyError, match=str(home)):
        beside.save("signatures", _signature("s-new"))
    with pytest.raises(ReadOnlyError, match="read only"):
        beside.partitions.for_writing("2026-03")
    beside.close()
    beside.close()
    with pytest.raises(WorkspaceError, match="closed"):
        beside.refresh()


def test_logs_are_folded_in_when_long_but_never_while_somebody_copies(
    store, append, home, monkeypatch
):
    monkeypatch.setattr(desk, "LOG_BYTES", 10_000)
    monkeypatch.setattr(desk, "LOG_BYTES_READ", 10)
    log = home / "events" / "2026-03.duckdb.wal"
    append([{"n": 1}])
    assert log.stat().st_size > 10
    with desk.files_still(home) as changing:
        assert changing == {"catalog.duckdb", "events/2026-03.duckdb"}
        append([{"n": n} for n in range(2, 400)], name="b.log")
        assert log.stat().st_size > 10_000
    append([{"n": 500}], name="c.log")
    assert log.stat().st_size < 10_000
    assert len(messages(store)) == 400
