from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from caseline.trends.upgrades.settings import upgrade_settings
from caseline.trends.upgrades.states import ABSENT, MIXED, UNKNOWN, parts_of
from caseline.trends.upgrades.switches import (
    BEFORE,
    FIRST,
    LATER,
    runs_of,
    switches_of,
    switches_to,
)

START = datetime(2026, 3, 2, tzinfo=UTC)


def at(day):
    return None if day is None else START + timedelta(days=day)


def grid(fleets, *rows, days=6, places=("e",)):
    spans = fleets.spans_of([(*row[:4], at(row[4]), at(row[5])) for row in rows])
    return parts_of(spans, places, date(2026, 3, 2), days, concurrent=0.3)


def test_a_version_nobody_knows_is_not_absent_but_a_plug_in_is(fleets):
    rows = [("e", "app", "8.0", "version", 2, None), ("e", "sso", "1", "plugin", 2, 4)]
    version, plugin = sorted(grid(fleets, *rows), key=lambda part: part.component)
    assert version.codes.tolist() == [[UNKNOWN] * 2 + [0] * 4]
    assert plugin.codes.tolist() == [[ABSENT] * 2 + [0] * 2 + [ABSENT] * 2]


def test_days_with_parts_of_several_values_are_mixed(fleets):
    (part,) = grid(
        fleets, ("e", "app", "8.0", "version", None, 2.5), ("e", "app", "8.1", "version", 2.2, None)
    )
    assert part.codes.tolist() == [[0, 0, MIXED, 1, 1, 1]]


def test_values_that_run_side_by_side_are_parts_of_their_own(fleets):
    found = grid(
        fleets, ("e", "add-on", "a", "plugin", None, None), ("e", "add-on", "b", "plugin", 3, None)
    )
    assert [part.values for part in found] == [("a",), ("b",)]
    assert found[1].codes.tolist() == [[ABSENT] * 3 + [0] * 3]


def test_values_that_name_nothing_are_unknown(fleets):
    (part,) = grid(fleets, ("e", "app", "unknown", "version", None, None))
    assert (part.codes == UNKNOWN).all()
    assert part.values == ()


@pytest.mark.parametrize("at_midnight", [True, False])
def test_the_days_around_a_change_have_their_phases(fleets, at_midnight):
    when = 3 if at_midnight else 3.4
    (part,) = grid(
        fleets, ("e", "app", "8.0", "version", None, when),
        ("e", "app", "8.1", "version", when, None), days=8,
    )  # fmt: skip
    settings = upgrade_settings()
    runs = runs_of(part, settle=settings.first)
    found = switches_of(runs, 8, settings)
    assert found.day.tolist() == [3]
    assert found.phases.tolist() == [[BEFORE, BEFORE, -1, FIRST, FIRST, LATER, LATER, LATER]]


def test_a_place_that_went_back_and_forth_counts_its_first_change(fleets):
    rows = [
        ("e", "app", "8.0", "version", None, 5), ("e", "app", "8.1", "version", 5, 10),
        ("e", "app", "8.0", "version", 10, 15), ("e", "app", "8.1", "version", 15, None),
    ]  # fmt: skip
    (part,) = grid(fleets, *rows, days=20)
    settings = upgrade_settings()
    every = switches_of(runs_of(part, settle=2), 20, settings)
    to, removed = switches_to(every, part.values.index("8.1"), backwards=False)
    assert to.day.tolist() == [5]
    assert not removed.any()
    assert np.array_equal(every.day, [5, 10, 15])
