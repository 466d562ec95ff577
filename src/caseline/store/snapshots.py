"""A reader's own view of a workspace: its files as they were at one moment, in a folder.

Months come first, then the catalog, then the keys: whatever a month refers to stands in
the catalog before, and whatever is encrypted has its key before.
"""

from __future__ import annotations

import errno
import secrets
import shutil
from typing import TYPE_CHECKING

from caseline.store import locks
from caseline.store.changing import refuse_unsettled
from caseline.store.copying import copy_database, copy_file, link_database
from caseline.store.desk import HELD, SNAPSHOTS, files_still
from caseline.store.locks import FileLock

if TYPE_CHECKING:
    from pathlib import Path


_CLOSED_TO_US = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOLCK, errno.EOPNOTSUPP}


class Snapshot:
    """The workspace in *home* as its last commits left it, until it is released.

    Attributes:
        folder: Where its files are: a workspace by itself, that nobody writes to.
        linked: The names of the databases that are the workspace's own files.

    Raises:
        OSError: nothing can be written in *home*.
        WorkspaceError: there is no space for the files that have to be copied; or a change
            of the workspace's files is not finished.
    """

    def __init__(self, home: Path) -> None:
        self.linked: set[str] = set()
        self.folder = home / SNAPSHOTS / secrets.token_hex(8)
        with files_still(home) as changing:
            refuse_unsettled(home)
            (self.folder / "events").mkdir(parents=True)
            self._held = FileLock(self.folder / HELD)
            self._held.take()
            try:
                self._fill(home, changing)
            except BaseException:
                self.release()
                raise

    def _fill(self, home: Path, changing: set[str]) -> None:
        months = (f"events/{path.name}" for path in sorted((home / "events").glob("*.duckdb")))
        for name in (*months, "catalog.duckdb"):
            source, target = home / name, self.folder / name
            if name not in changing and link_database(source, target):
                self.linked.add(name)
            else:
                copy_database(source, target)
        copy_file(home / "keys", self.folder / "keys")

    def release(self) -> None:
        """Remove the files; whoever has them open keeps what is open."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._held.close()


def take_snapshot(home: Path) -> Snapshot | None:
    """Return a snapshot of the workspace in *home*; None where none can be made.

    That is so where nothing can be written, and on platforms without locks.

    Raises:
        WorkspaceError: there is no space.
    """
    if not locks.are_there():
        return None
    try:
        return Snapshot(home)
    except OSError as error:
        if error.errno not in _CLOSED_TO_US:
            raise
        return None
