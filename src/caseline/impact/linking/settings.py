"""The numbers and words that decide which tickets are of an issue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from caseline.impact.settings import read_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketSettings:
    """What ``weights/README.md`` says of ``tickets.toml``."""

    before: timedelta
    after: timedelta
    least: float
    candidates: int
    most: int
    told_words: int
    general: frozenset[str]


@cache
def ticket_settings() -> TicketSettings:
    """Return the settings that ship: ``weights/2026-11/tickets.toml``.

    >>> "problem" in ticket_settings().general
    True
    """
    found = dict(read_weights("tickets"))
    return TicketSettings(
        before=timedelta(hours=found.pop("before_hours")),
        after=timedelta(hours=found.pop("after_hours")),
        general=frozenset(found.pop("general")),
        **found,
    )
