"""Every extension point on one page: what a part must do to fit in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from datetime import datetime

    import polars as pl

    from caseline.records.batches import SignedBatch
    from caseline.records.windows import Window

T = TypeVar("T")


class Engine(Protocol):
    """What keeps the tables and answers questions on them.

    Embedded DuckDB is the one that ships. Capabilities know no other face of the
    store than this: they never see SQL but by the name of a question.
    """

    @property
    def writable(self) -> bool:
        """Whether ``save``, ``remove`` and ``append`` are allowed."""
        ...

    @property
    def scope(self) -> frozenset[str] | None:
        """The customers that exist for it; None if all do."""
        ...

    def ask(
        self,
        question: str,
        *,
        window: Window | None = None,
        as_of: datetime | None = None,
        **parameters: Any,
    ) -> pl.DataFrame:
        """Return the answer to *question*, a file of ``store/questions``.

        Args:
            question: The file's name without ``.sql``.
            window: Given to the question as ``$start`` and ``$end``; only the
                partitions it touches are read.
            as_of: Hide all that was received later. None hides nothing.
            parameters: Values for the question's other ``$names``.

        Returns:
            A data frame; its times are aware, in UTC.
        """
        ...

    def remember(self, key: str, tables: Iterable[str], make: Callable[[], T]) -> T:
        """Return what *make* makes; or made before, if none of *tables* changed since.

        An engine that cannot tell makes it each time.
        """
        ...

    def save(self, table: str, rows: pl.DataFrame) -> int:
        """Write *rows* into a catalog table, replacing those with equal keys.

        Returns the number of rows written. All of them, or none.
        """
        ...

    def remove(self, table: str, rows: pl.DataFrame) -> int:
        """Remove from a catalog table the rows whose keys stand in *rows*."""
        ...

    def append(self, batch: SignedBatch) -> tuple[int, int]:
        """Store a batch: events and rollups in one transaction for each partition.

        Returns (events, duplicates): records written, and records known already.
        """
        ...

    def scoped(self, customers: frozenset[str]) -> Engine:
        """Return a reader for which only *customers* exist."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Make several ``save`` and ``remove`` calls one change of the catalog."""
        ...
