"""When and where planted issues strike: drawn day by day, the same whenever asked."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.testing.fleet.plan import DAY

if TYPE_CHECKING:
    from caseline.testing.fleet.plan import Plan, PlannedIssue
    from caseline.testing.fleet.volume import Volume

_STREAM = 7


class Hits:
    """The planted lines of each issue, one day at a time.

    Args:
        plan: The finished plan.
        volume: The fleet's seasons, for issues that follow them.
        seed: The simulation's seed.
    """

    def __init__(self, plan: Plan, volume: Volume, seed: int) -> None:
        self._plan = plan
        self._volume = volume
        self._seed = seed
        self._columns = [_columns(issue) for issue in plan.planted]
        self.of_day = lru_cache(maxsize=4)(self._of_day)

    def _of_day(self, day: int) -> pl.DataFrame:
        """Return the hits of a day, ordered by issue.

        Columns: issue, environment, customer (-1: the whole placement), segment,
        at (true time, microseconds), template (which of the issue's), chain (lines of one
        number share the id of a trace; -1 of none).
        """
        parts = [self._of_issue(i, day) for i in range(len(self._columns))]
        empty = pl.DataFrame(schema=dict.fromkeys(_NAMES, pl.Int64))
        return pl.concat([empty, *parts])

    def _of_issue(self, number: int, day: int) -> pl.DataFrame:
        rng = np.random.default_rng([self._seed, _STREAM, number, day])
        issue, columns = self._plan.planted[number], self._columns[number]
        begin = self._plan.start + day * DAY
        low = np.maximum(columns["start"], begin)
        high = np.minimum(columns["end"], begin + DAY)
        mean = columns["per_day"] * np.maximum(high - low, 0) / DAY
        if issue.steady:
            mean = mean * self._volume.season[columns["environment"], day]
        counts = rng.poisson(mean * self._unrest(rng, len(mean)))
        row = np.repeat(np.arange(len(counts)), counts)
        at = low[row] + (rng.random(len(row)) * (high - low)[row]).astype(np.int64)
        which = columns["first_said"][row] + (rng.random(len(row)) * columns["said"][row]).astype(
            np.int64
        )
        if issue.chained:
            return self._chained(rng, number, (row, at), columns)
        return pl.DataFrame(
            {
                "issue": np.full(len(row), number, dtype=np.int64),
                "environment": columns["environment"][row],
                "customer": columns["customer"][row],
                "segment": row.astype(np.int64),
                "at": at,
                "template": which,
                "chain": np.full(len(row), -1, dtype=np.int64),
            }
        )

    def _chained(
        self,
        rng: np.random.Generator,
        number: int,
        hits: tuple[np.ndarray, np.ndarray],
        columns: dict[str, np.ndarray],
    ) -> pl.DataFrame:
        """Return a line of each template for each hit, one a moment after the other."""
        row, at = hits
        steps = len(self._plan.planted[number].templates)
        waits = rng.exponential(_STEP, (len(row), steps)).astype(np.int64) + _LEAST_STEP
        later = np.cumsum(waits, axis=1) - waits[:, :1]
        midnight = self._plan.start + (at // DAY - self._plan.start // DAY + 1) * DAY
        at = np.minimum(at, midnight - 1 - later[:, -1])
        flat = np.repeat(row, steps)
        return pl.DataFrame(
            {
                "issue": np.full(len(flat), number, dtype=np.int64),
                "environment": columns["environment"][flat],
                "customer": columns["customer"][flat],
                "segment": flat.astype(np.int64),
                "at": (at[:, np.newaxis] + later).ravel(),
                "template": np.tile(np.arange(steps, dtype=np.int64), len(row)),
                "chain": np.repeat(rng.integers(2**62, size=len(row)), steps),
            }
        )

    def _unrest(self, rng: np.random.Generator, count: int) -> np.ndarray:
        spread = self._plan.settings.dispersion
        return rng.gamma(1 / spread, spread, count) if spread else np.ones(count)


_NAMES = ("issue", "environment", "customer", "segment", "at", "template", "chain")
_STEP, _LEAST_STEP = 400_000, 20_000
"""Between the lines of a chain: in the mean, and at the least; microseconds."""


def _columns(issue: PlannedIssue) -> dict[str, np.ndarray]:
    whole = ("start", "end", "environment", "customer")
    columns = {
        name: np.array([getattr(s, name) for s in issue.segments], dtype=np.int64) for name in whole
    }
    said = [s.said or (0, len(issue.templates)) for s in issue.segments]
    columns["first_said"] = np.array([first for first, _ in said], dtype=np.int64)
    columns["said"] = np.array([count for _, count in said], dtype=np.int64)
    columns["per_day"] = np.array([s.per_day for s in issue.segments], dtype=np.float64)
    return columns
