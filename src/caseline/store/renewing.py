"""Writes the files of an open store anew, all of them at once, and opens it on them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from caseline.errors import WorkspaceError
from caseline.store import audit
from caseline.store.desk import sweep
from caseline.store.embedded import CATALOG
from caseline.store.inventory import forget_all
from caseline.store.partitions import month_named
from caseline.store.rewriting import copy_database, refuse_without_room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from caseline.store.changing import Change
    from caseline.store.desk import Desk
    from caseline.store.embedded import EmbeddedStore
    from caseline.store.keys import Keyring


class Renewal:
    """One change of an open store's files: entered before anything is looked at.

    What fails before ``finish`` leaves the files as they were.

    Args:
        store: Open for writing.
        keyring: Its keys.
        change: What is to be done.
    """

    def __init__(self, store: EmbeddedStore, keyring: Keyring, change: Change) -> None:
        self.store = store
        self._keyring = keyring
        self._change = change
        self._entered = ExitStack()
        self._written: list[str] = []
        self._committed = False

    def __enter__(self) -> Self:
        """Keep everybody else out, and write down what is to be done."""
        with ExitStack() as entered:
            entered.enter_context(self.store.guard.exclusive())
            desk = self.store.writing_desk()
            with desk.changing():
                sweep(self.store.folder)
                self._refuse_readers(desk)
                self._change.begin()
            self._entered = entered.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the others in again."""
        with self._entered:
            if not self._committed:
                self._change.abandon()

    def _refuse_readers(self, desk: Desk) -> None:
        if desk.has_readers:
            raise WorkspaceError(
                f"{self.store.folder} is open for reading, by files that are about to go; "
                "close it there first"
            )

    def write(
        self,
        partitions: Iterable[str],
        *,
        rows_of: Callable[[str], Callable[[str], str | None]],
        entry: audit.Entry,
        last: Callable[[str], None] = lambda _: None,
    ) -> tuple[str, ...]:
        """Write the catalog and *partitions* anew beside the files; return their names.

        Args:
            partitions: Names of partitions, attached.
            rows_of: Gives for a database what gives the rows that go into a table.
            entry: What the audit log says of it.
            last: Called with the name of each copy of a partition when its tables are there.
        """
        files = {CATALOG: "catalog"} | {file_of(name): name for name in partitions}
        paths = [self.store.folder / name for name in files]
        logs = [path.with_name(f"{path.name}.wal") for path in paths]
        refuse_without_room(self.store.folder, [*paths, *logs])
        for name, database in files.items():
            closing = last if name != CATALOG else _entry_writer(self.store, entry)
            copy_database(
                self.store.hub,
                database,
                self._change.beside(name),
                key=self._keyring.renew(name),
                rows_of=rows_of(database),
                last=closing,
            )
            self._written.append(name)
        return tuple(self._written)

    def write_all(self, *, at: datetime, by: str) -> None:
        """Give every file a data key of its own anew."""
        entry = audit.Entry(at=at, action="renew", by=by)
        everything = self.store.partitions.touched_by(None)
        self.write(everything, rows_of=_all_rows, entry=entry)
        self.finish()

    def finish(self, removed: Iterable[str] = ()) -> None:
        """Put what was written in its place, take *removed* partitions away; open the files."""
        gone = [file_of(name) for name in removed]
        with self.store.files_closed():
            self._committed = True
            self._change.commit(self._written, gone)


def file_of(partition: str) -> str:
    """Return the file of the partition attached as *partition*.

    >>> file_of("m2026_03")
    'events/2026-03.duckdb'
    """
    return f"events/{month_named(partition)}.duckdb"


def _all_rows(database: str) -> Callable[[str], str]:
    return lambda table: f'SELECT * FROM {database}."{table}"'


def _entry_writer(store: EmbeddedStore, entry: audit.Entry) -> Callable[[str], None]:
    def write(copy: str) -> None:
        audit.write_entry(store.hub, copy, entry)
        forget_all(store.hub, copy)

    return write
