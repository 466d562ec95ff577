"""The front door: one attribute for each capability, no logic of its own."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caseline.clock import Clock, SystemClock
from caseline.collect.opening import open_collection
from caseline.errors import InputError, WorkspaceError
from caseline.fleet.face import Fleet
from caseline.impact.face import Impacts
from caseline.normalize.headers import split_headers
from caseline.normalize.lineformats import LineFormat, line_formats
from caseline.normalize.settings import NormalizeSettings
from caseline.pipeline import Ingest, message_of
from caseline.privacy.face import Privacy
from caseline.privacy.scrubber import Scrubber
from caseline.signatures.face import Signatures
from caseline.signatures.mining import Mined, mine_messages
from caseline.signatures.reading import current_book, read_book
from caseline.store.backups import back_up
from caseline.store.custody import custody_of
from caseline.store.embedded import EmbeddedStore
from caseline.store.opening import open_store
from caseline.store.repairing import repair
from caseline.store.search import find_events
from caseline.store.verifying import verify
from caseline.tickets.face import Tickets
from caseline.trends.face import Trends

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta
    from types import TracebackType
    from typing import Literal, Self

    from caseline.normalize.lineformats import LineFormats
    from caseline.protocols import Engine
    from caseline.records.answers import Table
    from caseline.records.backups import BackupReport
    from caseline.records.ingest import IngestReport, ProgressCallback
    from caseline.records.verification import Repair, Verification
    from caseline.records.windows import Window
    from caseline.signatures.book import SignatureBook
    from caseline.signatures.rulebook import Rulebook
    from caseline.store.cluster.engine import ClusterEngine
    from caseline.store.cluster.opening import SharedKey
    from caseline.store.keys import Keyring


class View:
    """What may be asked of a workspace, by whoever may see only some customers.

    Attributes:
        fleet: Customers, environments, versions, changes, exposure.
        signatures: What kinds of events there are.
        impact: Whom an error hits, and what explains a ticket.
        trends: What grows and fades.
        tickets: The customers' cases.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        scrubber: Scrubber,
        book: SignatureBook,
        *,
        formats: tuple[LineFormat, ...] = (),
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._formats = formats
        self.fleet = Fleet(engine, clock)
        self.signatures = Signatures(
            engine, book, clock, read=partial(message_of, scrubber=scrubber, formats=formats)
        )
        self.impact = Impacts(engine, clock)
        self.trends = Trends(engine, clock)
        self.tickets = Tickets(engine, clock, scrubber.scrub_frame)

    def events(  # noqa: PLR0913 - one filter each
        self,
        *,
        customer: str | None = None,
        environment: str | None = None,
        signature: str | None = None,
        window: Window | timedelta | tuple[datetime, datetime] | None = None,
        text: str | None = None,
        trace: str | None = None,
        as_of: datetime | None = None,
        limit: int = 1000,
    ) -> Table:
        """Return the newest events that pass all filters.

        Args:
            customer: Only events that certainly belong to this customer.
            environment: Only events of this installation.
            signature: Only events of this signature.
            window: When they happened; None for all that is stored.
            text: A part of the (scrubbed) message, in any case.
            trace: Only events of this distributed trace, by its id.
            as_of: Hide what was received later.
            limit: Rows at the most.

        Returns:
            A Table: occurred_at, received_at, environment_id, customer_id, version,
            stage, service, host, severity, severity_text, signature_id, message,
            trace_id, time_quality, repeats, written_at (what the line states, where a
            clock was found wrong and occurred_at was put right).

        Raises:
            InputError: a naive datetime, an empty window, *limit* below 1.
        """
        filters = {
            "customer": customer,
            "environment": environment,
            "signature": signature,
            "text": text,
            "trace": trace,
        }
        return find_events(
            self._engine, self._clock, window=window, as_of=as_of, limit=limit, filters=filters
        )


