"""The writer's place in a workspace: that it is taken, and which files change there.

Beside the databases stand three things. ``locks/writer`` is held as long as somebody
writes, and tells which files that one has open for writing. ``locks/files`` is held by
the writer while it makes such a file, opens one or folds its log into it, and shared by
whoever copies files: what is copied stands still but for logs, which only grow.
``snapshots`` has a folder for each reader, whose months are the same files by another
name: before the writer changes one, it goes on in a copy.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from caseline.errors import ReadOnlyError, WorkspaceLockedError
from caseline.store.copying import copy_file, put
from caseline.store.locks import FileLock, lock_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

LOG_BYTES = 1 << 30
"""What a log may grow to before it is folded into its file: seldom, as appends wait."""
LOG_BYTES_READ = 1 << 25
"""The same while there are readers, who go through the whole log when they refresh."""
SNAPSHOTS = "snapshots"
HELD = "held"
"""A file in a reader's folder that its reader holds the lock of."""


class Desk:
    """The place of the one who writes to the workspace in *folder*, taken when made.

    Args:
        folder: The workspace's.

    Raises:
        WorkspaceLockedError: somebody else has it.
        ReadOnlyError: nothing can be written in *folder*.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changing: set[str] = set()
        self._depth = 0
        try:
            (folder / "locks").mkdir(parents=True, exist_ok=True)
            self._files = FileLock(files_lock(folder))
            self._writer = FileLock(folder / "locks" / "writer")
        except OSError as error:
            raise ReadOnlyError(
                f"{folder} cannot be written to ({error.strerror}); open it with read_only=True"
            ) from None
        with self.changing():
            alone = self._writer.take(wait=False)
            if alone:
                self._tell()
                sweep(folder)
        if not alone:
            holder = _told(self._writer).get("process")
            self.leave()
            raise WorkspaceLockedError(
                f"{folder} is open for writing in process {holder}; close it there, "
                "or work in that process: one process writes to a workspace"
            )

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Let nobody copy files inside; waits for who copies now."""
        if not self._depth:
            self._files.take()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self._files.free()

    def changes(self, name: str) -> bool:
        """Return whether the file *name* is told to be open for writing."""
        return name in self._changing

    def open_file(self, name: str) -> None:
        """Tell that the file *name* changes from now on, and let go of readers' links to it.

        Called inside ``changing``, before the file is opened for writing.
        """
        self._changing.add(name)
        self._tell()
        path = self._folder / name
        if path.exists() and path.stat().st_nlink > 1:
            beside = path.with_name(f"{path.name}.new")
            copy_file(path, beside)
            put(beside, path)

    def close_file(self, name: str) -> None:
        """Tell that the file *name* stands still from now on."""
        self._changing.discard(name)
        self._tell()

    def has_log(self, name: str) -> bool:
        """Return whether the file *name* has a log, that its last writer left."""
        return self._log_bytes(name) > 0

    def fold(self, hub: duckdb.DuckDBPyConnection, *, limit: int | None = None) -> None:
        """Fold the logs that are long into their files, unless somebody copies just now.

        Args:
            hub: Where the files are attached.
            limit: How many bytes are long; None for what suits readers, if there are any.
        """
        long = [f for f in sorted(self._changing) if self._is_long(self._log_bytes(f), limit)]
        if not long:
            return
        with self._changing_if_free() as free:
            if free:
                sweep(self._folder)
                for file in long:
                    hub.execute(f"CHECKPOINT {attached_as(file)}")

    def _log_bytes(self, name: str) -> int:
        try:
            return (self._folder / f"{name}.wal").stat().st_size
        except FileNotFoundError:
            return 0

    def _is_long(self, size: int, limit: int | None) -> bool:
        if size < (limit or LOG_BYTES_READ):
            return False
        return limit is not None or size >= LOG_BYTES or self.has_readers

    @contextmanager
    def _changing_if_free(self) -> Iterator[bool]:
        """Like ``changing``, but tells False inside instead of waiting."""
        if not self._depth and not self._files.take(wait=False):
            yield False
            return
        with self.changing():
            yield True

    @property
    def has_readers(self) -> bool:
        """Whether there are readers' folders."""
        folder = self._folder / SNAPSHOTS
        return folder.is_dir() and any(folder.iterdir())

    def leave(self) -> None:
        """Give the place back."""
        self._writer.close()
        self._files.close()

    def _tell(self) -> None:
        told = {"process": os.getpid(), "changes": sorted(self._changing)}
        self._writer.write(json.dumps(told).encode())


def attached_as(file: str) -> str:
    """Return the name that the writer attaches *file* by.

    >>> attached_as("catalog.duckdb"), attached_as("events/2026-11.duckdb")
    ('catalog', 'm2026_11')
    """
    stem = file.rpartition("/")[2].removesuffix(".duckdb")
    return f"m{stem.replace('-', '_')}" if "/" in file else stem


def files_lock(folder: Path) -> Path:
    """Return the file whose lock keeps the files of the workspace in *folder* still."""
    return folder / "locks" / "files"


def changing_now(folder: Path) -> set[str]:
    """Return the names of the files that a living writer has open for writing.

    Called by somebody who shares the lock ``files``.
    """
    writer = FileLock(folder / "locks" / "writer")
    try:
        if writer.take(shared=True, wait=False):
            return set()
        return set(_told(writer).get("changes", ()))
    finally:
        writer.close()


def sweep(folder: Path) -> None:
    """Remove what readers left that were killed. Called inside ``changing``."""
    if not (folder / SNAPSHOTS).is_dir():
        return
    for left in (folder / SNAPSHOTS).iterdir():
        held = left / HELD
        if held.exists():
            lock = FileLock(held)
            dead = lock.take(wait=False)
            lock.close()
            if not dead:
                continue
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def files_still(folder: Path) -> Iterator[set[str]]:
    """Keep the files of the workspace in *folder* still; gives the names of those in use.

    Raises:
        OSError: nothing can be written there.
    """
    (folder / "locks").mkdir(exist_ok=True)
    with lock_file(files_lock(folder), shared=True):
        yield changing_now(folder)


def _told(writer: FileLock) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(writer.read() or b"{}")
    except ValueError:
        return {}
    return told
