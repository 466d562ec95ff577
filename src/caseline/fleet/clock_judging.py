"""Which clocks are wrong, by how much and since when: from comparisons and arrivals.

A clock is judged by another one only if that shows the time itself: its newest line is
fresh when its logs are taken. What arrives late is told from a slow clock by not being
told at all: delays go one way, and without a clock beside it only a live host whose
lag stands still can be slow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from caseline.estimation.offsets import Stretch, find_stretches
from caseline.fleet.clock_records import ClockError
from caseline.store.moments import REACH_HOURS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from caseline.fleet.clock_records import Clock, Comparison, Floats, Showing
    from caseline.fleet.clock_settings import ClockSettings

_REACH = REACH_HOURS * 3_600.0
_SNAP = 2.0


def shows_the_time(showing: Showing, settings: ClockSettings, *, offset: float = 0.0) -> bool:
    """Return whether the newest line, with *offset* taken off, was fresh when it was taken."""
    if showing.taken > showing.received + settings.tolerance_seconds:
        return False
    age = showing.taken - (showing.newest - offset)
    return -settings.tolerance_seconds <= age <= _allowed_age(showing, settings)


def _allowed_age(showing: Showing, settings: ClockSettings) -> float:
    gap = (showing.newest - showing.oldest) / max(1, showing.records)
    quiet = min(settings.quiet_seconds, settings.quiet_gaps * gap)
    return max(settings.fresh_seconds, quiet)


def is_ahead(showing: Showing, settings: ClockSettings) -> bool:
    """Return whether the clock showed times that had not come yet."""
    return showing.newest > showing.received + settings.tolerance_seconds


# by comparison --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Level:
    """A stretch of a comparison: of one run, with its place among all pairs."""

    run: int
    stretch: Stretch
    first: int
    end: int


def judge_by_comparison(
    showing: Showing, other: Showing, comparison: Comparison, settings: ClockSettings
) -> list[ClockError] | None:
    """Return how far the clock was off in each stretch of its comparison with another.

    It is told from the end: there the two clocks agree, or the one that is not fresh is
    off. Going back, at each change of level the clock changed whose own times leap with
    it, while the other's go on.

    Args:
        showing: What the clock showed.
        other: What the other one showed, which may have been wrong itself.
        comparison: The two side by side.
        settings: How much is enough.

    Returns:
        The errors; none where it is right; None where too little is known.
    """
    levels = _levels(comparison, settings)
    count = sum(level.stretch.count for level in levels)
    if count < settings.pairs or levels[-1].stretch.spread > settings.pair_spread_seconds:
        return None
    last = levels[-1].stretch
    known = True
    if _apart(last, settings):
        fresh = _is_nearer(showing, last.offset, settings)
        other_fresh = _is_nearer(other, last.offset, settings)
        known = other_fresh and not fresh and _can_be(showing, last.offset, settings)
        if fresh:
            return None  # what the two share is work that waits, or the other is off
        if not known and not other_fresh and last.count < settings.pairs:
            return None
    return _walked_back(comparison, levels, known=known, settings=settings)


def _is_nearer(showing: Showing, offset: float, settings: ClockSettings) -> bool:
    """Return whether the clock shows the time far better than with an error of *offset*."""
    age = abs(showing.taken - showing.newest)
    return shows_the_time(showing, settings) and age <= max(1.0, abs(offset) / 3)


def _can_be(showing: Showing, offset: float, settings: ClockSettings) -> bool:
    """Return whether nothing is later than its arrival once *offset* is taken off."""
    within = abs(offset) <= _REACH
    return within and showing.newest - offset <= showing.received + settings.tolerance_seconds


def _levels(comparison: Comparison, settings: ClockSettings) -> list[_Level]:
    found = []
    for run in np.unique(comparison.run).tolist():
        places = np.flatnonzero(comparison.run == run)
        begin = int(places[0])
        at, difference = comparison.at[places], comparison.difference[places]
        found += [
            _Level(run, stretch, begin + stretch.first, begin + stretch.end)
            for stretch in find_stretches(at, difference, jump=settings.jump_seconds)
        ]
    return found


def _apart(stretch: Stretch, settings: ClockSettings) -> bool:
    """Return whether the offset is told from none."""
    moved = abs(stretch.slope) * 86_400 > settings.margin_seconds
    return not -settings.margin_seconds <= _nearest(stretch) <= settings.margin_seconds or moved


def _nearest(stretch: Stretch) -> float:
    """Return the value of the interval that is nearest to 0."""
    if stretch.low <= 0 <= stretch.high:
        return 0.0
    return stretch.low if stretch.low > 0 else stretch.high


def _walked_back(
    comparison: Comparison, levels: Sequence[_Level], *, known: bool, settings: ClockSettings
) -> list[ClockError]:
    """Return the errors of the clock's stretches, from the last one back."""
    errors: list[ClockError] = []
    theirs: float | None = 0.0 if known else None
    for number in range(len(levels) - 1, -1, -1):
        level = levels[number]
        if number < len(levels) - 1 and theirs is not None:
            theirs = _theirs_before(comparison, level, levels[number + 1], theirs, settings)
        stretch = level.stretch
        if theirs is None:
            if _apart(stretch, settings):
                errors.append(_unsure(comparison.clock, level, settings))
            continue
        shifted = replace(
            stretch,
            offset=stretch.offset + theirs,
            low=stretch.low + theirs,
            high=stretch.high + theirs,
        )
        if _apart(shifted, settings) and stretch.count >= settings.pairs:
            errors.append(_error(comparison.clock, level.run, shifted, settings))
    errors.reverse()
    return _bounded(comparison, levels, errors)


