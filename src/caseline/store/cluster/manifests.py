"""Which files of a shared folder count: one small file for each month, replaced at once.

A write's files are made under a name that nobody reads. The month's manifest then names
them, by one rename: who reads it before sees nothing of the write, who reads it after
sees all. A client or worker that dies on the way leaves files that no manifest names;
``sweep`` deletes them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from caseline.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_FORMAT = 1
_MONTH = re.compile(r"\d{4}-\d{2}")
_NAME = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What counts of one month.

    Args:
        generation: How often it was replaced.
        folders: For each table the folders whose files count, below the month's own.
        writes: For each write that is not merged yet, its folders.
    """

    generation: int = 0
    folders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    writes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def added(self, write_id: str, tables: Mapping[str, str]) -> Manifest:
        """Return it with the folders of a write, in the place of an earlier try's."""
        earlier = set(self.writes.get(write_id, ()))
        folders = {
            table: tuple(name for name in names if name not in earlier)
            for table, names in self.folders.items()
        }
        for table, name in tables.items():
            folders[table] = (*folders.get(table, ()), name)
        return Manifest(
            generation=self.generation + 1,
            folders=folders,
            writes={**self.writes, write_id: tuple(tables.values())},
        )

    def replaced(self, tables: Mapping[str, str]) -> Manifest:
        """Return it with one folder for each of *tables*, in the place of all it had."""
        folders = {**self.folders, **{table: (name,) for table, name in tables.items()}}
        return replace(self, generation=self.generation + 1, folders=folders, writes={})


class SharedFolder:
    """The months of a folder that the client and all workers see under the same path."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def months(self) -> list[str]:
        """Return the months that have a manifest, in order."""
        found = self.root.iterdir() if self.root.is_dir() else iter(())
        return sorted(p.name for p in found if _MONTH.fullmatch(p.name) and (p / _NAME).exists())

    def read(self, month: str) -> Manifest:
        """Return what counts of *month*; nothing, if it has no manifest.

        Raises:
            DamagedError: the manifest is not what Caseline wrote.
        """
        path = self.root / month / _NAME
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Manifest()
        except ValueError:
            raise DamagedError(f"{path} is not readable; restore it from a backup") from None
        if content.get("format") != _FORMAT:
            raise DamagedError(f"{path} has an unknown format; open it with its own version")
        return Manifest(
            generation=content["generation"],
            folders={table: tuple(names) for table, names in content["folders"].items()},
            writes={write: tuple(names) for write, names in content["writes"].items()},
        )

    def commit(self, month: str, manifest: Manifest) -> None:
        """Make *manifest* the one that counts: a reader finds the old one or this one, whole."""
        folder = self.root / month
        folder.mkdir(parents=True, exist_ok=True)
        beside = folder / f"{_NAME}.new"
        content = {
            "format": _FORMAT,
            "generation": manifest.generation,
            "folders": manifest.folders,
            "writes": manifest.writes,
        }
        with beside.open("w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(folder / _NAME)
        _settle(folder)

    def path(self, month: str, folder: str) -> str:
        """Return the whole path of a *folder* that a manifest names."""
        return str(self.root / month / folder)

    def settle(self, month: str, folders: Iterable[str]) -> None:
        """Have the system write the files of *folders* down, before a manifest names them."""
        for name in folders:
            path = self.root / month / name
            for file in path.iterdir():
                _settle(file)
            _settle(path)

    def sweep(self, month: str) -> list[str]:
        """Delete the folders of *month* that its manifest does not name; return them.

        Only while nobody else writes.
        """
        manifest = self.read(month)
        counted = {name for names in manifest.folders.values() for name in names}
        left = [name for name in self._present(month) if name not in counted]
        for name in left:
            shutil.rmtree(self.root / month / name, ignore_errors=True)
        return left

    def _present(self, month: str) -> Iterable[str]:
        folder = self.root / month
        return sorted(str(p.relative_to(folder)) for p in folder.glob("*/*") if p.is_dir())


def _settle(path: Path) -> None:
    """Have the system write down a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
