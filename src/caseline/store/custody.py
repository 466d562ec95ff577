"""What an owner may do with a workspace's files: erase, expire, change keys; the log of it."""

from __future__ import annotations

import secrets
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from caseline.clock import in_utc
from caseline.errors import InputError, NotFoundError
from caseline.records.answers import Table
from caseline.records.arguments import checked_id
from caseline.store import audit, erasing, retention
from caseline.store.changing import Change, begun
from caseline.store.embedded import EmbeddedStore
from caseline.store.keys import Keyring
from caseline.store.renewing import Renewal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    from caseline.clock import Clock
    from caseline.records.custody import Erasure, Expiry
    from caseline.store.cluster.engine import ClusterEngine
    from caseline.store.cluster.opening import SharedKey


class Custody:
    """The care for all files of a workspace.

    Args:
        store: The workspace's, open.
        keyring: Its keys.
        clock: Tells the present.
        reload: Called when what is known in memory has to be read again.
    """

    def __init__(
        self,
        store: EmbeddedStore,
        keyring: Keyring,
        clock: Clock,
        reload: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._reload = reload

    def erase(self, customer: str, *, by: str) -> Erasure:
        """Take *customer* out of every file: see ``Privacy.erase``."""
        checked_id(customer, "customer")
        with self._apart():
            self._refuse_unknown(customer)
            at = self._clock.now()
            what = {"do": "erase", "customer": customer, "by": _person(by), "at": at.isoformat()}
            return self._erase(what)

    def _erase(self, what: dict[str, str]) -> Erasure:
        with self._renewal(what) as renewal:
            done = erasing.erase(
                renewal,
                what["customer"],
                by=what["by"],
                at=datetime.fromisoformat(what["at"]),
                secret=self._keyring.secret,
            )
        self._reload()
        return done

    def expire(self, *, older_than: timedelta | datetime, signatures: bool, by: str) -> Expiry:
        """Take away the months that are too old: see ``Privacy.expire``."""
        at = self._clock.now()
        what = {
            "do": "expire",
            "before": _moment(older_than, at).isoformat(),
            "signatures": str(signatures),
            "by": _person(by),
            "at": at.isoformat(),
        }
        with self._apart():
            return self._expire(what)

    def _expire(self, what: dict[str, str]) -> Expiry:
        with self._renewal(what) as renewal:
            done = retention.expire(
                renewal,
                before=datetime.fromisoformat(what["before"]),
                signatures=what["signatures"] == "True",
                by=what["by"],
                at=datetime.fromisoformat(what["at"]),
            )
        self._reload()
        return done

    def rotate_key(self, new_key: str | bytes, *, files: bool, by: str) -> None:
        """Let *new_key* open the workspace instead: see ``Privacy.rotate_key``."""
        at = self._clock.now()
        with self._apart():
            self._keyring.refuse_unfit(new_key)
            if files:
                what = {"do": "renew", "by": _person(by), "at": at.isoformat()}
                with self._renewal(what) as renewal:
                    renewal.write_all(at=at, by=by)
            note = {"id": secrets.token_hex(8), "at": at.isoformat(), "by": _person(by)}
            self._keyring.rewrap(new_key, note)
            self._take_over_notes()

    def audit_log(self) -> Table:
        """Return what was done with the workspace as a whole: see ``Privacy.audit_log``."""
        with self._store.guard.shared(), closing(self._store.hub.cursor()) as own:
            rows = audit.read_entries(own)
        return Table("audit", rows, as_of=self._clock.now())

    def resume(self) -> None:
        """Finish what a kill interrupted; to be called before anything is answered."""
        change = begun(self._store.folder, self._keyring)
        do = change.what["do"] if change else ""
        if do == "erase" and change:
            self._erase(change.what)
        elif do == "expire" and change:
            self._expire(change.what)
        else:
            Change(self._store.folder, self._keyring, {}).abandon()
        self._take_over_notes()

    @contextmanager
    def _apart(self) -> Iterator[None]:
        """Let nobody else ask or write inside; refuse where files cannot be changed."""
        self._store.writing_desk()
        with self._store.guard.exclusive():
            yield

    def _renewal(self, what: dict[str, str]) -> Renewal:
        return Renewal(self._store, self._keyring, Change(self._store.folder, self._keyring, what))

    def _take_over_notes(self) -> None:
        """Write what was noted with a new key into the log: each note once."""
        if not self._keyring.notes:
            return
        held = audit.read_entries(self._store.hub)["details"].to_list()
        with self._store.transaction():
            for note in self._keyring.notes:
                entry = audit.Entry(
                    at=datetime.fromisoformat(note["at"]),
                    action="rotate",
                    by=note["by"],
                    details={"note": note["id"]},
                )
                if entry.told not in held:
                    audit.write_entry(self._store.hub, "catalog", entry)
        self._keyring.forget_notes()

    def _refuse_unknown(self, customer: str) -> None:
        rows = self._store.hub.execute("SELECT customer_id FROM catalog.customers").fetchall()
        known = [name for (name,) in rows]
        if customer in known:
            return
        subject = audit.subject_of(customer, self._keyring.secret)
        for entry in audit.read_entries(self._store.hub).iter_rows(named=True):
            if entry["subject"] == subject:
                raise NotFoundError(
                    f"no customer {customer!r}; it was erased on {entry['at']:%Y-%m-%d}"
                )
        raise NotFoundError.of("customer", customer, known)


def custody_of(
    store: EmbeddedStore | ClusterEngine,
    keys: Keyring | SharedKey,
    clock: Clock,
    reload: Callable[[], None] = lambda: None,
) -> Custody | None:
    """Return the care for the files of *store*; None on a cluster, whose files are not its own."""
    if isinstance(store, EmbeddedStore) and isinstance(keys, Keyring):
        return Custody(store, keys, clock, reload)
    return None


def _person(by: str) -> str:
    if not by or not isinstance(by, str):
        raise InputError(f"by is {by!r}; say who asks for it")
    return by


def _moment(older_than: timedelta | datetime, now: datetime) -> datetime:
    before = (
        in_utc(older_than, "older_than") if isinstance(older_than, datetime) else (now - older_than)
    )
    if before > now:
        raise InputError(f"older_than is {older_than}; nothing is older than the future")
    return before
