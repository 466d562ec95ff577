"""Backups: a workspace's files in another folder, and from there back.

A backup's folder has ``data``, with each file under a name that tells its content, and
``manifest.json``, that tells which of them make the workspace. It is written last and
changes at once: a backup that was killed leaves the one before, and what it had copied
already is not copied again. Files stay as they are: encrypted ones encrypted.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from caseline.errors import DamagedError, InputError, SourceError, WorkspaceError
from caseline.records.backups import BackupReport
from caseline.store.copying import copy_file, put, settle
from caseline.store.inventory import RESTORED
from caseline.store.locks import lock_file
from caseline.store.manifests import MANIFEST, Entry, Manifest, read_manifest
from caseline.store.migrations import IDENTITY
from caseline.store.snapshots import take_snapshot

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from caseline.store.embedded import EmbeddedStore

_STEP = 1 << 20
_HEADERS = 3 * 4096
"""Bytes at a database's start that change with each of its checkpoints."""
_OWN = {"data", "lock", MANIFEST, f"{MANIFEST}.new"}


def back_up(store: EmbeddedStore, target: Path, *, taken_at: datetime) -> BackupReport:
    """Copy the newest committed state of *store*'s workspace to the backup in *target*.

    Args:
        store: Open; whoever writes goes on meanwhile.
        target: A backup's folder, or one to be made; its parent must exist.
        taken_at: The moment now.

    Raises:
        InputError: *target* is within the workspace.
        SourceError: *target* cannot be made.
        WorkspaceError: *target* holds something else, or there is no space.
    """
    if target.resolve().is_relative_to(store.home.resolve()):
        raise InputError(f"{target} is within the workspace; give a folder elsewhere")
    workspace = store.value(IDENTITY)
    snapshot = take_snapshot(store.home)
    if snapshot is None:
        if store.writable:
            raise WorkspaceError(
                f"{store.home}: no file can be locked here; close it and copy its folder"
            )
        told = Manifest(taken_at=taken_at, workspace=workspace)
        return _copy_to(target, store.home, told, still=_files_of(store.home))
    try:
        told = Manifest(taken_at=taken_at, workspace=workspace)
        return _copy_to(target, snapshot.folder, told, still=snapshot.linked)
    finally:
        snapshot.release()


def _copy_to(target: Path, source: Path, told: Manifest, *, still: Collection[str]) -> BackupReport:
    """Copy the files in *source* to *target*, but for those *still* ones that stand there."""
    _make(target)
    with lock_file(target / "lock"):
        _refuse_foreign(target, told.workspace)
        entries, copied = [], []
        for name in _files_of(source):
            entry = _stored(source, target, name) if name in still else None
            if entry is None:
                entry = _store(source, target, name)
                copied.append(entry.size_bytes)
            entries.append(entry)
        settle(target / "data")
        replace(told, files=tuple(entries)).write(target)
        _forget(target, {entry.stored for entry in entries})
    return _report(told, entries, copied)


def restore(backup: str | os.PathLike[str], path: str | os.PathLike[str]) -> BackupReport:
    """Make the workspace in folder *path* of the *backup* that ``Workspace.backup`` made.

    All checksums are compared before anything is written, and *path* appears at once,
    whole. Called again after it was killed, it goes on where it was. A workspace that
    was encrypted still is: open it with its key.

    Args:
        backup: The backup's folder.
        path: Absent, or an empty folder. Its parent must exist.

    Returns:
        What was restored.

    Raises:
        SourceError: there is no backup in *backup*; or *path* has no parent.
        DamagedError: a file of the backup is missing, or not what was written there.
        WorkspaceError: *path* holds something, or there is no space.

    >>> import tempfile
    >>> import caseline
    >>> folder = Path(tempfile.mkdtemp())
    >>> with caseline.open(folder / "support") as ws:
    ...     report = ws.backup(folder / "backup")
    >>> restore(folder / "backup", folder / "again").files == report.files
    True
    >>> caseline.open(folder / "again").close()
    """
    source, target = Path(backup), Path(path)
    manifest = read_manifest(source)
    if not target.parent.is_dir():
        raise SourceError(f"{target.parent} does not exist; make it first")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise WorkspaceError(f"{target} holds something; restore to a folder that is absent")
    for entry in manifest.files:
        _verify(source, entry)
    partial = target.with_name(f".{target.name}.restoring")
    copied = [e.size_bytes for e in manifest.files if _bring_back(source, partial, e)]
    (partial / RESTORED).touch()
    if target.exists():
        target.rmdir()
    partial.rename(target)
    settle(target.parent)
    return _report(manifest, manifest.files, copied)


