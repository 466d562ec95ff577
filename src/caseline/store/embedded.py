"""The store that ships: DuckDB files in one folder, nothing to start."""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
import polars as pl

from caseline.errors import ReadOnlyError, WorkspaceError
from caseline.store import (
    appending,
    compacting,
    connecting,
    healing,
    identity,
    known,
    reach,
    schema,
)
from caseline.store.asking import Asking
from caseline.store.catalog_rows import remove_rows, replace_rows
from caseline.store.decisions import TABLES, Decisions, read_decisions
from caseline.store.desk import Desk
from caseline.store.faster import faster_answer
from caseline.store.guards import Guard
from caseline.store.inventory import Inventory
from caseline.store.memory import Memory
from caseline.store.migrations import LAYOUT, migrate, stamp
from caseline.store.partitions import Partitions
from caseline.store.scoped import ScopedStore
from caseline.store.sight import Sight
from caseline.store.values import asked_values, aware, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from caseline.records.batches import Part, SignedBatch
    from caseline.records.windows import Window

T = TypeVar("T")
CATALOG = "catalog.duckdb"


class EmbeddedStore:
    """A workspace's tables in *folder*: one writer, its questions beside it.

    Args:
        folder: Made if it is absent (not with *read_only*).
        read_only: Open without the right to write; fails while a writer has it open.
        key_of: Gives the data key of a file by its name (``catalog.duckdb``,
            ``events/2026-11.duckdb``); None leaves the files in clear.
        before_opening: Called when the writer's place is taken and no file is open yet.

    Raises:
        WorkspaceLockedError: another process, or this one, has it open.
        KeyMismatchError: a file does not open with the key.
        DamagedError: a file is no database file, or of an unknown layout.
    """

    scope: frozenset[str] | None = None

    def __init__(
        self,
        folder: Path,
        *,
        read_only: bool = False,
        key_of: Callable[[str], str | None] = lambda _: None,
        before_opening: Callable[[], None] = lambda: None,
    ) -> None:
        self.folder = folder
        self.home = folder
        self.read_only = read_only
        self._writing = threading.RLock()
        self.guard = Guard(self._writing)
        self.in_transaction = False
        self._closed = False
        self.deltas: dict[str, int] = {}
        self._corrected = False
        self._decided = Decisions()
        self.memory = Memory()
        self._key_of = key_of
        self.desk: Desk | None = None
        connecting.claim(folder)
        try:
            self.desk = None if read_only else Desk(folder)
            before_opening()
            self._open()
        except BaseException as error:
            self.close()
            if isinstance(error, duckdb.Error):
                raise connecting.explained(error, folder / CATALOG) from None
            raise

    def _open(self) -> None:
        key = self._key_of(CATALOG)
        self.hub = connecting.connect(self.folder, encrypted=key is not None)
        self._open_catalog(key)
        self.partitions = Partitions(
            self.hub,
            self.folder / "events",
            key_of=self._key_of,
            desk=self.desk,
            guard=self.guard,
            inventory=self.inventory if self.desk else None,
        )
        migrate(self, self.value(LAYOUT))
        self.deltas = {}
        self.memory.clear()
        self._read_catalog()

    def _read_catalog(self) -> None:
        self.numbers = reach.read_numbers(self.hub)
        self._latest_received = self.value("SELECT max(received_at) FROM catalog.collections")
        self._corrected = bool(self.value("SELECT count(*) FROM catalog.clocks WHERE applied"))
        self._decided = read_decisions(self.hub)

    @contextmanager
    def files_closed(self) -> Iterator[None]:
        """Close the files inside, and open them again as they are then.

        Nobody asks, writes or copies meanwhile. What fails inside leaves the store closed.
        """
        with self.guard.exclusive(), self.writing_desk().changing():
            self.hub.close()
            try:
                yield
                self._open()
                self._take_stock()
            except BaseException:
                self.close()
                raise

    def _take_stock(self) -> None:
        for month in self.partitions.months:
            self.inventory.changed(month, self.partitions.for_month(month))
        with self.transaction():
            self.inventory.write()

    def writing_desk(self) -> Desk:
        """Return the writer's place, where files can be changed now.

        Raises:
            ReadOnlyError: opened read-only.
            WorkspaceError: within a transaction, or closed.
        """
        self._refuse_closed()
        if self.desk is None:
            raise ReadOnlyError(f"{self.home} was opened read-only; open it without read_only")
        with self._writing:
            if self.in_transaction:
                raise WorkspaceError("files cannot be changed within a transaction; do it after it")
        return self.desk

    def _open_catalog(self, key: str | None) -> None:
        path = self.folder / CATALOG
        self.attach_catalog = partial(
            connecting.attach, self.hub, path, name="catalog", key=key, read_only=self.read_only
        )
        with self.desk.changing() if self.desk else nullcontext():
            if self.desk:
                if not path.exists():
                    connecting.refuse_lost(path)
                    connecting.make(self.hub, path, key=key, ddl=schema.catalog_ddl())
                self.desk.open_file(CATALOG)
            self.attach_catalog()
        self.hub.execute("ATTACH ':memory:' AS empty")
        self.hub.execute(connecting.ddl_for("empty", schema.partition_ddl()))
        self.inventory = Inventory(self.hub)
        if self.read_only:
            return
        with self.transaction():
            self.inventory.forget_if_restored(self.folder)
            self.hub.execute(connecting.ddl_for("catalog", schema.catalog_ddl()))
            stamp(self)

    def close(self) -> None:
        """Close the files; asking or writing afterwards is an error."""
        if self._closed:
            return
        if hasattr(self, "inventory") and self.inventory.pending:
            with suppress(duckdb.Error, WorkspaceError), self.transaction():
                self.inventory.write()
        self._closed = True
        if hasattr(self, "hub"):
            with self._writing, self.desk.changing() if self.desk else nullcontext():
                if self.desk and hasattr(self, "partitions"):
                    with suppress(duckdb.Error):
                        self.desk.fold(self.hub, limit=1)
                self.hub.close()
        if self.desk:
            self.desk.leave()
        connecting.release(self.folder)

    def refresh(self) -> bool:
        """Move to the newest committed state; return whether there was any to move to.

        A writer is always there, and so is a reader whose files nobody can change.
        """
        self._refuse_closed()
        return False

    def _refuse_closed(self) -> None:
        if self._closed:
            raise WorkspaceError(f"{self.home} is closed; open it again")

    @property
    def writable(self) -> bool:
        """Whether ``save``, ``remove`` and ``append`` are allowed."""
        return not self.read_only

    # questions ------------------------------------------------------------------

    def ask(
        self,
        question: str,
        *,
        window: Window | None = None,
        as_of: datetime | None = None,
        **parameters: Any,
    ) -> pl.DataFrame:
        """Return the answer to *question*: see ``Engine.ask``."""
        return self.ask_for(None, question, window=window, as_of=as_of, parameters=parameters)

    def ask_for(
        self,
        viewer: frozenset[str] | None,
        question: str,
        *,
        window: Window | None,
        as_of: datetime | None,
        parameters: Mapping[str, Any],
    ) -> pl.DataFrame:
        """Return what *viewer* (None: everyone's eyes) may see of the answer."""
        self._refuse_closed()
        past = as_of is not None and (
            self._latest_received is None or stored(as_of) < self._latest_received
        )
        with healing.faults_told(self), ExitStack() as during:
            with self.guard.gate:
                sight = Sight(
                    partitions=self.partitions.touched_by(window),
                    all_partitions=self.partitions.touched_by(None),
                    past=past,
                    scoped=viewer is not None,
                    aliased=self._decided.aliased,
                    recalled=self._decided.recalled(as_of and stored(as_of)),
                    splits=self._decided.splits,
                )
                during.enter_context(self.guard.shared())
                cursor = during.enter_context(closing(self.hub.cursor()))
            values = asked_values(parameters, viewer=viewer, window=window, as_of=as_of)
            asking = Asking(cursor=cursor, sight=sight, values=values, numbers=self.numbers)
            answer = faster_answer(asking, question)
            return aware(asking.answer(question) if answer is None else answer)

    def scoped(self, customers: frozenset[str]) -> ScopedStore:
        """Return a reader for which only *customers* exist."""
        return ScopedStore(self, customers)

    def remember(self, key: str, tables: Iterable[str], make: Callable[[], T]) -> T:
        """Return what *make* makes, or made before: see ``Engine.remember``."""
        return self.memory.remember(key, tables, make)

    # catalog --------------------------------------------------------------------

    def save(self, table: str, rows: pl.DataFrame) -> int:
        """Write *rows*, replacing those with equal keys: see ``Engine.save``."""
        key = schema.key_of(table, rows.columns)
        if rows.is_empty():
            return 0
        with self.transaction():
            replace_rows(self.hub, table, rows, key)
            self.inventory.write()
        self._note_change(table)
        return rows.height

    def remove(self, table: str, rows: pl.DataFrame) -> int:
        """Remove the rows whose keys stand in *rows*: see ``Engine.remove``."""
        key = schema.key_of(table, rows.columns)
        if rows.is_empty():
            return 0
        with self.transaction():
            removed = remove_rows(self.hub, table, rows, key)
        self._note_change(table)
        return removed

    def _note_change(self, table: str) -> None:
        self.memory.changed(table)
        if table in TABLES:
            self._decided = read_decisions(self.hub)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside one change: all of it, or none."""
        if self.read_only:
            raise ReadOnlyError(f"{self.home} was opened read-only; open it without read_only")
        self._refuse_closed()
        with self._writing:
            if self.in_transaction:
                yield
                return
            with healing.faults_told(self):
                yield from self._all_or_none()
                if self.desk:
                    self.desk.fold(self.hub)

    def _all_or_none(self) -> Iterator[None]:
        self.hub.execute("BEGIN TRANSACTION")
        self.in_transaction = True
        try:
            yield
            self.hub.execute("COMMIT")
        except BaseException:
            with suppress(duckdb.Error):  # the engine may have rolled back by itself
                self.hub.execute("ROLLBACK")
            raise
        finally:
            self.in_transaction = False

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other thread write inside."""
        self._refuse_closed()
        with self._writing:
            yield

    # events ---------------------------------------------------------------------

    def append(self, batch: SignedBatch) -> tuple[int, int]:
        """Store *batch*: see ``Engine.append``.

        Its signatures and share groups stand in the catalog by now, so that no event is
        ever seen without them. Each month gets its events, rollups, coverage and the
        parts' ids in one transaction. A part whose id a month's ledger holds already is
        known there: a killed ingest is completed by doing it again.
        """
        if batch.frame.is_empty():
            return 0, 0
        with self._writing, healing.faults_told(self):
            rows = appending.gathered(batch)
            self._corrected = self._corrected or rows["written_at"].null_count() < rows.height
            self._number(rows)
            events = 0
            for (month,), some in rows.group_by(pl.col("moment").dt.strftime("%Y-%m")):
                events += self._append_month(str(month), some.sort("position"), batch.parts)
            latest = rows.select(pl.col("received_at").max()).item()
            self._latest_received = max(self._latest_received or latest, latest)
            return events, rows.height - events

    def _append_month(self, month: str, rows: pl.DataFrame, parts: Sequence[Part]) -> int:
        partition = self.partitions.for_month(month)
        held = known.known_parts(self.hub, partition, parts)
        unknown = rows.filter(~pl.col("part").is_in(held)) if held else rows
        if unknown.is_empty():
            return 0
        untold = known.untold(self, unknown, month, parts)
        if self._corrected:
            others = {m: self.partitions.for_month(m) for m in self.partitions.months if m != month}
            untold = identity.unmoved(self.hub, untold, others)
        kept = identity.fresh(self.hub, untold, partition=partition)
        told = appending.ledger(unknown, kept, parts)
        partition = self.partitions.for_writing(month)
        with self.transaction():
            added = appending.insert(
                self.hub, kept, partition=partition, ledger=told, numbers=self.numbers
            )
        self.inventory.changed(month, partition)
        self.deltas[partition] = self.deltas.get(partition, 0) + added.hours
        if kept.height:
            self.memory.changed(f"months of {month}")
        if added.covered_days:
            self.memory.changed("covered_days")
        return kept.height

    def _number(self, rows: pl.DataFrame) -> None:
        """Give the names in *rows* the numbers they have in bitmaps, before these are written."""
        fresh = reach.number_names(self.numbers, rows)
        try:
            self.save("numbers", fresh)
        except BaseException:
            self.numbers.forget(fresh)
            raise

    def compact(self, *, force: bool = False) -> list[str]:
        """Merge the rollup deltas of the partitions that have many; return their names."""
        return compacting.compact(self, force=force)

    def value(self, sql: str, values: Mapping[str, object] | None = None) -> Any:
        """Return the first value that *sql* gives, None where it gives no row."""
        row = self.hub.execute(sql, values or {}).fetchone()
        return row[0] if row else None
