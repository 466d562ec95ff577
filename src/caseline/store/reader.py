"""A reader beside a writer: it asks a snapshot, and moves to a newer one when told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.store.connecting import attach, claim, release
from caseline.store.embedded import CATALOG, EmbeddedStore
from caseline.store.keys import Keyring
from caseline.store.memory import Memory
from caseline.store.partitions import Partitions
from caseline.store.snapshots import Snapshot

if TYPE_CHECKING:
    from pathlib import Path


class SnapshotStore(EmbeddedStore):
    """The tables of the workspace in *home* as its last commits left them.

    Args:
        home: The workspace's folder.
        snapshot: Its files; released when the store is closed.
        key: What the workspace is opened with.

    Raises:
        KeyMismatchError: not the key it was made with.
        DamagedError: its files are not what Caseline wrote.
    """

    def __init__(self, home: Path, snapshot: Snapshot, *, key: str | bytes | None) -> None:
        self._key = key
        self._snapshot = snapshot
        try:
            self.keyring = Keyring(snapshot.folder, key, read_only=True)
            super().__init__(snapshot.folder, read_only=True, key_of=self.keyring.key_of)
        except BaseException:
            snapshot.release()
            raise
        self.home = home

    def refresh(self) -> bool:
        """Move to the newest committed state; questions that run end first."""
        self._refuse_closed()
        with self._writing:
            fresh = Snapshot(self.home)
            try:
                self._move(fresh)
            except BaseException:
                fresh.release()
                raise
            self._snapshot.release()
            self._snapshot = fresh
        return True

    def _move(self, fresh: Snapshot) -> None:
        keyring = Keyring(fresh.folder, self._key, read_only=True)
        months = Partitions(self.hub, fresh.folder / "events", key_of=keyring.key_of)
        with self.guard.exclusive():
            self.hub.execute("DETACH catalog")
            attach(
                self.hub,
                fresh.folder / CATALOG,
                name="catalog",
                key=keyring.key_of(CATALOG),
                read_only=True,
            )
            months.follow(self.partitions)
            claim(fresh.folder)
            release(self.folder)
            self.folder, self.keyring, self.partitions = fresh.folder, keyring, months
            self.memory = Memory()
            self._read_catalog()

    def close(self) -> None:
        """Close the files and remove the snapshot."""
        super().close()
        self._snapshot.release()
