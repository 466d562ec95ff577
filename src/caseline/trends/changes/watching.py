"""Watches all signatures at once, day by day, for rates that rise or fall.

Counts are distinct customers a day. What is expected of a day is the signature's own
rate in a stretch of days some time ago, times the customers with logs, times its weekday,
times how busy the whole fleet was. Whether the days since fit that, or another rate, is
summed up as likelihood ratios of negative binomials, upwards and downwards, for several
ratios at once; a single day that stands out has a tail test of its own.

Nothing but the last days is kept, so that a day more costs a day more.

Source:
    E. S. Page (1954), Biometrika 41, 100-115 (cumulative sums); M. Höhle and M. Paul
    (2008), Comput. Stat. Data Anal. 52, 4357-4368 (of negative binomials); the mixture of
    ratios, the gap before a day and what ends an episode are our own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from caseline.estimation.tails import upper_tail
from caseline.trends.changes.baseline import Baseline
from caseline.trends.changes.episodes import Days, Episode, How
from caseline.trends.changes.feed import Feed
from caseline.trends.changes.scores import log_ratios, mixed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

    from caseline.trends.changes.baseline import Expected

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bits = NDArray[np.bool_]

_WEEK = 7
_UP, _DOWN = 0, 1
_NAMES = ("up", "down")


class Watch:
    """The state of the watch over some signatures.

    Args:
        counts: The first days, shape (n_days, n_signatures): what is usual is learned
            from them before they are looked at.
        exposure: Customers with logs on these days, shape (n_days,).
        weekday: Of the first day, 0 is Monday.
        settings: The tables of ``changes.toml``.
    """

    def __init__(
        self, counts: Floats, exposure: Floats, weekday: int, settings: Mapping[str, Any]
    ) -> None:
        size = counts.shape[1]
        self._settings, self._weekday = settings, weekday
        self.baseline = Baseline(size, settings["baseline"])
        self.baseline.start(counts, exposure, weekday)
        self._feed = Feed(settings["feed"])
        rules = settings["sums"]
        self._ratios = np.array([rules["up"], rules["down"]])[:, :, np.newaxis]
        self._sums = np.zeros((2, len(rules["up"]), size), dtype=np.float32)
        self._since = np.zeros((2, len(rules["up"]), size), dtype=np.int32)
        self._active = np.full(size, -1, dtype=np.int64)
        self._onset, self._rising = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=bool)
        self._level = np.zeros((2, size))
        self._freed = np.zeros(size, dtype=np.int64)
        self._back, self._back_from = np.zeros(size), np.zeros(size, dtype=np.int64)
        self.episodes: list[Episode] = []
        self.frozen: list[tuple[int, str]] = []
        """Days from which nothing was concluded, and why."""

    @classmethod
    def over(
        cls,
        counts: Floats,
        exposure: Floats,
        weekday: int,
        settings: Mapping[str, Any],
        *,
        told: Bits | None = None,
    ) -> Watch:
        """Return the watch that has learned from the first days and looked at all of them."""
        learned = settings["history"]["learned_days"]
        watch = cls(counts[:learned], exposure[:learned], weekday, settings)
        watch.run(counts, exposure, told=told)
        return watch

    def run(self, counts: Floats, exposure: Floats, *, told: Bits | None = None) -> None:
        """Look at days in order.

        Args:
            counts: Shape (n_days, n_signatures).
            exposure: Shape (n_days,).
            told: Whether enough of a day has arrived to say that less came, shape (n_days,).
        """
        whole = np.ones(len(exposure), dtype=bool) if told is None else told
        by_day = np.ascontiguousarray(counts)
        for seen, exposed, complete in zip(by_day, exposure, whole, strict=True):
            self.step(seen, float(exposed), complete=bool(complete))

    def step(self, counts: Floats, exposure: float, *, complete: bool = True) -> None:
        """Look at one day more."""
        day = self.baseline.days
        weekday = (day + self._weekday) % _WEEK
        doubt = self._feed.doubt(exposure)
        if doubt is None:
            expected = self.baseline.expect(counts, exposure, weekday, self._active < 0)
            doubt = self._unlike(expected)
        if doubt is not None:
            self.frozen.append((day, doubt))
            self.baseline.skip()
            return
        self.baseline.add(counts, expected)
        quiet = (self._active < 0) & expected.known
        self._add(counts, expected, quiet, complete=complete)
        self._end_episodes(counts, expected)
        self._start_episodes(counts, expected, quiet)
        lag = day - self._settings["baseline"]["guard"]
        steady = (self._active < 0) & (self.baseline.hole[1] <= lag)
        if lag >= 0:
            self.baseline.learn(lag, (lag + self._weekday) % _WEEK, steady)

    def _unlike(self, expected: Expected) -> str | None:
        low, high = self._settings["feed"]["busy_bounds"]
        if low <= expected.busy <= high:
            return None
        return f"all signatures together came {expected.busy:.2f} times as often as expected"

    def _add(self, counts: Floats, expected: Expected, quiet: Bits, *, complete: bool) -> None:
        sums = log_ratios(counts, expected.means, expected.sizes, self._ratios, digits=np.float32)
        if not complete:
            np.minimum(sums[_DOWN], 0, out=sums[_DOWN])
        sums += self._sums
        np.maximum(sums, 0, out=sums)
        np.copyto(sums, self._sums, where=~quiet)
        np.copyto(self._since, self.baseline.days, where=sums <= 0)
        self._sums = sums

    def _start_episodes(self, counts: Floats, expected: Expected, quiet: Bits) -> None:
        day = self.baseline.days - 1
        rising, falling = (self._scored(way, expected, quiet) for way in (_UP, _DOWN))
        p = self._tails(counts, expected, quiet)
        alone = p < self._settings["pulse"]["level"]
        for index in np.flatnonzero((rising > 0) | (falling > 0) | alone).tolist():
            way = _UP if rising[index] > 0 or alone[index] else _DOWN
            score = float((rising, falling)[way][index])
            how: How = "level" if score > 0 else "day"
            best = int(self._sums[way, :, index].argmax())
            since = min(day, int(self._since[way, best, index]))
            self._open(
                Episode(
                    signature=index,
                    rising=way == _UP,
                    onset=day if how == "day" else since,
                    alarm=day,
                    how=how,
                    score=score or float(-np.log(max(p[index], 1e-300))),
                    rate=float(expected.rates[index]),
                    after=int(self._freed[index]),
                )
            )

    def _scored(self, way: int, expected: Expected, quiet: Bits) -> Floats:
        """Return the score of each signature that is above its limit, else 0."""
        rules, young = self._settings["limits"], self._settings["young"]
        sums = self._sums[way]
        found = np.zeros(quiet.size)
        at = np.flatnonzero(quiet & (sums.max(axis=0) > min(rules[_NAMES[way]])))
        if not at.size:
            return found
        volume = np.log10(np.maximum(expected.means[at], 1e-3))
        lacking = np.maximum(0, 1 - expected.spans[at] / young["days"])
        limit = np.interp(volume, rules["volume"], rules[_NAMES[way]]) + young["more"] * lacking
        score = mixed(sums[:, at])
        found[at] = np.where(score > limit, score, 0)
        return found

    def _tails(self, counts: Floats, expected: Expected, quiet: Bits) -> Floats:
        """Return the chance of so high a count where it stands out enough, else 1."""
        rules = self._settings["pulse"]
        p = np.ones(counts.size)
        surplus = counts - expected.means
        far = surplus**2 > rules["least_deviations"] ** 2 * expected.means * (
            1 + expected.means / expected.sizes
        )
        at = np.flatnonzero(quiet & far & (surplus >= rules["least_surplus"]))
        p[at] = upper_tail(counts[at], expected.means[at], dispersion=1 / expected.sizes[at])
        return p

    def _open(self, episode: Episode) -> None:
        at, first = episode.signature, self.baseline.first
        self._active[at] = len(self.episodes)
        self.episodes.append(episode)
        self.baseline.held[at] = self._onset[at] = episode.onset
        self._rising[at] = episode.rising
        rows = slice(max(0, episode.onset - first), None)
        used = slice(rows.start, self.baseline.days - first)
        self._level[0, at] = self.baseline.counts[used, at].sum()
        self._level[1, at] = self.baseline.means[used, at].sum()
        self._back[at], self._back_from[at] = 0.0, self.baseline.days

    def _end_episodes(self, counts: Floats, expected: Expected) -> None:
        """Close those whose days fit the rate before again, and those that are the usual now."""
        at = np.flatnonzero(self._active >= 0)
        if not at.size:
            return
        rules = self._settings["episodes"]
        ratio = self._level[0, at] / np.maximum(self._level[1, at], 1e-9)
        ratio = np.where(
            self._rising[at],
            np.maximum(ratio, rules["least_up"]),
            np.clip(ratio, 0.02, rules["most_down"]),
        )
        gain = -log_ratios(counts[at], expected.means[at], expected.sizes[at], ratio)
        back = np.maximum(0.0, self._back[at] + gain)
        self._back[at] = back
        day = self.baseline.days - 1
        self._back_from[at[back <= 0]] = day + 1
        kept = rules["kept_by_day"]
        self._level[0, at] = kept * self._level[0, at] + counts[at]
        self._level[1, at] = kept * self._level[1, at] + expected.means[at]
        for index in at[back > rules["back"]].tolist():
            self._close(index, until=int(self._back_from[index]))
        old = (back <= rules["back"]) & (
            day + 1 - self._onset[at] >= self._settings["baseline"]["adopted_after"]
        )
        for index in at[old].tolist():
            self._adopt(index, day)

    def settle(self) -> list[Episode]:
        """Return all episodes so far; those that go on have the days up to now."""
        for index in np.flatnonzero(self._active >= 0).tolist():
            episode = self.episodes[self._active[index]]
            episode.seen = self._days_of(episode)
        return self.episodes

    def _days_of(self, episode: Episode) -> Days:
        """Return the days from some weeks before the alarm of *episode* until now."""
        base, at = self.baseline, episode.signature
        back = self._settings["episodes"]["days_before"]
        first = max(base.first, episode.after, episode.onset - back)
        rows = slice(first - base.first, base.days - base.first)
        return Days(
            first=first,
            counts=base.counts[rows, at].copy(),
            means=base.means[rows, at].copy(),
            size=float(base.sizes[at]),
        )

    def _close(self, index: int, *, until: int) -> None:
        episode = self.episodes[self._active[index]]
        episode.until = max(until, episode.onset + 1)
        episode.seen = self._days_of(episode)
        self.baseline.hole[:, index] = (episode.onset, episode.until)
        self._release(index, since=self.baseline.days)

    def _adopt(self, index: int, day: int) -> None:
        episode = self.episodes[self._active[index]]
        episode.lasting = True
        episode.seen = self._days_of(episode)
        recent = day + 1 - self._settings["episodes"]["adopted_days"]
        self.baseline.begins[index] = max(episode.onset, recent)
        self.baseline.hole[:, index] = 0
        self._release(index, since=self.baseline.days)

    def _release(self, index: int, *, since: int) -> None:
        self._freed[index] = since
        self._active[index] = -1
        self.baseline.held[index] = -1
        self._sums[:, :, index] = 0.0
        self._since[:, :, index] = since
