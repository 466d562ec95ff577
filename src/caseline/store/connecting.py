"""The way to the files: one process, one connection, the errors of the engine translated."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from caseline.errors import DamagedError, KeyMismatchError, WorkspaceError, WorkspaceLockedError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LAYOUT = "v1.5.0"
"""Nothing but this engine reads the files: its own layout is a third faster to write."""

_open_here: set[Path] = set()
_open_guard = threading.Lock()


def claim(folder: Path) -> None:
    """Note that this process has *folder* open; locks of the system do not tell it itself."""
    with _open_guard:
        if folder.resolve() in _open_here:
            raise WorkspaceLockedError(
                f"{folder} is open already in this process; use that workspace, or close it first"
            )
        _open_here.add(folder.resolve())


def release(folder: Path) -> None:
    """Note that this process has closed *folder*."""
    with _open_guard:
        _open_here.discard(folder.resolve())


def connect(*, encrypted: bool) -> duckdb.DuckDBPyConnection:
    """Return a connection without a database of its own; *encrypted* files can be attached."""
    hub = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "checkpoint_threshold": "1TB",  # the store folds logs in by itself: see desk
            "python_enable_replacements": "false",
        }
    )
    if encrypted:
        import duckdb_extension_httpfs  # noqa: PLC0415 - 21 MB, only where a key is given

        found = next(Path(duckdb_extension_httpfs.__file__).parent.rglob("*.duckdb_extension"))
        hub.execute(f"LOAD '{found}'")
    return hub


def ddl_for(name: str, ddl: str) -> str:
    """Return the statements of *ddl* for the database attached as *name*."""
    return ddl.replace("IF NOT EXISTS ", f"IF NOT EXISTS {name}.")


def attach(
    hub: duckdb.DuckDBPyConnection, path: Path, *, name: str, key: str | None, read_only: bool
) -> None:
    """Attach the database file at *path* to *hub* under *name*.

    Raises:
        WorkspaceLockedError: another process holds the file.
        KeyMismatchError: the file is encrypted with another key.
        DamagedError: it is no database file.
    """
    options = [f"ENCRYPTION_KEY '{key}'"] if key else []
    options += ["READ_ONLY"] if read_only else [f"STORAGE_VERSION '{_LAYOUT}'"]
    quoted = str(path).replace("'", "''")
    try:
        with _going_through_its_log(hub, path):
            hub.execute(f"ATTACH '{quoted}' AS {name} ({', '.join(options)})")
    except duckdb.Error as error:
        raise _translated(error, path) from None


@contextmanager
def _going_through_its_log(hub: duckdb.DuckDBPyConnection, path: Path) -> Iterator[None]:
    """Use one thread inside if *path* has a log: two take twice the work, and longer."""
    if not path.with_name(f"{path.name}.wal").exists():
        yield
        return
    hub.execute("SET threads = 1")
    try:
        yield
    finally:
        hub.execute("RESET threads")


def _translated(error: duckdb.Error, path: Path) -> WorkspaceError:
    text = str(error)
    if "lock" in text:
        holder = re.search(r"PID (\d+)", text)
        who = f"process {holder[1]}" if holder else "another process"
        return WorkspaceLockedError(
            f"{path} is open for writing in {who}; close it there, "
            "or work in that process: one process writes to a workspace"
        )
    if "ncrypt" in text:
        return KeyMismatchError(
            f"{path} does not open with this key; give the key it was made with"
        )
    if isinstance(error, duckdb.IOException | duckdb.SerializationException):
        return DamagedError(
            f"{path} cannot be read as a database ({type(error).__name__}); "
            "restore it from a backup"
        )
    return WorkspaceError(f"{path} cannot be opened ({type(error).__name__})")
