"""Values on their way into the engine and out of it: times are UTC there, without saying so."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from caseline.records.windows import Window


def stored(moment: datetime) -> datetime:
    """Return *moment* as the tables hold it: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def asked_values(
    parameters: Mapping[str, Any],
    *,
    viewer: frozenset[str] | None,
    window: Window | None,
    as_of: datetime | None,
) -> dict[str, Any]:
    """Return the values of a question: its own *parameters*, and those every question may name."""
    values = dict(parameters)
    if window is not None:
        values |= {"start": window.start, "end": window.end}
    return values | {"as_of": as_of, "viewer": sorted(viewer) if viewer is not None else None}


def bound(sql: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the *values* that *sql* names, as the engine takes them."""
    names = set(re.findall(r"\$(\w+)", sql))
    missing = sorted(names - values.keys())
    if missing:
        raise InputError(f"the question needs values for {missing}")
    return {name: _plain(values[name]) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return stored(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return value


def aware(frame: pl.DataFrame) -> pl.DataFrame:
    """Return *frame* with times that say they are UTC."""
    times = [n for n, t in frame.schema.items() if isinstance(t, pl.Datetime) and not t.time_zone]
    return frame.with_columns(pl.col(times).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))


def naive(frame: pl.DataFrame) -> pl.DataFrame:
    """Return *frame* with times in UTC that do not say so, as the tables hold them."""
    times = [n for n, t in frame.schema.items() if isinstance(t, pl.Datetime) and t.time_zone]
    return frame.with_columns(pl.col(times).dt.convert_time_zone("UTC").dt.replace_time_zone(None))
