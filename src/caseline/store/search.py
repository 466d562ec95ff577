"""Events as they were, found by who, where, what and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.clock import in_utc
from caseline.errors import NotFoundError
from caseline.records.answers import Table
from caseline.records.arguments import checked_id, checked_limit
from caseline.records.windows import Window

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from caseline.clock import Clock
    from caseline.protocols import Engine


def find_events(
    engine: Engine,
    clock: Clock,
    *,
    window: Window | timedelta | tuple[datetime, datetime] | None,
    as_of: datetime | None,
    limit: int,
    filters: dict[str, str | None],
) -> Table:
    """Return the newest *limit* events that pass all *filters*.

    Args:
        engine: Where events are.
        clock: Tells the present, for a *window* given as a length.
        window: None for all that is stored.
        as_of: Hide what was received later.
        limit: Rows at the most, at least 1.
        filters: customer, environment, signature, trace: ids; text: part of the message.

    Raises:
        NotFoundError: no such customer, environment or signature: an empty answer would
            look like one that is well.
        InputError: *limit* below 1, a wrong window, a filter that is no text, a naive
            datetime.
    """
    limit = checked_limit(limit)
    filters = {name: _known(engine, name, value, as_of) for name, value in filters.items()}
    now = clock.now() if as_of is None else in_utc(as_of, "as_of")
    span = Window.of(window, as_of=now) if window is not None else None
    bounds = {} if span else {"start": None, "end": None}
    question = "events" if filters["text"] is None else "events_with_text"
    frame = engine.ask(question, window=span, as_of=as_of, limit=limit, **filters, **bounds)
    notes = [f"only the newest {limit} are shown; raise limit= for more"]
    return Table("events", frame, as_of=now, notes=notes if frame.height == limit else ())


def _known(engine: Engine, kind: str, value: str | None, as_of: datetime | None) -> str | None:
    """Return the filter *value*: of a merged signature the one it is read as today."""
    if value is None or kind in ("text", "trace"):
        return value if value is None else checked_id(value, kind)
    checked_id(value, kind)
    if kind == "signature":
        found = engine.ask("signature_known", as_of=as_of, signature_id=value)
        if not found.is_empty():
            return str(found["signature_id"][0])
    question = "known_ids" if kind == "signature" else "known_places"
    ids = engine.ask(question, as_of=as_of)
    known = ids.filter(pl.col("kind") == kind)["id"].to_list()
    if value not in known:
        raise NotFoundError.of(kind, value, known)
    return value
