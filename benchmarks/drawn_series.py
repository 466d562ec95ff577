"""Series of distinct customers a day, with changes that are known: years of signatures.

Drawn from counts, not from logs: thousands of signatures over a year in a second. What is
drawn: volumes from one in twenty days to a hundred customers a day, weekdays and month
ends that not all share alike, scatter beyond chance, growth of the fleet, days on which
collection fails, days on which the number of customers with logs is wrong, single
customers that storm for days; and steps, ramps, bursts, emergences and drops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

KINDS = ("step", "ramp", "burst", "emergence", "drop")
WITHIN = {"step": 28, "ramp": 42, "burst": 2, "emergence": 14, "drop": 28}
"""Days after its onset within which a change must be found."""
_OFFICE, _MONTH_END, _STORMY = 0.8, 0.6, 0.2
"""Shares of series: with weekends, with month ends, with a storming customer."""
_SATURDAY, _LAST_DAYS = 5, 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One change: of which series, what, from when to when, to how many times the rate."""

    series: int
    kind: str
    onset: int
    until: int
    ratio: float
    volume: float

    def found(self, alarms: list[tuple[int, bool]]) -> int | None:
        """Return after how many days *alarms* (day, rising) found it; None if they did not."""
        rising = self.kind != "drop"
        after = [day - self.onset for day, up in alarms if up == rising]
        return min((n for n in after if 0 <= n <= WITHIN[self.kind]), default=None)

    def explains(self, day: int) -> bool:
        """Return whether an alarm of a *day* may be of it, or of its end or its going on."""
        return self.onset <= day <= min(self.until, self.onset + 42) + 42


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnSeries:
    """A year of many series.

    Args:
        counts: Distinct customers, shape (n_days, n_series).
        events: The same shape: single customers' storms are in them a thousandfold.
        storms: How many of the counts are storming customers, the same shape.
        exposure: Customers with logs as the feed tells it, shape (n_days,).
        weekday: Of the first day, 0 is Monday.
        volumes: Expected customers a day without changes, shape (n_series,).
        planted: What was changed; at most one in a series.
        means: What was drawn from, without changes, shape (n_days, n_series).
        sizes: Of the negative binomials, shape (n_series,).
    """

    counts: Floats
    events: Floats
    storms: Floats
    exposure: Floats
    weekday: int
    volumes: Floats
    planted: list[Planted]
    means: Floats
    sizes: Floats

    def distinct(self, series: int, first: int, end: int) -> float:
        """Return about how many different customers there are on the days: one for a storm."""
        others = (self.counts - self.storms)[first:end, series].sum()
        return float(others + (self.storms[first:end, series].max(initial=0) > 0))


def draw_series(
    seed: int, *, series: int = 5000, days: int = 365, changed: float = 0.5
) -> DrawnSeries:
    """Return a year of *series* signatures, of which the share *changed* changes once."""
    rng = np.random.default_rng(seed)
    exposure, told = _customers(rng, days)
    volumes = 10 ** rng.uniform(np.log10(0.05), 2, series)
    volumes = np.minimum(volumes, 0.5 * exposure.mean())
    planted = _plan(rng, volumes, days, changed)
    means = volumes * _calendar(rng, days, series) * (exposure / exposure.mean())[:, np.newaxis]
    usual = means.copy()
    for change in planted:
        means[:, change.series] *= course(change, np.arange(days))
    spread = 1 / rng.lognormal(np.log(0.04), 0.8, series)
    fleet = rng.lognormal(0, 0.04, days)[:, np.newaxis]
    counts = rng.poisson(means * rng.gamma(spread, 1 / spread, means.shape) * fleet).astype(float)
    counts = np.minimum(counts, exposure[:, np.newaxis])
    storms = _storms(rng, days, series)
    counts += storms
    events = counts * rng.lognormal(0.5, 0.8, counts.shape) + 1000 * storms
    return DrawnSeries(
        counts=counts, events=events, storms=storms, exposure=told, weekday=int(rng.integers(7)),
        volumes=volumes, planted=planted, means=usual * fleet, sizes=spread,
    )  # fmt: skip


def _customers(rng: np.random.Generator, days: int) -> tuple[Floats, Floats]:
    """Return how many customers have logs, and what the feed says of it."""
    grown = 400 * (1 + rng.uniform(0, 0.4) * np.arange(days) / days)
    exposure = np.round(grown * rng.normal(1, 0.01, days))
    for _ in range(3):  # collection fails for a part of them, for some days
        start, length = int(rng.integers(60, days - 10)), int(rng.integers(1, 5))
        exposure[start : start + length] = np.round(
            exposure[start : start + length] * rng.uniform(0.4, 0.8)
        )
    exposure[int(rng.integers(60, days - 10))] = 0
    told = exposure.copy()
    for _ in range(2):  # the feed of who has logs is wrong
        start = int(rng.integers(60, days - 10))
        told[start : start + 2] = np.round(told[start : start + 2] * rng.choice([0.4, 2.0]))
    return exposure, told


def _calendar(rng: np.random.Generator, days: int, series: int) -> Floats:
    """Return each day's factor: weekdays and month ends, of most series."""
    day = np.arange(days)
    office = rng.random(series) < _OFFICE
    weekend = rng.lognormal(np.log(0.5), 0.15, series)
    factor = np.where(((day % 7) >= _SATURDAY)[:, np.newaxis] & office, weekend, 1.0)
    ends = (day % 30) >= _LAST_DAYS
    busy = np.where(rng.random(series) < _MONTH_END, rng.lognormal(np.log(1.5), 0.1, series), 1.0)
    return factor * np.where(ends[:, np.newaxis], busy, 1.0)


def _plan(rng: np.random.Generator, volumes: Floats, days: int, changed: float) -> list[Planted]:
    chosen = np.flatnonzero(rng.random(volumes.size) < changed)
    found = []
    for series in chosen.tolist():
        kind = str(rng.choice(KINDS))
        onset = int(rng.integers(100, days - 45))
        ratio = float(rng.choice([2, 3, 4, 6, 10]))
        until = days
        volume = float(volumes[series])
        if kind == "burst":
            until = onset + int(rng.integers(1, 4))
            ratio = max(ratio, 1 + 6 / volume)
        elif kind == "drop":
            ratio = float(rng.choice([0.0, 0.1, 0.3]))
        elif kind == "emergence":
            ratio = np.inf
        found.append(
            Planted(series=series, kind=kind, onset=onset, until=until, ratio=ratio, volume=volume)
        )
    return found


def course(change: Planted, day: NDArray[np.int64]) -> Floats:
    """Return the factor of each *day*."""
    on = (day >= change.onset) & (day < change.until)
    if change.kind == "emergence":
        return on.astype(float)
    if change.kind == "ramp":
        climbed = np.clip((day - change.onset + 1) / 28, 0, 1)
        return 1 + (change.ratio - 1) * climbed * on
    return np.where(on, change.ratio, 1.0)


def _storms(rng: np.random.Generator, days: int, series: int) -> Floats:
    """Return single customers that come every day for a while, in a fifth of the series."""
    storms = np.zeros((days, series))
    for at in np.flatnonzero(rng.random(series) < _STORMY).tolist():
        start = int(rng.integers(60, days - 20))
        storms[start : start + int(rng.integers(3, 15)), at] = 1
    return storms
