"""Mends what can be mended: rollups from events; a damaged file is kept aside, not used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import polars as pl

from caseline.errors import DamagedError, ReadOnlyError
from caseline.records.verification import Repair
from caseline.store.connecting import attach, detach, make
from caseline.store.faults import is_damage
from caseline.store.inventory import Holding, counted
from caseline.store.reading import read_all
from caseline.store.recounts import RECOUNTS, rebuild
from caseline.store.schema import partition_ddl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from caseline.store.embedded import EmbeddedStore

_COLUMNS = {
    "file": pl.String,
    "action": pl.String,
    "kept_as": pl.String,
    "lost_events": pl.Int64,
    "lost_batches": pl.Int64,
    "detail": pl.String,
}
_SOURCES = ("events", "batches")
"""What cannot be made again of anything else."""
_LESS = """
    SELECT c.name FROM catalog.collections c JOIN catalog.sources s USING (collection_id)
    LEFT JOIN ({ledgers}) l USING (source_id)
    WHERE c.status = 'complete'
    GROUP BY ALL HAVING coalesce(sum(l.records), 0) < any_value(c.records) ORDER BY c.name
"""
_LEDGER = "SELECT source_id, sum(events + duplicates) AS records FROM {}.batches GROUP BY 1"
Change = tuple[str, str, str | None, int | None, int | None, str]


def repair(store: EmbeddedStore, *, as_of: datetime) -> Repair:
    """Mend *store*: the rest of it is usable again, and what is lost is told.

    Rollups that differ from a recount of their events are made anew. A partition of which
    a rollup cannot be read is written anew from its events. One that does not open with its
    log is opened without it; one whose events cannot be read is set aside. Nothing is
    deleted: what is not used any more is kept in the folder ``damaged``.

    Args:
        store: The open store.
        as_of: When this is.

    Raises:
        ReadOnlyError: it was opened read-only.
    """
    if store.read_only:
        raise ReadOnlyError(f"{store.folder} was opened read-only; open it without read_only")
    changes: list[Change] = []
    with store.alone():
        for month in list(store.partitions.months):
            changes += _mend(store, month)
        lost = any(change[3] != 0 for change in changes)
        again = _to_take_in_again(store) if lost else []
    frame = pl.DataFrame(changes, schema=_COLUMNS, orient="row")
    return Repair(frame, as_of=as_of, again=again)


def _mend(store: EmbeddedStore, month: str) -> Iterator[Change]:
    file = f"events/{month}.duckdb"
    noted = store.inventory.noted.get(month)
    kept = list(_opened(store, month))
    if not store.partitions.path_of(month).exists():
        store.partitions.refresh()
        lost = noted or Holding()
        known = noted is not None
        with store.transaction():
            store.inventory.forget(month)
        store.partitions.refresh()
        detail = "the whole month is lost" if known else "the whole month is lost, uncounted"
        yield _set_aside_row(file, kept, lost if known else None, detail)
        return
    p = store.partitions.for_writing(month, whole=False)
    wrong = [table for table, recount in RECOUNTS.items() if recount(store, p)[1]]
    if wrong:
        rebuild(store, p)
        yield file, "rebuilt", None, 0, 0, f"made anew from events: {', '.join(wrong)}"
    found = counted(store.hub, p)
    with store.transaction():
        store.inventory.note(month, found)
    short = Holding(
        entries=max(0, noted.entries - found.entries) if noted else 0,
        events=max(0, noted.events - found.events) if noted else 0,
    )
    if kept or short.entries:
        detail = "goes on with what is left" if short.entries else "nothing is lost"
        yield _set_aside_row(file, kept, short if noted else None, detail)


def _set_aside_row(file: str, kept: list[str], lost: Holding | None, detail: str) -> Change:
    action = "set_aside" if kept else "accepted"
    events, entries = (lost.events, lost.entries) if lost else (None, None)
    return file, action, ", ".join(kept) or None, events, entries, detail


def _opened(store: EmbeddedStore, month: str) -> Iterator[str]:
    """Make the file of *month* open and readable, or leave none; yield what was set aside."""
    path = store.partitions.path_of(month)
    log = path.with_name(f"{path.name}.wal")
    if log.exists() and not (path.exists() and _opens(store, month)):
        yield _aside(store, log)
    if not path.exists():
        return
    if not _opens(store, month):
        yield _aside(store, path)
        return
    p = store.partitions.attached(month, whole=False)
    bad = {table for table, _, error in read_all(store.hub, p) if error is not None}
    if not bad:
        return
    mended = None if bad & set(_SOURCES) else _written_anew(store, month)
    store.partitions.release(month)
    if log.exists():
        yield _aside(store, log)
    yield _aside(store, path)
    if mended is not None:
        mended.replace(path)


def _opens(store: EmbeddedStore, month: str) -> bool:
    try:
        counted(store.hub, store.partitions.attached(month, whole=False))
    except DamagedError:
        store.partitions.release(month)
        return False
    except duckdb.Error as error:
        if not is_damage(error):
            raise
        store.partitions.release(month)
        return False
    return True


def _written_anew(store: EmbeddedStore, month: str) -> Path:
    """Write the events and the ledger of *month* into a file beside; its rollups follow."""
    old = store.partitions.attached(month, whole=False)
    path, key = store.partitions.path_of(month), store.partitions.key_for(month)
    beside = path.with_name(f"{path.name}.mended")
    make(store.hub, beside, key=key, ddl=partition_ddl())
    attach(store.hub, beside, name="mended", key=key, read_only=False)
    try:
        with store.transaction():
            for table in _SOURCES:
                store.hub.execute(f"INSERT INTO mended.{table} BY NAME FROM {old}.{table}")
        rebuild(store, "mended")
        store.hub.execute("CHECKPOINT mended")
    finally:
        detach(store.hub, "mended")
    return beside


def _aside(store: EmbeddedStore, path: Path) -> str:
    """Move *path* to where nothing reads it; return its new name within the workspace."""
    folder = store.folder / "damaged"
    folder.mkdir(exist_ok=True)
    number = 1
    while (kept := folder / f"{path.name}.{number}").exists():
        number += 1
    path.rename(kept)
    return f"{folder.name}/{kept.name}"


def _to_take_in_again(store: EmbeddedStore) -> list[str]:
    """Return the names of collections of which not all records are in a ledger."""
    partitions = store.partitions.touched_by(None)
    none = "SELECT NULL AS source_id, 0 AS records WHERE false"
    ledgers = " UNION ALL ".join([none, *map(_LEDGER.format, partitions)])
    rows = store.hub.execute(_LESS.format(ledgers=ledgers)).fetchall()
    return [name for (name,) in rows]
