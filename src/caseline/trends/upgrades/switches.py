"""Where a component changed, and which days are before, just after and later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from caseline.trends.upgrades.states import ABSENT, MIXED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.trends.upgrades.settings import UpgradeSettings
    from caseline.trends.upgrades.states import Part

    Ints = NDArray[np.int64]
    Bits = NDArray[np.bool_]

BEFORE, FIRST, LATER = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Stretches of days in which one value ran at one place, in order.

    Args:
        place: Row of the grid.
        code: What ran.
        first: The first day.
        last: The last day.
        of_day: Which run each place and day belongs to, -1 for none; the days just after
            a change belong to none. Shape (n_environments, n_days).
    """

    place: Ints
    code: Ints
    first: Ints
    last: Ints
    of_day: NDArray[np.int64]


def runs_of(part: Part, *, settle: int) -> Runs:
    """Return the runs of *part*; *settle* days after each change are left out of them."""
    codes = part.codes
    begins = np.ones(codes.shape, dtype=bool)
    begins[:, 1:] = codes[:, 1:] != codes[:, :-1]
    flat = begins.ravel()
    starts = np.flatnonzero(flat)
    ends = np.append(starts[1:], flat.size) - 1
    kept = codes.ravel()[starts] != MIXED
    numbers = np.full(starts.size, -1)
    numbers[kept] = np.arange(int(kept.sum()))
    of_day = numbers[np.cumsum(flat) - 1].reshape(codes.shape)
    starts, ends = starts[kept], ends[kept]
    days = codes.shape[1]
    place, first, last = starts // days, starts % days, ends % days
    code = codes.ravel()[starts].astype(np.int64)
    after = np.zeros(place.size, dtype=bool)
    after[1:] = place[1:] == place[:-1]
    fresh = np.where(after, first + settle, first)
    held = of_day >= 0
    day = np.broadcast_to(np.arange(days), codes.shape)
    of_day[held] = np.where(day[held] < fresh[of_day[held]], -1, of_day[held])
    return Runs(place=place, code=code, first=first, last=last, of_day=of_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Changes of a component at places, each with its days.

    Args:
        place: Row of the grid.
        run: The run after it; the one before has the number below.
        old: What ran before.
        new: What ran after.
        day: The first day on which anything of the new ran.
        phases: ``BEFORE``, ``FIRST``, ``LATER`` or -1, shape (n, n_days).
    """

    place: Ints
    run: Ints
    old: Ints
    new: Ints
    day: Ints
    phases: NDArray[np.int8]

    def only(self, chosen: Bits) -> Switches:
        """Return those of *chosen*."""
        return Switches(
            place=self.place[chosen],
            run=self.run[chosen],
            old=self.old[chosen],
            new=self.new[chosen],
            day=self.day[chosen],
            phases=self.phases[chosen],
        )


def switches_of(runs: Runs, days: int, settings: UpgradeSettings) -> Switches:
    """Return every change from one known state to another."""
    pair = (
        (runs.place[1:] == runs.place[:-1])
        & (runs.code[1:] != runs.code[:-1])
        & (runs.code[1:] >= ABSENT)
        & (runs.code[:-1] >= ABSENT)
        & (runs.first[1:] - runs.last[:-1] <= settings.gap)
    )
    later = np.flatnonzero(pair) + 1
    day = runs.last[later - 1] + 1
    start = np.maximum(runs.first[later], day + settings.first)
    stop = np.minimum(runs.last[later], start + settings.after - 1)
    begin = np.maximum(runs.first[later - 1], day - settings.guard - settings.before)
    at = np.arange(days)
    phases = np.full((later.size, days), -1, dtype=np.int8)
    phases[(at >= begin[:, None]) & (at < (day - settings.guard)[:, None])] = BEFORE
    phases[(at >= day[:, None]) & (at < start[:, None])] = FIRST
    phases[(at >= start[:, None]) & (at <= stop[:, None])] = LATER
    return Switches(
        place=runs.place[later], run=later, old=runs.code[later - 1], new=runs.code[later],
        day=day, phases=phases,
    )  # fmt: skip


def switches_to(switches: Switches, code: int, *, backwards: bool) -> tuple[Switches, Bits]:
    """Return the changes that tell about *code*, one for each place, and which are removals.

    Args:
        switches: All of a component.
        code: The value.
        backwards: Whether a removal tells as well: the days after it are those without.
    """
    on = switches.new == code
    off = backwards & (switches.old == code) & (switches.new == ABSENT)
    chosen = np.flatnonzero(on | off)
    _, first = np.unique(switches.place[chosen], return_index=True)
    kept = np.zeros(switches.place.size, dtype=bool)
    kept[chosen[first]] = True
    return switches.only(kept), off[kept]
