"""On which days the logs of which environment are known: read once, sliced often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.records.windows import Window
from caseline.store.rollups import EVER, whole_days

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from caseline.protocols import Engine

_EPOCH, _DAY = date(1970, 1, 1), timedelta(days=1)
_NO_DAYS = {"environment_id": pl.String, "day": pl.Date}


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredDays:
    """Which environments' logs are known on which days.

    Args:
        environments: Their ids, sorted.
        first_day: The day of the first column.
        bits: Whether logs are known, shape (n_environments, n_days).
    """

    environments: list[str]
    first_day: date
    bits: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: pl.DataFrame) -> CoveredDays:
        """Return what *rows* (environment_id, day) say.

        >>> rows = pl.DataFrame({"environment_id": ["e", "e"], "day": [date(2026, 3, 1)] * 2})
        >>> CoveredDays.of(rows).bits.tolist()
        [[True]]
        """
        rows = rows.select("environment_id", pl.col("day").cast(pl.Date))
        names = rows["environment_id"].unique().sort()
        if rows.is_empty():
            return cls(environments=[], first_day=_EPOCH, bits=np.zeros((0, 0), bool))
        numbered = rows.join(names.to_frame().with_row_index("place"), on="environment_id")
        days = numbered["day"].cast(pl.Int32).to_numpy()
        first, last = int(days.min()), int(days.max())
        bits = np.zeros((len(names), last - first + 1), dtype=bool)
        bits[numbered["place"].to_numpy(), days - first] = True
        return cls(environments=names.to_list(), first_day=_EPOCH + first * _DAY, bits=bits)

    @property
    def last_day(self) -> date:
        """The day of the last column."""
        return self.first_day + timedelta(days=self.bits.shape[1] - 1)

    def between(self, first: date, last: date) -> CoveredDays:
        """Return the days from *first* to *last*, both in it, as far as there are columns."""
        first, last = max(first, self.first_day), min(last, self.last_day)
        if first > last:
            return CoveredDays(
                environments=self.environments, first_day=first, bits=self.bits[:, :0]
            )
        low, high = ((day - self.first_day).days for day in (first, last + _DAY))
        return CoveredDays(
            environments=self.environments, first_day=first, bits=self.bits[:, low:high]
        )

    def with_day(self, day: date, environments: pl.Series) -> CoveredDays:
        """Return the same, but that on *day* only *environments* are covered."""
        at = (day - self.first_day).days
        if not 0 <= at < self.bits.shape[1]:
            return self
        bits = self.bits.copy()
        bits[:, at] = pl.Series(self.environments, dtype=pl.String).is_in(environments.implode())
        return CoveredDays(environments=self.environments, first_day=self.first_day, bits=bits)

    def since(self, environments: pl.Series, days: pl.Series) -> NDArray[np.int64]:
        """Return how many days each of *environments* is covered from the day beside it on."""
        index = {name: n for n, name in enumerate(self.environments)}
        places = np.array([index.get(name, -1) for name in environments], dtype=np.int64)
        first = (days.cast(pl.Int32) - (self.first_day - _EPOCH).days).to_numpy()
        later = np.zeros((len(index) + 1, self.bits.shape[1] + 1), dtype=np.int64)
        later[:-1, :-1] = self.bits[:, ::-1].cumsum(axis=1)[:, ::-1]
        found: NDArray[np.int64] = later[places, first.clip(0, self.bits.shape[1])]
        return found

    def to_frame(self) -> pl.DataFrame:
        """Return environment_id, day: each covered pair once, sorted."""
        places, days = np.nonzero(self.bits)
        names: Any = pl.Series(self.environments, dtype=pl.String).gather(places)
        first = (self.first_day - _EPOCH).days
        numbers = pl.Series(days.astype(np.int32) + np.int32(first)).cast(pl.Date)
        return pl.DataFrame({"environment_id": names, "day": numbers}, schema=_NO_DAYS)


def read_covered(
    engine: Engine, *, window: Window | None = None, as_of: datetime | None = None
) -> CoveredDays:
    """Return the days of each environment on which its logs are known.

    Of a day that *window* holds in part, only logs that reach into that part count.

    Args:
        engine: Where coverage is.
        window: Only its days; None for all.
        as_of: Hide what was received later.
    """
    if as_of is None:
        covered = engine.remember(
            "covered days", ("covered_days", "tenancies"), lambda: _all_days(engine, None)
        )
    else:
        covered = _all_days(engine, as_of)
    if window is None:
        return covered
    first, last = whole_days(window)
    covered = covered.between(window.start.date(), (window.end - timedelta(microseconds=1)).date())
    parts = (
        [(window.start, first), (last, window.end)]
        if first <= last
        else [(window.start, window.end)]
    )
    for low, high in parts:
        if low < high:
            part = Window(start=low, end=high)
            found = engine.ask("covered_part", window=part, as_of=as_of)
            covered = covered.with_day(low.date(), found["environment_id"])
    return covered


def _all_days(engine: Engine, as_of: datetime | None) -> CoveredDays:
    found = engine.ask("covered_days", as_of=as_of, first_day=EVER.start, last_day=EVER.end)
    return CoveredDays.of(found)
