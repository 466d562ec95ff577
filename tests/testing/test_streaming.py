"""Lines are made when asked for, a day and a group of environments at a time."""

from __future__ import annotations

import itertools

from caseline.testing.fleet import simulate


def test_no_line_is_made_before_it_is_asked_for(monkeypatch):
    fleet = simulate("S11", seed=1, customers=20, days=300, events_per_day=100)
    made = []
    original = fleet._traffic.day
    monkeypatch.setattr(
        fleet._traffic, "day", lambda day, group: made.append((day, group)) or original(day, group)
    )
    streams = fleet.streams()
    assert made == []
    next(streams)
    assert made == [(0, 0)]


def test_streams_go_day_by_day():
    fleet = simulate("S11", seed=1, customers=20, days=4, events_per_day=300)
    days = [name.rsplit(".", 1)[0][-10:] for _, name, _ in fleet.streams()]
    assert days == sorted(days)
    assert len(set(days)) == 4


def test_a_large_fleet_is_made_in_groups():
    fleet = simulate("S11", seed=1, customers=60, days=1, events_per_day=900_000)
    groups = fleet._traffic.groups
    assert len(groups) > 2
    assert sorted(itertools.chain.from_iterable(g.tolist() for g in groups)) == list(
        range(fleet.environments.height)
    )


def test_a_very_loud_environment_comes_in_parts_of_bounded_size():
    fleet = simulate("S6", seed=1, customers=20, days=1, events_per_day=700_000)
    loud = fleet.truth.facts["loud_plugin"]["environment_id"]
    pieces = [
        (name, sum(map(len, chunks))) for place, name, chunks in fleet.streams() if place == loud
    ]
    assert any(name.endswith(".1.log") for name, _ in pieces)
    assert max(size for _, size in pieces) < 120_000_000


def test_chunks_hold_at_most_a_megabyte():
    fleet = simulate("S6", seed=1, customers=20, days=1, events_per_day=60_000)
    sizes = [len(chunk) for _, _, chunks in fleet.streams() for chunk in chunks]
    assert max(sizes) == 1 << 20


def test_hits_of_past_days_are_forgotten():
    fleet = simulate("incident", seed=1, customers=20, days=40, events_per_day=10)
    assert fleet.truth.issues.height
    assert fleet._traffic.hits.of_day.cache_info().currsize <= 4
