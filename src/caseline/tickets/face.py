"""The questions about tickets: see ``Workspace.tickets``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.clock import in_utc
from caseline.errors import NotFoundError
from caseline.records.answers import Table
from caseline.records.arguments import checked_id
from caseline.records.windows import Window
from caseline.tickets.answers import Ticket, TicketsLoaded
from caseline.tickets.links import (
    CONFIRMED,
    REJECTED,
    Link,
    add_link,
    decide_link,
    find_end,
    find_links,
    links_table,
)
from caseline.tickets.loading import take_messages, take_tickets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from caseline.clock import Clock
    from caseline.protocols import Engine
    from caseline.tickets.loading import Gate

_PERSON = "person"
_End = str | tuple[str, str]


class Tickets:
    """The customers' cases.

    Args:
        engine: Where they are kept.
        clock: Tells the present.
        gate: Scrubs texts before they are kept.
    """

    def __init__(self, engine: Engine, clock: Clock, gate: Gate) -> None:
        self._engine = engine
        self._clock = clock
        self._gate = gate

    def load(self, tickets: Any = None, *, messages: Any = None) -> TicketsLoaded:
        """Take tickets and their messages in; loading twice changes nothing.

        Texts are scrubbed before they are kept. A ticket of an unknown customer or
        environment is refused with its reason, as is a message without its ticket;
        the other rows go on.

        Args:
            tickets: A table: ticket_id, customer_id, opened_at, and what else is known
                (see ``caseline.records.tables.TICKETS``); None to load messages only.
            messages: A table: ticket_id, at, author, body, public.

        Raises:
            TableError: required columns are missing; nothing is changed.
            InputError: a time has no zone; nothing is changed.
        """
        came = [] if tickets is None else [take_tickets(tickets, self._engine, self._gate)]
        if messages is not None:
            new = came[0].frame if came else None
            came.append(take_messages(messages, self._engine, self._gate, tickets=new))
        with self._engine.transaction():
            for delivery in came:
                self._engine.save(delivery.name, delivery.changed)
        now = self._clock.now()
        refused = pl.concat([d.refused for d in came]) if came else pl.DataFrame()
        return TicketsLoaded(
            tables=Table("tables", pl.DataFrame([d.summary() for d in came]), as_of=now),
            refused=Table("refused", refused, as_of=now),
        )

    def get(self, ticket_id: str, *, as_of: datetime | None = None) -> Ticket:
        """Return a ticket with its messages.

        Raises:
            NotFoundError: the workspace knows no such ticket.
        """
        now = self._now(as_of)
        rows = self._rows(as_of, ticket_id=checked_id(ticket_id, "ticket"))
        if rows.is_empty():
            known = self._rows(as_of)["ticket_id"].to_list()
            raise NotFoundError.of("ticket", ticket_id, known)
        thread = self._engine.ask("ticket_messages", as_of=as_of, ticket_ids=[ticket_id])
        messages = Table("messages", thread.drop("ticket_id"), as_of=now)
        return Ticket(**rows.row(0, named=True), messages=messages, as_of=now)

    def all(
        self,
        *,
        customer: str | None = None,
        window: Window | timedelta | tuple[datetime, datetime] | None = None,
        as_of: datetime | None = None,
    ) -> Table:
        """Return the tickets, oldest first.

        Args:
            customer: Only this customer's.
            window: Only those opened within it.
            as_of: Hide what happened later.

        Raises:
            NotFoundError: the fleet has no such customer.
            InputError: a naive datetime or an empty window.
        """
        now = self._now(as_of)
        if customer is not None:
            known = self._engine.ask("customer_ids", as_of=as_of)["customer_id"].to_list()
            if checked_id(customer, "customer") not in known:
                raise NotFoundError.of("customer", customer, known)
        span = None if window is None else Window.of(window, as_of=now)
        bounds = {"opened_from": span.start, "opened_to": span.end} if span else {}
        return Table("tickets", self._rows(as_of, customer=customer, **bounds), as_of=now)

    def link(
        self,
        a: _End,
        b: _End,
        *,
        kind: str = "cause",
        confidence: float | None = None,
        reasons: Sequence[str] = (),
        by: str = _PERSON,
    ) -> Link:
        """Propose that two things belong together; the same link twice is one link.

        A link that is there already is returned as it is: a rejected one stays rejected
        until ``confirm``.

        Args:
            a: The id of a ticket, an issue, a signature, a change, an environment or a
                customer; or a pair of kind and id, where an id is several things.
            b: The other one.
            kind: A word: ``cause`` ties a ticket to the signature, issue, or whatever
                else, that caused it, and teaches ``impact.causes``.
            confidence: From 0 to 1.
            reasons: One sentence each; scrubbed as other texts are.
            by: Who says so, for the record: a person, a rule, a model.

        Raises:
            NotFoundError: the workspace knows no such id.
            InputError: an id is several things; the ends are one; *kind* is no word.
            ReadOnlyError: opened read-only, or asked by a viewer.
        """
        why = self._scrubbed(reasons)
        told = {"confidence": confidence, "reasons": why, "author": checked_id(by, "by")}
        ends = (find_end(self._engine, a), find_end(self._engine, b))
        return add_link(self._engine, ends, kind, told=told, at=self._clock.now())

    def links(self, x: _End | None = None, *, as_of: datetime | None = None) -> Table:
        """Return the links of a ticket, issue, signature, …, oldest first; all if None.

        Args:
            x: Its id.
            as_of: Hide links and decisions of later.

        Returns:
            Rows with link_id, left_kind, left_id, right_kind, right_id, kind, state,
            confidence, reasons, author, created_at, decided_by, decided_at.

        Raises:
            NotFoundError: the workspace knows no such id.
        """
        end = None if x is None else find_end(self._engine, x)
        found = find_links(self._engine, end=end and end[1], as_of=as_of)
        own = [
            k for k in found if end in (None, (k.left_kind, k.left_id), (k.right_kind, k.right_id))
        ]
        return links_table(own, as_of=self._now(as_of))

    def confirm(self, link: Any, *, reasons: Sequence[str] = (), by: str = _PERSON) -> Link:
        """Say that a link is right.

        Args:
            link: A Link, a row of ``links``, or the id of a link.
            reasons: Why, one sentence each.
            by: Who decides it, for the record.

        Raises:
            NotFoundError: there is no such link.
            ReadOnlyError: opened read-only, or asked by a viewer.
        """
        return self._decide(link, CONFIRMED, reasons, by)

    def reject(self, link: Any, *, reasons: Sequence[str] = (), by: str = _PERSON) -> Link:
        """Say that a link is wrong: it does not come back by itself.

        Args:
            link: A Link, a row of ``links``, or the id of a link.
            reasons: Why, one sentence each.
            by: Who decides it, for the record.

        Raises:
            NotFoundError: there is no such link.
            ReadOnlyError: opened read-only, or asked by a viewer.
        """
        return self._decide(link, REJECTED, reasons, by)

    def _decide(self, link: Any, state: str, reasons: Sequence[str], by: str) -> Link:
        who, now, why = checked_id(by, "by"), self._clock.now(), self._scrubbed(reasons)
        return decide_link(self._engine, link, state, reasons=why, author=who, at=now)

    def _scrubbed(self, reasons: Sequence[str]) -> list[str]:
        nobodys = pl.lit(None, pl.String).alias("customer_id")
        frame = pl.DataFrame({"reason": list(reasons)}, schema={"reason": pl.String})
        found = self._gate(frame.with_columns(nobodys), ["reason"], "customer_id")
        return found["reason"].to_list()

    def _rows(self, as_of: datetime | None, **filters: Any) -> pl.DataFrame:
        none = dict.fromkeys(("ticket_id", "customer", "opened_from", "opened_to"))
        return self._engine.ask("ticket_rows", as_of=as_of, **{**none, **filters})

    def _now(self, as_of: datetime | None) -> datetime:
        return self._clock.now() if as_of is None else in_utc(as_of, "as_of")
