"""Which customer-days are compared for one value: those of upgraded places, and controls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from caseline.trends.upgrades.switches import BEFORE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from caseline.trends.upgrades.switches import Runs, Switches

    Ints = NDArray[np.int64]
    Bits = NDArray[np.bool_]
    Floats = NDArray[np.float64]

_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """The customers' production places.

    Args:
        customer: Of each unit, as a number; -1 for what names nobody.
        place: Its environment, as a number; units of a place stand together.
        observed: Whether logs were there, shape (n_units, n_days).
    """

    customer: Ints
    place: Ints
    observed: Bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """Customer-days on which signatures were seen, each once, signature by signature.

    Args:
        signature: As a number below *signatures*, in order.
        unit: As a number.
        day: As a number.
        events: How many.
        signatures: How many signatures there are.
    """

    signature: Ints
    unit: Ints
    day: Ints
    events: Ints
    signatures: int

    def pieces(self) -> Iterator[tuple[slice, Hits]]:
        """Yield some signatures after others, with their hits: few enough to stay at hand."""
        for begin in range(0, self.signatures, _AT_ONCE):
            piece = slice(begin, min(begin + _AT_ONCE, self.signatures))
            yield piece, self.of(np.arange(piece.start, piece.stop))

    def of(self, signatures: Ints) -> Hits:
        """Return the hits of *signatures*, which are numbered anew in that order."""
        number, kept = _found(self.signature, signatures)
        return Hits(
            signature=number, unit=self.unit[kept], day=self.day[kept],
            events=self.events[kept], signatures=signatures.size,
        )  # fmt: skip


def _found(ordered: Ints, wanted: Ints) -> tuple[Ints, Ints | slice]:
    """Return where *wanted* stand in *ordered*, one after the other, and which each is."""
    begins = np.searchsorted(ordered, wanted)
    ends = np.searchsorted(ordered, wanted, side="right")
    number = np.repeat(np.arange(wanted.size), ends - begins)
    if wanted.size and np.array_equal(begins[1:], ends[:-1]):
        return number, slice(int(begins[0]), int(ends[-1]))
    before = np.cumsum(ends - begins) - (ends - begins)
    return number, np.arange(number.size) + (begins - before)[number]


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Rows that have a level of their own, and the days on which each was observed.

    Args:
        row_of: The row of each unit and day, -1 for none; shape (n_units, n_days).
        code_of: Twice that, and one more with the value; below 0 for none.
        seen: 1 where a row was observed, shape (n_rows, n_days).
        on: 1 where it was observed with the value, the same shape.
        group: Rows that may share their chance: numbers from 0 on, shape (n_rows,).
        order: The rows group by group; None if they stand so.
        starts: Where each group begins in that order.
        treated: Rows with days of both kinds.
    """

    row_of: NDArray[np.int64]
    code_of: NDArray[np.int64]
    seen: Floats
    on: Floats
    group: Ints
    order: Ints | None
    starts: Ints
    treated: Ints

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return self.starts.size

    def by_group(self, values: Floats) -> Floats:
        """Return *values*, shape (n, n_rows), summed over the rows of each group."""
        ordered = values if self.order is None else values[:, self.order]
        if self.groups == values.shape[1]:
            return ordered
        summed: Floats = np.add.reduceat(ordered, self.starts, axis=1)
        return summed

    def held(self, days: Floats) -> Bits:
        """Return on which *days* (1, else 0; shape (n_rows, n_days)) any row of a group is."""
        ordered = days if self.order is None else days[self.order]
        found: Bits = np.maximum.reduceat(ordered, self.starts, axis=0) > 0
        return found


def design_of_runs(units: Units, runs: Runs) -> Design:
    """Return a row for each unit and run, nothing compared: what clumps is learned from."""
    grid = np.where(runs.of_day[units.place] >= 0, runs.of_day[units.place], -1)
    return _designed(units, grid, np.zeros(grid.shape, dtype=bool), by_place=False)


def design_of(
    units: Units, runs: Runs, switches: Switches, removed: Bits, *, phase: int | tuple[int, int]
) -> Design:
    """Return the comparison for the value that *switches* are about.

    Each upgraded unit is one row, before and after. All others are controls, with a row
    for each run: their own changes of the component do not count as anything.

    Args:
        units: The customers' places.
        runs: Of the component.
        switches: One for each place that changed to the value, or from it.
        removed: Which of them are removals.
        phase: ``FIRST`` or ``LATER``; or the part of the latter from one day after the
            change up to, not including, another.
    """
    days = runs.of_day.shape[1]
    wanted = _chosen(switches, phase, days)
    grid, on = runs.of_day.copy(), np.zeros(runs.of_day.shape, dtype=bool)
    own = np.isin(grid, np.concatenate([switches.run, switches.run - 1]))
    grid[own] = -1
    used = (switches.phases == BEFORE) | wanted
    grid[switches.place] = np.where(
        used, runs.place.size + np.arange(switches.place.size)[:, None], grid[switches.place]
    )
    on[switches.place] = np.where(removed[:, None], switches.phases == BEFORE, wanted)
    span = np.flatnonzero(used.any(axis=0))
    if span.size:
        grid[:, : span[0]], grid[:, span[-1] + 1 :] = -1, -1
    return _designed(units, grid[units.place], on[units.place], by_place=True)


def _chosen(switches: Switches, phase: int | tuple[int, int], days: int) -> Bits:
    if isinstance(phase, int):
        same: Bits = switches.phases == phase
        return same
    since = np.arange(days) - switches.day[:, None]
    part: Bits = (switches.phases > BEFORE) & (since >= phase[0]) & (since < phase[1])
    return part


def _designed(units: Units, grid: NDArray[np.int64], on: Bits, *, by_place: bool) -> Design:
    """Return the design whose rows are the pairs of a unit and a number of *grid*."""
    width = int(grid.max(initial=0)) + 1
    there = units.observed & (grid >= 0)
    keys = np.arange(grid.shape[0])[:, None] * width + grid
    names, numbers = np.unique(keys[there], return_inverse=True)
    row_of = np.full(grid.shape, -1, dtype=np.int64)
    row_of[there] = numbers
    seen = np.zeros((names.size, grid.shape[1]))
    held = np.nonzero(there)
    seen[numbers, held[1]] = 1
    with_it = np.zeros_like(seen)
    with_it[numbers, held[1]] = on[there]
    both = (with_it.sum(axis=1) > 0) & ((seen - with_it).sum(axis=1) > 0)
    own = units.place[names // width] if by_place else names % width
    _, group = np.unique(own, return_inverse=True)
    order = np.argsort(group, kind="stable")
    return Design(
        row_of=row_of, code_of=2 * row_of + (on & there), seen=seen, on=with_it, group=group,
        order=None if np.array_equal(order, np.arange(order.size)) else order,
        starts=np.flatnonzero(np.diff(group[order], prepend=-1)),
        treated=np.flatnonzero(both),
    )  # fmt: skip
