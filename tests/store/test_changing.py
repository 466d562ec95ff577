"""A change of files is all of it or nothing, and keeps readers of the old files out."""

from __future__ import annotations

import pytest
from planted import GONE, dump, open_planted, open_store, sentinels_in

from caseline.errors import DamagedError, ReadOnlyError, WorkspaceError
from caseline.store import rewriting
from caseline.store.changing import JOURNAL, Change
from caseline.store.keys import Keyring

both = pytest.mark.parametrize("copied", ["clear", "encrypted"], indirect=True)


def test_who_reads_the_old_files_is_to_leave_first(copied):
    folder, _ = copied
    with open_planted(folder) as ws:
        reader = open_planted_reader(folder)
        before = dump(ws._store)
        with pytest.raises(WorkspaceError, match="open for reading"):
            ws.privacy.erase(GONE)
        assert dump(ws._store) == before
        assert not (folder / JOURNAL).exists()
        reader.close()
        ws.privacy.erase(GONE)
        with open_planted_reader(folder) as again:
            assert [row.customer_id for row in again.fleet.customers()] == ["acme", "zeta"]
            with pytest.raises(ReadOnlyError):
                again.privacy.erase("acme")
            assert len(again.privacy.audit_log()) == 1
    assert sentinels_in(folder) == {}


def open_planted_reader(folder):
    return open_planted(folder, read_only=True)


@both
def test_nobody_reads_what_is_half_done(copied):
    folder, key = copied
    what = {"do": "erase", "customer": GONE, "by": "ana", "at": "2026-04-15T12:00:00+00:00"}
    Change(folder, Keyring(folder, key), what).begin()
    assert (GONE in (folder / JOURNAL).read_text()) == (key is None)
    with pytest.raises(WorkspaceError, match="not finished"):
        open_planted(folder, key=key, read_only=True)
    with open_planted(folder, key=key) as ws:
        assert [row.customer_id for row in ws.fleet.customers()] == ["acme", "zeta"]
        [entry] = ws.privacy.audit_log()
    assert (entry.by, entry.action) == ("ana", "erase")
    assert not (folder / JOURNAL).exists()
    assert sentinels_in(folder) == {}


@both
def test_without_room_nothing_is_changed(copied, monkeypatch):
    folder, key = copied
    store, custody = open_store(folder, key=key)
    before = dump(store)
    usage = rewriting.shutil.disk_usage(folder)
    monkeypatch.setattr(rewriting.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(WorkspaceError, match="MB are free; nothing was changed"):
        custody.erase(GONE, by="ana")
    assert dump(store) == before
    assert not (folder / JOURNAL).exists()
    monkeypatch.undo()
    custody.erase(GONE, by="ana")
    store.close()
    assert sentinels_in(folder) == {}


@both
def test_what_fails_while_files_are_written_changes_nothing(copied, monkeypatch):
    folder, key = copied
    store, custody = open_store(folder, key=key)
    before, kept = dump(store), (folder / "keys").read_bytes()
    attach = rewriting.attach

    def fail_at_the_second(hub, path, **more):
        if "2026-04" in path.name:
            raise WorkspaceError("disk full")
        attach(hub, path, **more)

    monkeypatch.setattr(rewriting, "attach", fail_at_the_second)
    with pytest.raises(WorkspaceError, match="disk full"):
        custody.erase(GONE, by="ana")
    assert dump(store) == before
    store.close()
    assert len((folder / "keys").read_bytes()) == len(kept)
    assert not [path for path in folder.rglob("*") if ".new" in path.name]


@pytest.mark.parametrize("content", ["no json", '{"format": 9}'])
def test_a_damaged_journal_is_named(copied, content):
    (copied[0] / JOURNAL).write_text(content)
    with pytest.raises(DamagedError, match=JOURNAL):
        open_planted(copied[0])
