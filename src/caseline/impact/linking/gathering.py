"""From an issue to its tickets: those of its time and customers that it explains best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.impact.linking.answers import IssueTickets
from caseline.impact.linking.settings import ticket_settings
from caseline.text import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from caseline.impact.ledger.answers import Impact
    from caseline.impact.linking.settings import TicketSettings
    from caseline.protocols import Engine
    from caseline.records.answers import Row, Table

    Explain = Callable[[str, int], Table]

COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "ticket_id": pl.String,
    "customer_id": pl.String,
    "opened_at": pl.Datetime("us", "UTC"),
    "probability": pl.Float64,
    "vague": pl.Boolean,
    "duplicate_of": pl.String,
    "reasons": pl.List(pl.String),
}


def gather_tickets(
    engine: Engine, impact: Impact, explain: Explain, *, as_of: datetime | None
) -> IssueTickets:
    """Return the tickets that the signatures of *impact* explain best.

    Only tickets of its time, by customers who are hit or may be, are looked at: of those
    who are clear none of its lines can be the cause.

    Args:
        engine: Where tickets are.
        impact: Whom the issue hits, and when.
        explain: Gives the causes of a ticket, most probable first.
        as_of: Hide what was opened later.
    """
    settings = ticket_settings()
    hit = {row.customer_id: row for row in impact.customers if row.status == "hit"}
    near = _opened_near(engine, hit.values(), settings, as_of=as_of)
    mine = near.filter(pl.col("customer_id").is_in(list(hit)))
    asked = mine.head(settings.most)
    ours = set(impact.signature_ids)
    found = []
    for ticket in asked.iter_rows(named=True):
        row = _explained(ticket, explain(ticket["ticket_id"], settings.candidates), ours, settings)
        if row is not None:
            found.append(row)
    frame = pl.DataFrame(found, schema=COLUMNS).sort("opened_at", "ticket_id")
    first = pl.col("ticket_id").first().over("customer_id")
    again = pl.when(pl.col("ticket_id") != first).then(first)
    return IssueTickets(
        frame.with_columns(again.alias("duplicate_of")),
        issue_id=impact.id,
        looked_at=asked.height,
        as_of=impact.as_of,
        notes=_notes(near.height - mine.height, mine.height - asked.height),
    )


def _opened_near(
    engine: Engine, hit: Iterable[Row], settings: TicketSettings, *, as_of: datetime | None
) -> pl.DataFrame:
    """Return the tickets opened around the time of the hits, nearest to the first one."""
    rows = [row for row in hit if row.first_seen is not None]
    filters: dict[str, Any] = dict.fromkeys(("ticket_id", "customer", "opened_from", "opened_to"))
    if rows:
        start = min(row.first_seen for row in rows)
        filters["opened_from"] = start - settings.before
        filters["opened_to"] = max(row.last_seen for row in rows) + settings.after
    found = engine.ask("ticket_rows", as_of=as_of, **filters)
    if as_of is not None:
        found = found.filter(pl.col("opened_at") <= as_of)
    return found if rows else found.clear()


def _explained(
    ticket: dict[str, Any], causes: Table, ours: set[str], settings: TicketSettings
) -> dict[str, Any] | None:
    """Return the ticket's row, or None if something else, or nothing, explains it better."""
    rows = list(causes)
    if not rows or rows[0].signature_id not in ours:
        return None
    probability = sum(row.probability for row in rows if row.signature_id in ours)
    if probability < settings.least:
        return None
    vague = says_nothing(ticket["subject"], ticket["description"])
    why = f"{rows[0].signature_id} explains it with probability {rows[0].probability:.2f}"
    told = ["its text says nothing: linked by its customer's lines at the time"] if vague else []
    return {
        "ticket_id": ticket["ticket_id"],
        "customer_id": ticket["customer_id"],
        "opened_at": ticket["opened_at"],
        "probability": probability,
        "vague": vague,
        "duplicate_of": None,
        "reasons": [why, *told, *rows[0].reasons],
    }


def says_nothing(*texts: str | None) -> bool:
    """Return whether *texts* have hardly a word that tells one trouble from another.

    >>> says_nothing("problem", "It does not work again. Please check.")
    True
    >>> says_nothing("save button spins", None)
    False
    """
    settings = ticket_settings()
    told = {word for text in texts for word in words(text or "")} - settings.general
    return len(told) < settings.told_words


def _notes(others: int, left: int) -> list[str]:
    notes = []
    if others:
        notes.append(f"{others} tickets of that time are of customers that are not hit")
    if left:
        notes.append(f"{left} more tickets were not looked at")
    return notes
