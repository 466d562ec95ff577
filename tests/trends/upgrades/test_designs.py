from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseline.trends.upgrades.comparing import _testable, count_phases
from caseline.trends.upgrades.designs import Hits, design_of, design_of_runs
from caseline.trends.upgrades.fitting import tally
from caseline.trends.upgrades.newcomers import _log_rank, new_with
from caseline.trends.upgrades.settings import upgrade_settings
from caseline.trends.upgrades.switches import (
    BEFORE,
    FIRST,
    LATER,
    runs_of,
    switches_of,
    switches_to,
)

SETTINGS = upgrade_settings()
MANY = 150
"""More signatures than are held at hand at once."""


def some_hits(rng, units, signatures=MANY):
    """Return hits of *signatures*, from none to many each."""
    chance = np.where(rng.random(signatures) < 0.2, 0.0, rng.random(signatures) * 0.1)
    found = units.observed & (
        rng.random((signatures, *units.observed.shape)) < chance[:, None, None]
    )
    signature, unit, day = np.nonzero(found)
    return Hits(
        signature=signature, unit=unit, day=day, events=rng.integers(1, 9, unit.size),
        signatures=signatures,
    )  # fmt: skip


@pytest.fixture
def drawn(fleets):
    return fleets(np.random.default_rng(4), customers=40)


@pytest.fixture
def compared(drawn):
    """Return the changes to a version, their removals (none), and the design of LATER."""
    part = drawn.parts[0]
    runs = runs_of(part, settle=SETTINGS.first)
    every = switches_of(runs, part.codes.shape[1], SETTINGS)
    some, removed = switches_to(every, part.values.index("8.1"), backwards=False)
    return some, removed, design_of(drawn.units, runs, some, removed, phase=LATER)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 7), max_size=40),
    st.lists(st.integers(0, 7), unique=True, max_size=8),
)
def test_hits_are_taken_by_signature_as_one_by_one(signatures, wanted):
    ordered = np.sort(np.array(signatures, dtype=np.int64))
    at = np.arange(ordered.size)
    hits = Hits(signature=ordered, unit=at, day=at + 1, events=at + 2, signatures=8)
    some = hits.of(np.array(wanted, dtype=np.int64))
    rows = [(n, h) for n, w in enumerate(wanted) for h in at if ordered[h] == w]
    assert some.signatures == len(wanted)
    assert [*zip(some.signature, some.unit, strict=True)] == rows
    assert (some.day - some.unit == 1).all()
    assert (some.events - some.unit == 2).all()


def test_pieces_hold_every_hit_once(drawn):
    hits = some_hits(np.random.default_rng(1), drawn.units)
    told = [(piece, some) for piece, some in hits.pieces()]
    assert len(told) > 1
    again = np.concatenate([some.signature + piece.start for piece, some in told])
    assert again.tolist() == hits.signature.tolist()
    assert np.concatenate([some.day for _, some in told]).tolist() == hits.day.tolist()


@pytest.mark.parametrize("scattered", [False, True])
def test_sums_over_the_rows_of_a_group_are_those_of_a_plain_loop(drawn, compared, scattered):
    design = compared[2]
    if scattered:  # a group's rows do not stand together
        group = np.arange(design.group.size) % 7
        order = np.argsort(group, kind="stable")
        starts = np.flatnonzero(np.diff(group[order], prepend=-1))
        design = replace(design, group=group, order=order, starts=starts)
    values = np.random.default_rng(2).random((3, design.group.size))
    plain, held = np.zeros((3, design.groups)), np.zeros((design.groups, design.on.shape[1]), bool)
    for row, group in enumerate(design.group):
        plain[:, group] += values[:, row]
        held[group] |= design.on[row] > 0
    assert design.by_group(values) == pytest.approx(plain)
    assert (design.held(design.on) == held).all()


