"""The whole months, days and hours in a window: they come from rollups."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.records.windows import Window


def whole_periods(window: Window) -> dict[str, Any]:
    """Return the whole months, days and hours in *window*, as bounds.

    Each pair lies within the one before it; where there are none, both are its end.

    >>> from datetime import UTC, datetime
    >>> from caseline.records.windows import Window
    >>> window = Window(start=datetime(2026, 1, 31, 22, 30, tzinfo=UTC),
    ...                 end=datetime(2026, 3, 2, tzinfo=UTC))
    >>> {name: bound.isoformat()[:13] for name, bound in whole_periods(window).items()}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'hour_start': '2026-01-31T23', 'hour_end': '2026-03-02T00', 'day_start': '2026-02-01T00',
     'day_end': '2026-03-02T00', 'month_start': '2026-02-01T00', 'month_end': '2026-03-01T00'}
    """
    bounds: dict[str, Any] = {}
    start, end = window.start, window.end
    for period in ("hour", "day", "month"):
        begins, ends = _next(start, period), _floor(end, period)
        start, end = (begins, ends) if begins < ends else (end, end)
        bounds |= {f"{period}_start": start, f"{period}_end": end}
    return bounds


def _floor(moment: datetime, period: str) -> datetime:
    floor = moment.replace(minute=0, second=0, microsecond=0)
    if period != "hour":
        floor = floor.replace(hour=0)
    return floor.replace(day=1) if period == "month" else floor


def _next(moment: datetime, period: str) -> datetime:
    floor = _floor(moment, period)
    if floor == moment:
        return moment
    step = {"hour": timedelta(hours=1), "day": timedelta(days=1), "month": timedelta(days=31)}
    return _floor(floor + step[period], period)
