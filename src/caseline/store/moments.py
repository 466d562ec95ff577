"""When an event counts: at the time it tells, or when it was received if that cannot be.

A clock without a battery says 1970, a number taken for a time says 2104. Such a time is
kept with its event and marked as doubtful, but the event stands among those of the day
it came: it would make a partition of its own, and eighty years of days without events.
A time of the near future may be a clock that is off, and counts as it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

EARLIEST = datetime(1990, 1, 1)  # noqa: DTZ001 - times in the store are UTC, without saying so
LATEST_AFTER = timedelta(days=366)
REACH_HOURS = 26
"""No clock is put right by more: the two zones farthest apart differ by as much."""
OCCURRED = "CASE WHEN {0}timed THEN {0}moment ELSE {0}occurred_at END"
"""The time a stored event tells, in SQL: with the table's name and a dot, or nothing."""


def can_be(occurred: pl.Expr, received: pl.Expr) -> pl.Expr:
    """Return whether the time an event tells can be; not, if it tells none.

    Args:
        occurred: What it tells, UTC without saying so.
        received: When it was received, the same.

    >>> import polars as pl
    >>> at = pl.Series([datetime(1970, 1, 1), datetime(2026, 3, 1), None])
    >>> came = pl.lit(datetime(2026, 3, 2))
    >>> pl.select(can_be(pl.lit(at), came)).to_series().to_list()
    [False, True, False]
    """
    return occurred.is_between(EARLIEST, received + LATEST_AFTER).fill_null(value=False)
