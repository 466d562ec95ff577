"""A change of whole files: written beside them, then put in their place, all of it or nothing.

What is to replace a file stands beside it under a name that ends in ``.new``, unread,
until all is written. Then a journal names the files to replace and to remove; from there
on the change is finished whatever happens, by whoever opens the workspace next. The
journal goes last.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from caseline.errors import DamagedError, WorkspaceError
from caseline.store.keys import NEW, sync_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    from caseline.store.keys import Keyring

JOURNAL = "change.json"
_FORMAT = 1


class Change:
    """One change of the files in *folder*, begun or found begun.

    Args:
        folder: The workspace's.
        keyring: Its keys.
        what: What is to be done, for whoever has to begin again; sealed on disk.
    """

    def __init__(self, folder: Path, keyring: Keyring, what: dict[str, str]) -> None:
        self._folder = folder
        self._keyring = keyring
        self.what = what

    def begin(self) -> None:
        """Write down what is to be done; nothing is changed yet."""
        self._clear()
        self._note("begun")

    def beside(self, name: str) -> Path:
        """Return where to write what is to replace file *name*."""
        return self._folder / (name + NEW)

    def commit(self, replaced: Sequence[str], removed: Sequence[str]) -> None:
        """Put what was written in its place, and take away the files *removed*, for good.

        No file may be open. What a kill leaves to be done, whoever opens them next does.
        """
        for name in replaced:
            _sync(self.beside(name))
        self._note("ready", replaced, removed)
        self.finish(replaced, removed)

    def abandon(self) -> None:
        """Take away what was written; all stays as it was."""
        self._clear()
        (self._folder / JOURNAL).unlink(missing_ok=True)

    def _note(self, state: str, replaced: Sequence[str] = (), removed: Sequence[str] = ()) -> None:
        content = {
            "format": _FORMAT,
            "state": state,
            "what": self._keyring.sealed(json.dumps(self.what)),
            "replaced": list(replaced),
            "removed": list(removed),
        }
        path = self._folder / (JOURNAL + NEW)
        with path.open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        path.replace(self._folder / JOURNAL)
        sync_folder(self._folder)

    def finish(self, replaced: Sequence[str], removed: Sequence[str]) -> None:
        """Do what a journal that is ready says; a second time it changes nothing."""
        for name in (*replaced, *removed):
            path = self._folder / name
            for beside in path.parent.glob(f"{path.name}.*"):  # the engine's logs
                if not beside.name.endswith(NEW):
                    beside.unlink(missing_ok=True)
        for name in replaced:
            if self.beside(name).exists():
                self.beside(name).replace(self._folder / name)
        for name in removed:
            (self._folder / name).unlink(missing_ok=True)
        for folder in {(self._folder / name).parent for name in (*replaced, *removed)}:
            sync_folder(folder)
        self._keyring.replace(replaced, removed)
        (self._folder / JOURNAL).unlink()
        sync_folder(self._folder)

    def _clear(self) -> None:
        """Remove what an earlier try left beside the files."""
        for folder in (self._folder, self._folder / "events"):
            for pattern in (f"*{NEW}", f"*{NEW}.*"):
                for path in folder.glob(pattern):
                    path.unlink(missing_ok=True)
        self._keyring.forget_renewed()


def begun(folder: Path, keyring: Keyring) -> Change | None:
    """Return the change that was begun in *folder* and is to be done again, if there is one."""
    found = _read(folder)
    if found is None:
        return None
    return Change(folder, keyring, json.loads(keyring.unsealed(found["what"])))


def settle(folder: Path, keyring: Keyring) -> None:
    """Finish the change of the files in *folder* that a kill interrupted, if all is written.

    Called by whoever has the writer's place, before any file is opened.
    """
    keyring.reread()
    found = _read(folder)
    if found is not None and found["state"] == "ready":
        Change(folder, keyring, {}).finish(found["replaced"], found["removed"])


def refuse_unsettled(folder: Path) -> None:
    """Raise if a change of the files in *folder* is not finished.

    Raises:
        WorkspaceError: it is not.
    """
    if (folder / JOURNAL).exists():
        raise WorkspaceError(
            f"a change of the files in {folder} is not finished; wait for the process that is "
            "at it, or, if it was killed, open the workspace once without read_only"
        )


def _read(folder: Path) -> dict[str, Any] | None:
    path = folder / JOURNAL
    if not path.exists():
        return None
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise DamagedError(f"{path} is not readable; restore it from a backup") from None
    if content.get("format") != _FORMAT:
        raise DamagedError(f"{path} has an unknown format; open it with its own version")
    return content


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
