"""What detection reads: daily counts in production, exposure, births, first hits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np

from caseline.estimation.exposure import other_stages
from caseline.estimation.observed import Observed
from caseline.records.windows import Window
from caseline.store.coverage import read_covered
from caseline.store.daily import read_daily
from caseline.store.kinship import Kin

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from caseline.protocols import Engine

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Past and window, day by day.

    Args:
        days: The first day of the past, the first of the window, the one after the last.
        signatures: signature_id, first_seen, severity: one row for each, sorted.
        counts: Distinct customers, shape (n_signatures, n_days).
        events: In all these days, shape (n_signatures,).
        exposure: Customers with logs in production, shape (n_days,).
        kin: Which signatures are counted as another one: only that one is in the rows.
    """

    days: tuple[date, date, date]
    signatures: pl.DataFrame
    counts: NDArray[np.float64]
    events: NDArray[np.int64]
    exposure: NDArray[np.float64]
    kin: Kin = field(default_factory=Kin)

    @property
    def past(self) -> int:
        """How many days are the past."""
        return (self.days[1] - self.days[0]).days

    def day(self, index: int) -> datetime:
        """Return the start of the day at *index*."""
        return start_of(self.days[0] + index * _DAY)


def start_of(day: date) -> datetime:
    """Return the first moment of *day*, UTC."""
    return datetime.combine(day, time(), UTC)


def read_history(
    engine: Engine, *, since: datetime, now: datetime, as_of: datetime | None, baseline_days: int
) -> History:
    """Return the days from *baseline_days* before *since* to the last one with logs."""
    window = Window(start=start_of(since.date()) - baseline_days * _DAY, end=now)
    covered = read_covered(engine, window=window, as_of=as_of)
    tenancies = engine.ask("tenancy_stages", as_of=as_of)
    by_day = Observed.of(covered.environments, covered.first_day, covered.bits, tenancies).by_day()
    first = min(by_day, default=since.date())
    end = max([*by_day, since.date()]) + _DAY
    days = (min(first, since.date()), since.date(), end)
    return _arranged(engine, days, by_day, as_of)


def _arranged(
    engine: Engine, days: tuple[date, date, date], by_day: dict[date, int], as_of: datetime | None
) -> History:
    first, _, end = days
    daily = read_daily(engine, first, end, as_of=as_of, other_stages=other_stages())
    seen = [by_day.get(first + i * _DAY, 0) for i in range(daily.counts.shape[1])]
    return History(
        days=days,
        signatures=daily.signatures,
        counts=daily.counts,
        events=daily.events,
        exposure=np.array(seen, dtype=np.float64),
        kin=daily.kin,
    )
