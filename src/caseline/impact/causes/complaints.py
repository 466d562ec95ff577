"""What a ticket says, and what tickets usually say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.errors import NotFoundError

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.protocols import Engine

_QUOTE = ">"


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What a ticket says, from whom, and when."""

    ticket_id: str
    customer_id: str
    environment_id: str | None
    opened_at: datetime
    text: str


def read_complaint(engine: Engine, ticket_id: str, *, as_of: datetime | None) -> Complaint:
    """Return what the ticket says: its subject, description and the customer's messages.

    What the customer quotes of others is left out.

    Raises:
        NotFoundError: the workspace knows no such ticket.
    """
    filters: dict[str, Any] = dict.fromkeys(("customer", "opened_from", "opened_to"))
    found = engine.ask("ticket_rows", as_of=as_of, ticket_id=ticket_id, **filters)
    if found.is_empty():
        ids = engine.ask("known_ids", as_of=as_of).filter(pl.col("kind") == "ticket")["id"]
        raise NotFoundError.of("ticket", ticket_id, ids.to_list())
    row = found.row(0, named=True)
    thread = engine.ask("ticket_messages", as_of=as_of, ticket_ids=[ticket_id])
    said = thread.filter(pl.col("author") == "customer")["body"].drop_nulls().to_list()
    parts = dict.fromkeys([row["subject"] or "", row["description"] or "", *said])
    names = ("ticket_id", "customer_id", "environment_id", "opened_at")
    return Complaint(**{n: row[n] for n in names}, text=unquoted("\n".join(filter(None, parts))))


def unquoted(text: str) -> str:
    r"""Return *text* without the lines that quote others.

    >>> unquoted("It fails\n> Which version?\n8.1")
    'It fails\n8.1'
    """
    lines = text.split("\n")
    return "\n".join(line for line in lines if not line.lstrip().startswith(_QUOTE))


def read_usual(
    engine: Engine, *, before: datetime, limit: int, as_of: datetime | None
) -> list[str]:
    """Return the texts of the latest tickets opened before a moment."""
    found = engine.ask("recent_texts", as_of=as_of, before=before, limit=limit)
    return found["text"].to_list()
