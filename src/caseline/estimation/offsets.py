"""How far a clock is off, from differences that were seen one after another.

A difference is what the clock showed minus what another one showed at nearly the same
moment, in seconds; "nearly" is a delay of one sign, mostly small, sometimes long.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SIDE = 4
"""So many differences on each side of a jump must agree that there is one."""
_BINS = 32
_FENCE = 4.0
_ONE_SIDED = 2.0
"""One tail is so many times as long as the other where delays have one sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A run of differences at one level, or on one slope.

    Args:
        first: Index of its first difference.
        end: Index after its last.
        offset: The level in seconds, at its middle if it has a slope.
        low: Lower end of the interval for it.
        high: Upper end.
        slope: Seconds a second; 0 where there is too little to tell one.
        middle: The time at which *offset* holds.
        spread: Distance of the quartiles, in seconds, the slope taken off.
    """

    first: int
    end: int
    offset: float
    low: float
    high: float
    slope: float
    middle: float
    spread: float

    @property
    def count(self) -> int:
        """How many differences it has."""
        return self.end - self.first


def find_stretches(at: Floats, difference: Floats, *, jump: float) -> list[Stretch]:
    """Return the stretches of *difference*, in order; together they are all of it.

    A new one begins where the medians of the four differences before and behind a place
    are farther apart than *jump*: single stray ones cut nothing. The offset is the edge
    of the differences from which the delays go away to one side, or their median where
    no side is longer; its interval reaches from the 5th to the 95th percentile, and by
    the spread beyond.

    Args:
        at: When each was seen, seconds, ascending, shape (n,), float64.
        difference: The differences in seconds, shape (n,), float64.
        jump: How far apart two levels are, seconds, above 0.

    Source:
        The edge: R. Cristian (1989), Distributed Computing 3, 146-158, that a delay has
        a least value and bounds the offset from one side. The slope: P. K. Sen (1968),
        J. Am. Stat. Assoc. 63, 1379-1389, on medians of equal parts. The cuts are our own.

    >>> at = np.arange(16.0)
    >>> one, two = find_stretches(at, np.where(at < 9, 0.0, -3600.0), jump=30)
    >>> (one.first, one.end, one.offset), (two.end, two.offset)
    ((0, 9, 0.0), (16, -3600.0))
    """
    edges = [0, *_cuts(difference, jump), len(difference)]
    return [_stretch(at, difference, first, end) for first, end in pairwise(edges) if end > first]


def _cuts(difference: Floats, jump: float) -> list[int]:
    """Return where new stretches begin, ascending."""
    if len(difference) < 2 * _SIDE:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(difference, _SIDE)
    medians = np.median(windows, axis=1)
    step = np.abs(medians[_SIDE:] - medians[:-_SIDE])  # at place i + _SIDE
    high = step > jump
    found = []
    for start, end in _runs(high):
        # the largest single step in the run is the place itself
        places = np.arange(start + _SIDE, end + _SIDE)
        own = np.abs(difference[places] - difference[places - 1])
        found.append(int(places[np.argmax(own + step[start:end])]))
    return found


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _stretch(at: Floats, difference: Floats, first: int, end: int) -> Stretch:
    moments, values = at[first:end], difference[first:end]
    middle = float((moments[0] + moments[-1]) / 2)
    slope = _slope(moments, values)
    level = values - slope * (moments - middle)
    low, lower, median, upper, high = np.quantile(level, (0.05, 0.25, 0.5, 0.75, 0.95)).tolist()
    spread = upper - lower
    beyond = max(1.0, spread)
    offset = _edge(level, median, spread)
    return Stretch(
        first=first,
        end=end,
        offset=offset,
        low=min(low, offset) - beyond,
        high=max(high, offset) + beyond,
        slope=slope,
        middle=middle,
        spread=spread,
    )


def _edge(level: Floats, median: float, spread: float) -> float:
    """Return the end of *level* that delays go away from, strays aside; else the median."""
    near = level[np.abs(level - median) <= _FENCE * spread + 1e-9]
    below, above = median - float(near.min()), float(near.max()) - median
    if above > _ONE_SIDED * below:
        return float(near.min())
    if below > _ONE_SIDED * above:
        return float(near.max())
    return float(median)


def _slope(moments: Floats, values: Floats) -> float:
    """Return seconds a second, 0 unless the trend is far beyond the unrest."""
    count = min(_BINS, len(values) // _SIDE)
    if count < _SIDE:
        return 0.0
    parts = np.array_split(np.arange(len(values)), count)
    x = np.array([np.median(moments[part]) for part in parts])
    y = np.array([np.median(values[part]) for part in parts])
    one, other = np.triu_indices(count, k=1)
    apart = x[other] - x[one]
    if not (apart > 0).all():
        return 0.0
    slope = float(np.median((y[other] - y[one]) / apart))
    rest = y - slope * x
    unrest = float(np.median(np.abs(rest - np.median(rest))))
    whole = abs(slope) * float(x[-1] - x[0])
    return slope if whole > max(2.0, 8 * unrest) else 0.0
