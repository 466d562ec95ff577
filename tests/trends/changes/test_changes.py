"""Which signatures changed, asked of a workspace."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from caseline.clock import ManualClock
from caseline.errors import InputError
from caseline.trends.changes import finding
from caseline.trends.changes.quiet import raised_limits
from caseline.trends.changes.reading import read_watched
from caseline.trends.changes.watching import Watch
from caseline.trends.face import Trends
from caseline.trends.settings import read_weights

CUSTOMERS, DAYS = 24, 60


@pytest.fixture
def many(fleet):
    """24 customers whose logs are there for 60 days; the clock stands at the end."""
    fleet.customers(CUSTOMERS)
    fleet.talk(range(1, CUSTOMERS + 1), range(DAYS))
    fleet.clock = ManualClock(fleet.at(days=DAYS))
    return fleet


def hits(fleet, customers, days, *, hour=3, signature="s-lock", **other):
    fleet.add(
        [
            {"customer_id": f"c{i}", "environment_id": f"e{i}", "signature_id": signature}
            | {"occurred_at": fleet.at(days=day, hours=hour)}
            | other
            for i in customers
            for day in days
        ],
        received_at=fleet.at(days=DAYS),
    )


def changes(fleet, **options):
    table = Trends(fleet.store, fleet.clock).changes(**{"window": timedelta(days=60)} | options)
    return table, {row.signature_id: row for row in table if row.signature_id != "s-info"}


def test_nothing_changes_where_nothing_does(many):
    table, found = changes(many)
    assert found == {}
    assert any(note.startswith("budget: 0.1 false changes") for note in table.notes)


def test_an_error_that_nobody_had_emerges_with_its_customers(many):
    hits(many, range(1, 9), range(45, 60))
    row = changes(many)[1]["s-lock"]
    assert (row.kind, row.customers, row.new_customers, row.until) == ("emerging", 8, 8, None)
    assert row.since_low <= many.at(days=45) <= row.since_high
    assert row.ratio > 10
    assert row.events == 8 * 15
    assert row.template.startswith("Transaction")
    assert "not seen before" in row.evidence
    assert any(line.startswith("120 customer-days with it on 15 days") for line in row.evidence)


def test_one_customer_alone_is_no_change_however_loud(many):
    hits(many, [1], range(40, 60), repeats=5000)
    table, found = changes(many)
    assert found == {}
    assert "rises left out because one customer alone carries them: 1" in table.notes


def test_an_error_that_stops_is_resolving_or_gone(many):
    hits(many, range(1, 9), range(40))
    row = changes(many)[1]["s-lock"]
    assert (row.kind, row.customers, row.customers_before) == ("gone", 0, 8)
    assert row.ratio == 0


def test_customers_who_fall_silent_do_not_resolve_an_error(fleet):
    fleet.customers(CUSTOMERS)
    fleet.talk(range(1, CUSTOMERS + 1), range(40))
    fleet.talk(range(7, CUSTOMERS + 1), range(40, DAYS))
    fleet.clock = ManualClock(fleet.at(days=DAYS))
    hits(fleet, range(1, 7), range(40))
    table, found = changes(fleet)
    assert found == {}
    assert "falls left out because the customers who had them are silent: 1" in table.notes


def test_a_version_that_logs_a_sample_does_not_resolve_an_error(many):
    hits(many, range(1, 9), range(40))
    hits(many, [1], range(40, 60, 6))
    row = {
        "from_id": "s-lock", "to_id": "s-lock", "position": 0, "kind": "sampled",
        "state": "proposed", "together": True, "author": "rule",
        "decided_at": many.at(days=50),
    }  # fmt: skip
    many.store.save("lineage", pl.DataFrame([row]))
    table, found = changes(many)
    assert found == {}
    assert any("logs only a sample" in note for note in table.notes)


def test_only_what_falls_into_the_window_is_told(many):
    hits(many, range(1, 9), range(30, 32))
    assert [c.kind for c in changes(many)[1].values()] == ["pulse"]
    assert changes(many, window=timedelta(days=10))[1] == {}


def test_staging_does_not_count(many):
    hits(many, range(1, 9), range(45, 60), stage="staging")
    assert changes(many)[1] == {}


def test_what_was_received_later_is_hidden(many):
    hits(many, range(1, 9), range(45, 60))
    as_of = many.at(days=44)
    table, found = changes(many, as_of=as_of, window=timedelta(days=30))
    assert found == {}
    assert table.as_of == as_of


def test_a_short_history_says_that_it_cannot_tell(fleet):
    fleet.customers(3)
    fleet.talk(range(1, 4), range(4))
    fleet.clock = ManualClock(fleet.at(days=4))
    table, found = changes(fleet)
    assert found == {}
    assert table.columns[:3] == ["signature_id", "kind", "since"]
    assert table.notes == ("4 days of logs: nothing to compare with before day 8",)


def test_a_viewer_is_told_of_her_customers_only(many):
    hits(many, range(1, 9), range(45, 60))
    scoped = many.store.scoped(frozenset({"c1", "c2", "c3"}))
    table = Trends(scoped, many.clock).changes(window=timedelta(days=60))
    assert {row.customers for row in table if row.signature_id == "s-lock"} <= {3}


def test_a_naive_window_is_refused(many):
    start = many.at(days=1).replace(tzinfo=None)
    with pytest.raises(InputError):
        changes(many, window=(start, start + timedelta(days=1)))


def test_limits_rise_where_quiet_weeks_would_break_the_budget(many):
    """Counts that scatter in bursts of days, which the shipped limits do not allow for."""
    watched = read_watched(many.store, now=many.clock.now(), as_of=None, days=400)
    settings = read_weights("changes")
    rng = np.random.default_rng(3)
    days, size = 140, 60
    bursts = rng.gamma(0.3, 1 / 0.3, (size, days // 3 + 1)).repeat(3, axis=1)[:, :days]
    wild = _with(watched, rng.poisson(3 * bursts).astype(float), days)
    raised, told = raised_limits(wild, _watch(wild, settings), settings)
    assert "limits raised by" in told
    assert raised["limits"]["up"][0] > settings["limits"]["up"][0]
    even = _with(watched, rng.poisson(3.0, (size, days)).astype(float), days)
    assert raised_limits(even, _watch(even, settings), settings)[0] is settings


def test_raised_limits_are_those_that_the_answer_keeps_to(many, monkeypatch):
    hits(many, range(1, 4), range(45, 60), signature="s-few")
    assert "s-few" in changes(many)[1]
    settings = read_weights("changes")
    high = {name: [1e6] * 5 for name in ("up", "down")} | {"volume": [-2, -1, 0, 1, 2]}
    raised = ({**settings, "limits": high}, "limits raised by 1e6: as a test wants it")
    monkeypatch.setattr(finding, "raised_limits", lambda *_: raised)
    table, found = changes(many)
    assert "s-few" not in found
    assert raised[1] in table.notes


def _watch(watched, settings):
    return Watch.over(watched.daily.counts.T, watched.exposure, 0, settings)


def _with(watched, counts, days):
    return replace(
        watched,
        daily=replace(watched.daily, counts=counts),
        exposure=np.full(days, 300.0),
    )
