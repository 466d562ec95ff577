"""One database file for each month of events: found, attached, made, in order."""

from __future__ import annotations

import re
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from caseline.errors import DamagedError, ReadOnlyError, WorkspaceError
from caseline.store.connecting import attach, ddl_for, detach, explained, make
from caseline.store.desk import attached_as
from caseline.store.inventory import Inventory, counted
from caseline.store.schema import partition_ddl

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from caseline.records.windows import Window
    from caseline.store.desk import Desk
    from caseline.store.guards import Guard

_SEALED_AFTER = 20
"""Rests after which a month that nobody wrote to is shared with readers again."""
_FILE = re.compile(r"\d{4}-\d{2}")


class Partitions:
    """The months of one workspace, each attached when it is asked for, to be read.

    Args:
        hub: The connection to attach them to.
        folder: Where their files are.
        key_of: Gives the data key of a file by its name; None leaves it in clear.
        desk: The writer's place; None for a reader.
        guard: Keeps questions and re-attaching apart.
        inventory: What the catalog knows of them; without one nothing is expected.
    """

    def __init__(
        self,
        hub: duckdb.DuckDBPyConnection,
        folder: Path,
        *,
        key_of: Callable[[str], str | None],
        desk: Desk | None = None,
        guard: Guard | None = None,
        inventory: Inventory | None = None,
    ) -> None:
        self._hub = hub
        self._folder = folder
        self._key_of = key_of
        self._desk = desk
        self._guard = guard
        self._inventory = inventory
        self._attached: dict[str, Attached] = {}
        self._written: dict[str, int] = {}
        self._rests = 0
        self.refresh()

    def refresh(self) -> None:
        """Look anew which months there are: those with a file, and those that had one."""
        found = self._folder.glob("*.duckdb") if self._folder.is_dir() else ()
        files = {p.stem for p in found if _FILE.fullmatch(p.stem)}
        noted = self._inventory.noted.keys() if self._inventory else set()
        self.months = sorted(files | noted)

    def follow(self, before: Partitions) -> None:
        """Take over from *before* what is the same file, and detach the rest of it.

        Nobody may ask meanwhile.
        """
        for month, attached in before._attached.items():
            if month in self.months and attached.file == _identity(self.path_of(month)):
                self._attached[month] = attached
            else:
                self._hub.execute(f"DETACH {attached.name}")

    def touched_by(self, window: Window | None) -> list[str]:
        """Return the names of the existing partitions that *window* touches, attached."""
        return [self._attach(m) for m in self.months if window is None or _touches(m, window)]

    def for_month(self, month: str) -> str:
        """Return the name of the partition of *month* (``2026-11``), made if it is absent."""
        if month not in self.months:
            with self._desk.changing() if self._desk else nullcontext():
                key = self._key_of(self.file_of(month))
                make(self._hub, self.path_of(month), key=key, ddl=partition_ddl())
            self.months = sorted([*self.months, month])
            return self.for_writing(month)
        return self._attach(month)

    def attached(self, month: str, *, whole: bool = True) -> str:
        """Return the name of the partition of *month*.

        Args:
            month: Which.
            whole: Refuse a file that has lost entries.

        Raises:
            DamagedError: it is gone, or not what was written, or has lost entries.
        """
        return self._attach(month, whole=whole)

    def for_writing(self, month: str, *, whole: bool = True) -> str:
        """Return the name of the partition of *month*, attached so that it can be written.

        Raises:
            WorkspaceError: it was attached to be read, and this thread asks just now.
        """
        if self._desk is None or self._guard is None:
            raise ReadOnlyError(f"{self.path_of(month)} was opened to be read only")
        self._written[month] = self._rests
        file = self.file_of(month)
        if self._desk.changes(file):
            return self._attach(month, whole=whole)
        with ExitStack() as alone:
            attached = month in self._attached
            alone.enter_context(self._guard.exclusive() if attached else self._guard.gate)
            alone.enter_context(self._desk.changing())
            self._detach(month)
            self._desk.open_file(file)
            try:
                return self._attach(month, whole=whole)
            except WorkspaceError:
                self._desk.close_file(file)
                raise

    def rest(self) -> None:
        """Attach those months to be read again that were not written for many rests."""
        self._rests += 1
        for month, last in list(self._written.items()):
            if self._rests - last >= _SEALED_AFTER:
                self._seal(month)

    def _seal(self, month: str) -> None:
        """Fold the log of *month* in, and detach it: it is attached to be read next time."""
        if self._desk is None or self._guard is None:
            return
        with self._guard.exclusive(), self._desk.changing():
            self._detach(month)
            self._desk.close_file(self.file_of(month))
        del self._written[month]

    def complete(self, month: str) -> None:
        """Make those tables that the partition of *month* has not."""
        with self._desk.changing() if self._desk else nullcontext():
            self._hub.execute(ddl_for(self.for_writing(month), partition_ddl()))

    def file_of(self, month: str) -> str:
        """Return the name of the file of *month*: ``events/2026-11.duckdb``."""
        return f"events/{month}.duckdb"

    def _attach(self, month: str, *, whole: bool = True) -> str:
        with self._guard.gate if self._guard else nullcontext():
            return self._attached_once(month, whole=whole)

    def _attached_once(self, month: str, *, whole: bool) -> str:
        if month not in self._attached:
            path, file = self.path_of(month), self.file_of(month)
            if not path.exists():
                raise DamagedError(
                    f"{path} is missing{self._expected(month)}; restore it from a backup, or "
                    "call repair() to go on without it"
                )
            read_only = self._desk is None or not self._desk.changes(file)
            if self._desk is not None and read_only and self._desk.has_log(file):
                return self.for_writing(month, whole=whole)
            name = attached_as(file)
            with closing(self._hub.cursor()) as own:  # who writes may use the hub just now
                attach(own, path, name=name, key=self._key_of(file), read_only=read_only)
                if whole:
                    self._refuse_older(own, month, name)
            self._attached[month] = Attached(name=name, file=_identity(path))
        return self._attached[month].name

    def _detach(self, month: str) -> None:
        if month in self._attached:
            self._hub.execute(f"DETACH {self._attached.pop(month).name}")

    def release(self, month: str) -> None:
        """Let go of the file of *month*; it is attached again when it is needed."""
        if self._guard is None or self._desk is None:
            return
        with self._guard.exclusive(), self._desk.changing():
            self._detach(month)
            self._desk.close_file(self.file_of(month))

    def key_for(self, month: str) -> str | None:
        """Return the data key of the file of *month*."""
        return self._key_of(self.file_of(month))

    def _refuse_older(self, hub: duckdb.DuckDBPyConnection, month: str, name: str) -> None:
        """Refuse a file whose ledger has fewer entries than the catalog has seen there."""
        noted = self._inventory.noted.get(month) if self._inventory else None
        if noted is None:
            return
        try:
            found = counted(hub, name)
        except duckdb.Error as error:
            detach(hub, name)
            raise explained(error, self.path_of(month)) from None
        if found.entries < noted.entries:
            detach(hub, name)
            raise DamagedError(
                f"{self.path_of(month)} holds {found.events} events of {found.entries} batches"
                f"{self._expected(month)}: it is an older file, or its .wal was cut; restore "
                "both from a backup, or call repair() to go on with what is left"
            )

    def _expected(self, month: str) -> str:
        noted = self._inventory.noted.get(month) if self._inventory else None
        return f", but it held {noted.events} events of {noted.entries} batches" if noted else ""

    def path_of(self, month: str) -> Path:
        """Return the file of *month*."""
        return self._folder / f"{month}.duckdb"


@dataclass(frozen=True, slots=True)
class Attached:
    """A month's file that is attached: by which name, and which file that is."""

    name: str
    file: tuple[int, int]


def _identity(path: Path) -> tuple[int, int]:
    """Return what tells the file at *path* from another one in its place."""
    told = path.stat()
    return told.st_ino, told.st_mtime_ns


def month_named(name: str) -> str:
    """Return the month whose partition has this *name*.

    >>> month_named("m2026_11")
    '2026-11'
    """
    return f"{name[1:5]}-{name[6:8]}"


def month_of(moment: datetime) -> str:
    """Return the name of the month that *moment* is in: ``2026-11``."""
    return f"{moment:%Y-%m}"


def _touches(month: str, window: Window) -> bool:
    last = month_of(window.end)
    ends_at_its_start = f"{window.end:%d%H%M%S%f}" == "01000000000000"
    return month_of(window.start) <= month <= last and not (month == last and ends_at_its_start)
