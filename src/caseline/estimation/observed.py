"""Which customers were observed where and on which days: one bit for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.estimation.exposure import in_production

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_EPOCH = date(1970, 1, 1)
_DAY_MICROSECONDS = 86_400 * 10**6


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The production places of customers, and on which days their logs were there.

    Args:
        pairs: customer_id, environment_id: each once, sorted.
        first_day: The day of the first column.
        bits: Whether the customer was observed there, shape (n_pairs, n_days).
    """

    pairs: pl.DataFrame
    first_day: date
    bits: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        environments: Sequence[str],
        first_day: date,
        covered: NDArray[np.bool_],
        tenancies: pl.DataFrame,
    ) -> Observed:
        """Return who was observed where.

        Args:
            environments: Ids, sorted.
            first_day: The day of the first column of *covered*.
            covered: Whether logs were there, shape (n_environments, n_days).
            tenancies: customer_id, environment_id, valid_from, valid_to (times, may be
                null), stage: production only counts.

        >>> held = pl.DataFrame(
        ...     {"customer_id": ["c"], "environment_id": ["e"], "valid_from": [None],
        ...      "valid_to": [None], "stage": ["production"]}
        ... )
        >>> seen = Observed.of(["e"], date(2026, 3, 1), np.array([[True, False]]), held)
        >>> seen.customers().rows()
        [('c', 1)]
        """
        held = tenancies.filter(in_production())
        pairs = held.select("customer_id", "environment_id").unique().sort("*")
        numbered = held.join(pairs.with_row_index("pair"), on=pairs.columns, maintain_order="left")
        index = {name: n for n, name in enumerate(environments)}
        place = np.array([index.get(e, -1) for e in held["environment_id"]], dtype=np.int64)
        days = (first_day - _EPOCH).days + np.arange(covered.shape[1])
        begins = _micros(numbered["valid_from"], -(2**62)) // _DAY_MICROSECONDS
        ends = _micros(numbered["valid_to"], 2**62)
        there = (days >= begins[:, None]) & (days * _DAY_MICROSECONDS < ends[:, None])
        known = np.vstack([covered, np.zeros((1, covered.shape[1]), dtype=bool)])
        bits = np.zeros((pairs.height, covered.shape[1]), dtype=bool)
        np.logical_or.at(bits, numbered["pair"].to_numpy(), known[place] & there)
        return cls(pairs=pairs, first_day=first_day, bits=bits)

    def between(self, first: date, last: date) -> Observed:
        """Return the days from *first* to *last*, both in it, as far as there are columns."""
        low = max(0, (first - self.first_day).days)
        high = max(low, (last - self.first_day).days + 1)
        start = self.first_day + timedelta(days=low)
        return Observed(pairs=self.pairs, first_day=start, bits=self.bits[:, low:high])

    def places(self) -> pl.DataFrame:
        """Return customer_id, environment_id, days: how many, for every pair."""
        return self.pairs.with_columns(pl.Series("days", self.bits.sum(axis=1), dtype=pl.Int64))

    def customers(self) -> pl.DataFrame:
        """Return customer_id, days: on how many each was observed anywhere, for every one."""
        names, bits = self._by_customer()
        return pl.DataFrame({"customer_id": names, "days": bits.sum(axis=1)})

    def by_day(self) -> dict[date, int]:
        """Return how many customers were observed on each day; days with none are left out."""
        counts = self._by_customer()[1].sum(axis=0)
        return {
            self.first_day + timedelta(days=n): int(counts[n])
            for n in np.flatnonzero(counts).tolist()
        }

    def customer_days(self) -> pl.DataFrame:
        """Return customer_id, day: each once, sorted."""
        names, bits = self._by_customer()
        rows, days = np.nonzero(bits)
        return pl.DataFrame({"customer_id": names.gather(rows), "day": self._dates(days)})

    def rows(self) -> pl.DataFrame:
        """Return customer_id, environment_id, day: each once, sorted."""
        pairs, days = np.nonzero(self.bits)
        return self.pairs[pairs].with_columns(self._dates(days).alias("day"))

    def _by_customer(self) -> tuple[pl.Series, NDArray[np.bool_]]:
        names = self.pairs["customer_id"]
        starts = np.flatnonzero((names != names.shift(1)).fill_null(value=True).to_numpy())
        if not starts.size:
            return names, self.bits
        united: NDArray[np.bool_] = np.logical_or.reduceat(self.bits, starts, axis=0)
        return names.gather(starts), united

    def _dates(self, days: NDArray[np.int64]) -> pl.Series:
        first = (self.first_day - _EPOCH).days
        return pl.Series((days + first).astype(np.int32)).cast(pl.Date)


def _micros(times: pl.Series, instead: int) -> NDArray[np.int64]:
    """Return aware *times* as microseconds since 1970, *instead* of null."""
    micros = times.cast(pl.Datetime("us", "UTC")).dt.timestamp("us").fill_null(instead)
    found: NDArray[np.int64] = micros.cast(pl.Int64).to_numpy()
    return found
