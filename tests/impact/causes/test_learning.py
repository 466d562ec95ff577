from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from caseline.errors import ReadOnlyError
from caseline.impact.causes.choice import read_weights_in_use, shipped_weights
from caseline.impact.face import Impacts

MARCH = datetime(2026, 3, 2, tzinfo=UTC)


def at(**step):
    return MARCH + timedelta(**step)


@pytest.fixture
def school(desk):
    """Twelve tickets of c1 and c2: a full disk 30 hours before them, never what is loud."""
    fleet, rows = desk.fleet, []
    for n in range(12):
        customer = f"c{n % 2 + 1}"
        opened = at(days=3 + n, hours=15)
        fleet.add(
            fleet.errors(customer, *(opened - timedelta(hours=30 - i / 9) for i in range(4)),
                         signature_id="s-disk", severity=13)
            + fleet.errors(customer, *(opened - timedelta(minutes=5 + i) for i in range(20)),
                           signature_id="s-lock")
        )  # fmt: skip
        rows.append((f"L-{n:02}", customer, opened, "the carousel stands still"))
    desk.write(*rows)
    return desk


def teach(desk, count=12):
    for n in range(count):
        desk.confirm(f"L-{n:02}", "s-disk")


def test_few_links_teach_nothing(school):
    teach(school, 3)
    found = school.impact.fit()
    assert (found.adopted, found.version, found.confirmed) == (False, None, 3)
    assert found.reason.startswith("it takes 8 confirmed links")
    assert read_weights_in_use(school.store, as_of=None) == shipped_weights()


def test_links_teach_what_counts_here(school):
    ticket = ("T-9", "c1", at(days=18, hours=15), "carousel stands")
    fleet = school.fleet
    fleet.add(
        fleet.errors("c1", *(at(days=17, hours=9, minutes=i) for i in range(4)),
                     signature_id="s-disk", severity=13)
        + fleet.errors("c1", *(at(days=18, hours=14, minutes=i) for i in range(20)),
                       signature_id="s-lock")
    )  # fmt: skip
    school.write(ticket)
    before = school.impact.causes("T-9")
    assert before[0].signature_id == "s-lock"
    teach(school)
    found = school.impact.fit()
    assert found.adopted, found.reason
    assert (found.tickets, found.confirmed, found.rejected) == (12, 12, 0)
    assert found.judged == 4
    assert found.loss_after < found.loss_before
    after = school.impact.causes("T-9")
    assert after[0].signature_id == "s-disk"
    assert any(found.version in note for note in after.notes)
    assert any("troubles begin" in note for note in after.notes)
    # What was learned now was not known then.
    school.clock.advance(timedelta(days=1))
    past = school.impact.causes("T-9", as_of=found.as_of - timedelta(hours=1))
    assert not any(found.version in note for note in past.notes)


def test_what_is_worse_on_the_later_tickets_is_not_used(school):
    for n in range(12):
        school.confirm(f"L-{n:02}", "s-disk" if n < 8 else "s-lock")
    found = school.impact.fit()
    assert not found.adopted
    assert found.loss_after > found.loss_before
    assert found.version is not None
    assert read_weights_in_use(school.store, as_of=None) == shipped_weights()


def test_rejected_links_and_other_causes_are_learned_from(school):
    teach(school, 8)
    for n in (8, 9):
        school.reject(f"L-{n:02}", "s-lock")
    school.confirm("L-10", "c1")
    school.confirm("T-3", "s-disk")  # without logs: it teaches nothing
    found = school.impact.fit()
    assert (found.confirmed, found.rejected, found.tickets) == (10, 2, 11)


def test_a_later_fit_replaces_the_earlier_one(school):
    teach(school)
    first = school.impact.fit()
    school.clock.advance(timedelta(hours=1))
    second = school.impact.fit()
    assert first.version != second.version
    used = read_weights_in_use(school.store, as_of=None)
    if second.adopted:
        assert used.version == second.version
    assert read_weights_in_use(school.store, as_of=first.as_of).version == first.version


def test_the_fit_tells_itself_in_one_line_and_as_json(school):
    teach(school, 3)
    found = school.impact.fit()
    assert repr(found).startswith("CausesFit(not adopted: it takes 8 confirmed links")
    assert json.loads(json.dumps(found.to_dict()))["weights"]["surprise"] > 0


def test_a_viewer_does_not_fit(school):
    teach(school)
    viewer = Impacts(school.store.scoped(frozenset(["c1", "c2"])), school.clock)
    with pytest.raises(ReadOnlyError):
        viewer.fit()
