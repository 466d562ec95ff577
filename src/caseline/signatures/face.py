"""What kinds of events there are: the face of signatures in a workspace."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, overload

import polars as pl

from caseline.clock import Clock, in_utc
from caseline.errors import InputError, NotFoundError
from caseline.records.answers import Row, Table
from caseline.records.arguments import checked_id, checked_limit
from caseline.records.windows import Window
from caseline.signatures.aliases import PERSON
from caseline.signatures.catalog import signatures_frame
from caseline.signatures.decisions import (
    checked_author,
    deciding,
    split_apart,
    split_by_value,
    split_table,
)
from caseline.signatures.explaining import with_decisions
from caseline.signatures.lineage_table import lineage_of, proposed_lineage
from caseline.signatures.periods import whole_periods
from caseline.signatures.tracing import CONFIRMED, REJECTED, decide, trace_lineage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.records.ingest import IngestReport
    from caseline.signatures.book import SignatureBook
    from caseline.signatures.catalog import Signature
    from caseline.signatures.explanations import Explanation

_GROWTH = 0.1
"""Of the events that were looked at: so many new ones are worth another look for lineage."""
_SHARED = (
    "customers counts those hit for certain; events of several customers count towards "
    "customers_possible only."
)


class Signatures:
    """Ask what kinds of events there are, and say which are the same.

    Args:
        engine: Where the events are.
        book: What has been learnt of templates.
        clock: Tells the moment an answer speaks for.
        read: Gives the message of a raw line, as it would be stored.
    """

    def __init__(
        self,
        engine: Engine,
        book: SignatureBook,
        clock: Clock,
        *,
        read: Callable[[str], str] = str,
    ) -> None:
        self._engine = engine
        self._book = book
        self._clock = clock
        self._read = read
        self._traced = self._untraced = 0

    def top(
        self,
        *,
        by: Literal["customers", "events"] = "customers",
        window: Window | timedelta | tuple[datetime, datetime] | None = None,
        limit: int = 20,
        as_of: datetime | None = None,
    ) -> Table:
        """Return the signatures that hit most customers, or have most events.

        Args:
            by: What to sort by. Ties go to the more events.
            window: Which events count; all if None.
            limit: Rows at the most, at least 1.
            as_of: Hide what was received later.

        Returns:
            signature_id, template, severity (OpenTelemetry, the highest), events,
            customers, environments, first_seen, last_seen; besides customers_possible,
            kind and shared_template: the template with ``<*>`` for each word that fewer
            than five customers have, for what is shown to others.

        Raises:
            InputError: *by*, *window* or *limit* cannot be right.
        """
        if by not in ("customers", "events"):
            raise InputError(f"by is {by!r}; give 'customers' or 'events'")
        limit = checked_limit(limit)
        moment = self._clock.now() if as_of is None else in_utc(as_of, "as_of")
        if window is None:
            frame = self._engine.ask("top_signatures_ever", as_of=as_of, by=by, limit=limit)
        else:
            wanted = Window.of(window, as_of=moment, default=timedelta(days=1))
            bounds = whole_periods(wanted)
            frame = self._engine.ask(
                "top_signatures", window=wanted, as_of=as_of, by=by, limit=limit, **bounds
            )
        shared = [self._book.shared_template(name) for name in frame["signature_id"]]
        frame = frame.with_columns(shared_template=pl.Series(shared, dtype=pl.String))
        return Table("signatures", frame, as_of=moment, notes=(_SHARED,))

    def get(self, signature_id: str, *, as_of: datetime | None = None) -> Row:
        """Return one signature; a merged one is read as what it was merged into.

        Args:
            signature_id: Its id.
            as_of: Hide what was received later.

        Returns:
            signature_id, template, kind, scheme, severity, events, customers,
            environments, first_seen, last_seen, parts, rules, lineage (as ``lineage`` has
            it, rows as dicts), as_of.

        Raises:
            NotFoundError: no event has it.
            InputError: *signature_id* is no text, or *as_of* is naive.
        """
        now = self._clock.now() if as_of is None else in_utc(as_of, "as_of")
        checked_id(signature_id, "signature")
        name = self._read_as(signature_id, as_of)
        frame = self._engine.ask("signature", as_of=as_of, signature=name)
        if frame.is_empty():
            raise NotFoundError.of("signature", signature_id)
        links = lineage_of(self._engine, name, as_of=as_of)
        row = frame.row(0, named=True)
        shared = self._book.shared_template(name)
        return Row({**row, "shared_template": shared, "lineage": links.to_dicts(), "as_of": now})

    def match(self, line: str, *, as_of: datetime | None = None) -> Row | None:
        """Return the signature that *line* would get, or None for a new one.

        Args:
            line: A message as it is stored; or a raw line, with its header.
            as_of: Hide what was received later.

        Raises:
            InputError: *line* is no text, or *as_of* is naive.
        """
        found = self._book.match(self._message(_checked_line(line)))
        return None if found is None else self._seen(found.signature_id, as_of)

    def explain(self, id_or_line: str, *, as_of: datetime | None = None) -> Explanation:
        """Return why a line has its signature, or what a signature is made of.

        Args:
            id_or_line: A signature's id; or a line, with its header or without. Of a line
                that it has not seen, a viewer learns no more than its tokens. What a
                trace's id says of frames is read from the newest events.
            as_of: Hide what was decided later, and signatures that were received later.
                Templates and their rules do not change.

        Raises:
            NotFoundError: nobody, or nobody a viewer sees, has the signature.
            InputError: *id_or_line* is no text, or *as_of* is naive.
        """
        signature = self._book.signature(_checked_line(id_or_line))
        if signature is not None:
            row = self.get(id_or_line, as_of=as_of)
            if not self._is_told(id_or_line, as_of):
                raise NotFoundError.of("signature", id_or_line)
            found = self._book.describe(signature, self._examples(signature, row, as_of))
        else:
            if as_of is not None:
                in_utc(as_of, "as_of")
            found = self._book.explain(self._message(id_or_line))
            hides = self._engine.scope is not None or as_of is not None
            if hides and not self._is_told(found.signature_id, as_of):
                # A line that only others have must look like one that nobody has.
                return replace(
                    found, signature_id=None, merged_into=None, template="", variables=(), steps=()
                )
        return with_decisions(found, self._engine, self._book, as_of=as_of)

    def _is_told(self, name: str | None, as_of: datetime | None) -> bool:
        """Return whether the words of a template may be told: all, or those a viewer has.

        What it was merged with may be seen by the viewer when it is not itself.
        """
        if self._engine.scope is None and as_of is None:
            return True
        if name is None:
            return False
        return not self._engine.ask("template_seen", as_of=as_of, signature_id=name).is_empty()

    def _message(self, line: str) -> str:
        """Return *line* as it is stored: without its header, unless it is a message itself."""
        return line if self._book.match(line) is not None else self._read(line)

    def merge(self, ids: Sequence[str], *, into: str | None = None, by: str = PERSON) -> str:
        """Read several signatures as one from now on, for events stored earlier too.

        Args:
            ids: The signatures to merge.
            into: What they are read as; the first of *ids* if None.
            by: Who decides it, for the record.

        Returns:
            The id they are read as. It sticks: no rule undoes it.

        Raises:
            InputError: fewer than two different signatures.
            NotFoundError: a signature that no event has.
            ReadOnlyError: opened read-only, or asked by a viewer.
        """
        wanted = [ids] if isinstance(ids, str) else list(ids)
        target = into if into is not None else next(iter(wanted), "")
        author, now = checked_author(by), self._clock.now()
        with deciding(self._engine, self._book, now):
            names = {self.get(name)["signature_id"] for name in (*wanted, target)}
            if len(names) < 2:  # noqa: PLR2004 - a pair
                raise InputError(f"{len(names)} signature is nothing to merge; give two or more")
            self._book.merge(wanted, target, author=author, at=now)
        return self._book.canonical(target)

    @overload
    def split(self, signature_id: str, *, by: str = PERSON) -> str: ...

    @overload
    def split(
        self, signature_id: str, *, variable: int, values: Sequence[str], by: str = PERSON
    ) -> Table: ...

    def split(
        self,
        signature_id: str,
        *,
        variable: int | None = None,
        values: Sequence[str] | None = None,
        by: str = PERSON,
    ) -> str | Table:
        """Keep a merged signature apart again, or split one by the value of a variable.

        Either holds for events stored earlier and later, and sticks. Without *variable*
        one merge is undone, by a person or by a rule. With it, events that have one of
        *values* there are read as signatures of their own; ``merge`` undoes that.

        Args:
            signature_id: Its id.
            variable: Which of its variables, from 1.
            values: As they are stored: scrubbed. Each gets a signature.
            by: Who decides it, for the record.

        Returns:
            *signature_id*; with *variable* a Table: value (None for all the others),
            signature_id, template, events.

        Raises:
            NotFoundError: no such signature.
            InputError: it was not merged into another; no such variable; no values.
            ReadOnlyError: opened read-only, or asked by a viewer.
        """
        who = (checked_author(by), self._clock.now())
        with deciding(self._engine, self._book, who[1]):
            if variable is None and values is None:
                split_apart(self._book, signature_id, who=who)
                return signature_id
            split = split_by_value(
                self._book, signature_id, variable=variable, values=values, who=who
            )
            self._engine.save("signatures", signatures_frame(split.parts.values()))
        return split_table(self._engine, split, now=who[1])

    def lineage(self, signature_id: str, *, as_of: datetime | None = None) -> Table:
        """Return what a signature was in other versions' words, and what became of it.

        Proposals come from what is stored: places that cease one and begin the other at
        their own upgrade, words alike, the rate kept. Where ``together`` is true, trends,
        impact and detection count both as one. What a person confirmed or rejected stays.

        Args:
            signature_id: Its id.
            as_of: Hide what was decided later.

        Returns:
            A Table: from_id, to_id, kind (reworded, split, merged, moved; level_changed and
            sampled have one id at both ends), state (proposed, confirmed, rejected),
            together, confidence, ratio (daily rate after, relative to before),
            since_version, since, environments, events_before, events_after, reasons,
            author, decided_at. A viewer sees no figures: they are of all customers.

        Raises:
            NotFoundError: no event has it.
            InputError: *signature_id* is no text, or *as_of* is naive.
        """
        now = self._clock.now() if as_of is None else in_utc(as_of, "as_of")
        name = self.get(signature_id, as_of=as_of)["signature_id"]
        return Table("lineage", lineage_of(self._engine, name, as_of=as_of), as_of=now)

    def find_lineage(self) -> Table:
        """Look for lineage in all that is stored; ``ingest`` does it too, as the store grows.

        Returns:
            All lineage that is proposed, as ``lineage`` tells it.

        Raises:
            ReadOnlyError: opened read-only, or asked by a viewer.
        """
        now = self._clock.now()
        with self._engine.transaction():
            self._traced = trace_lineage(self._engine, self._book, now=now)
            self._untraced = 0
        return Table("lineage", proposed_lineage(self._engine), as_of=now)

    def confirm(self, from_id: str, to_id: str, *, by: str = PERSON) -> None:
        """Say that one signature became another: they are counted as one from now on.

        Args:
            from_id: The old one.
            to_id: The new one.
            by: Who decides it, for the record.

        Raises:
            NotFoundError: a signature that no event has.
            InputError: the two are one.
            ReadOnlyError: opened read-only, or asked by a viewer.
        """
        self._decide(from_id, to_id, CONFIRMED, by)

    def reject(self, from_id: str, to_id: str, *, by: str = PERSON) -> None:
        """Say that one signature did not become another: it is not proposed again.

        Args:
            from_id: The old one.
            to_id: The new one.
            by: Who decides it, for the record.

        Raises:
            NotFoundError: a signature that no event has.
            InputError: the two are one.
            ReadOnlyError: opened read-only, or asked by a viewer.
        """
        self._decide(from_id, to_id, REJECTED, by)

    def note_ingest(self, report: IngestReport) -> None:
        """Look for lineage once the store has grown by a good part since the last time."""
        self._untraced += report.events
        if self._untraced and self._untraced >= _GROWTH * self._traced:
            self.find_lineage()

    def _decide(self, from_id: str, to_id: str, state: str, by: str) -> None:
        who = (checked_author(by), self._clock.now())
        with self._engine.transaction():
            pair = (self.get(from_id)["signature_id"], self.get(to_id)["signature_id"])
            decide(self._engine, pair, state, who=who)

    def _read_as(self, name: str, as_of: datetime | None) -> str:
        """Return the id that *name* is read as, or was at *as_of*."""
        if as_of is None:
            return self._book.canonical(name)
        found = self._engine.ask("alias_of", as_of=as_of, signature_id=name)
        return name if found.is_empty() else str(found["merged_into"][0])

    def _examples(self, signature: Signature, row: Row, as_of: datetime | None) -> list[str]:
        """Return texts of the newest events that may have the trace *signature*."""
        if signature.kind != "trace":
            return []
        filters = dict.fromkeys(("customer", "environment", "start", "end"))
        frame = self._engine.ask(
            "events", as_of=as_of, signature=row["signature_id"], limit=20, **filters
        )
        return list(frame["message"].drop_nulls().unique(maintain_order=True))

    def _seen(self, name: str, as_of: datetime | None = None) -> Row | None:
        try:
            return self.get(name, as_of=as_of)
        except NotFoundError:
            return None


def _checked_line(line: Any) -> str:
    if not isinstance(line, str):
        raise InputError(f"line is a {type(line).__name__}; give a str")
    return line
