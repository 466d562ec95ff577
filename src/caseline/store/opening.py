"""The ways into a workspace: to write its folder, to read it beside whoever writes, a cluster's."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from caseline.errors import SourceError, WorkspaceError
from caseline.store.changing import refuse_unsettled, settle
from caseline.store.cluster.opening import open_engine
from caseline.store.connecting import prepare
from caseline.store.embedded import EmbeddedStore
from caseline.store.keys import Keyring, holds_other_files
from caseline.store.reader import SnapshotStore
from caseline.store.snapshots import take_snapshot

if TYPE_CHECKING:
    import os

    from caseline.store.cluster.engine import ClusterEngine
    from caseline.store.cluster.opening import SharedKey


def open_store(
    path: str | os.PathLike[str], *, key: str | bytes | None, read_only: bool
) -> tuple[EmbeddedStore, Keyring] | tuple[ClusterEngine, SharedKey]:
    """Open the workspace in the folder *path*, or on the cluster whose URL it is.

    Raises:
        CaselineError: as ``caseline.open`` tells.
    """
    if "://" in str(path):
        return open_engine(str(path), key=key, read_only=read_only)
    folder = folder_at(path, read_only=read_only)
    return open_reader(folder, key=key) if read_only else open_writer(folder, key=key)


def open_writer(home: Path, *, key: str | bytes | None) -> tuple[EmbeddedStore, Keyring]:
    """Open the workspace in *home* to be written.

    Raises:
        ReadOnlyError: nothing can be written there.
        WorkspaceLockedError: another process, or this one, has it open for writing.
        KeyMismatchError: not the key it was made with.
        DamagedError: its files are not what Caseline wrote.
    """
    keyring = Keyring(home, key)
    store = EmbeddedStore(
        home, key_of=keyring.key_of, before_opening=partial(settle, home, keyring)
    )
    return store, keyring


def open_reader(home: Path, *, key: str | bytes | None) -> tuple[EmbeddedStore, Keyring]:
    """Open the workspace in *home* to be read, beside whoever writes to it.

    Where nothing can be written, its own files are opened, as long as nobody writes.

    Raises:
        WorkspaceLockedError: no snapshot can be made there, and another process writes.
        WorkspaceError: there is no space for the files that have to be copied; or a change
            of the files is not finished.
        KeyMismatchError: not the key it was made with.
        DamagedError: its files are not what Caseline wrote.
    """
    snapshot = take_snapshot(home)
    if snapshot is not None:
        store = SnapshotStore(home, snapshot, key=key)
        return store, store.keyring
    refuse_unsettled(home)
    keyring = Keyring(home, key, read_only=True)
    return EmbeddedStore(home, read_only=True, key_of=keyring.key_of), keyring


def folder_at(path: str | os.PathLike[str], *, read_only: bool) -> Path:
    """Return the folder at *path* that a workspace may be opened in, made if it is absent.

    Raises:
        SourceError: it is a file, has no parent, or is to be read and holds no workspace.
        WorkspaceError: it holds other files; or the disk has no room, or is read-only.
    """
    folder = Path(path)
    if folder.is_file():
        raise SourceError(f"{folder} is a file; a workspace is a folder")
    if read_only and not (folder / "catalog.duckdb").exists():
        raise SourceError(f"{folder} holds no workspace; open it once without read_only")
    if not folder.parent.is_dir():
        raise SourceError(f"{folder.parent} does not exist; make it first")
    if holds_other_files(folder):
        raise WorkspaceError(f"{folder} holds other files; give an empty folder or a workspace")
    prepare(folder)
    return folder