class Workspace(View):
    """An open workspace: made by ``caseline.open``, closed by ``close`` or ``with``."""

    def __init__(
        self,
        store: EmbeddedStore | ClusterEngine,
        keyring: Keyring | SharedKey,
        clock: Clock,
        *,
        rules: Rulebook | None = None,
        formats: tuple[LineFormat, ...] = (),
    ) -> None:
        self._store = store
        self._rules = rules
        self._secret = keyring.secret
        self._scrubber = Scrubber(keyring.secret)
        self._book = current_book(store, rules, now=clock.now())
        super().__init__(store, clock, self._scrubber, self._book, formats=formats)
        self.privacy = Privacy(self._scrubber, custody_of(store, keyring, clock, self._reread))

    def ingest(
        self,
        source: Any,
        *,
        environment: str | None = None,
        formats: LineFormats = (),
        progress: ProgressCallback | None = None,
    ) -> IngestReport:
        """Take in the log lines of *source*: each once, whichever way it comes.

        Args:
            source: A path to a file, folder or archive; or an iterable of bytes, str or
                dict; or an open binary file.
            environment: The installation they come from. A bundle's manifest may say it.
            formats: How its lines begin: each a ``LineFormat``, or a path of a TOML file of
                them. Tried before those of the workspace, and these before the known ones.
            progress: Called after each block with a ``Progress``.

        Returns:
            What became of the lines: ``lines = events + duplicates + rejects``.

        Raises:
            SourceError: the path does not exist or cannot be read.
            NotFoundError: the fleet has no such environment; load it first.
            InputError: neither *environment* nor a manifest says where it comes from; or
                *formats* are no formats, or hold a name twice.
        """
        own = line_formats([*_listed(formats), *self._formats])
        if environment is not None:
            self.fleet.environment(environment)
        collection = open_collection(
            source, received_at=self._clock.now(), environment_id=environment
        )
        if collection.environment_id is None:
            raise InputError(
                f"{collection.name}: no environment; give environment=, or put a manifest.json "
                "with environment_id into the bundle"
            )
        place = self.fleet.environment(collection.environment_id)
        step = Ingest(
            self._store,
            self.fleet.attributor(),
            self._scrubber,
            self._book,
            secret=self._secret,
            clocks=self.fleet.host_clocks,
            timezone=place.timezone,
            formats=own,
            progress=progress,
        )
        try:
            report = step.run(collection)
        except BaseException:
            self._book.forget_unsaved(read_book(self._store, self._rules))
            raise
        self._store.compact()
        self.signatures.note_ingest(report)
        return report

    def as_viewer(self, name: str, *, customers: Iterable[str]) -> View:
        """Return what *name* may see: only *customers*; the others do not exist there.

        Args:
            name: Who asks, for the record.
            customers: Ids of customers the fleet knows.

        Raises:
            NotFoundError: the fleet has no such customer.
            InputError: *name* is empty, or *customers* is no collection of ids.
        """
        if not name:
            raise InputError("name is empty; say who asks")
        if isinstance(customers, str):
            raise InputError("customers is a str; give a list of ids")
        allowed = frozenset(self.fleet.known_customers(customers))
        scoped = self._store.scoped(allowed)
        return View(scoped, self._clock, self._scrubber, self._book, formats=self._formats)

    def refresh(self) -> None:
        """Move to the newest committed state.

        With ``read_only=True`` answers are those of one moment, that of opening or of the
        last refresh, whatever is written meanwhile. A workspace open for writing is always
        up to date.

        Raises:
            WorkspaceError: no space for the files that have to be copied.
        """
        if self._store.refresh():
            self._reread()

    def backup(self, folder: str | os.PathLike[str]) -> BackupReport:
        """Copy the newest committed state to *folder*, while ingest and questions go on.

        The same folder again brings it up to date: months that did not change are not
        copied again. ``caseline.restore`` makes a workspace of it. What was encrypted is
        so in the backup, and needs the same key.

        Args:
            folder: Absent, empty, or an earlier backup of this workspace. Its parent must
                exist; it must not lie within the workspace.

        Raises:
            InputError: *folder* is within the workspace.
            SourceError: *folder* cannot be made.
            WorkspaceError: *folder* holds something else, or there is no space; or it is
                on a cluster, which has its own backups.
        """
        return back_up(self._own_files(), Path(folder), taken_at=self._clock.now())

    def verify(self) -> Verification:
        """Look at every file: whether it opens, can be read, and adds up.

        Returns:
            A Verification: file, check, verdict, rows, wrong, detail; ``sound`` in short.

        Raises:
            WorkspaceError: it is on a cluster, which has no files of its own.
        """
        return verify(self._own_files(), as_of=self._clock.now())

    def repair(self) -> Repair:
        """Make rollups anew from events, and keep damaged files aside, so that the rest works.

        Returns:
            A Repair: file, action, kept_as, lost_events, lost_batches, detail; ``again``
            names the collections to take in again.

        Raises:
            ReadOnlyError: it was opened read-only.
            WorkspaceError: it is on a cluster, which has no files of its own.
        """
        return repair(self._own_files(), as_of=self._clock.now())

    def _own_files(self) -> EmbeddedStore:
        """Return the store, if it is a folder of files."""
        if isinstance(self._store, EmbeddedStore):
            return self._store
        raise WorkspaceError(
            f"{self._store.home} has no files of its own; look after them with the means of "
            "the cluster's storage and of the catalog's database"
        )

    def _reread(self) -> None:
        """Know what the store holds now, and nothing else."""
        self._book.forget_unsaved(current_book(self._store, self._rules, now=self._clock.now()))
        self._scrubber.forget()
        self.fleet.forget()

    def close(self) -> None:
        """Close the files. A closed workspace answers no more."""
        self._store.close()

    def __enter__(self) -> Self:
        """Return the workspace."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the workspace."""
        self.close()

    def __repr__(self) -> str:
        """Return one line."""
        return f"Workspace({str(self._store.home)!r}, read_only={self._store.read_only})"


