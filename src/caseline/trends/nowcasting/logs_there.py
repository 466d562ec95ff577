"""How much of each day's logs is there already: asked by whoever judges the last days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.records.windows import Window
from caseline.trends.nowcasting.arrivals import Arrivals
from caseline.trends.nowcasting.casting import cast_days, learn_delays
from caseline.trends.nowcasting.finals import limits
from caseline.trends.nowcasting.settings import nowcast_settings

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.trends.nowcasting.settings import NowcastSettings

_LATEST = timedelta(days=28)
"""What is older is complete."""
COMPLETENESS: dict[str, pl.DataType | type[pl.DataType]] = {
    "day": pl.Date,
    "reported": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}


def completeness_lately(engine: Engine, *, now: datetime, as_of: datetime | None) -> pl.DataFrame:
    """Return which share of the logs of the last days is there: see ``completeness``.

    Args:
        engine: Where coverage is.
        now: The moment that is asked for.
        as_of: Hide what was received later; None where *now* is the present.
    """
    window = Window(start=now - _LATEST, end=now)
    return completeness(engine, window=window, as_of=now, visible=as_of)


def completeness(
    engine: Engine, *, window: Window, as_of: datetime, visible: datetime | None = None
) -> pl.DataFrame:
    """Return which share of the customer-days with logs that will come is there already.

    Args:
        engine: Where coverage is.
        window: Which days.
        as_of: The moment that is asked for; a day after it has no row.
        visible: Hide what was received later; None where *as_of* is the present.

    Returns:
        day, reported, low, high (90 %, see ``weights/README.md``): a row for each day of
        *window*, each in [0, 1]; all three are null where the past does not tell how late
        logs come, and 1 for days so old that nothing is late any more.

    >>> import tempfile
    >>> from datetime import UTC, datetime, timedelta
    >>> from pathlib import Path
    >>> from caseline.records.windows import Window
    >>> from caseline.store.embedded import EmbeddedStore
    >>> now = datetime(2026, 3, 30, tzinfo=UTC)
    >>> store = EmbeddedStore(Path(tempfile.mkdtemp()))
    >>> window = Window(start=now - timedelta(days=3), end=now)
    >>> completeness(store, window=window, as_of=now)["reported"].to_list()
    [None, None, None, None]
    >>> store.close()
    """
    settings = nowcast_settings()
    arrivals = Arrivals(engine, days=settings.history_days, now=as_of, as_of=visible)
    found = completeness_of(arrivals.logs(), now=as_of, settings=settings)
    last = min(window.end, as_of).date()
    days = pl.DataFrame({"day": pl.date_range(window.start.date(), last, eager=True)})
    oldest = as_of.date() - pl.duration(days=settings.horizon_days - 1)
    complete = pl.col("day") < oldest
    joined = days.join(found, on="day", how="left", maintain_order="left")
    one = pl.lit(1.0)
    return joined.with_columns(
        pl.when(complete).then(one).otherwise(name).alias(name)
        for name in ("reported", "low", "high")
    )


def completeness_of(
    units: pl.DataFrame, *, now: datetime, settings: NowcastSettings
) -> pl.DataFrame:
    """Return ``COMPLETENESS`` of the days of the horizon by *units* of logs: see ``UNITS``."""
    arrived = learn_delays([(units, 0)], now=now, spread=settings.logs_spread, settings=settings)
    grouped = units.with_columns(group=pl.lit("all"))
    cast = cast_days(
        grouped,
        arrived,
        spread=settings.logs_spread,
        most_size=settings.most_size_logs,
        settings=settings,
    )
    mean, variance = cast["more"].to_numpy(), cast["variance"].to_numpy()
    there = cast["there"].to_numpy()
    low, high = limits(mean, variance, level=settings.coverage)
    frame = cast.select(
        "day",
        *(
            pl.Series(name, there / np.where(there + more > 0, there + more, np.nan))
            for name, more in (("reported", mean), ("low", high), ("high", low))
        ),
    )
    return frame.fill_nan(None).cast(COMPLETENESS)  # type: ignore[arg-type]
