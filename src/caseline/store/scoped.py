"""A viewer's eyes: a reader of a store for which only some customers exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from caseline.errors import ReadOnlyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    import polars as pl

    from caseline.records.batches import SignedBatch
    from caseline.records.windows import Window

T = TypeVar("T")


class Askable(Protocol):
    """A store that answers for a viewer."""

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
        ...

    def remember(self, key: str, tables: Iterable[str], make: Callable[[], T]) -> T:
        """Return what *make* makes, or made before: see ``Engine.remember``."""
        ...


class ScopedStore:
    """A reader of another store for which only some customers exist."""

    writable = False

    def __init__(self, store: Askable, customers: frozenset[str]) -> None:
        self._store = store
        self.scope = customers

    def ask(
        self,
        question: str,
        *,
        window: Window | None = None,
        as_of: datetime | None = None,
        **parameters: Any,
    ) -> pl.DataFrame:
        """Return what these customers' viewer may see of the answer."""
        return self._store.ask_for(
            self.scope, question, window=window, as_of=as_of, parameters=parameters
        )

    def scoped(self, customers: frozenset[str]) -> ScopedStore:
        """Return a reader of the customers in both scopes."""
        return ScopedStore(self._store, self.scope & customers)

    def remember(self, key: str, tables: Iterable[str], make: Callable[[], T]) -> T:
        """Return what *make* makes, or made before for these customers."""
        return self._store.remember(f"{key} of {sorted(self.scope)}", tables, make)

    def save(self, table: str, rows: pl.DataFrame) -> int:
        """Refuse: a viewer does not write."""
        raise self._refusal(f"{rows.height} rows to {table}")

    def remove(self, table: str, rows: pl.DataFrame) -> int:
        """Refuse: a viewer does not write."""
        raise self._refusal(f"removal of {rows.height} rows from {table}")

    def append(self, batch: SignedBatch) -> tuple[int, int]:
        """Refuse: a viewer does not write."""
        raise self._refusal(f"{batch.frame.height} events")

    def transaction(self) -> Any:
        """Refuse: a viewer does not write."""
        raise self._refusal("transaction")

    def _refusal(self, what: str) -> ReadOnlyError:
        return ReadOnlyError(f"{what}: a viewer only reads; ask the workspace's owner")
