"""What the store does when the engine reports an error: says what it means, and goes on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from caseline.store.connecting import detach
from caseline.store.faults import closed_down, is_damage, meaning
from caseline.store.partitions import month_named
from caseline.store.reading import is_readable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from caseline.errors import WorkspaceError
    from caseline.store.embedded import EmbeddedStore


@contextmanager
def faults_told(store: EmbeddedStore) -> Iterator[None]:
    """Raise what an error of the engine inside means, once no transaction is open."""
    try:
        yield
    except duckdb.Error as error:
        with store.alone():
            if store.in_transaction or not hasattr(store, "partitions"):
                raise
            found = told(store, error)
        if found is None:
            raise
        raise found from None


def told(store: EmbeddedStore, error: duckdb.Error) -> WorkspaceError | None:
    """Return what *error* means to the user of *store*; None if it is a fault of ours.

    A database that the engine gave up, because its log could not be moved into its file,
    is attached again: all that was acknowledged is in the log. No transaction is open.
    """
    found = meaning(error, _file_of(store, error))
    name = closed_down(error)
    if name == "catalog":
        with store.guard.exclusive():
            detach(store.hub, name)
            store.attach_catalog()
    elif name is not None:
        store.partitions.release(month_named(name))
    return found


def _file_of(store: EmbeddedStore, error: duckdb.Error) -> Path:
    """Return the file that *error* is about, if all must be read to know; else the folder."""
    if is_damage(error):
        if not is_readable(store.hub, "catalog"):
            return store.folder / "catalog.duckdb"
        for month in store.partitions.months:
            if not is_readable(store.hub, store.partitions.attached(month)):
                return store.partitions.path_of(month)
    return store.folder
