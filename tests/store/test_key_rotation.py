from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from planted import dump, open_planted, open_store

from caseline.errors import KeyMismatchError, ReadOnlyError, WorkspaceError
from caseline.store.keys import Keyring

CHILD = Path(__file__).with_name("killed_custody.py")
KEY, NEW_KEY = "a long random key", "another long random key"
CRASHES = os.environ.get("CASELINE_CRASHES")
PARTS = [0.3, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0] if CRASHES else [0.8, 0.98]
encrypted = pytest.mark.parametrize("copied", ["encrypted"], indirect=True)


def data_keys(folder, key):
    ring = Keyring(folder, key, read_only=True)
    return {name: ring.key_of(name) for name in entries(folder) if name != "secret"}


def entries(folder):
    return json.loads((folder / "keys").read_text())["entries"]


@encrypted
@pytest.mark.parametrize("files", [False, True])
def test_the_new_key_opens_and_the_old_one_does_not(copied, files):
    folder, key = copied
    store, _ = open_store(folder, key=key)
    before = dump(store)
    store.close()
    with open_planted(folder, key=key) as ws:
        ws.privacy.rotate_key(NEW_KEY, files=files, by="ana")
        assert len(ws.events()) > 0
        log = [(e.action, e.by, e.subject) for e in ws.privacy.audit_log()]
    renewed = [("renew", "ana", "workspace")] if files else []
    assert log == [*renewed, ("rotate", "ana", "workspace")]
    for wrong in (key, None):
        with pytest.raises(KeyMismatchError):
            open_planted(folder, key=wrong)
    store, _ = open_store(folder, key=NEW_KEY)
    after = dump(store)
    store.close()
    assert {n: r for n, r in after.items() if n != "catalog.audit"} == {
        n: r for n, r in before.items() if n != "catalog.audit"
    }


@encrypted
def test_with_files_every_data_key_is_another_one(copied):
    folder, key = copied
    before = data_keys(folder, key)
    with open_planted(folder, key=key) as ws:
        ws.privacy.rotate_key(NEW_KEY)
    assert data_keys(folder, NEW_KEY) == before
    with open_planted(folder, key=NEW_KEY) as ws:
        ws.privacy.rotate_key(KEY, files=True)
    after = data_keys(folder, KEY)
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())


@encrypted
def test_no_key_stands_in_any_file(copied):
    folder, key = copied
    with open_planted(folder, key=key) as ws:
        ws.privacy.rotate_key(NEW_KEY, files=True)
    secrets = [key.encode(), NEW_KEY.encode()]
    for kept in data_keys(folder, NEW_KEY).values():
        secrets += [kept.encode(), base64.b64decode(kept)]
    for path in folder.rglob("*"):
        if path.is_file():
            assert not [s for s in secrets if s in path.read_bytes()], path.name


@encrypted
@pytest.mark.parametrize(
    "part", [0.3, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0] if CRASHES else [0.8, 0.98]
)
def test_a_killed_rotation_leaves_one_key_that_opens(copied, tmp_path, part):
    folder, key = copied
    shutil.copytree(folder, tmp_path / "whole")

    def run(where, moment):
        command = [sys.executable, str(CHILD), str(where), key, NEW_KEY, "calls", str(moment)]
        return subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout.decode()

    store, _ = open_store(folder, key=key)
    events = dump(store)["m2026_03.events"]
    store.close()
    calls = int(run(tmp_path / "whole", 0).split()[0])
    run(folder, int(calls * part))
    opened = []
    for one in (key, NEW_KEY):
        try:
            store, custody = open_store(folder, key=one)
        except KeyMismatchError:
            continue
        opened.append(one)
        assert dump(store)["m2026_03.events"] == events
        rotated = [e.action for e in custody.audit_log()].count("rotate")
        assert rotated == (one == NEW_KEY)
        store.close()
    assert len(opened) == 1
    assert not [name for name in entries(folder) if name.endswith(".new")]


def test_a_workspace_in_clear_has_no_key_to_change(copied):
    with open_planted(copied[0]) as ws:
        with pytest.raises(KeyMismatchError, match="not encrypted"):
            ws.privacy.rotate_key(NEW_KEY)
        assert len(ws.privacy.audit_log()) == 0


@encrypted
def test_an_empty_key_changes_nothing(copied):
    folder, key = copied
    with open_planted(folder, key=key) as ws, pytest.raises(KeyMismatchError, match="empty"):
        ws.privacy.rotate_key("")
    open_planted(folder, key=key).close()


@encrypted
def test_readers_and_transactions_are_refused(copied):
    folder, key = copied
    with (
        open_planted(folder, key=key) as ws,
        ws._store.transaction(),
        pytest.raises(WorkspaceError, match="transaction"),
    ):
        ws.privacy.rotate_key(NEW_KEY)
    with (
        open_planted(folder, key=key, read_only=True) as ws,
        pytest.raises(ReadOnlyError, match="read-only"),
    ):
        ws.privacy.rotate_key(NEW_KEY)