def open_workspace(
    path: str | os.PathLike[str],
    key: str | bytes | None = None,
    read_only: bool = False,  # noqa: FBT001, FBT002 - the public face says so
    clock: Clock | None = None,
    *,
    formats: LineFormats = (),
) -> Workspace:
    """Open the workspace in folder *path*, or on a cluster by its URL; made if it is absent.

    Args:
        path: The folder. Its parent must exist. Or the URL of a cluster, as
            ``spark://host:port/shared/folder?catalog=postgresql://…``.
        key: Encrypts all files; the same key opens it again. It is written nowhere. A
            cluster needs one: it wraps the secret that others could read there.
        read_only: Ask only, what was committed before: see ``Workspace.refresh``. Another
            process may write meanwhile.
        clock: Where the time comes from; the machine's own by default.
        formats: How lines of the product begin, tried before the known formats: each a
            ``LineFormat``, or a path of a TOML file of them.

    Raises:
        InputError: *formats* are no formats, or hold a name twice.
        SourceError: there is no such folder (its parent; or itself, with *read_only*).
        WorkspaceLockedError: another process, or this one, has it open.
        KeyMismatchError: not the key it was made with.
        DamagedError: its files are not what Caseline wrote.

    >>> import tempfile
    >>> with open_workspace(tempfile.mkdtemp()) as ws:
    ...     len(ws.signatures.top())
    0
    """
    own = line_formats(formats)
    clock = clock or SystemClock()
    store, keys = open_store(path, key=key, read_only=read_only)
    try:
        custody = custody_of(store, keys, clock)
        if custody and store.writable:
            custody.resume()
        return Workspace(store, keys, clock, formats=own)
    except BaseException:
        store.close()
        raise


def _listed(formats: LineFormats) -> LineFormats:
    """Return *formats*, if they are a list of them."""
    line_formats(formats)
    return formats


def mine(
    messages: Sequence[str | bytes], *, header: Literal["none", "auto"] | LineFormat = "none"
) -> Mined:
    """Return the signatures of *messages*, no workspace needed.

    Args:
        messages: One message each; with another *header* whole raw lines, whose header
            (time, level, host, …) is split off first.
        header: "none"; or "auto", by known formats and by the columns that the lines
            share; or a ``LineFormat`` that says how they begin, tried first.

    Returns:
        A Mined: ``signature_ids``, one for each message, and ``templates``.

    Raises:
        InputError: another *header*.

    >>> mined = mine(["took 5 ms", "took 7 ms", "started"])
    >>> mined.signature_ids[0] == mined.signature_ids[1] != mined.signature_ids[2]
    True
    """
    if isinstance(header, LineFormat):
        return mine_messages(split_headers(messages, settings=NormalizeSettings(own=(header,))))
    if header not in ("none", "auto"):
        raise InputError(f"header is {header!r}; give 'none', 'auto' or a LineFormat")
    return mine_messages(split_headers(messages) if header == "auto" else messages)
