from __future__ import annotations

import pytest

FIX = {"component": "server", "fixed_in": ["8.1.0", "8.0.1"], "affected_from": "8.0.0", "by": "ana"}


@pytest.fixture
def upgraded(fleet, spans, struck):
    """Six customers show the error on 8.0.0 each day until most of them upgrade on day 10."""
    fleet.customers(6)
    fleet.talk(range(1, 7), range(28))
    for i in range(1, 7):
        struck(f"c{i}", "8.0.0", *range(10))
    until = {f"e{i}": [("8.0.0", 0, 10), ("8.1.0", 10, None)] for i in range(1, 6)}
    spans(**until, e6=[("8.0.0", 0, None)])
    fleet.impact.record_fix("s-lock", **FIX)
    return fleet


def found_in(fleet):
    return fleet.impact.fix_state("s-lock").contradictions


def test_late_events_of_affected_versions_are_no_regression(upgraded, struck):
    struck("c6", "8.0.0", 12, 20, 27)
    answer = upgraded.impact.fix_state("s-lock")
    assert len(answer.contradictions) == 0
    assert answer.notes[-1] == (
        "all events are of affected versions, the last one of 2026-03-29: no regression"
    )


def test_a_fix_that_does_not_help_some_is_partial(upgraded, struck):
    struck("c1", "8.1.0", *range(11, 28))
    struck("c2", "8.1.0", 11, 15)
    [row] = found_in(upgraded)
    assert (row.version, row.kind, row.events) == ("8.1.0", "partial fix", 19)
    assert (row.customers, row.environments) == (["c1", "c2"], ["e1", "e2"])
    assert 0 < row.rate_low < row.rate < row.rate_high < row.rate_affected
    assert row.rate_affected == pytest.approx(60 / 71, abs=0.15)
    assert row.probability > 0.99
    assert row.first_seen == upgraded.at(days=11, hours=9)


def test_what_comes_back_after_it_was_quiet_is_a_regression(upgraded, struck):
    struck("c1", "8.1.0", 26, 27)
    [row] = found_in(upgraded)
    assert row.kind == "regression"
    assert "was quiet first" in row.reasons[0]


def test_an_environment_says_what_was_seen_there(upgraded, struck):
    struck("c1", "8.1.0", 26, 27)
    answer = upgraded.impact.fix_state("s-lock")
    rows = {row.environment_id: row for row in answer}
    assert (rows["e1"].state, rows["e2"].state) == ("protected", "protected")
    assert rows["e1"].reasons[-1] == "regression: the error was seen here on 8.1.0"
    assert (rows["e1"].probability, rows["e2"].probability) == (pytest.approx(0.96), 0.0)
    assert rows["e6"].reasons == ["8.0.0 is affected: the fix came with 8.1.0 and 8.0.1"]
    assert any(note.startswith("8.1.0 was quiet first") for note in answer.notes)


def test_a_line_at_the_edge_of_an_upgrade_says_nothing(upgraded):
    upgraded.add(upgraded.errors("c1", upgraded.at(days=10, minutes=30), version="8.1.0"))
    assert len(found_in(upgraded)) == 0


def test_the_error_on_a_version_from_before_it_is_told(upgraded, spans, struck):
    spans(e6=[("7.4.0", -9, 0)])
    struck("c6", "7.4.0", -5, -4)
    [row] = found_in(upgraded)
    assert (row.version, row.kind) == ("7.4.0", "affected earlier")


def test_events_after_the_moment_asked_for_do_not_count(upgraded, struck):
    struck("c1", "8.1.0", 40)
    assert len(found_in(upgraded)) == 0
