"""Caseline ties customer-reported cases to log lines.

>>> import caseline
>>> ws = caseline.open("support/")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from caseline.clock import Clock, ManualClock, SystemClock
    from caseline.errors import (
        CaselineError,
        DamagedError,
        InputError,
        KeyMismatchError,
        MissingExtraError,
        NotFoundError,
        ReadOnlyError,
        SourceError,
        StorageFullError,
        TableError,
        WorkspaceError,
        WorkspaceLockedError,
    )
    from caseline.normalize.lineformats import LineFormat
    from caseline.records.answers import Row, Table
    from caseline.records.backups import BackupReport
    from caseline.records.ingest import IngestReport, Progress
    from caseline.records.windows import Window
    from caseline.store.backups import restore
    from caseline.workspace import View, Workspace, mine
    from caseline.workspace import open_workspace as open  # noqa: A004 - the front door

__version__ = "0.1.0"

_HOMES = {
    "caseline.clock": ("Clock", "ManualClock", "SystemClock"),
    "caseline.errors": (
        "CaselineError",
        "DamagedError",
        "InputError",
        "KeyMismatchError",
        "MissingExtraError",
        "NotFoundError",
        "ReadOnlyError",
        "SourceError",
        "StorageFullError",
        "TableError",
        "WorkspaceError",
        "WorkspaceLockedError",
    ),
    "caseline.normalize.lineformats": ("LineFormat",),
    "caseline.records.answers": ("Row", "Table"),
    "caseline.records.backups": ("BackupReport",),
    "caseline.records.ingest": ("IngestReport", "Progress"),
    "caseline.records.windows": ("Window",),
    "caseline.store.backups": ("restore",),
    "caseline.workspace": ("View", "Workspace", "mine", "open"),
}
_NAMES = {name: home for home, names in _HOMES.items() for name in names}
_INSIDE = {"open": "open_workspace"}

__all__ = [
    "BackupReport",
    "CaselineError",
    "Clock",
    "DamagedError",
    "IngestReport",
    "InputError",
    "KeyMismatchError",
    "LineFormat",
    "ManualClock",
    "MissingExtraError",
    "NotFoundError",
    "Progress",
    "ReadOnlyError",
    "Row",
    "SourceError",
    "StorageFullError",
    "SystemClock",
    "Table",
    "TableError",
    "View",
    "Window",
    "Workspace",
    "WorkspaceError",
    "WorkspaceLockedError",
    "mine",
    "open",
    "restore",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use: importing Caseline imports nothing heavy."""
    if name not in _NAMES:
        raise AttributeError(f"module 'caseline' has no attribute {name!r}")
    value = getattr(import_module(_NAMES[name]), _INSIDE.get(name, name))
    globals()[name] = value
    return value