def _report(told: Manifest, files: Sequence[Entry], copied: Sequence[int]) -> BackupReport:
    return BackupReport(
        taken_at=told.taken_at,
        files=len(files),
        size_bytes=sum(entry.size_bytes for entry in files),
        copied_files=len(copied),
        copied_bytes=sum(copied),
    )


def _make(target: Path) -> None:
    if target.is_dir():
        foreign = sorted(p.name for p in target.iterdir() if p.name not in _OWN)
        if foreign:
            raise WorkspaceError(
                f"{target} holds other files ({foreign[0]}); give an empty folder or a backup"
            )
    try:
        target.mkdir(exist_ok=True)
        (target / "data").mkdir(exist_ok=True)
    except OSError as error:
        raise SourceError(f"{target} cannot be made ({error.strerror})") from None


def _refuse_foreign(target: Path, workspace: str | None) -> None:
    if not (target / MANIFEST).exists():
        return
    found = read_manifest(target).workspace
    if found != workspace:
        raise WorkspaceError(f"{target} is a backup of another workspace; give another folder")


def _files_of(source: Path) -> list[str]:
    """Return the names of the files that make the workspace in *source*."""
    databases = [*sorted((source / "events").glob("*.duckdb*")), *source.glob("catalog.duckdb*")]
    return [path.relative_to(source).as_posix() for path in (*databases, source / "keys")]


def _stored(source: Path, target: Path, name: str) -> Entry | None:
    """Return the entry of the file *name* if *target* has it already."""
    size = (source / name).stat().st_size
    for found in (target / "data").glob(f"{_fingerprint(source / name, name)}-*"):
        if found.stat().st_size == size:
            sha256 = found.name.partition("-")[2]
            return Entry(name=name, size_bytes=size, sha256=sha256, stored=found.name)
    return None


def _store(source: Path, target: Path, name: str) -> Entry:
    """Copy the file *name* to *target*."""
    path = source / name
    fingerprint = _fingerprint(path, name)
    beside = target / "data" / f"{fingerprint}.partial"
    copy_file(path, beside)
    sha256 = _sha256(beside)
    stored = f"{fingerprint}-{sha256}"
    put(beside, target / "data" / stored)
    return Entry(name=name, size_bytes=path.stat().st_size, sha256=sha256, stored=stored)


def _fingerprint(path: Path, name: str) -> str:
    """Return what tells the file at *path* from an earlier state of itself, without reading it."""
    told = path.stat()
    with path.open("rb") as file:
        start = file.read(_HEADERS)
    known = f"{name}/{told.st_size}/{told.st_mtime_ns}/".encode()
    return hashlib.sha256(known + start).hexdigest()[:32]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_STEP):
            digest.update(block)
    return digest.hexdigest()


def _forget(target: Path, kept: set[str]) -> None:
    """Remove what no manifest names any more: an earlier state, a copy that was cut short."""
    for path in (target / "data").iterdir():
        if path.name not in kept:
            path.unlink()


def _verify(source: Path, entry: Entry) -> None:
    path = source / "data" / entry.stored
    if not path.is_file():
        raise DamagedError(f"{source} lacks its copy of {entry.name}; take another backup")
    if not _holds(path, entry):
        raise DamagedError(
            f"{source}: the copy of {entry.name} is not what was written there "
            f"({path.stat().st_size:,} of {entry.size_bytes:,} bytes); take another backup"
        )


def _holds(path: Path, entry: Entry) -> bool:
    return path.stat().st_size == entry.size_bytes and _sha256(path) == entry.sha256


def _bring_back(source: Path, partial: Path, entry: Entry) -> bool:
    """Copy a file to its place in *partial*; return False if it stands there already."""
    path = partial / entry.name
    if path.is_file() and _holds(path, entry):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    copy_file(source / "data" / entry.stored, path)
    settle(path)
    return True
