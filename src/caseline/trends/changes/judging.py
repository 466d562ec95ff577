"""What an episode is called: emerging, escalating, a pulse, resolving, gone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from caseline.trends.changes.dating import Onset, date_onset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from caseline.trends.changes.episodes import Episode

_LEAST = 1e-6
Kind = Literal["emerging", "escalating", "pulse", "resolving", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of one signature; days are counted from the first one watched.

    Args:
        signature: Index of the signature.
        kind: What it is.
        since: Its most probable first day, with the interval ``low`` to ``high``.
        low: See since.
        high: See since.
        until: The day after its last one; None while it goes on.
        alarm: When it was noticed.
        end: The day after the last one that ``observed`` counts.
        observed: Customer-days since then.
        expected: Customer-days that the rate before explains.
        ratio: Of the rate to the one before, with its interval.
        ratio_low: See ratio.
        ratio_high: See ratio.
        ramp: Probability that it came bit by bit.
        score: Log likelihood ratio.
        again: When it rose further, after it had become usual.
        usual: Whether it went on for so long that its rate became the usual one.
    """

    signature: int
    kind: Kind
    since: int
    low: int
    high: int
    until: int | None
    alarm: int
    end: int
    observed: float
    expected: float
    ratio: float
    ratio_low: float
    ratio_high: float
    ramp: float
    score: float
    again: tuple[int, ...] = ()
    usual: bool = False

    @property
    def last_day(self) -> int:
        """The last day on which it was news: its last one, or when it became usual."""
        return max((self.end, *self.again)) if self.usual or self.until is None else self.until

    def goes_on_in(self, later: Change) -> bool:
        """Return whether *later* is this rise, gone on."""
        climbs = ("emerging", "escalating")
        return self.usual and self.kind in climbs and later.kind in (*climbs, "pulse")


def judged(
    episode: Episode, *, born: int, present: int, settings: Mapping[str, Any]
) -> list[Change]:
    """Return what *episode* is: one change, or two if it went on for long and then ended.

    Args:
        episode: With the days around it.
        born: The day on which its signature was first seen.
        present: The day after the last one watched.
        settings: The tables of ``changes.toml``.
    """
    rules = settings["kinds"]
    end = present if episode.until is None else episode.until
    end = min(end, episode.seen.first + episode.seen.counts.size)
    onset = _dated(episode, end, settings)
    length = end - onset.day
    if not episode.rising:
        if episode.until is not None and not episode.lasting:
            return []  # it came back: nothing was resolved
        return [_change(episode, _faded(episode, onset.day, end, rules), onset, end, settings)]
    new = not episode.after and born >= onset.low - rules["new_within"]
    brief = length <= rules["pulse_days"] and (episode.until is not None or episode.how == "day")
    kind: Kind = "pulse" if brief and not (new and episode.until is None) else "escalating"
    if new and kind == "escalating":
        kind = "emerging"
    found = [_change(episode, kind, onset, end, settings)]
    if episode.until is not None and length >= rules["resolving_days"]:
        found.append(_resolved(episode, end, present, settings))
    return found


def joined(changes: Sequence[Change]) -> list[Change]:
    """Return *changes*, of one signature and in order, with one rise for each climb.

    A rise that became usual and goes on rising soon after is one, since its first day.

    >>> joined([])
    []
    """
    found: list[Change] = []
    for change in changes:
        last = found[-1] if found else None
        if last is not None and last.goes_on_in(change):
            again = last.again if change.kind == "pulse" else (*last.again, change.since)
            found[-1] = replace(last, again=again)
        else:
            found.append(change)
    return found


def _dated(episode: Episode, end: int, settings: Mapping[str, Any]) -> Onset:
    """Return the onset by the days from some weeks before up to *end*."""
    seen = episode.seen
    if episode.how == "day":
        return Onset(day=episode.onset, low=episode.onset, high=episode.onset, ramp=0.0)
    low = max(seen.first, episode.onset - settings["kinds"]["dated_before"])
    high = min(end, episode.alarm + settings["kinds"]["dated_after"])
    counts, means = seen.between(low, max(high, episode.alarm + 1))
    ratios = np.array(settings["kinds"]["up" if episode.rising else "down"])
    sizes = np.full(counts.size, seen.size)
    found = date_onset(counts, means, sizes, ratios=ratios)
    return Onset(day=low + found.day, low=low + found.low, high=low + found.high, ramp=found.ramp)


def _change(
    episode: Episode, kind: Kind, onset: Onset, end: int, settings: Mapping[str, Any]
) -> Change:
    counts, means = episode.seen.between(onset.day, end)
    observed, expected = float(counts.sum()), float(means.sum())
    ratio, low, high = _ratio(observed, expected, episode, settings)
    return Change(
        signature=episode.signature,
        kind=kind,
        since=onset.day,
        low=onset.low,
        high=onset.high,
        until=episode.until,
        alarm=episode.alarm,
        end=end,
        observed=observed,
        expected=expected,
        ratio=ratio,
        ratio_low=low,
        ratio_high=high,
        ramp=onset.ramp,
        score=episode.score,
        usual=episode.lasting,
    )


def _resolved(episode: Episode, end: int, present: int, settings: Mapping[str, Any]) -> Change:
    """Return the end of a long episode, as a change of its own: back to the rate before."""
    counts, means = episode.seen.between(end, present)
    up, before = episode.seen.between(episode.onset, end)
    raised = max(float(up.sum()) / max(float(before.sum()), 1e-9), 1.0)
    observed, expected = float(counts.sum()), float(means.sum()) * raised
    ratio, low, high = _ratio(observed, expected, episode, settings)
    return Change(
        signature=episode.signature,
        kind="resolving",
        since=end,
        low=end,
        high=end,
        until=None,
        alarm=present - 1 if not counts.size else min(present - 1, end + counts.size - 1),
        end=end + counts.size,
        observed=observed,
        expected=expected,
        ratio=ratio,
        ratio_low=low,
        ratio_high=high,
        ramp=0.0,
        score=episode.score,
    )


def _faded(episode: Episode, since: int, end: int, rules: Mapping[str, Any]) -> Kind:
    counts, means = episode.seen.between(since, end)
    quiet = end - since >= rules["gone_days"] and means.sum() >= rules["gone_expected"]
    return "gone" if quiet and counts.sum() == 0 else "resolving"


def _ratio(
    observed: float, expected: float, episode: Episode, settings: Mapping[str, Any]
) -> tuple[float, float, float]:
    """Return observed to expected, with limits from the chance of both.

    That of the days is a gamma variable by their count, that of the rate before one by
    ``size``; the limits are put together on the log scale.
    """
    tail = (1 - settings["kinds"]["level"]) / 2
    seen_low, seen_high = _limits(observed + 0.5, tail)
    base_low, base_high = _limits(episode.seen.size, tail)
    ratio = observed / max(expected, 1e-9)
    middle = (observed + 0.5) / max(expected, 1e-9)
    down = float(np.hypot(np.log(seen_low), np.log(base_high)))
    up = float(np.hypot(np.log(seen_high), np.log(base_low)))
    low = middle * float(np.exp(-down)) if observed else 0.0
    return ratio, min(low, ratio), middle * float(np.exp(up))


def _limits(shape: float, tail: float) -> tuple[float, float]:
    """Return the quantiles of a gamma variable of mean 1: how far a count's mean may lie off."""
    from scipy.special import gammaincinv  # noqa: PLC0415 - on use: importing scipy takes time

    low, high = gammaincinv(shape, (tail, 1 - tail)) / shape
    return max(float(low), _LEAST), float(high)
