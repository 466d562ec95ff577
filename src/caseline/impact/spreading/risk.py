"""Who could have been hit on the days of an issue, and who was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.estimation.observed import Observed

    Times = NDArray[np.int64]

_EPOCH = date(1970, 1, 1)
DAY = 86_400_000_000
_RATHER = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The places of customers over days: observed or not, hit or not.

    Args:
        units: customer_id, environment_id: the production places, sorted.
        first_day: The day of the first column.
        observed: Whether logs were there, shape (n_units, n_days). A hit was observed.
        hits: How surely the place was hit on the day, 0 to 1, shape (n_units, n_days).
        events: Events that day, shared ones by weight, shape (n_units, n_days).
        first: When the first event of the day came, in microseconds, 0 where there is
            none, shape (n_units, n_days).
    """

    units: pl.DataFrame
    first_day: date
    observed: NDArray[np.bool_]
    hits: NDArray[np.float64]
    events: NDArray[np.float64]
    first: Times

    @property
    def starts(self) -> Times:
        """When each day starts, in microseconds, shape (n_days,)."""
        first = (self.first_day - _EPOCH).days
        found: Times = (first + np.arange(self.hits.shape[1], dtype=np.int64)) * DAY
        return found

    @property
    def hit_days(self) -> Times:
        """The columns on which any place was hit."""
        return np.flatnonzero(self.hits.sum(axis=0))

    @property
    def struck(self) -> NDArray[np.bool_]:
        """Which places were hit, rather than not, on any day, shape (n_units,)."""
        return self.ever(self.hits >= _RATHER)

    @staticmethod
    def ever(bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return for each place whether any of its days is set, shape (n_units,)."""
        found: NDArray[np.bool_] = np.logical_or.reduce(bits, axis=1)
        return found

    def days(self, columns: Times) -> Risk:
        """Return some *columns* only; ``first_day`` and ``starts`` do not hold there."""
        return Risk(
            units=self.units,
            first_day=self.first_day,
            observed=self.observed[:, columns],
            hits=self.hits[:, columns],
            events=self.events[:, columns],
            first=self.first[:, columns],
        )


def moment_of(micros: int) -> datetime:
    """Return the moment so many microseconds after 1970 began, UTC.

    >>> moment_of(DAY).isoformat()
    '1970-01-02T00:00:00+00:00'
    """
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def risk_of(days: pl.DataFrame, members: pl.DataFrame, observed: Observed) -> Risk:
    """Return who could have been hit, and who was.

    An event with a customer hit that customer; one of a share group hit one of its
    members, each with its weight.

    Args:
        days: day, environment_id, customer_id, share_group, events, first_at: production
            events of the issue by day.
        members: share_group, customer_id, weight.
        observed: Which places were observed on which days.
    """
    own = days.filter(pl.col("customer_id").is_not_null()).with_columns(pl.lit(1.0).alias("weight"))
    shared = days.filter(pl.col("customer_id").is_null()).drop("customer_id")
    told = pl.concat(
        [own.select(_TOLD), shared.join(members, on="share_group").select(_TOLD)]
    ).with_columns(
        (pl.col("weight") * pl.col("events")).alias("part"),
        (pl.col("events") * (1 - pl.col("weight")).clip(lower_bound=1e-12).log()).alias("missed"),
    )
    counted = told.group_by("customer_id", "environment_id", "day").agg(
        pl.col("part").sum(),
        (1 - pl.col("missed").sum().exp()).alias("hit"),
        pl.col("first_at").min(),
    )
    keys = ["customer_id", "environment_id"]
    units = pl.concat([observed.pairs.select(keys), counted.select(keys)]).unique().sort(keys)
    first, width = _reach(observed, counted)
    seen = np.zeros((units.height, width), dtype=bool)
    rows = units.with_row_index("unit").join(
        observed.pairs.with_row_index("pair"), on=keys, how="inner"
    )
    offset = (observed.first_day - first).days
    if observed.bits.size:
        at = slice(offset, offset + observed.bits.shape[1])
        seen[rows["unit"].to_numpy(), at] = observed.bits[rows["pair"].to_numpy()]
    hits, events = np.zeros(seen.shape), np.zeros(seen.shape)
    began = np.zeros(seen.shape, dtype=np.int64)
    placed = units.with_row_index("unit").join(counted, on=keys)
    unit = placed["unit"].to_numpy()
    day = placed["day"].cast(pl.Int32).to_numpy() - (first - _EPOCH).days
    hits[unit, day] = placed["hit"].to_numpy()
    events[unit, day] = placed["part"].to_numpy()
    began[unit, day] = placed["first_at"].dt.epoch("us").to_numpy()
    return Risk(
        units=units,
        first_day=first,
        observed=seen | (hits > 0),
        hits=hits,
        events=events,
        first=began,
    )


_TOLD = ["customer_id", "environment_id", "day", "events", "first_at", "weight"]


def _reach(observed: Observed, counted: pl.DataFrame) -> tuple[date, int]:
    """Return the first day of both, and how many there are to the last."""
    ends: list[date] = []
    if observed.bits.shape[1]:
        last = observed.first_day + timedelta(days=observed.bits.shape[1] - 1)
        ends += [observed.first_day, last]
    if counted.height:
        ends += [counted["day"].min(), counted["day"].max()]  # type: ignore[list-item]
    if not ends:
        return _EPOCH, 0
    return min(ends), (max(ends) - min(ends)).days + 1