def _theirs_before(
    comparison: Comparison, level: _Level, later: _Level, theirs: float, settings: ClockSettings
) -> float | None:
    """Return the other clock's error before a change: the same, if ours leapt; None unknown."""
    change = _value(later.stretch, comparison.at[later.first]) - _value(
        level.stretch, comparison.at[level.end - 1]
    )
    if abs(change) <= settings.jump_seconds / 2:
        return theirs  # a new run at the same level
    i = later.first
    mine = float(comparison.at[i] - comparison.at[i - 1])
    other = mine - float(comparison.difference[i] - comparison.difference[i - 1])
    calm = abs(change) / 2
    if -1.0 <= other <= calm:
        return theirs
    return theirs + change if -1.0 <= mine <= calm else None


def _value(stretch: Stretch, at: float) -> float:
    return stretch.offset + stretch.slope * (at - stretch.middle)


def _error(clock: Clock, run: int, stretch: Stretch, settings: ClockSettings) -> ClockError:
    offset, kind = _named(stretch, settings)
    return ClockError(
        clock=clock,
        kind=kind,
        run=run,
        offset=offset,
        low=stretch.low,
        high=stretch.high,
        slope=stretch.slope,
        middle=stretch.middle,
        pairs=stretch.count,
        applied=abs(offset) <= _REACH and stretch.spread <= settings.pair_spread_seconds,
    )


def _named(stretch: Stretch, settings: ClockSettings) -> tuple[float, str]:
    """Return the offset and its kind: whole quarters of an hour are a zone."""
    if stretch.slope:
        return stretch.offset, "drift"
    step = settings.zone_step_seconds
    whole = round(stretch.offset / step) * step
    if whole and stretch.low - _SNAP <= whole <= stretch.high + _SNAP:
        return whole, "wrong_zone"
    return stretch.offset, "skew"


def _unsure(clock: Clock, level: _Level, settings: ClockSettings) -> ClockError:
    error = _error(clock, level.run, level.stretch, settings)
    return replace(error, kind="unsure", applied=False)


def _bounded(
    comparison: Comparison, levels: Sequence[_Level], errors: list[ClockError]
) -> list[ClockError]:
    """Return *errors* with the times between which they hold, within their run."""
    by_middle = {(level.run, level.stretch.middle): number for number, level in enumerate(levels)}
    found = []
    several = len(levels) > 1
    for error in errors:
        number = by_middle[error.run or 0, error.middle]
        level = levels[number]
        starts, ends = float("-inf"), float("inf")
        if number and levels[number - 1].run == level.run:
            starts = float(comparison.at[level.first])
        if number + 1 < len(levels) and levels[number + 1].run == level.run:
            ends = float(comparison.at[level.end])
        kind = "stepped" if several and error.kind == "skew" else error.kind
        found.append(replace(error, kind=kind, starts=starts, ends=ends))
    return found


# by arrival -----------------------------------------------------------------------


