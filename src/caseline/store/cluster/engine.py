"""The store on a cluster: events in a warehouse, the catalog in a transactional database."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from caseline.errors import InputError, ReadOnlyError, WorkspaceError
from caseline.store import appending, schema
from caseline.store.cluster import upkeep
from caseline.store.cluster.arrivals import Arrivals
from caseline.store.cluster.asking import Questions, touched
from caseline.store.cluster.mirror import Mirror
from caseline.store.decisions import TABLES as DECISIONS
from caseline.store.decisions import Decisions, read_decisions
from caseline.store.scoped import ScopedStore
from caseline.store.values import asked_values, aware, naive, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from caseline.records.batches import SignedBatch
    from caseline.records.windows import Window
    from caseline.store.cluster.catalog import Catalog
    from caseline.store.cluster.warehouse import Health, Warehouse

T = TypeVar("T")
_COMPACT_AFTER = 50
"""Writes to a month that make merging them worth its time."""
_OF_CUSTOMERS = ("share_groups", "vocabulary", "tenancies", "tickets", "customers")
"""Tables of the catalog with rows of one customer's."""


class ClusterEngine:
    """An ``Engine`` whose events are in *warehouse*, and whose catalog is in *catalog*.

    It answers what the embedded store answers on the same data. Several clients may read;
    of those that write events, one does at a time.

    Args:
        warehouse: Made ready here, if it is not.
        catalog: Its tables are there already.
        name: What messages call it; without passwords.
        read_only: Refuse ``save``, ``remove``, ``append``, ``compact``, ``drop_customer``.
    """

    scope: frozenset[str] | None = None

    def __init__(
        self,
        warehouse: Warehouse,
        catalog: Catalog,
        *,
        name: str = "cluster",
        read_only: bool = False,
    ) -> None:
        self.home = name
        self.read_only = read_only
        self._warehouse = warehouse
        self._catalog = catalog
        self._lock = threading.RLock()
        self._closed = False
        self._changed = False
        self._writes: dict[str, int] = {}
        self._decided = Decisions()
        self._latest: datetime | None = None
        self._corrected = False
        if not read_only:
            warehouse.prepare()
        self._mirror = Mirror(catalog)
        self._questions = Questions(warehouse, self._mirror)
        self._arrivals = Arrivals(warehouse, self._mirror, self._questions)
        self._refresh()
        self._changed = False
        self._check_version()

    def _check_version(self) -> None:
        held = self._mirror.hub.execute("SELECT value FROM catalog.meta WHERE name = 'version'")
        found = held.fetchone()
        if found is None and not self.read_only:
            self.save("meta", pl.DataFrame([{"name": "version", "value": schema.VERSION}]))
        elif found is None or found[0] != schema.VERSION:
            raise WorkspaceError(
                f"{self.home} has layout {found and found[0]!r}, this Caseline reads "
                f"{schema.VERSION!r}; open it with the version that made it"
            )

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
        values = asked_values(parameters, viewer=viewer, window=window, as_of=as_of)
        with self._lock:
            self._refresh()
            moment = None if as_of is None else stored(as_of)
            sight = self._questions.sight(
                past=moment is not None and (self._latest is None or moment < self._latest),
                scoped=viewer is not None,
                aliased=self._decided.aliased,
                recalled=self._decided.recalled(moment),
                splits=self._decided.splits,
            )
            plan = self._questions.plan(schema.question_text(question), sight)
            names = self._questions.offer(plan[1]) if plan[1].from_events else {}
        return aware(self._questions.answer(plan, values, months=touched(window), names=names))

    def scoped(self, customers: frozenset[str]) -> ScopedStore:
        """Return a reader for which only *customers* exist."""
        return ScopedStore(self, customers)

    def remember(self, key: str, tables: Iterable[str], make: Callable[[], T]) -> T:  # noqa: ARG002
        """Return what *make* makes: others may have changed the *tables* meanwhile."""
        return make()

    def refresh(self) -> bool:
        """Read what others changed in the catalog since; return whether they did.

        Every question reads it by itself: this tells those who keep what they read.
        """
        self._refuse_closed()
        with self._lock:
            self._refresh()
            changed, self._changed = self._changed, False
        return changed

    def _refresh(self) -> None:
        """Bring the catalog's copy, and what follows from it, up to date."""
        changed = self._mirror.refresh()
        if changed:
            self._changed = True
            self._note(changed)

    def _note(self, changed: set[str]) -> None:
        hub = self._mirror.hub
        if changed & DECISIONS:
            self._decided = read_decisions(hub)
        if "collections" in changed:
            row = hub.execute("SELECT max(received_at) FROM catalog.collections").fetchone()
            latest = row[0] if row else None
            self._latest = max(filter(None, (self._latest, latest)), default=None)
        if "clocks" in changed:
            row = hub.execute("SELECT count(*) FROM catalog.clocks WHERE applied").fetchone()
            self._corrected = self._corrected or bool(row and row[0])

    # catalog --------------------------------------------------------------------

    def save(self, table: str, rows: pl.DataFrame) -> int:
        """Write *rows*, replacing those with equal keys: see ``Engine.save``."""
        with self.transaction():
            written = self._mirror.save(table, naive(rows))
            self._note({table} - {"collections"})
            return written

    def remove(self, table: str, rows: pl.DataFrame) -> int:
        """Remove the rows whose keys stand in *rows*: see ``Engine.remove``."""
        with self.transaction():
            removed = self._mirror.remove(table, naive(rows))
            self._note({table} - {"collections"})
            return removed

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside one change of the catalog: all of it, or none."""
        self._refuse_reader()
        with self._lock:
            try:
                with self._mirror.transaction():
                    yield
            except BaseException:
                self._note(set(DECISIONS))
                raise

    # events ---------------------------------------------------------------------

    def append(self, batch: SignedBatch) -> tuple[int, int]:
        """Store *batch*: see ``Engine.append``.

        Each month's rows, rollups, coverage and ledger are one write of the warehouse,
        seen at once or never. A batch whose client, server or worker died on the way is
        completed by appending it again.
        """
        self._refuse_reader()
        if batch.frame.is_empty():
            return 0, 0
        with self._lock, self._catalog.exclusive():
            self._refresh()
            rows = appending.gathered(batch)
            self._corrected = self._corrected or rows["written_at"].null_count() < rows.height
            new = self._arrivals.append(rows, batch.parts, corrected=self._corrected)
            for month in new:
                self._writes[month] = self._writes.get(month, 0) + 1
            events = sum(new.values())
            latest = rows.select(pl.col("received_at").max()).item()
            self._latest = max(self._latest or latest, latest)
            return events, rows.height - events

    def compact(self, *, force: bool = False) -> list[str]:
        """Merge the writes of the months that have many since; return these months.

        Args:
            force: Of all months that hold anything.
        """
        self._refuse_reader()
        with self._lock, self._catalog.exclusive():
            self._warehouse.look()
            due = [m for m in self._warehouse.months() if force or self._due(m)]
            for month in due:
                self._replace(month, upkeep.merged())
                self._writes.pop(month, None)
            return due

    def _due(self, month: str) -> bool:
        return self._writes.get(month, 0) >= _COMPACT_AFTER

    def drop_customer(self, customer_id: str) -> None:
        """Take out what is one customer's: events, rollups, and its rows of the catalog.

        What it shares with others, or what names nobody, stays.

        Raises:
            InputError: *customer_id* is empty.
        """
        self._refuse_reader()
        if not customer_id:
            raise InputError("customer_id is empty; say whose data to drop")
        with self._lock, self._catalog.exclusive():
            self._warehouse.look()
            for month in self._warehouse.months():
                self._replace(month, upkeep.without(customer_id))
            with self.transaction():
                self._drop_from_catalog(customer_id)

    def _drop_from_catalog(self, customer_id: str) -> None:
        whose = {"customer": customer_id}
        hub = self._mirror.hub
        threads = (
            'SELECT m.ticket_id, m."at", m.author FROM catalog.messages m JOIN catalog.tickets t '
            "ON t.ticket_id = m.ticket_id WHERE t.customer_id = $customer"
        )
        self.remove("messages", hub.execute(threads, whose).pl())
        for table in _OF_CUSTOMERS:
            rows = f"SELECT * FROM catalog.{table} WHERE customer_id = $customer"
            self.remove(table, hub.execute(rows, whose).pl())

    def _replace(self, month: str, queries: Mapping[str, str]) -> None:
        told = {
            table: self._questions.text(sql, months=(month, month))
            for table, sql in queries.items()
        }
        self._warehouse.replace(month, told)

    # the rest -------------------------------------------------------------------

    def health(self) -> Health:
        """Say how the warehouse is; never raises."""
        return self._warehouse.health()

    def close(self) -> None:
        """Let go of connections; asking or writing afterwards is an error."""
        if not self._closed:
            self._closed = True
            self._warehouse.close()
            self._mirror.close()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise WorkspaceError(f"{self.home} is closed; open it again")

    def _refuse_reader(self) -> None:
        if self.read_only:
            raise ReadOnlyError(f"{self.home} was opened read-only; open it without read_only")
        self._refuse_closed()
