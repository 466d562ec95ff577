"""The truth adds up with the bytes."""

from __future__ import annotations

import polars as pl
import pytest

from caseline.testing.fleet import simulate
from caseline.testing.fleet.scenarios import SCENARIOS


def written(fleet):
    return b"".join(c for _, _, chunks in fleet.streams() for c in chunks)


def count_planted(fleet, data):
    return {
        row["issue_id"]: sum(data.count(marker.encode()) for marker in row["markers"])
        for row in fleet.truth.issues.to_dicts()
    }


@pytest.mark.parametrize("name", sorted(set(SCENARIOS) - {"S14"}))
def test_planted_lines_in_the_bytes_equal_the_visible_events_of_the_truth(name):
    fleet = simulate(name, seed=5, customers=30, days=22, events_per_day=300)
    visible = dict(fleet.truth.issues.select("issue_id", "events_visible").iter_rows())
    assert count_planted(fleet, written(fleet)) == visible


def test_folded_lines_stand_for_themselves_and_their_repeats():
    fleet = simulate("S14", seed=2, customers=30, days=4, events_per_day=300)
    issue = fleet.truth.issues.row(0, named=True)
    data = written(fleet)
    lines = data.count(issue["markers"][0].encode())
    assert data.count(b": last message repeated 50 times") == 0
    assert data.count(b" last message repeated 50 times\n") == lines > 0
    assert issue["events_visible"] == lines * 51


def test_a_folded_line_follows_its_line_at_once():
    fleet = simulate("S14", seed=2, customers=30, days=2, events_per_day=3000)
    lines = written(fleet).split(b"\n")
    at = [i for i, line in enumerate(lines) if b"last message repeated" in line]
    assert at
    assert all(b"collector link flapped" in lines[i - 1] for i in at)


def test_impact_sums_to_the_issues_where_every_line_has_one_customer():
    truth = simulate("S1", seed=1, customers=40, days=22, events_per_day=100).truth
    sums = truth.impact.group_by("issue_id").agg(pl.col("events", "events_visible").sum())
    joined = truth.issues.join(sums, on="issue_id", suffix="_of_customers")
    assert joined.height > 0
    assert joined["events"].to_list() == joined["events_of_customers"].to_list()
    assert joined["events_visible"].to_list() == joined["events_visible_of_customers"].to_list()


def test_daily_counts_sum_to_the_issues():
    truth = simulate("S5", seed=1, customers=40, days=10, events_per_day=100).truth
    sums = dict(truth.daily.group_by("issue_id").agg(pl.col("events").sum()).iter_rows())
    assert sums == dict(
        truth.issues.filter(pl.col("events") > 0).select("issue_id", "events").iter_rows()
    )


def test_hits_lie_inside_the_history_and_after_the_customer_joined():
    fleet = simulate("S10", seed=4, customers=60, days=20, events_per_day=100)
    joined = fleet.tenancies.group_by("customer_id").agg(pl.col("valid_from").min())
    impact = fleet.truth.impact.join(joined, on="customer_id")
    assert (impact["first_hit"] >= impact["valid_from"]).all()
    assert impact["first_hit"].min() >= fleet.settings.start
    assert impact["last_hit"].max() < fleet.settings.end


def test_no_two_templates_share_a_marker_with_an_issue():
    truth = simulate("S5", seed=1, customers=20, days=3, events_per_day=10).truth
    others = truth.templates.filter(pl.col("issue_id").is_null())["text"].to_list()
    for markers in truth.issues["markers"]:
        for marker in markers:
            assert len(marker) > 12
            assert not any(marker in text for text in others)


def test_silent_environments_write_nothing():
    fleet = simulate("incident", seed=1, customers=40, days=3, events_per_day=2000)
    silent = set(
        fleet.environments.filter(pl.col("telemetry") == "none")["environment_id"].to_list()
    )
    assert silent
    assert silent.isdisjoint(place for place, _, _ in fleet.streams())


def test_volume_follows_the_knob():
    fleet = simulate("S11", seed=1, customers=50, days=5, events_per_day=4000, missing_share=0.0)
    lines = sum(1 for _ in written(fleet).split(b"\n"))
    assert 5 * 4000 * 0.85 < lines < 5 * 4000 * 1.3
