"""Windows of any length from rollups: whole days, then whole hours, then the events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from caseline.records.windows import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from caseline.protocols import Engine

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
EVER = Window(start=datetime(1, 1, 2, tzinfo=UTC), end=datetime(9999, 12, 30, tzinfo=UTC))
"""A window that nothing is outside of."""

_BY = (
    "day", "signature_id", "environment_id", "customer_id", "share_group", "version", "stage",
)  # fmt: skip


def read_days(
    engine: Engine,
    signature_ids: Sequence[str],
    *,
    window: Window | None = None,
    as_of: datetime | None = None,
) -> pl.DataFrame:
    """Return what signatures did, by day, place, owner, version and stage.

    Only the parts of hours at the window's ends are counted from events; a partition
    that holds neither end is asked for its rollups alone.

    Args:
        engine: Where events and rollups are.
        signature_ids: Which signatures.
        window: When; None for all that is stored.
        as_of: Hide what was received later.

    Returns:
        day, signature_id, environment_id, customer_id, share_group, version, stage,
        severity, events, first_at, last_at: one row for each combination.
    """
    chosen = {"signature_ids": list(signature_ids)}
    inner, edges = split_at_hours(window or EVER)
    frames = [engine.ask("signature_edges", window=w, as_of=as_of, **chosen) for w in edges]
    if inner is not None:
        bounds: dict[str, datetime] = {"first_day": _day_from(inner.start)}
        bounds |= {"last_day": inner.end.replace(hour=0)}
        if window is None:
            bounds |= {"start": inner.start, "end": inner.end}
        asked = inner if window is not None else None
        frames.append(engine.ask("signature_days", window=asked, as_of=as_of, **chosen, **bounds))
    if len(frames) == 1:
        return frames[0]
    return (
        pl.concat(frames)
        .group_by(_BY)
        .agg(
            pl.col("severity").max(),
            pl.col("events").sum(),
            pl.col("first_at").min(),
            pl.col("last_at").max(),
        )
        .sort(_BY)
    )


def whole_days(window: Window) -> tuple[datetime, datetime]:
    """Return the start of the first whole day of *window*, and the end of the last one.

    The start lies behind the end where there is none and *window* crosses no midnight.
    """
    return _day_from(window.start), _midnight(window.end)


def split_at_hours(window: Window) -> tuple[Window | None, list[Window]]:
    """Return the whole hours of *window* (None if there are none) and what is left.

    >>> start = datetime(2026, 3, 1, 8, 20, tzinfo=UTC)
    >>> inner, edges = split_at_hours(Window(start=start, end=start + timedelta(hours=2)))
    >>> inner.start.hour, inner.end.hour, [edge.length.seconds // 60 for edge in edges]
    (9, 10, [40, 20])
    """
    floor = window.end.replace(minute=0, second=0, microsecond=0)
    begun = window.start.replace(minute=0, second=0, microsecond=0)
    ceiling = begun if begun == window.start else begun + _HOUR
    if ceiling > floor:
        return None, [window]
    inner = Window(start=ceiling, end=floor) if ceiling < floor else None
    pairs = ((window.start, ceiling), (floor, window.end))
    return inner, [Window(start=low, end=high) for low, high in pairs if low < high]


def _day_from(moment: datetime) -> datetime:
    day = _midnight(moment)
    return day if day == moment else day + _DAY


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
