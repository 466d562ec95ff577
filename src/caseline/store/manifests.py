"""A backup's manifest: which files make the workspace, and how each is known to be whole."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from caseline.errors import DamagedError, SourceError
from caseline.store.copying import put

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "manifest.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of a backup.

    Args:
        name: In the workspace: ``events/2026-11.duckdb``.
        size_bytes: How long it is.
        sha256: The checksum of its content.
        stored: Its name in the backup.
    """

    name: str
    size_bytes: int
    sha256: str
    stored: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds.

    Args:
        taken_at: When its state was the newest.
        workspace: What tells the workspace from others.
        files: Its files.
    """

    taken_at: datetime
    workspace: str | None
    files: tuple[Entry, ...] = ()

    def write(self, folder: Path) -> None:
        """Let this be the manifest of the backup in *folder*, at once."""
        told = {
            "format": _FORMAT,
            "taken_at": self.taken_at.isoformat(),
            "workspace": self.workspace,
            "files": [asdict(entry) for entry in self.files],
        }
        beside = folder / f"{MANIFEST}.new"
        content = json.dumps({**told, "checksum": _checksum(told)}, indent=1)
        beside.write_text(content, encoding="utf-8")
        put(beside, folder / MANIFEST)


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of the backup in *folder*.

    Raises:
        SourceError: there is none.
        DamagedError: it is not what Caseline wrote.
    """
    path = folder / MANIFEST
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        checksum = told.pop("checksum")
    except FileNotFoundError:
        raise SourceError(f"{folder} holds no backup; give the folder of one") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DamagedError(f"{path} is not readable; take another backup") from None
    if checksum != _checksum(told):
        raise DamagedError(f"{path} is not what was written there; take another backup")
    if told["format"] != _FORMAT:
        raise DamagedError(f"{path} has an unknown format; restore it with its own version")
    return Manifest(
        taken_at=datetime.fromisoformat(told["taken_at"]),
        workspace=told["workspace"],
        files=tuple(Entry(**entry) for entry in told["files"]),
    )


def _checksum(told: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
