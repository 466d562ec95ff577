"""Where the time comes from: the only place that asks the machine for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from caseline.errors import InputError


class Clock(Protocol):
    """Whatever can tell the time."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is told to move: for tests and replays.

    >>> clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    >>> clock.advance(timedelta(hours=2))
    >>> clock.now().isoformat()
    '2026-03-01T02:00:00+00:00'
    """

    def __init__(self, start: datetime) -> None:
        self._now = in_utc(start, "start")

    def now(self) -> datetime:
        """Return the moment the clock stands at."""
        return self._now

    def advance(self, step: timedelta) -> None:
        """Move the clock by *step*, which must not be negative."""
        if step < timedelta(0):
            raise InputError(f"step is {step}; a clock does not run backwards")
        self._now += step


def in_utc(moment: datetime, name: str) -> datetime:
    """Return *moment* in UTC; refuse one without a zone.

    Args:
        moment: An aware datetime.
        name: The argument it came in as, for the message.

    Raises:
        InputError: *moment* is not an aware datetime.

    >>> in_utc(datetime(2026, 3, 1), "since")
    Traceback (most recent call last):
    caseline.errors.InputError: since is a naive datetime; give it a zone, for example tzinfo=UTC
    """
    if not isinstance(moment, datetime):
        raise InputError(f"{name} is a {type(moment).__name__}; give an aware datetime")
    if moment.utcoffset() is None:
        raise InputError(f"{name} is a naive datetime; give it a zone, for example tzinfo=UTC")
    return moment.astimezone(UTC)


def is_zone(name: str) -> bool:
    """Return whether *name* is an IANA time zone.

    >>> is_zone("Europe/Berlin"), is_zone("Mars/Olympus")
    (True, False)
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


class Stopwatch:
    """Measures how long something takes; it knows no date."""

    def __init__(self) -> None:
        self._start = perf_counter()

    def seconds(self) -> float:
        """Return the seconds since the watch was made."""
        return perf_counter() - self._start
