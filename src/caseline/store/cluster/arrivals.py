"""How a batch comes into a warehouse: what of it is new, its rollups, its place in the ledger.

What tells copies, and how rollups are summed, is the embedded store's own code: what may
be a copy is fetched into the partition ``stored`` of the catalog's copy, and what is new
passes through its partition ``staged``.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import polars as pl

from caseline.store import appending, identity
from caseline.store.cluster.warehouse import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

    from caseline.records.batches import Part
    from caseline.store.cluster.asking import Questions
    from caseline.store.cluster.mirror import Mirror
    from caseline.store.cluster.warehouse import Warehouse


class Arrivals:
    """Appends batches to a warehouse.

    Args:
        warehouse: Where they go.
        mirror: The catalog's copy, up to date.
        questions: Asks the warehouse what it holds.
    """

    def __init__(self, warehouse: Warehouse, mirror: Mirror, questions: Questions) -> None:
        self._warehouse = warehouse
        self._hub = mirror.hub
        self._questions = questions
        self._coverage: dict[str, pl.DataFrame] = {}
        self._places = ""

    def append(
        self, rows: pl.DataFrame, parts: Sequence[Part], *, corrected: bool
    ) -> dict[str, int]:
        """Write those of *rows* that are new to the warehouse, month by month.

        Args:
            rows: As ``appending.gathered`` makes them.
            parts: The batch's parts.
            corrected: Whether any clock was ever put right: then other months may hold
                the same records.

        Returns:
            How many were new, for each month they count in.
        """
        self._coverage = {}
        self._places = ", ".join(_quoted(e) for e in rows["environment_id"].unique().sort())
        events = {}
        for (name,), some in rows.group_by(pl.col("moment").dt.strftime("%Y-%m")):
            month = str(name)
            events[month] = self._append_month(
                month, some.sort("position"), parts, corrected=corrected
            )
        return events

    def _append_month(
        self, month: str, rows: pl.DataFrame, parts: Sequence[Part], *, corrected: bool
    ) -> int:
        """Write those of *rows*, which count in *month*, that are new; return how many."""
        self._warehouse.look()
        months = self._warehouse.months()
        known = self._known_parts(month, parts) if month in months else []
        unknown = rows.filter(~pl.col("part").is_in(known)) if known else rows
        if unknown.is_empty():
            return 0
        others = [other for other in months if other != month]
        left = self._untold(unknown, others, parts)
        if corrected:
            left = self._unmoved(left, others)
        if month in months:
            left = self._fresh(left, month)
        ledger = appending.ledger(unknown, left, parts)
        write_id = _write_id(month, (parts[n].batch_id for n in unknown["part"].unique().sort()))
        self._warehouse.write(month, self._staged(left, ledger), write_id)
        self._coverage.pop(month, None)
        return left.height

    def _known_parts(
        self, month: str, parts: Sequence[Part], *, received_in: str | None = None
    ) -> list[int]:
        """Return the numbers of those *parts* that *month* holds; as the embedded store."""
        ids = ", ".join(_quoted(part.batch_id) for part in parts)
        held = self._questions.run(
            f"SELECT batch_id, received_at FROM touched.batches WHERE batch_id IN ({ids})",
            months=(month, month),
        )
        if received_in is not None:
            held = held.filter(pl.col("received_at").dt.strftime("%Y-%m") == received_in)
        known = set(held["batch_id"])
        return [number for number, part in enumerate(parts) if part.batch_id in known]

    def _untold(
        self, rows: pl.DataFrame, others: Iterable[str], parts: Sequence[Part]
    ) -> pl.DataFrame:
        """Return *rows* without the untimed ones that another month holds already."""
        untimed = rows.filter(~pl.col("timed"))
        for other in others:
            if untimed.is_empty():
                return rows.filter("timed")
            known = self._known_parts(other, parts, received_in=other)
            untimed = self._fresh(untimed.filter(~pl.col("part").is_in(known)), other)
        left = pl.col("position").is_in(untimed["position"].implode())
        return rows.filter(pl.col("timed") | left)

    def _unmoved(self, rows: pl.DataFrame, others: Iterable[str]) -> pl.DataFrame:
        """Return *rows* without those that another month holds, corrected otherwise."""
        for other in others:
            some = rows.filter(identity.near(other))
            if not some.is_empty():
                self._fetch(some, other, own_too=True)
                rows = identity.unmoved(self._hub, rows, {other: "stored"})
        return rows

    def _fresh(self, rows: pl.DataFrame, month: str) -> pl.DataFrame:
        """Return those of *rows* that no other source has brought to *month* before."""
        if rows.is_empty():
            return rows
        self._fetch(rows, month)
        return identity.fresh(self._hub, rows, partition="stored")

    def _fetch(self, rows: pl.DataFrame, month: str, *, own_too: bool = False) -> None:
        """Fetch into ``stored`` what *month* holds that may be copies of *rows*."""
        for table in ("coverage", "events"):
            self._hub.execute(f"DELETE FROM stored.{table}")
        self._fill("coverage", self._coverage_of(month))
        marked = identity.covered(self._hub, rows, partition="stored", own_too=own_too)
        suspects = rows.filter(marked).select(identity.COLUMNS)
        if suspects.is_empty():
            return
        self._hub.register("suspects", suspects.to_arrow())
        likely = self._hub.execute(identity.LIKELY_SIGNATURES).fetchall()
        self._hub.unregister("suspects")
        signatures = ", ".join(_quoted(s) for (s,) in sorted(likely))
        condition = identity.copies_of(suspects, signatures=signatures)
        copies = f"SELECT e.* FROM touched.events e WHERE {condition}"
        self._fill("events", self._questions.run(copies, months=(month, month)))

    def _coverage_of(self, month: str) -> pl.DataFrame:
        """Return what *month* covers of the batch's places: asked once for each batch."""
        if month not in self._coverage:
            self._coverage[month] = self._questions.run(
                f"SELECT c.* FROM touched.coverage c WHERE environment_id IN ({self._places})",
                months=(month, month),
            )
        return self._coverage[month]

    def _fill(self, table: str, found: pl.DataFrame) -> None:
        self._hub.register("fetched", found.to_arrow())
        self._hub.execute(f"INSERT INTO stored.{table} BY NAME SELECT * FROM fetched")
        self._hub.unregister("fetched")

    def _staged(self, rows: pl.DataFrame, ledger: pl.DataFrame) -> dict[str, pa.Table]:
        """Return the rows of each table that *rows* and their *ledger* make."""
        for table in TABLES:
            self._hub.execute(f"DELETE FROM staged.{table}")
        appending.insert_bare(self._hub, rows, partition="staged", ledger=ledger)
        tables = {
            table: self._hub.execute(f"SELECT * FROM staged.{table}").to_arrow_table()
            for table in TABLES
        }
        return {name: rows for name, rows in tables.items() if rows.num_rows}


def _write_id(month: str, batch_ids: Iterable[str]) -> str:
    """Return an id of what is written: the same when it is done again."""
    told = "\0".join([month, *sorted(batch_ids)])
    return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
