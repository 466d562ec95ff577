"""The way to the files: one process, one connection, the errors of the engine translated."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from caseline.errors import DamagedError, KeyMismatchError, WorkspaceError, WorkspaceLockedError
from caseline.store.faults import is_damage, meaning

if TYPE_CHECKING:
    from collections.abc import Iterator

SPILL = "spill"
"""Where the engine puts aside what does not fit into memory; gone when it is closed."""
_LAYOUT = "v1.5.0"
"""Nothing but this engine reads the files: its own layout is a third faster to write."""

_open_here: set[Path] = set()
_open_guard = threading.Lock()


def prepare(folder: Path) -> None:
    """Make *folder* if it is absent.

    Raises:
        StorageFullError: its disk has no room.
        ReadOnlyError: it cannot be made there.
    """
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise meaning(error, folder) or error from None


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


def connect(folder: Path, *, encrypted: bool) -> duckdb.DuckDBPyConnection:
    """Return a connection without a database of its own; *encrypted* files can be attached.

    What does not fit into memory is put aside in *folder*, encrypted if the files are.
    """
    hub = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "checkpoint_threshold": "1TB",  # the store folds logs in by itself: see desk
            "python_enable_replacements": "false",
            "temp_directory": str(folder / SPILL),
            "temp_file_encryption": str(encrypted).lower(),
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
        raise explained(error, path) from None


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


def make(hub: duckdb.DuckDBPyConnection, path: Path, *, key: str | None, ddl: str) -> None:
    """Make the database file at *path* with the tables of *ddl*: all of it, or nothing.

    It is made under another name first: a full disk or a killed process leaves no file
    that cannot be told from a damaged one.

    Raises:
        StorageFullError: the disk has no room for it.
        ReadOnlyError: the folder cannot be written.
    """
    beside = path.with_name(f"{path.name}.new")
    log = path.with_name(f"{beside.name}.wal")
    try:
        path.parent.mkdir(exist_ok=True)
        for left in (beside, log):
            left.unlink(missing_ok=True)
        attach(hub, beside, name="unborn", key=key, read_only=False)
        try:
            hub.execute(ddl_for("unborn", ddl))
            hub.execute("CHECKPOINT unborn")
        finally:
            hub.execute("DETACH unborn")
        beside.replace(path)
    except (duckdb.Error, OSError) as error:
        raise meaning(error, path) or error from None


def refuse_lost(catalog: Path) -> None:
    """Refuse to make a new *catalog* beside months of events: theirs is gone.

    Raises:
        DamagedError: there are such months.
    """
    if any((catalog.parent / "events").glob("*.duckdb")):
        raise DamagedError(f"{catalog} is missing beside its events; restore it from a backup")


def detach(hub: duckdb.DuckDBPyConnection, name: str) -> None:
    """Let go of the database attached to *hub* as *name*, if there is one."""
    hub.execute(f"DETACH DATABASE IF EXISTS {name}")


def explained(error: duckdb.Error, path: Path) -> WorkspaceError:
    """Return what *error* means that was met when the file at *path* was opened."""
    text = re.sub(r'"[^"]*"', "", str(error))
    if "lock on file" in text:
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
    if is_damage(error):
        return _damaged(error, path)
    found = meaning(error, path)
    if found is not None:
        return found
    return WorkspaceError(f"{path} cannot be opened ({type(error).__name__})")


def _damaged(error: duckdb.Error, path: Path) -> DamagedError:
    """Return the error that names the file which is not what was written to it."""
    if "replaying WAL" in str(error):
        return DamagedError(
            f"{path}.wal is damaged ({type(error).__name__}): it holds the latest changes of "
            f"{path.name}; restore both from a backup, or move it away and open again: what "
            "it held is lost then, and verify() tells what is missing"
        )
    return DamagedError(
        f"{path} cannot be read as a database ({type(error).__name__}); restore it from a backup"
    )
