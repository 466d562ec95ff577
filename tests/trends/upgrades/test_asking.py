from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from caseline.errors import InputError, NotFoundError
from caseline.store.scoped import ScopedStore
from caseline.trends.face import Trends
from caseline.trends.upgrades.answering import judge_versions

MARCH = datetime(2026, 3, 2, tzinfo=UTC)
UPGRADED = range(1, 10)


def at(**step):
    return MARCH + timedelta(**step)


@pytest.fixture
def twelve(fleet, fleets):
    """Twelve customers, 29 days of logs; nine upgraded on days 10 to 14 and fail since."""
    fleet.customers(12)
    fleet.talk(range(1, 13), range(30))
    rows = []
    for i in UPGRADED:
        began = 10 + i % 5
        rows += [
            {"customer_id": f"c{i}", "environment_id": f"e{i}", "version": "8.2",
             "occurred_at": at(days=d, hours=15)}
            for d in range(began + 1, 30) if (d + i) % 3
        ]  # fmt: skip
        rows += [
            {"customer_id": f"c{i}", "environment_id": f"e{i}", "signature_id": "s-save",
             "occurred_at": at(days=began, hours=13, minutes=m)} for m in range(5)
        ]  # fmt: skip
    fleet.add(rows)
    places = [f"e{i}" for i in range(1, 13)]
    days = [10.5 + i % 5 if i in UPGRADED else None for i in range(1, 13)]
    fleet.store.save("spans", fleets.spans_of(
        fleets.upgraded(places, days, component="platform", values=("8.1", "8.2"))
    ))  # fmt: skip
    return fleet


def asked(fleet, *signature, **options):
    return Trends(fleet.store, fleet.clock).versions(*signature, **options)


def test_an_error_that_stays_and_noise_that_passes_are_told_apart(twelve):
    found = asked(twelve)
    told = {row.signature_id: row for row in found if row.component == "platform"}
    assert told["s-lock"].verdict == "persistent"
    assert told["s-lock"].first_bad == "8.2"
    assert told["s-save"].verdict == "transient"
    assert told["s-lock"].customers == len(UPGRADED)
    assert told["s-info"].verdict in ("none", "undetermined")
    assert "each customer before and after its own change" in found.notes[0]


def test_lines_and_their_cuts_may_be_given(twelve):
    plain, cut = (
        next(row for row in asked(twelve, **told) if row.signature_id == "s-lock")
        for told in ({}, {"branches": {"platform": {"8.1": None, "8.2": "8.1"}}})
    )
    assert (cut.first_bad, cut.reasons) == (plain.first_bad, plain.reasons)
    other = {"platform": {"8.1": None, "8.2": None}}  # 8.2 did not come of 8.1
    row = next(r for r in asked(twelve, branches=other) if r.signature_id == "s-lock")
    assert row.first_bad is None
    assert any("bad from 8.2 or earlier on (line 8.2)" in reason for reason in row.reasons)
    assert (row.verdict, row.ratio) == (plain.verdict, plain.ratio)
    with pytest.raises(InputError, match="cut from itself"):
        asked(twelve, branches={"platform": {"8.1": "8.2.0", "8.2": "8.1.0"}})


def test_one_signature_has_a_row_for_each_value_that_came(twelve):
    (row,) = asked(twelve, "s-disk")
    assert (row.value, row.verdict, row.events) == ("8.2", "undetermined", 0)
    assert asked(twelve, "s-lock")[0].verdict == "persistent"


def test_days_that_are_not_complete_are_left_out(twelve):
    poor = pl.DataFrame({"day": [at(days=d).date() for d in range(12, 30)], "reported": 0.4})
    found = judge_versions(
        twelve.store, "s-lock", window=None, reported=poor, now=twelve.clock.now(), as_of=None
    )
    assert found[0].verdict == "undetermined"
    assert any("left out" in note for note in found.notes)


def test_what_was_received_later_is_hidden(twelve):
    found = asked(twelve, as_of=at(days=5))
    assert len(found) == 0


def test_a_viewer_sees_only_her_customers(twelve):
    eyes = ScopedStore(twelve.store, frozenset({"c1", "c2", "c12"}))
    found = Trends(eyes, twelve.clock).versions("s-lock")
    assert found[0].customers == 2
    assert found[0].verdict == "undetermined"


def test_a_change_that_no_span_tells_of_counts(twelve):
    rows = [
        {"change_id": f"ch-{i}", "kind": "infrastructure", "component": "network",
         "value": "new-switch", "scope": f"c{i}", "starts_at": at(days=10 + i % 5, hours=12)}
        for i in UPGRADED
    ]  # fmt: skip
    twelve.store.save("changes", pl.DataFrame(rows))
    found = asked(twelve, "s-lock").to_frame()
    network = found.filter(found["component"] == "network").row(0, named=True)
    assert network["kind"] == "change: infrastructure"
    assert any("cannot separate" in reason for reason in network["reasons"])


def test_events_that_name_nobody_count_for_a_shared_place_as_a_whole(twelve):
    twelve.place("shared", "c1", "c2")
    twelve.add([
        {"customer_id": None, "environment_id": "shared", "occurred_at": at(days=d, hours=3)}
        for d in range(20)
    ])  # fmt: skip
    assert asked(twelve, "s-lock")[0].verdict == "persistent"


def test_without_any_logs_there_is_nothing_to_compare(fleet):
    found = asked(fleet, "s-lock")
    assert len(found) == 0
    assert any("nothing changed" in note for note in found.notes)


def test_bad_questions_are_refused(twelve):
    with pytest.raises(NotFoundError):
        asked(twelve, "s-lokc")
    with pytest.raises(InputError):
        asked(twelve, window=(datetime(2026, 3, 1), at(days=3)))  # noqa: DTZ001 - naive on purpose
