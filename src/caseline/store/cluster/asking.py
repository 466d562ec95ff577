"""Puts questions to a warehouse, or to the catalog's copy where that is enough."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.store.cluster.translation import Translated, catalog_columns, literal, translate
from caseline.store.cluster.warehouse import OutdatedError
from caseline.store.sight import Sight
from caseline.store.values import bound
from caseline.store.views import compose

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from caseline.records.windows import Window
    from caseline.store.cluster.mirror import Mirror
    from caseline.store.cluster.warehouse import Months, Warehouse

_KEPT = 500
"""Translations at the most: questions times shapes of sights are far fewer."""


class Questions:
    """Answers questions of one warehouse and the copy of its catalog.

    Args:
        warehouse: Holds the events.
        mirror: Holds the catalog's copy.
    """

    def __init__(self, warehouse: Warehouse, mirror: Mirror) -> None:
        self._warehouse = warehouse
        self._mirror = mirror
        self._columns = catalog_columns()
        self._translated: dict[str, Translated] = {}
        self._shapes: dict[str, pl.Schema] = {}
        self._offered: dict[str, tuple[int, str]] = {}
        self._looking = threading.Lock()

    def sight(self, **facts: Any) -> Sight:
        """Return a Sight of the warehouse: see ``Sight`` for *facts*."""
        return Sight(partitions=("touched",), all_partitions=("held",), bare=True, **facts)

    def plan(self, question: str, sight: Sight) -> tuple[str, Translated]:
        """Return *question* (its text) put together for *sight*, and its translation."""
        return self._of(compose(question, sight))

    def _of(self, sql: str) -> tuple[str, Translated]:
        if sql not in self._translated:
            if len(self._translated) >= _KEPT:
                self._translated.clear()
            self._translated[sql] = translate(sql, self._warehouse, self._columns.__getitem__)
        return sql, self._translated[sql]

    def offer(self, translated: Translated) -> dict[str, str]:
        """Let the warehouse read the catalog's tables that a question needs; return their names."""
        names = {}
        for table in translated.catalog:
            version = self._mirror.version(table)
            known = self._offered.get(table)
            if known is None or known[0] != version:
                known = version, self._warehouse.offer(table, self._mirror.read(table))
                self._offered[table] = known
            names[table] = known[1]
        return names

    def answer(
        self,
        plan: tuple[str, Translated],
        values: Mapping[str, Any],
        *,
        months: Months | None = None,
        names: Mapping[str, str] | None = None,
    ) -> pl.DataFrame:
        """Return the answer to a *plan*, its times as tables hold them.

        Args:
            plan: What ``plan`` returned.
            values: For the ``$names`` of the question.
            months: Those that the window touches; None for all.
            names: What ``offer`` returned.
        """
        sql, translated = plan
        given = bound(sql, values)
        if not translated.from_events:
            return self._mirror.hub.cursor().execute(sql, given).pl()
        fill = self._filler(given, months, names or {})
        try:
            found = self._warehouse.run(self._filled(translated, fill))
        except OutdatedError:
            found = self._warehouse.run(self._filled(translated, fill))
        frame = pl.from_arrow(found)
        assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table is no column
        return _shaped(frame, self._shape(sql, given))

    def _filled(self, translated: Translated, fill: Callable[[str, str], str]) -> str:
        """Return the SQL, all of it of one moment."""
        with self._looking:
            self._warehouse.look()
            return translated.filled(fill)

    def run(self, sql: str, *, months: Months | None = None) -> pl.DataFrame:
        """Return the answer to *sql*, DuckDB's, on ``touched`` and ``held`` tables."""
        return self.answer(self._of(sql), {}, months=months)

    def text(self, sql: str, *, months: Months | None = None) -> str:
        """Return *sql*, DuckDB's, on ``touched`` and ``held`` tables as the warehouse reads it."""
        return self._of(sql)[1].filled(self._filler({}, months, {}))

    def _filler(
        self, given: Mapping[str, Any], months: Months | None, names: Mapping[str, str]
    ) -> Callable[[str, str], str]:
        def fill(kind: str, name: str) -> str:
            if kind == "value":
                return literal(given[name], self._warehouse)
            if kind == "catalog":
                return names[name]
            return self._warehouse.relation(name, months if kind == "touched" else None)

        return fill

    def _shape(self, sql: str, given: Mapping[str, Any]) -> pl.Schema:
        """Return the names and types that the embedded store's answer would have."""
        if sql not in self._shapes:
            if len(self._shapes) >= _KEPT:
                self._shapes.clear()
            none = f"SELECT * FROM ({sql}) answer LIMIT 0"
            self._shapes[sql] = self._mirror.hub.cursor().execute(none, dict(given)).pl().schema
        return self._shapes[sql]


def touched(window: Window | None) -> Months | None:
    """Return the months that *window* touches, the first and the last.

    >>> from datetime import UTC, datetime
    >>> from caseline.records.windows import Window
    >>> start, end = datetime(2026, 3, 9, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    >>> touched(Window(start=start, end=end))
    ('2026-03', '2026-04')
    """
    if window is None:
        return None
    last = window.end - window.end.resolution
    return window.start.isoformat()[:7], last.isoformat()[:7]


def _shaped(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """Return *frame* with the types of *schema*; times without their zone, which is UTC."""
    columns = []
    for name, dtype in schema.items():
        column = pl.col(name)
        found = frame.schema[name]
        if isinstance(found, pl.Datetime) and found.time_zone:
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        columns.append(column.cast(dtype))
    return frame.select(columns)
