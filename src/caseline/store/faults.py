"""What the engine's errors mean: a full disk, no right to write, damage, an engine that stopped."""

from __future__ import annotations

import errno
import os
import re
import shutil
from typing import TYPE_CHECKING

import duckdb

from caseline.errors import DamagedError, ReadOnlyError, StorageFullError, WorkspaceError

if TYPE_CHECKING:
    from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DENIED = (errno.EROFS, errno.EACCES, errno.EPERM)
_CLOSED_DOWN = re.compile(r'[Dd]atabase "(\w+)"[^"]* has been invalidated')
_DAMAGE = (
    "corrupt",
    "computed aes tag",
    "could not read enough bytes",
    "failure while replaying wal",
    "not a valid duckdb database",
)


def meaning(error: duckdb.Error | OSError, path: Path) -> WorkspaceError | None:
    """Return what *error* is to a user who works with *path*; None if it is a fault of ours.

    Args:
        error: Of the engine, or of the system.
        path: The file or folder that was read or written, as the user is to be told it.
    """
    text = _named_file(error) or str(path)
    for found in (_of_the_disk(error, path, text), _of_the_engine(error, path)):
        if found is not None:
            return found
    return None


def closed_down(error: duckdb.Error) -> str | None:
    """Return the name of the database that the engine gave up until it is attached again.

    It does so when it could not move its log into the file; the log keeps all of it.

    >>> closed_down(duckdb.IOException('Database "m2026_02" has been invalidated because'))
    'm2026_02'
    """
    found = _CLOSED_DOWN.search(str(error).replace("The database has", "has"))
    return found[1] if found else None


def is_damage(error: duckdb.Error) -> bool:
    """Return whether *error* says that a file is not what the engine wrote."""
    text = str(error).lower()
    return isinstance(error, duckdb.SerializationException) or any(d in text for d in _DAMAGE)


def _of_the_disk(error: duckdb.Error | OSError, path: Path, name: str) -> WorkspaceError | None:
    if _says(error, _FULL):
        return StorageFullError(
            f"no room to write {name}: {_free(path)} free in {_folder_of(path)}; free some, or "
            "move the workspace to a larger disk, and do it again: nothing was half written"
        )
    if _says(error, _DENIED):
        return ReadOnlyError(
            f"{name} cannot be written (read-only disk, or no permission in {_folder_of(path)}); "
            "allow it, or open with read_only=True to ask only"
        )
    if _says(error, (errno.EIO,)):
        return WorkspaceError(
            f"the disk failed while {name} was read or written; look at the disk, then open "
            "the workspace again and verify it"
        )
    return None


def _of_the_engine(error: duckdb.Error | OSError, path: Path) -> WorkspaceError | None:
    if isinstance(error, duckdb.FatalException | duckdb.InternalException):
        return WorkspaceError(
            f"the engine stopped over an inner fault ({type(error).__name__}); close {path} and "
            "open it again: what was acknowledged is safe"
        )
    if isinstance(error, duckdb.Error) and is_damage(error):
        return DamagedError(
            f"{path} is not what was written there ({type(error).__name__}); ask verify() what "
            "of it is damaged, then restore it from a backup or call repair()"
        )
    return None


def _says(error: duckdb.Error | OSError, numbers: tuple[int, ...]) -> bool:
    if isinstance(error, OSError):
        return error.errno in numbers
    return any(os.strerror(number) in str(error) for number in numbers)


def _named_file(error: duckdb.Error | OSError) -> str | None:
    """Return the file that *error* names, without the engine's words around it."""
    if isinstance(error, OSError):
        return str(error.filename) if error.filename else None
    found = re.search(r'file "([^"]+)"', str(error))
    return found[1] if found else None


def _folder_of(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _free(path: Path) -> str:
    folder = next(p for p in (path, *path.parents) if p.exists())
    return f"{shutil.disk_usage(folder).free // 1024:,} KB"
