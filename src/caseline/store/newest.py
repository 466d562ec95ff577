"""The newest events that pass filters: looked for from the newest day back, until enough.

Most of what is asked for has a thousand events in its last days, and a year is not read
for them. A part of a text is looked for in the few templates whose words may hold it, and
in the values of all events; only what holds it is put together as text.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import polars as pl

from caseline.store.appending import BETWEEN
from caseline.store.partitions import month_named
from caseline.store.values import stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from caseline.store.asking import Asking

_STEPS = (1, 6, 23, 60, 120)
"""Days looked at in each step; the rest in one."""
_LONGEST = 200
"""A longer part of a text has too many beginnings to look for."""


def events(asking: Asking) -> pl.DataFrame | None:
    """Return the newest events, with all that a line had."""
    return _newest(asking, lambda part: part.answer("events"))


def events_with_text(asking: Asking) -> pl.DataFrame | None:
    """Return the newest events whose message holds a part of a text, in any case."""
    text = asking.values["text"]
    if not text or not text.isascii() or BETWEEN in text or len(text) > _LONGEST:
        return None
    heads = [text[:n] for n in range(1, len(text))]
    tails = [text[n:] for n in range(1, len(text))]
    found = asking.answer("embedded/templates_with", heads=heads, tails=tails)
    whole = found.filter(pl.col("holds"))["signature_id"].to_list()
    across = found.filter(~pl.col("holds"))["signature_id"].to_list()

    def look(part: Asking) -> pl.DataFrame:
        moments = part.answer("embedded/text_moments", whole=whole)["moment"]
        if across:
            more = part.answer("embedded/text_across", straddling=across)["moment"]
            moments = pl.concat([moments, more]).sort(descending=True).head(part.values["limit"])
        if moments.is_empty():
            return _nothing(part)
        return part.answer("embedded/text_rows", moments=moments.to_list())

    return _newest(asking, look)


def _newest(asking: Asking, look: Callable[[Asking], pl.DataFrame]) -> pl.DataFrame | None:
    bounds = _bounds(asking)
    if bounds is None:
        return None
    frames: list[pl.DataFrame] = []
    wanted = asking.values["limit"]
    for start, end in _stretches(*bounds):
        touched = _of_months(asking.sight.partitions, start, end)
        frames.append(look(asking.within(touched, start=start, end=end, limit=wanted)))
        wanted -= frames[-1].height
        if wanted <= 0:
            break
    return pl.concat(frames)


def _nothing(asking: Asking) -> pl.DataFrame:
    return asking.within((), limit=0).answer("events")


def _bounds(asking: Asking) -> tuple[datetime, datetime] | None:
    """Return from when to when events may be; None if nothing is stored there."""
    months = [datetime.fromisoformat(f"{month_named(p)}-01") for p in asking.sight.partitions]
    if not months:
        return None
    first, last = min(months), (max(months) + timedelta(days=32)).replace(day=1)
    trace = asking.values["trace"]
    if trace is not None:
        days = asking.answer("embedded/trace_days", trace_key=_trace_key(trace))
        if days.is_empty():
            return first, first
        first, last = _midnight(days["first_day"][0]), _midnight(days["last_day"][0], after=1)
    start, end = asking.values["start"], asking.values["end"]
    first = first if start is None else max(first, stored(start))
    return first, max(first, last if end is None else min(last, stored(end)))


def _trace_key(trace: str) -> int:
    """Return the hash by which the table of traces knows *trace*: the engine's own."""
    digest = hashlib.md5(trace.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "little")


def _stretches(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield stretches of time from *end* back to *start*, each longer than the one before.

    >>> days = [(a.day, b.day) for a, b in _stretches(datetime(2026, 3, 1), datetime(2026, 3, 9))]
    >>> days
    [(8, 9), (2, 8), (1, 2)]
    """
    for step in _STEPS:
        if end - start <= timedelta(days=step):
            break
        yield end - timedelta(days=step), end
        end -= timedelta(days=step)
    yield start, end


def _of_months(partitions: Iterable[str], start: datetime, end: datetime) -> list[str]:
    low, high = f"{start:%Y-%m}", f"{end:%Y-%m}"
    return [name for name in partitions if low <= month_named(name) <= high]


def _midnight(day: date, *, after: int = 0) -> datetime:
    return datetime.combine(day, time()) + timedelta(days=after)
