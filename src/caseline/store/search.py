"""Events as they were, found by who, where, what and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.errors import InputError
from caseline.records.answers import Table
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
        InputError: *limit* below 1, or a wrong window.
    """
    if limit < 1:
        raise InputError(f"limit is {limit}; ask for at least 1 event")
    now = as_of or clock.now()
    span = Window.of(window, as_of=now) if window is not None else None
    bounds = {} if span else {"start": None, "end": None}
    frame = engine.ask("events", window=span, as_of=as_of, limit=limit, **filters, **bounds)
    notes = [f"only the newest {limit} are shown; raise limit= for more"]
    return Table("events", frame, as_of=now, notes=notes if frame.height == limit else ())
