"""The way in: opens whatever logs come in."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caseline.clock import in_utc
from caseline.collect.budgets import Budget
from caseline.collect.collection import Collection
from caseline.collect.containers import FileContainer
from caseline.collect.folders import FolderContainer
from caseline.collect.limits import Limits
from caseline.collect.streams import ItemContainer, OpenFileContainer
from caseline.errors import InputError, SourceError

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.collect.containers import Container

_LONGEST_PATH = 4096
_LIMITS = Limits()


def open_collection(
    source: Any,
    *,
    received_at: datetime,
    environment_id: str | None = None,
    limits: Limits = _LIMITS,
    name: str | None = None,
) -> Collection:
    r"""Open a file, a folder, an archive, an open binary file or an iterable of records.

    What is packed is told by its first bytes, then by its name: gzip, bzip2, xz, zstd,
    zip and tar, in one another. Files and folders are read once here, for their identity.

    Args:
        source: A path (``str`` or ``Path``); a file open in binary mode; or an iterable
            of ``bytes``, ``str`` or ``dict``, each one or more whole lines. A ``str``
            is always a path, never log text.
        received_at: When it reached us; aware.
        environment_id: The installation it comes from, if the caller knows. A manifest
            that names another makes the collection foreign: it is counted, not read.
        limits: Bounds of memory and time.
        name: What to call it; the file's name, or "stream".

    Returns:
        The collection; its files are read as they are asked for.

    Raises:
        SourceError: there is nothing at the path, or it cannot be read.
        InputError: *source* is none of these, or *received_at* is naive.

    >>> from datetime import UTC
    >>> from datetime import datetime as at
    >>> lines = ["disk full", {"level": "error"}]
    >>> collection = open_collection(lines, received_at=at(2026, 3, 1, tzinfo=UTC))
    >>> [block.data for file in collection.files() for block in file.blocks()]
    [b'disk full\n{"level": "error"}\n']
    """
    if not isinstance(limits, Limits):
        raise InputError(f"limits is a {type(limits).__name__}; give Limits(...)")
    container = _container(source, name, limits)
    return Collection(
        container,
        received_at=in_utc(received_at, "received_at"),
        environment_id=environment_id,
        limits=limits,
    )


def _container(source: Any, name: str | None, limits: Limits) -> Container:
    if isinstance(source, str | os.PathLike):
        return _at_path(source, name, limits)
    if isinstance(source, bytes | bytearray | memoryview | Mapping):
        raise InputError(
            f"source is {type(source).__name__}; give a path, an open binary file, "
            "or a list of records"
        )
    if hasattr(source, "read") and not isinstance(source, io.TextIOBase):
        return OpenFileContainer(source, name or _file_name(source), Budget(limits))
    if isinstance(source, Iterable):
        return ItemContainer(source, name or "stream")
    raise InputError(
        f"source is {type(source).__name__}; give a path, an open binary file, "
        "or an iterable of bytes, str or dict"
    )


def _file_name(file: Any) -> str:
    """Return the name an open file has; "stream" if it has none."""
    name = getattr(file, "name", None)
    return os.path.basename(name) if isinstance(name, str) and name else "stream"  # noqa: PTH119 - a str may come from anywhere


def _at_path(source: str | os.PathLike[str], name: str | None, limits: Limits) -> Container:
    shown = _shown(source)
    try:
        path = Path(source)
        mode = path.stat().st_mode
    except (OSError, ValueError, TypeError) as error:
        missing = isinstance(error, FileNotFoundError)
        raise SourceError(
            f"{'no file or folder at' if missing else 'cannot open'} {shown}; a str is always "
            "a path: give log text as a list of lines"
        ) from None
    name = name or path.resolve().name or "folder"
    if stat.S_ISDIR(mode):
        return FolderContainer(path, name, limits)
    if stat.S_ISREG(mode):
        return FileContainer(path, name, Budget(limits))
    raise SourceError(
        f"{shown} is neither a file nor a folder; open it in binary mode and give the file"
    )


def _shown(source: str | os.PathLike[str]) -> str:
    """Return *source* for a message, unless it looks like log text."""
    text = str(source)
    if text.isprintable() and len(text) <= _LONGEST_PATH:
        return repr(text)
    return f"the path given ({len(text)} characters)"
