"""One question that is being asked, for the faster ways to its answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from caseline.store import schema, views
from caseline.store.values import bound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb
    import polars as pl

    from caseline.store.reach import Numbers
    from caseline.store.sight import Sight


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One question that is being asked.

    Args:
        cursor: Where to ask.
        sight: What the answer may be made of.
        values: The question's parameters.
        numbers: What stands for names in bitmaps.
    """

    cursor: duckdb.DuckDBPyConnection
    sight: Sight
    values: Mapping[str, Any]
    numbers: Numbers

    def answer(self, question: str, **more: Any) -> pl.DataFrame:
        """Return the answer to *question* with the same values, and *more*."""
        sql = views.compose(schema.question_text(question), self.sight)
        return self.cursor.execute(sql, bound(sql, {**self.values, **more})).pl()

    def within(self, partitions: Sequence[str], **values: Any) -> Asking:
        """Return the same question put to *partitions* only, with other *values*."""
        sight = replace(self.sight, partitions=partitions)
        return replace(self, sight=sight, values={**self.values, **values})
