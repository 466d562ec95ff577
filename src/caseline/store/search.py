"""Events as they were, found by who, where, what and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.clock import in_utc
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
        filters: customer, environment, signature: ids; text: part of the message.

    Raises:
        InputError: *limit* below 1, a wrong window, a filter that is no text, a naive
            datetime.
    """
    limit = checked_limit(limit)
    for name, value in filters.items():
        if value is not None:
            checked_id(value, name)
    now = clock.now() if as_of is None else in_utc(as_of, "as_of")
    span = Window.of(window, as_of=now) if window is not None else None
    bounds = {} if span else {"start": None, "end": None}
    question = "events" if filters["text"] is None else "events_with_text"
    frame = engine.ask(question, window=span, as_of=as_of, limit=limit, **filters, **bounds)
    notes = [f"only the newest {limit} are shown; raise limit= for more"]
    return Table("events", frame, as_of=now, notes=notes if frame.height == limit else ())
