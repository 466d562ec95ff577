from __future__ import annotations

import resource
import shutil
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime

import duckdb
import pytest

from caseline.errors import ReadOnlyError, StorageFullError, WorkspaceError
from caseline.store.embedded import EmbeddedStore
from caseline.store.faults import closed_down, meaning
from caseline.store.keys import Keyring
from caseline.store.verifying import verify
from caseline.workspace import open_workspace

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@contextmanager
def no_file_larger_than(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def disk(tmp_path):
    """A disk of 24 MB with a workspace's folder, and what mounts it anew."""
    mount = shutil.which("mount")
    folder = tmp_path / "disk"
    folder.mkdir()

    def command(*options):
        return subprocess.run([mount, *options, str(folder)], check=False, capture_output=True)

    if mount is None or command("-t", "tmpfs", "-o", "size=24m", "tmpfs").returncode:
        pytest.skip("this user may not mount a small disk")
    yield folder, lambda option: command("-o", f"remount,{option}")
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder, *, leave=0):
    free = shutil.disk_usage(folder).free - leave
    (folder / "filler").write_bytes(b"x" * max(0, free))


def events_of(store):
    partitions = store.partitions.touched_by(None)
    return sum(store.value(f"SELECT count(*) FROM {p}.events") for p in partitions)


def append_until_full(store, writer, *, kind="append"):
    """Append until there is no room; return the number of the batch that had none."""
    for number in range(400):
        before = events_of(store)
        try:
            writer.append(store, number, kind)
        except StorageFullError as error:
            said = str(error)
            break
    assert str(store.folder) in said
    assert "free some" in said
    assert events_of(store) - before in {0, *parts_of(writer, number, kind)}
    return number


def parts_of(writer, number, kind):
    months = writer.batch(number, kind).frame["occurred_at"].dt.month()
    return months.value_counts()["count"].to_list()


def goes_on(store, writer, number, kind="append"):
    """Assert that batch *number* goes in now, once, and that all adds up."""
    writer.append(store, number, kind)
    held = events_of(store)
    assert store.append(writer.batch(number, kind))[0] == 0
    assert events_of(store) == held
    report = verify(store, as_of=NOW)
    assert report.sound, report.notes
    store.close()
    again = EmbeddedStore(store.folder)
    assert events_of(again) == held
    assert verify(again, as_of=NOW).sound
    assert again.append(writer.batch(number, kind))[0] == 0
    again.close()


def test_a_file_that_may_not_grow_is_told_and_nothing_is_torn(tmp_path, writer):
    store = EmbeddedStore(tmp_path)
    with no_file_larger_than(300_000):
        number = append_until_full(store, writer)
        assert verify(store, as_of=NOW).sound
        assert store.ask("customer_ids") is not None
    goes_on(store, writer, number)


def test_a_full_disk_is_told_and_the_same_batch_goes_in_later(disk, writer):
    folder, _ = disk
    store = EmbeddedStore(folder)
    writer.append(store, 500, "append")
    fill(folder, leave=200_000)
    number = append_until_full(store, writer)
    assert verify(store, as_of=NOW).sound
    (folder / "filler").unlink()
    goes_on(store, writer, number)


def test_rows_that_go_to_their_place_at_once_are_no_different(disk, writer):
    folder, _ = disk
    store = EmbeddedStore(folder)
    writer.append(store, 500, "append")
    fill(folder, leave=100_000)
    number = append_until_full(store, writer, kind="many")
    assert verify(store, as_of=NOW).sound
    (folder / "filler").unlink()
    goes_on(store, writer, number, "many")


@pytest.mark.parametrize("database", ["m2026_02", "catalog"])
def test_a_log_that_could_not_be_moved_into_its_file_is_used_again(disk, writer, database):
    folder, _ = disk
    store = EmbeddedStore(folder)
    for number in range(8):
        writer.append(store, number, "append")
        store.save("vocabulary", writer.words(number))
    held = events_of(store)
    fill(folder)
    store.hub.execute("SET checkpoint_threshold = '1KB'")
    table = "vocabulary" if database == "catalog" else "traces"
    rows = store.value(f"SELECT count(*) FROM {database}.{table}")
    with pytest.raises(StorageFullError), store.transaction():
        store.hub.execute(f"INSERT INTO {database}.{table} FROM {database}.{table}")
    store.hub.execute("SET checkpoint_threshold = '1TB'")
    assert events_of(store) == held
    kept = store.value(f"SELECT count(*) FROM {database}.{table}")
    assert kept in {rows, 2 * rows}
    (folder / "filler").unlink()
    with store.transaction():
        store.hub.execute(f"CREATE OR REPLACE TABLE {database}.{table} AS "
                          f"SELECT DISTINCT * FROM {database}.{table}")  # fmt: skip
    store.save("vocabulary", writer.words(9))
    goes_on(store, writer, 9)


def test_a_new_month_and_a_new_workspace_find_no_room_and_are_made_later(disk, writer):
    folder, _ = disk
    store = EmbeddedStore(folder)
    writer.append(store, 1, "append")
    fill(folder)
    with pytest.raises(StorageFullError):
        store.append(writer.batch(2, "new_month"))
    with pytest.raises(StorageFullError):
        open_workspace(folder.parent / "disk" / "another")
    assert events_of(store) == writer.ROWS
    (folder / "filler").unlink()
    open_workspace(folder.parent / "disk" / "another").close()
    goes_on(store, writer, 2, "new_month")


def test_a_read_only_disk_answers_and_takes_nothing(disk, writer):
    folder, remount = disk
    path = folder / "ws"
    open_workspace(path).close()
    remount("ro")
    with pytest.raises(ReadOnlyError, match="read_only=True"):
        open_workspace(path)
    with pytest.raises(ReadOnlyError):
        open_workspace(folder / "another")
    with pytest.raises(ReadOnlyError):
        Keyring(folder, None)
    with open_workspace(path, read_only=True) as ws:
        assert ws.verify().sound
        assert len(ws.signatures.top()) == 0
        with pytest.raises(ReadOnlyError):
            ws.repair()


def test_an_engine_that_stopped_asks_to_be_opened_again(tmp_path):
    said = meaning(duckdb.FatalException("it is over"), tmp_path)
    assert type(said) is WorkspaceError
    assert "open it again" in str(said)
    assert meaning(duckdb.BinderException("our own fault"), tmp_path) is None
    assert meaning(OSError(2, "No such file or directory"), tmp_path) is None
    assert "disk failed" in str(meaning(OSError(5, "Input/output error"), tmp_path))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('Database "m2026_02" has been invalidated because checkpointing failed', "m2026_02"),
        ('Checkpoint failed for database "catalog". The database has been invalidated', "catalog"),
        ("database has been invalidated because of a previous fatal error", None),
    ],
)
def test_a_database_that_the_engine_gave_up_is_known_by_name(text, name):
    assert closed_down(duckdb.IOException(text)) == name
