"""From the layout of an older version to this one's, step by step, file by file.

Each step may be done again: a migration that was killed goes on when the workspace is
opened the next time. The version in the catalog changes last.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import polars as pl

from caseline.errors import DamagedError, ReadOnlyError
from caseline.store import appending, reach
from caseline.store.moments import EARLIEST, LATEST_AFTER
from caseline.store.schema import SETS, VERSION
from caseline.store.views import TEXT

if TYPE_CHECKING:
    from collections.abc import Callable

    from caseline.store.embedded import EmbeddedStore


LAYOUT = "SELECT value FROM catalog.meta WHERE name = 'version'"
"""Asks which version's layout a workspace has."""
IDENTITY = "SELECT value FROM catalog.meta WHERE name = 'workspace'"
"""Asks what tells a workspace from all others."""


def stamp(store: EmbeddedStore) -> None:
    """Give *store*, if it is new, its version; and a name of its own, if it has none."""
    for asks, name, value in (
        (LAYOUT, "version", VERSION),
        (IDENTITY, "workspace", secrets.token_hex(16)),
    ):
        if store.value(asks) is None:
            store.save("meta", pl.DataFrame([{"name": name, "value": value}]))


def migrate(store: EmbeddedStore, found: str | None) -> None:
    """Bring *store*, whose layout is *found*, to this version's.

    Raises:
        ReadOnlyError: it was opened read-only.
        DamagedError: the layout is of no version known here.
    """
    while found != VERSION:
        if found not in STEPS:
            raise DamagedError(
                f"{store.folder} has layout {found!r}, this Caseline reads {VERSION!r} and "
                f"{', '.join(map(repr, STEPS))}; open it with the version that made it"
            )
        if store.read_only:
            raise ReadOnlyError(
                f"{store.folder} has the older layout {found!r}; open it once without read_only"
            )
        found = STEPS[found](store)
        store.save("meta", pl.DataFrame([{"name": "version", "value": found}]))


def _to_2(store: EmbeddedStore) -> str:
    """Join the values of an event's variables; count covered days, traces and reach."""
    numbers = reach.read_numbers(store.hub)
    for month in store.partitions.months:
        partition = store.partitions.for_month(month)
        store.partitions.complete(month)
        if _type_of(store, partition, "variables") == "VARCHAR":
            continue
        names = ", ".join(SETS.values())
        held = store.hub.execute(f"SELECT DISTINCT {names} FROM {partition}.months").pl()
        store.save("numbers", reach.number_names(numbers, held))
        with store.transaction():
            store.hub.execute(f"ALTER TABLE {partition}.events RENAME TO events_of_1")
            store.partitions.complete(month)
            store.hub.execute(_EVENTS_OF_1.format(partition=partition))
            store.hub.execute(f"DROP TABLE {partition}.events_of_1")
            appending.recount(store.hub, partition, numbers)
    return "2"


_BETWEEN = "list_contains(list_transform(e.variables, lambda x: contains(x, chr(31))), true)"
_TIMED = (
    f"coalesce(e.occurred_at BETWEEN TIMESTAMP '{EARLIEST}' "
    f"AND e.received_at + INTERVAL {LATEST_AFTER.days} DAY, false)"
)
_EVENTS_OF_1 = (
    f"INSERT INTO {{partition}}.events BY NAME SELECT {_TIMED} AS timed, "
    f"CASE WHEN {_TIMED} THEN e.occurred_at ELSE e.received_at END AS moment, e.* REPLACE ("
    f"CASE WHEN NOT {_TIMED} THEN e.occurred_at END AS occurred_at, "
    "array_to_string(list_transform(e.variables, "
    "lambda x: replace(coalesce(x, ''), chr(31), ' ')), chr(31)) AS variables, "
    f"CASE WHEN {_BETWEEN} THEN {TEXT} ELSE e.message END AS message) "
    "FROM {partition}.events_of_1 e LEFT JOIN catalog.signatures t "
    "ON t.signature_id = e.signature_id"
)


def _type_of(store: EmbeddedStore, partition: str, column: str) -> str:
    return str(
        store.value(
            "SELECT data_type FROM duckdb_columns() WHERE database_name = $partition "
            "AND table_name = 'events' AND column_name = $column",
            {"partition": partition, "column": column},
        )
    )


STEPS: dict[str | None, Callable[[EmbeddedStore], str]] = {"1": _to_2}
"""How to leave a version: each step returns the one it leads to."""
