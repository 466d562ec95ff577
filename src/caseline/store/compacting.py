"""When rollups are merged: seldom enough that most of what is written is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.store import appending
from caseline.store.desk import LOG_BYTES_READ
from caseline.store.partitions import month_named

if TYPE_CHECKING:
    from caseline.store.embedded import EmbeddedStore

_LEAST = 50_000
"""Rollup deltas in a partition that make merging them worth its time."""
_SHARE = 0.2
"""But so many of all its rows at least: else each ingest would write the whole month anew."""


def compact(store: EmbeddedStore, *, force: bool) -> list[str]:
    """Merge the rollup deltas of the partitions that have many; return their names."""
    due = [p for p, deltas in store.deltas.items() if force or _is_due(store, p, deltas)]
    for partition in due:
        store.partitions.for_writing(month_named(partition))
        with store.transaction():
            appending.compact(store.hub, partition)
        del store.deltas[partition]
    if due and store.desk:
        store.desk.fold(store.hub, limit=LOG_BYTES_READ)
    store.partitions.rest()
    return due


def _is_due(store: EmbeddedStore, partition: str, deltas: int) -> bool:
    if deltas < _LEAST:
        return False
    partition = store.partitions.for_month(month_named(partition))
    return bool(deltas >= store.value(f"SELECT count(*) FROM {partition}.hours") * _SHARE)
