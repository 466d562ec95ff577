"""What the watch reads: daily counts, customers with logs, since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np

from caseline.estimation.exposure import other_stages
from caseline.records.windows import Window
from caseline.store.daily import Daily, read_daily
from caseline.trends.running import read_observed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.estimation.observed import Observed
    from caseline.protocols import Engine

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The days that are watched.

    Args:
        daily: Counts of every signature.
        exposure: Customers with logs in production, shape (n_days,).
        observed: Who was observed where.
        over: Whether the last day is over.
    """

    daily: Daily
    exposure: NDArray[np.float64]
    observed: Observed
    over: bool

    @property
    def days(self) -> int:
        """How many."""
        return self.exposure.size

    def day(self, index: int) -> datetime:
        """Return the start of the day at *index*."""
        return datetime.combine(self.daily.first + index * _DAY, time(), UTC)

    def index(self, moment: datetime) -> int:
        """Return the index of the day of *moment*; it may lie outside."""
        return (moment.date() - self.daily.first).days


def read_watched(engine: Engine, *, now: datetime, as_of: datetime | None, days: int) -> Watched:
    """Return the last *days* before *now*, from the first with logs to the last with logs."""
    observed = read_observed(engine, Window(start=now - days * _DAY, end=now), as_of)
    by_day = {day: n for day, n in observed.by_day().items() if day <= now.date()}
    first = min(by_day, default=now.date())
    last = max(by_day, default=first - _DAY)
    length = (last - first).days + 1
    daily = read_daily(
        engine, first, first + length * _DAY, as_of=as_of, other_stages=other_stages()
    )
    seen = [by_day.get(first + i * _DAY, 0) for i in range(length)]
    return Watched(
        daily=daily,
        exposure=np.array(seen, dtype=np.float64),
        observed=observed,
        over=last < now.date(),
    )