def test_groups_of_runs_that_places_share_are_found_whatever_their_order(fleets):
    drawn = fleets(np.random.default_rng(9), customers=12)
    place = np.sort(drawn.units.place // 3)
    units = replace(drawn.units, place=place)
    design = design_of_runs(units, runs_of(drawn.parts[0], settle=SETTINGS.first))
    assert design.groups < design.group.size
    values = np.random.default_rng(3).random((2, design.group.size))
    plain = [values[:, design.group == g].sum(axis=1) for g in range(design.groups)]
    assert pytest.approx(np.array(plain)) == design.by_group(values).T


def test_hits_are_counted_by_row_and_day_as_one_by_one(drawn, compared):
    hits, design = some_hits(np.random.default_rng(5), drawn.units, 9), compared[2]
    rows, on = np.zeros((2, 9, design.group.size))
    for s, unit, day in zip(hits.signature, hits.unit, hits.day, strict=True):
        row = design.row_of[unit, day]
        if row >= 0:
            rows[s, row] += 1
            on[s, row] += design.on[row, day]
    counted = tally(hits, design, np.full(9, 0.1))
    assert (counted.rows == rows).all()
    assert (counted.on == on).all()
    days = np.zeros(counted.days.shape)
    for s, unit, day in zip(hits.signature, hits.unit, hits.day, strict=True):
        row = design.row_of[unit, day]
        days[s, day] += counted.weight[s, row] if row >= 0 else 0
    assert counted.days == pytest.approx(days)


def test_what_can_be_tested_is_what_has_enough_hits_at_enough_places(drawn, compared):
    hits, design = some_hits(np.random.default_rng(6), drawn.units), compared[2]
    treated, plain = set(design.treated.tolist()), []
    for s in range(hits.signatures):
        own = hits.signature == s
        rows = [r for r in design.row_of[hits.unit[own], hits.day[own]] if r in treated]
        places = {int(design.group[r]) for r in rows}
        if len(rows) >= SETTINGS.least_hits and len(places) >= SETTINGS.least_customers:
            plain.append(s)
    assert 0 < len(plain) < hits.signatures
    assert _testable(hits, design, SETTINGS).tolist() == plain


def test_phases_are_counted_as_one_by_one(drawn, compared):
    some, removed, _ = compared
    hits = some_hits(np.random.default_rng(7), drawn.units)
    counts, events, *_ = count_phases(drawn.units, hits, some, removed)
    phase_of = {int(p): some.phases[n] for n, p in enumerate(some.place)}
    watched = {}
    for unit, place in enumerate(drawn.units.place):
        phases = phase_of.get(int(place))
        if phases is not None:
            seen = set(phases[drawn.units.observed[unit]].tolist())
            if BEFORE in seen and seen & {FIRST, LATER}:
                watched[unit] = phases
    plain = np.zeros((2, *counts.shape))
    for s, unit, day, n in zip(hits.signature, hits.unit, hits.day, hits.events, strict=True):
        if unit in watched and watched[unit][day] >= 0:
            plain[:, s, watched[unit][day]] += (1, n)
    assert (counts == plain[0]).all()
    assert (events == plain[1]).all()


def test_first_hits_of_newcomers_are_those_of_a_plain_search(drawn, compared):
    hits, design = some_hits(np.random.default_rng(8), drawn.units, 6), compared[2]
    without = design.row_of[hits.unit, hits.day]
    free = (design.on[without, hits.day] == 0) & np.isin(without, design.treated) & (without >= 0)
    hits = replace(
        hits, **{n: getattr(hits, n)[~(free & (hits.signature > 2))]
                 for n in ("signature", "unit", "day", "events")}
    )  # fmt: skip
    counted = tally(hits, design, np.zeros(6))
    told = new_with(counted, design, level=0.9)
    assert told.signature.size
    assert set(told.signature.tolist()) <= {3, 4, 5}
    days = design.seen.shape[1]
    for n, s in enumerate(told.signature):
        first = np.full(design.groups, days)
        own = hits.signature == s
        for unit, day in zip(hits.unit[own], hits.day[own], strict=True):
            if (row := design.row_of[unit, day]) >= 0:
                first[design.group[row]] = min(first[design.group[row]], day)
        _, _, variance, _ = _log_rank(first, design.held(design.seen), design.held(design.on))
        assert told.information[n] == pytest.approx(variance)
