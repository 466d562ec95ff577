"""What is expected of each signature on a day, from days that lie some time back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bits = NDArray[np.bool_]

_WEEK = 7
_TINY = 1e-9
_ENOUGH = 500
"""So many signatures tell a median."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is expected of one day; arrays of shape (n_signatures,).

    Args:
        means: Of the counts.
        sizes: Of the negative binomials; the doubt about the mean is in it.
        rates: Per observed customer, without weekday.
        spans: Of the stretch that it comes from, days.
        known: Whether there are enough days to expect anything.
        busy: Factor of the whole fleet's day.
    """

    means: Floats
    sizes: Floats
    rates: Floats
    spans: Ints
    known: Bits
    busy: float


class Baseline:
    """Keeps the last days, and tells what they make expected.

    Each signature has its own stretch: it begins where the last lasting change did, ends
    some days ago or where an episode began, and leaves out the last short episode.

    Args:
        size: How many signatures.
        settings: The table ``baseline`` of ``changes.toml``.
    """

    def __init__(self, size: int, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._kept = settings["days"] + settings["guard"] + settings["adopted_after"] + 2 * _WEEK
        self.first = 0
        """The day of the first row that is kept."""
        self.days = 0
        """Days so far."""
        shape = (2 * self._kept + 1, size)
        self.counts, self.faced, self.means = (np.zeros(shape) for _ in range(3))
        self._count_sums, self._faced_sums = np.zeros(shape), np.zeros(shape)
        self._columns = np.arange(size)
        self.begins = np.zeros(size, dtype=np.int64)
        self.held = np.full(size, -1, dtype=np.int64)
        self.hole = np.zeros((2, size), dtype=np.int64)
        self.sizes = np.ones(size)
        """Of the negative binomials, of the last day that was expected."""
        self._by_weekday = np.zeros((2, _WEEK, size))
        self._scatter = np.zeros((2, size))
        self._plain = np.zeros(shape)

    def start(self, counts: Floats, exposure: Floats, weekday: int) -> None:
        """Learn weekdays and scatter from the first days, before they are looked at.

        Args:
            counts: Shape (n_days, n_signatures).
            exposure: Customers with logs, shape (n_days,).
            weekday: Of the first day, 0 is Monday.
        """
        seen = exposure > 0
        rate = (counts[seen].sum(axis=0) + 0.5) / (exposure[seen].sum() + 1)
        days = (np.arange(len(exposure)) + weekday) % _WEEK
        for day in range(_WEEK):
            on = seen & (days == day)
            self._by_weekday[0, day] = counts[on].sum(axis=0)
            self._by_weekday[1, day] = rate * exposure[on].sum()
        means = np.stack([rate * self.week(int(day)) for day in days]) * exposure[:, np.newaxis]
        left = counts[seen] - means[seen]
        freedom = max(0.5, 1 - _WEEK / max(1, int(seen.sum())))
        self._scatter[0] = (left**2 / freedom - means[seen]).sum(axis=0)
        self._scatter[1] = (means[seen] ** 2).sum(axis=0)

    def week(self, weekday: int) -> Floats:
        """Return the factor of a weekday, own data drawn to that of all signatures."""
        seen, plain = self._by_weekday[:, weekday]
        weight = self._settings["weekday_weight"]
        common = (seen.sum() + weight) / (plain.sum() + weight)
        found: Floats = (seen + weight * common) / (plain + weight)
        return found

    def dispersion(self) -> Floats:
        """Return how the counts scatter beyond Poisson, own data drawn to the common."""
        weight = self._settings["dispersion_weight"]
        excess, squares = self._scatter
        seen = excess.sum() + weight * self._settings["usual_dispersion"]
        common = max(self._settings["least_dispersion"], seen / (squares.sum() + weight))
        drawn = (excess + weight * common) / (squares + weight)
        found: Floats = np.maximum(drawn, common * self._settings["least_share"])
        return found

    def expect(self, counts: Floats, exposure: float, weekday: int, usual: Bits) -> Expected:
        """Return what is expected of the next day.

        Args:
            counts: Of that day: they tell how busy the fleet is.
            exposure: Customers with logs.
            weekday: 0 is Monday.
            usual: Which signatures may tell how busy the fleet is.
        """
        ends = self._ends()
        total, faced = self._between(self.begins, ends, self._columns)
        cut = np.flatnonzero((self.hole[1] > self.begins) & (self.hole[0] < ends))
        if cut.size:
            low = np.clip(self.hole[0, cut], self.begins[cut], ends[cut])
            inner = self._between(low, np.clip(self.hole[1, cut], low, ends[cut]), cut)
            total[cut] -= inner[0]
            faced[cut] -= inner[1]
        spans = ends - self.begins
        known = spans >= self._settings["least_days"]
        rate = np.where(known, (total + 0.5) / np.maximum(faced, exposure), 0.0)
        plain, week = rate * exposure, self.week(weekday)
        means = plain * week
        busy, doubt = self._busy(counts, means * (total / (total + 0.5)), usual & known)
        spread = self.dispersion() + 1 / (total + 0.5) + doubt
        row = self.days - self.first
        self._plain[row], self.faced[row] = plain, exposure * week * busy
        self.sizes = 1 / spread
        return Expected(
            means=means * busy, sizes=self.sizes, rates=rate, spans=spans, known=known, busy=busy
        )

    def add(self, counts: Floats, expected: Expected) -> None:
        """Add a day."""
        row = self.days - self.first
        self.counts[row], self.means[row] = counts, expected.means
        self._append(row)

    def skip(self) -> None:
        """Add a day of which nothing is taken."""
        row = self.days - self.first
        for table in (self.counts, self.means, self.faced, self._plain):
            table[row] = 0
        self._append(row)

    def learn(self, day: int, weekday: int, steady: Bits) -> None:
        """Take weekday and scatter of a *day* some time back, of *steady* signatures."""
        row = day - self.first
        if row < 0:
            return
        kept = self._settings["kept_by_week"]
        seen, plain, mean = self.counts[row], self._plain[row], self.means[row]
        taken = (steady & (plain > 0)).astype(np.float64)
        own, scatter = self._by_weekday[:, weekday], self._scatter
        own *= 1 - (1 - kept) * taken
        own[0] += seen * taken
        own[1] += plain * taken
        scatter *= 1 - (1 - kept ** (1 / _WEEK)) * taken
        off = seen - mean
        scatter[0] += (off * off - mean) * taken
        scatter[1] += mean * mean * taken

    def _busy(self, counts: Floats, means: Floats, usual: Bits) -> tuple[float, float]:
        """Return the factor of the day, and the doubt about it as a relative variance.

        The median of seen to expected, each signature weighing as much as was expected of
        it; with few often-seen signatures, all of them together, drawn to 1. The means must
        be those of the counts alone: what is added for the doubt of rare signatures would
        add up over thousands.
        """
        low, high = self._settings["busy_bounds"]
        weight = self._settings["busy_weight"]
        steady = np.flatnonzero(usual & (means >= 1))
        if steady.size >= self._settings["busy_signatures"]:
            heard = float(means[steady].sum())
            some = steady[:: max(1, steady.size // _ENOUGH)]
            ratio = _weighted_median(counts[some] / means[some], means[some])
        else:
            reach = 2 * np.sqrt(means + 1)
            heard = float(means[usual].sum())
            kept = np.clip(counts, means - reach, means + reach)[usual].sum()
            ratio = float(kept) / max(heard, _TINY)
        found = min(max((ratio * heard + weight) / (heard + weight), low), high)
        return found, self._settings["busy_doubt"] * float(np.log(found)) ** 2

    def _ends(self) -> Ints:
        past = self.days - self.begins
        guard = np.clip((past - _WEEK) // 2, 0, self._settings["guard"])
        ends = np.where(self.held >= 0, np.minimum(self.held, self.days - guard), self.days - guard)
        self.begins = np.maximum(
            self.begins, np.where(self.held >= 0, 0, ends - self._settings["days"])
        )
        self.begins = np.maximum(self.begins, self.first)
        return np.maximum(ends, self.begins)

    def _between(self, low: Ints, high: Ints, columns: Ints) -> tuple[Floats, Floats]:
        """Return counts and faced customers of *columns* from the days *low* to *high*."""
        width = self._columns.size
        first, last = ((day - self.first) * width + columns for day in (low, high))
        counts, faced = self._count_sums.ravel(), self._faced_sums.ravel()
        return counts.take(last) - counts.take(first), faced.take(last) - faced.take(first)

    def _append(self, row: int) -> None:
        self._count_sums[row + 1] = self._count_sums[row] + self.counts[row]
        self._faced_sums[row + 1] = self._faced_sums[row] + self.faced[row]
        self.days += 1
        if self.days - self.first >= 2 * self._kept:
            self._trim()

    def _trim(self) -> None:
        """Forget the older half."""
        for table in (self.counts, self.faced, self.means, self._plain):
            table[: self._kept] = table[self._kept : -1]
        for table in (self._count_sums, self._faced_sums):
            table[: self._kept + 1] = table[self._kept :] - table[self._kept]
        self.first += self._kept


def _weighted_median(values: Floats, weights: Floats) -> float:
    """Return the value that half of the weight lies below."""
    order = np.argsort(values, kind="stable")
    heard = weights[order].cumsum()
    return float(values[order][np.searchsorted(heard, heard[-1] / 2)])