def judge_by_arrival(
    clock: Clock,
    showings: Sequence[Showing],
    settings: ClockSettings,
    *,
    others_fresh: bool | None,
) -> ClockError | None:
    """Return how far a live clock is off by the lag that stands still; None if none is told.

    Args:
        clock: Which.
        showings: What it showed, collection by collection, by arrival.
        settings: How much is enough.
        others_fresh: Whether a clock beside it shows the time, so that the way is short;
            None if there is no other.
    """
    showings = showings[-_settled(showings, settings) :]
    if len(showings) < settings.ahead_readings:
        return None
    received = np.array([s.received for s in showings])
    shown = np.array([s.newest for s in showings]) - received
    top = float(shown.max())
    if not _stands_still(received, shown, top, settings):
        return None
    needed = settings.readings if others_fresh else settings.lone_readings
    if top > settings.tolerance_seconds:
        needed = settings.ahead_readings
    elif others_fresh is False:
        return None  # the whole environment lags: that is its way here, not a clock
    if len(showings) < needed or abs(top) <= settings.tolerance_seconds or abs(top) > _REACH:
        return None
    return _by_arrival(clock, top, len(showings), settings)


def _settled(showings: Sequence[Showing], settings: ClockSettings) -> int:
    """Return how many of the last showings are of one level."""
    if not showings:
        return 1
    received = np.array([s.received for s in showings])
    shown = np.array([s.newest for s in showings]) - received
    return find_stretches(received, shown, jump=settings.jump_seconds)[-1].count


def _stands_still(received: Floats, shown: Floats, top: float, settings: ClockSettings) -> bool:
    """Return whether the lag is that of a live host: steady, close together, for long."""
    near = float((shown >= top - settings.envelope_seconds).mean())
    extent = float(received[-1] - received[0])
    cadence = float(np.median(np.diff(received)))
    return (
        near >= settings.envelope_share
        and extent >= max(settings.extent_seconds, settings.extent_share * abs(top))
        and 0 < cadence <= min(settings.cadence_seconds, settings.cadence_share * abs(top))
    )


def _by_arrival(clock: Clock, top: float, readings: int, settings: ClockSettings) -> ClockError:
    low, high = top, top + settings.fresh_seconds
    step = settings.zone_step_seconds
    whole = np.ceil(top / step) * step
    zone = bool(whole) and low <= whole <= high
    return ClockError(
        clock=clock,
        kind="wrong_zone" if zone else "skew",
        offset=float(whole) if zone else top,
        low=low,
        high=high,
        readings=readings,
        applied=True,
    )


def judge_by_sibling(
    showing: Showing, sibling: Showing | None, settings: ClockSettings
) -> ClockError | None:
    """Return the zone that lines without one are wrong by, beside lines of the host with one.

    Only where they would be in the future: a file that ends early says nothing.
    """
    if sibling is None or showing.clock[1] or not is_ahead(showing, settings):
        return None
    if not shows_the_time(sibling, settings):
        return None
    ahead = showing.newest - sibling.newest
    step = settings.zone_step_seconds
    whole = round(ahead / step) * step
    unrest = max(_allowed_age(showing, settings), _allowed_age(sibling, settings))
    if not whole or abs(whole) > _REACH or abs(ahead - whole) > min(unrest, step / 4):
        return None
    return ClockError(
        clock=showing.clock,
        kind="wrong_zone",
        offset=whole,
        low=min(ahead, whole) - unrest,
        high=max(ahead, whole) + unrest,
        readings=1,
        applied=True,
    )


def judge_by_past(showing: Showing, past: ClockError, settings: ClockSettings) -> ClockError | None:
    """Return the error that was found before, if the clock still shows it.

    It does if its newest line is fresh with the error taken off, and only then. If it is
    not fresh either way, nobody can tell: then the error is unsure.
    """
    if shows_the_time(showing, settings):
        return None
    offset = past.offset + past.slope * (showing.newest - past.middle)
    held = shows_the_time(showing, settings, offset=offset)
    held = held and _can_be(showing, offset, settings)
    return replace(
        past,
        kind=past.kind if held else "unsure",
        run=None,
        starts=float("-inf"),
        ends=float("inf"),
        readings=past.readings + 1,
        pairs=0,
        applied=held,
    )


def fresh_clocks(showings: Iterable[Showing], settings: ClockSettings) -> Mapping[Clock, bool]:
    """Return for each clock whether its last showing was fresh."""
    return {s.clock: shows_the_time(s, settings) for s in showings}
