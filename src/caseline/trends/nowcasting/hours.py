"""For how many hours logs of how many hosts are there: exposure finer than days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.estimation.exposure import in_production
from caseline.store.rollups import EVER

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.records.windows import Window

_TIME = pl.Datetime("us", "UTC")
_HOUR_MICROSECONDS = 3_600_000_000


def host_hours(engine: Engine, *, window: Window | None, as_of: datetime | None) -> pl.DataFrame:
    """Return how many host-hours of each production place are covered on each day.

    Stretches of one host that overlap count once. What names no host is one host's.

    Args:
        engine: Where coverage is.
        window: Only what lies in it; None for all.
        as_of: Hide what was received later.

    Returns:
        environment_id, day, host_hours: from the first to the last line of each file.
    """
    span = window or EVER
    bounds = {} if window is not None else {"start": span.start, "end": span.end}
    found = engine.ask("host_stretches", window=window, as_of=as_of, **bounds)
    own = engine.ask("tenancy_stages", as_of=as_of).filter(in_production())["environment_id"]
    found = found.filter(pl.col("environment_id").is_in(own.implode()))
    return hours_by_day(
        found.with_columns(
            pl.max_horizontal("starts_at", pl.lit(span.start, dtype=_TIME)),
            pl.min_horizontal("ends_at", pl.lit(span.end, dtype=_TIME)),
        )
    )


def hours_by_day(stretches: pl.DataFrame) -> pl.DataFrame:
    """Return environment_id, day, host_hours of *stretches*, each overlap once.

    Args:
        stretches: environment_id, host (may be null), starts_at, ends_at.

    >>> from datetime import UTC, datetime
    >>> at = [datetime(2026, 3, 1, h, tzinfo=UTC) for h in (1, 2, 4)]
    >>> rows = pl.DataFrame({"environment_id": ["e"] * 2, "host": ["h"] * 2,
    ...                      "starts_at": at[:2], "ends_at": [at[2], at[2]]})
    >>> hours_by_day(rows)["host_hours"].to_list()
    [3.0]
    """
    place = ["environment_id", "host"]
    reached = pl.col("ends_at").cum_max().shift(1).over(place)
    alone = (
        stretches.with_columns(pl.col("host").fill_null(""))
        .sort(*place, "starts_at", "ends_at")
        .with_columns(pl.max_horizontal("starts_at", reached).alias("starts_at"))
        .filter(pl.col("ends_at") > pl.col("starts_at"))
    )
    by_day = alone.with_columns(
        pl.date_ranges(pl.col("starts_at").dt.date(), pl.col("ends_at").dt.date()).alias("day")
    ).explode("day")
    begins = pl.max_horizontal("starts_at", pl.col("day").cast(_TIME))
    ends = pl.min_horizontal("ends_at", (pl.col("day") + pl.duration(days=1)).cast(_TIME))
    hours = (ends - begins).dt.total_microseconds() / _HOUR_MICROSECONDS
    return (
        by_day.group_by("environment_id", "day")
        .agg(hours.clip(lower_bound=0.0).sum().alias("host_hours"))
        .sort("environment_id", "day")
    )
