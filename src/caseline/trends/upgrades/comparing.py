"""All signatures before and after one value came: counts, chances, ratios."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from caseline.trends.upgrades.chances import chance_of, ratio_limits
from caseline.trends.upgrades.clumps import clumping_of
from caseline.trends.upgrades.designs import design_of, design_of_runs
from caseline.trends.upgrades.fitting import fit_levels, fit_ratio, score_change, tally
from caseline.trends.upgrades.newcomers import new_with
from caseline.trends.upgrades.switches import (
    BEFORE,
    FIRST,
    LATER,
    runs_of,
    switches_of,
    switches_to,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from caseline.trends.upgrades.clumps import Clumping
    from caseline.trends.upgrades.designs import Design, Hits, Units
    from caseline.trends.upgrades.settings import UpgradeSettings
    from caseline.trends.upgrades.states import Part
    from caseline.trends.upgrades.switches import Runs, Switches

    Ints = NDArray[np.int64]
    Bits = NDArray[np.bool_]
    Floats = NDArray[np.float64]

_LEAST = 1e-12
_AT_ONCE = 64
_PROMISING, _SMALL = 0.05, 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a comparison tells of each of some signatures.

    Args:
        signature: Their numbers.
        p: Two-sided chance of it, were there no change.
        log_ratio: Of the rate with the value to that without.
        low: Of the ratio.
        high: Of the ratio.
        information: The inverse variance of the log ratio where there is no change.
    """

    signature: Ints
    p: Floats
    log_ratio: Floats
    low: Floats
    high: Floats
    information: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One value of one component, and all signatures.

    Args:
        part: The component.
        code: Position of the value in it.
        runs: Of the component.
        switches: Where it came, and when.
        removed: Which of them are removals.
        clumping: Of each signature; None if nothing was compared.
        hits: Customer-days with each signature before, first and later at the places
            of *switches*; shape (n_signatures, 3).
        events: Their events.
        days: Customer-days observed then, shape (3,).
        customers: Observed before, and then or later.
        first: What the days just after tell.
        later: What the days after those tell.
    """

    part: Part
    code: int
    runs: Runs
    switches: Switches
    removed: Bits
    clumping: Clumping | None
    hits: Floats
    events: Floats
    days: Floats
    customers: int
    first: Told
    later: Told

    @property
    def value(self) -> str:
        """The value."""
        return self.part.values[self.code]


def compare_part(
    part: Part, units: Units, hits: Hits, settings: UpgradeSettings
) -> Iterator[Compared]:
    """Yield the comparison for each value of *part* that came or went anywhere."""
    runs = runs_of(part, settle=settings.first)
    every = switches_of(runs, part.codes.shape[1], settings)
    clumping: Clumping | None = None
    for code in range(len(part.values)):
        switches, removed = switches_to(every, code, backwards=part.kind != "version")
        if not switches.place.size:
            continue
        counts, events, days, customers = count_phases(units, hits, switches, removed)
        told = [nothing(), nothing()]
        if enough(counts, switches, settings).size:
            if clumping is None:
                clumping = clumping_of(hits, design_of_runs(units, runs), settings)
            for n, phase in enumerate((FIRST, LATER)):
                kept = ~removed if phase == FIRST else np.ones(removed.size, dtype=bool)
                design = design_of(units, runs, switches.only(kept), removed[kept], phase=phase)
                told[n] = tell(hits, design, clumping, settings)
        yield Compared(
            part=part, code=code, runs=runs, switches=switches, removed=removed,
            clumping=clumping,
            hits=counts, events=events, days=days, customers=customers,
            first=told[0], later=told[1],
        )  # fmt: skip


def enough(counts: Floats, switches: Switches, settings: UpgradeSettings) -> Ints:
    """Return the signatures with so many hits at so many places that a test can tell."""
    if switches.place.size < settings.least_customers:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(counts.sum(axis=1) >= settings.least_hits)


def count_phases(
    units: Units, hits: Hits, switches: Switches, removed: Bits
) -> tuple[Floats, Floats, Floats, int]:
    """Return hits and events of each signature, and days, before, first and later; customers."""
    days = switches.phases.shape[1]
    phases = switches.phases.copy()
    gone = phases[removed]
    phases[removed] = np.select([gone == BEFORE, gone == LATER], [LATER, BEFORE], -1)
    grid = np.full((int(units.place.max(initial=-1)) + 1, days), -1, dtype=np.int64)
    grid[switches.place] = phases
    of_unit = np.where(units.observed, grid[units.place], -1)
    seen = np.stack([(of_unit == phase).sum(axis=1) for phase in (BEFORE, FIRST, LATER)])
    both = (seen[0] > 0) & (seen[1:].sum(axis=0) > 0)
    of_unit[~both] = -1
    counts, events = np.zeros((2, hits.signatures, 3))
    for piece, some in hits.pieces():
        phase = of_unit.ravel()[some.unit * days + some.day]
        kept = np.flatnonzero(phase >= 0)
        flat, size = some.signature[kept] * 3 + phase[kept], some.signatures * 3
        counts[piece] = np.bincount(flat, minlength=size).reshape(-1, 3)
        events[piece] = np.bincount(flat, some.events[kept], minlength=size).reshape(-1, 3)
    customers = np.unique(units.customer[both & (units.customer >= 0)]).size
    return counts, events, seen[:, both].sum(axis=1).astype(np.float64), customers


def tell(
    hits: Hits, design: Design, ground: Clumping, settings: UpgradeSettings, *, fine: bool = False
) -> Told:
    """Return what *design* tells of each signature that has enough hits in it.

    Args:
        hits: Of all signatures.
        design: What is compared.
        ground: How each signature clumps here.
        settings: What is enough.
        fine: Fit every ratio; else what is far from a finding has one step of the fit.
    """
    chosen = _testable(hits, design, settings)
    parts = [
        _tell(hits.of(some), some, design, ground, settings, fine=fine)
        for some in np.array_split(chosen, max(1, -(-chosen.size // _AT_ONCE)))
        if some.size
    ]
    names = ("signature", "p", "log_ratio", "low", "high", "information")
    if not parts:
        return nothing()
    return Told(**{name: np.concatenate([getattr(t, name) for t in parts]) for name in names})


def _tell(
    hits: Hits,
    chosen: Ints,
    design: Design,
    ground: Clumping,
    settings: UpgradeSettings,
    *,
    fine: bool,
) -> Told:
    counted = tally(hits, design, ground.alike[chosen])
    levels = fit_levels(counted, design, near=ground.day[chosen])
    scores = score_change(counted, design, levels)
    p = chance_of(scores, most=settings.most, alone=settings.alone)
    log_ratio = scores.total / np.maximum(scores.variance, _LEAST)
    due = np.flatnonzero((p <= _PROMISING) | (np.abs(log_ratio) > _SMALL) | fine)
    if due.size:
        log_ratio[due] = fit_ratio(counted, design, levels.day, due)
    kept = np.clip(scores.variance / np.maximum(scores.known, _LEAST), 0.0, 1.0)
    part = design.treated
    on = (counted.weight * counted.on)[:, part].sum(axis=1)
    both = (counted.weight * counted.rows)[:, part].sum(axis=1)
    low, high = ratio_limits(log_ratio, on, both, kept, level=settings.level)
    information = scores.variance
    fresh = new_with(counted, design, level=settings.level)
    own = fresh.signature
    better = fresh.p < p[own]
    p[own] = np.minimum(1.0, 2 * np.minimum(p[own], fresh.p))  # the better one of two
    taken = own[better]
    for mine, theirs in (
        (log_ratio, fresh.log_ratio),
        (low, fresh.low),
        (high, fresh.high),
        (information, fresh.information),
    ):
        mine[taken] = theirs[better]
    able = information > _LEAST
    return Told(
        signature=chosen[able], p=p[able], log_ratio=log_ratio[able], low=low[able],
        high=high[able], information=information[able],
    )  # fmt: skip


def _testable(hits: Hits, design: Design, settings: UpgradeSettings) -> Ints:
    group = np.full(design.seen.shape[0] + 1, -1)
    group[design.treated] = design.group[design.treated]
    of_cell = group[design.row_of].ravel()
    enough = np.zeros(hits.signatures, dtype=bool)
    for piece, some in hits.pieces():
        own = of_cell[some.unit * design.row_of.shape[1] + some.day]
        kept = np.flatnonzero(own >= 0)
        flat = some.signature[kept] * design.groups + own[kept]
        found = np.bincount(flat, minlength=some.signatures * design.groups)
        found = found.reshape(some.signatures, design.groups)
        places = (found > 0).sum(axis=1) >= settings.least_customers
        enough[piece] = places & (found.sum(axis=1) >= settings.least_hits)
    return np.flatnonzero(enough)


def tell_late(
    compared: Compared, signature: int, units: Units, hits: Hits, settings: UpgradeSettings
) -> Told:
    """Return what the days from ``settings.late`` after each change on tell of one signature."""
    if compared.clumping is None:
        return nothing()
    own = np.array([signature])
    design = design_of(
        units, compared.runs, compared.switches.only(~compared.removed),
        np.zeros(int((~compared.removed).sum()), dtype=bool),
        phase=(settings.late, settings.late + settings.after),
    )  # fmt: skip
    return tell(hits.of(own), design, compared.clumping.of(own), settings, fine=True)


def nothing() -> Told:
    """Return what a comparison without anything to compare tells."""
    none = np.zeros(0)
    return Told(
        signature=np.zeros(0, dtype=np.int64), p=none, log_ratio=none, low=none, high=none,
        information=none,
    )  # fmt: skip
