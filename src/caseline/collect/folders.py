"""Reads all files of a folder and of the folders in it, in the order of their names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from caseline.collect.budgets import Budget
from caseline.collect.containers import SPARSE, Part
from caseline.collect.disk import opened
from caseline.collect.identity import folder_id
from caseline.collect.manifests import is_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from caseline.collect.faults import Faults
    from caseline.collect.limits import Limits
    from caseline.collect.reading import ByteReader
    from caseline.records.batches import MediaKind


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A file as it was when the folder was opened."""

    name: str
    path: Path
    size: int
    digest: str


class FolderContainer:
    """A folder.

    Links are not followed: one that stays within the folder leads to what is read under
    its own name; one that leaves it is refused.

    Args:
        path: Where it is.
        name: What to call it.
        limits: How much is looked at.
    """

    media: MediaKind = "file"

    def __init__(self, path: Path, name: str, limits: Limits) -> None:
        self._root = path
        self._limits = limits
        self._entries: list[_Entry] = []
        self.name = name
        self.content_id: str | None = None

    def identify(self, limits: Limits, faults: Faults) -> None:
        """Hash each file; those that cannot be read are told to *faults*."""
        seen: list[tuple[str, int, str]] = []
        for name, path in _walk(self._root, faults):
            if len(seen) >= limits.members:
                detail = f"more than {limits.members} members"
                faults.add("bomb", self.name, detail=detail)
                break
            try:
                with opened(path) as file:
                    if file.is_bomb(limits):
                        faults.add("bomb", name, position=0, detail=SPARSE)
                        seen.append((name, file.size, "sparse"))
                        continue
                    size, digest = file.size, file.digest()
            except OSError as error:
                faults.add("unreadable", name, detail=type(error).__name__)
                seen.append((name, 0, "unreadable"))
                continue
            seen.append((name, size, digest))
            self._entries.append(_Entry(name=name, path=path, size=size, digest=digest))
        self._entries.sort(key=lambda entry: entry.name)
        self.content_id = folder_id(seen)

    def manifest(
        self,
        find: Callable[[ByteReader, str], bytes | None],  # noqa: ARG002 - the protocol's
    ) -> bytes | None:
        """Return the manifest at the root, else the first one a folder down."""
        found = [entry for entry in self._entries if is_manifest(entry.name)]
        if not found:
            return None
        entry = min(found, key=lambda e: (e.name.count("/"), e.name))
        try:
            with opened(entry.path) as file:
                return file.at(0, self._limits.manifest_bytes + 1)
        except OSError:
            return None

    def parts(
        self,
        budget: Budget,
        faults: Faults,
        find: Callable[[ByteReader, str], bytes | None],
    ) -> Iterator[Part]:
        """Yield each file; one that is a bundle comes with its manifest."""
        for entry in self._entries:
            if not budget.admit():
                return
            try:
                with opened(entry.path) as file:
                    manifest = find(file.reader(Budget(self._limits), entry.size), entry.name)
                with opened(entry.path) as file:
                    yield Part(
                        name=entry.name,
                        prefix=f"{entry.name}/",
                        reader=file.reader(budget, entry.size),
                        manifest=manifest,
                    )
            except OSError as error:
                faults.add("unreadable", entry.name, detail=type(error).__name__)


def _walk(root: Path, faults: Faults) -> Iterator[tuple[str, Path]]:
    """Yield name and path of each regular file under *root*; tell of what is refused."""
    real = os.path.realpath(root)
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            faults.add("unreadable", _name(root, folder), detail=type(error).__name__)
            continue
        for entry in entries:
            path = Path(entry.path)
            if entry.is_symlink():
                _judge_link(_name(root, path), path, real, faults)
            elif entry.is_dir():
                folders.append(path)
            elif entry.is_file():
                yield _name(root, path), path
            else:
                faults.add("unsafe_member", _name(root, path), detail="no regular file")


def _judge_link(name: str, link: Path, root: str, faults: Faults) -> None:
    target = os.path.realpath(link)
    if target != root and not target.startswith(root.rstrip(os.sep) + os.sep):
        faults.add("unsafe_path", name, detail="a link that leaves the folder")
    elif not Path(target).exists():
        faults.add("unreadable", name, detail="a link to nothing")


def _name(root: Path, path: Path) -> str:
    r"""Return *path* below *root*, `/`-separated; undecodable bytes as ``\xNN``."""
    name = os.fsencode(path.relative_to(root).as_posix())
    return name.decode("utf-8", "backslashreplace")
