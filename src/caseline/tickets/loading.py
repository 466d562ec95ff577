"""Tickets and messages on their way in: checked, scrubbed, compared with what is held."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.records.tables import MESSAGES, TICKETS
from caseline.store.intake import read_table

if TYPE_CHECKING:
    from caseline.protocols import Engine
    from caseline.records.tables import TableSchema

Gate = Callable[[pl.DataFrame, Sequence[str], str], pl.DataFrame]
"""Scrubs the named text columns of a frame; the last argument names its customer column."""

_ROW = "__row__"
_REFUSED = {"table": pl.String, "row": pl.Int64, "reason": pl.String}
_NO_FILTER = dict.fromkeys(("ticket_id", "customer", "opened_from", "opened_to"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One table of a load.

    Args:
        name: Of the table.
        frame: All accepted rows, scrubbed.
        changed: Those that are new or other than what is held.
        added: How many are new.
        refused: table, row, reason.
        unknown: Columns that nobody asked for.
    """

    name: str
    frame: pl.DataFrame
    changed: pl.DataFrame
    added: int
    refused: pl.DataFrame
    unknown: tuple[str, ...]

    def summary(self) -> dict[str, Any]:
        """Return the counts, as a row of the report."""
        return {
            "table": self.name,
            "accepted": self.frame.height,
            "added": self.added,
            "replaced": self.changed.height - self.added,
            "unchanged": self.frame.height - self.changed.height,
            "refused": self.refused.height,
            "unknown": list(self.unknown),
        }


def take_tickets(data: Any, engine: Engine, gate: Gate) -> Delivery:
    """Return the tickets of *data*: those of known customers and environments."""
    places = engine.ask("known_places")
    known = {
        kind: places.filter(pl.col("kind") == kind)["id"].to_list()
        for kind in ("customer", "environment")
    }
    frame, refused, unknown = _read(data, TICKETS)
    for kind in ("customer", "environment"):
        frame, refused = _refuse_strangers(frame, refused, f"{kind}_id", known[kind])
    scrubbed = gate(frame.drop(_ROW), _texts(TICKETS), "customer_id")
    held = engine.ask("ticket_rows", **_NO_FILTER)
    return _compared(TICKETS, scrubbed, held, refused, unknown)


def take_messages(
    data: Any, engine: Engine, gate: Gate, *, tickets: pl.DataFrame | None
) -> Delivery:
    """Return the messages of *data*: those of *tickets* and of the tickets held."""
    held_tickets = engine.ask("ticket_rows", **_NO_FILTER)
    known = pl.concat(
        frame.select("ticket_id", "customer_id")
        for frame in (held_tickets, tickets)
        if frame is not None
    ).unique("ticket_id", keep="last", maintain_order=True)
    frame, refused, unknown = _read(data, MESSAGES)
    frame, refused = _refuse_strangers(frame, refused, "ticket_id", known["ticket_id"].to_list())
    owned = frame.drop(_ROW).join(known, on="ticket_id", how="left", maintain_order="left")
    scrubbed = gate(owned, _texts(MESSAGES), "customer_id").drop("customer_id")
    # Bodies that differed in what was scrubbed away are one now.
    scrubbed = scrubbed.unique(list(MESSAGES.key), keep="first", maintain_order=True)
    held = engine.ask("ticket_messages", ticket_ids=None)
    return _compared(MESSAGES, scrubbed, held, refused, unknown)


def _read(
    data: Any, schema: TableSchema
) -> tuple[pl.DataFrame, list[tuple[int, str]], tuple[str, ...]]:
    intake = read_table(data, schema)
    frame = intake.frame.with_columns(pl.Series(_ROW, intake.rows, dtype=pl.Int64))
    return frame, list(intake.refused.iter_rows()), intake.unknown


def _refuse_strangers(
    frame: pl.DataFrame, refused: list[tuple[int, str]], column: str, known: list[str]
) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
    stranger = pl.col(column).is_not_null() & ~pl.col(column).is_in(known)
    what = column.removesuffix("_id")
    reasons = [
        (row, f"{column} {value!r} is no known {what}; load the {what}s first")
        for row, value in frame.filter(stranger).select(_ROW, column).iter_rows()
    ]
    return frame.filter(~stranger), refused + reasons


def _texts(schema: TableSchema) -> list[str]:
    """Return the columns that pass the gate: all text that is no id and no fixed word."""
    return [
        c.name
        for c in schema.columns
        if c.kind == "text" and not c.name.endswith("_id") and not c.one_of
    ]


def _compared(
    schema: TableSchema,
    frame: pl.DataFrame,
    held: pl.DataFrame,
    refused: list[tuple[int, str]],
    unknown: tuple[str, ...],
) -> Delivery:
    names, key = [c.name for c in schema.columns], list(schema.key)
    frame, held = frame.select(names), held.select(names)
    changed = frame.join(held, on=names, how="anti", nulls_equal=True)
    added = changed.join(held, on=key, how="anti", nulls_equal=True).height
    rows = [(schema.name, row, reason) for row, reason in sorted(refused)]
    return Delivery(
        name=schema.name,
        frame=frame,
        changed=changed,
        added=added,
        refused=pl.DataFrame(rows, schema=_REFUSED, orient="row"),
        unknown=unknown,
    )
