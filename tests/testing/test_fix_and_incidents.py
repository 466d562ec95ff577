"""The truth of S8 and S17 is what their plans do."""

from __future__ import annotations

import polars as pl
import pytest

from caseline.testing.fleet import simulate


class TestTwoIncidents:
    @pytest.fixture(scope="class")
    @classmethod
    def fleet(cls):
        return simulate("S8", seed=3, customers=80, days=10, events_per_day=100)

    def test_they_begin_within_four_hours_and_share_some_customers(self, fleet):
        fact = fleet.truth.facts["two_incidents"]
        first, second = (set(names) for names in fact["customers"])
        assert 0 < fact["hours_apart"] <= 4
        assert first & second
        assert first - second
        assert second - first

    def test_the_truth_names_the_same_customers(self, fleet):
        for i, names in enumerate(fleet.truth.facts["two_incidents"]["customers"]):
            assert set(fleet.truth.affected(f"issue-0{i + 1}")) <= set(names)

    def test_some_tickets_of_the_day_are_vague_or_of_something_else(self, fleet):
        tickets = fleet.truth.tickets
        assert tickets.filter(pl.col("issue_id").is_in(["issue-01", "issue-02"])).height > 10
        assert tickets["vague"].any()
        assert tickets["issue_id"].null_count() > 0


class TestBackportedFix:
    @pytest.fixture(scope="class")
    @classmethod
    def fleet(cls):
        return simulate("S17", seed=3, customers=120, days=24, events_per_day=100)

    def running(self, fleet):
        spans = fleet.spans.filter(pl.col("component") == "platform")
        end = fleet.settings.end
        now = spans.filter(
            (pl.col("valid_from") <= end)
            & (pl.col("valid_to").is_null() | (pl.col("valid_to") > end))
        )
        return dict(now.group_by("environment_id").agg(pl.col("value")).iter_rows())

    def test_states_are_those_of_what_runs(self, fleet):
        bad = {"7.4.0", "7.4.1", "8.0.0"}
        running, planned = self.running(fleet), set()
        for scope in fleet.changes["scope"]:
            planned |= set(scope.split(","))
        states = fleet.truth.facts["fix"]["states"]
        assert set(states.values()) == {"vulnerable", "protected", "upgrading", "unknown"}
        for place, state in states.items():
            values = set(running[place])
            if values == {"unknown"}:
                assert state == "unknown"
            elif not values & bad:
                assert state == "protected"
            elif values - bad or place in planned:
                assert state == "upgrading"
            else:
                assert state == "vulnerable"

    def test_the_first_error_is_on_affected_versions_only(self, fleet):
        plan = fleet._plan
        fixed = {"7.3.2", "8.0.1", "8.1.0"}
        for segment in plan.issues[0].segments:
            environment = plan.environments[segment.environment]
            last = environment.version_at(segment.end - 1)
            rolls = [s.valid_to for s in plan.spans if s.environment == segment.environment
                     and (s.component, s.kind) == ("platform", "version")]  # fmt: skip
            assert last not in fixed or any(end and end >= segment.end for end in rolls)

    def test_the_second_one_goes_on_for_some_after_the_fix(self, fleet):
        plan = fleet._plan
        later = [s for s in plan.issues[1].segments if s.start > plan.start]
        assert later
        assert {plan.environments[s.environment].version_at(s.start) for s in later} == {"8.1.0"}

    def test_one_that_stayed_shows_it_at_the_very_end(self, fleet):
        [late] = fleet.truth.facts["fix"]["late"]
        assert fleet.truth.facts["fix"]["states"][late] == "vulnerable"

    def test_vulnerable_customers_are_those_of_vulnerable_places(self, fleet):
        fact = fleet.truth.facts["fix"]
        places = {place for place, state in fact["states"].items() if state == "vulnerable"}
        held = fleet.tenancies.filter(pl.col("environment_id").is_in(sorted(places)))
        assert fact["vulnerable"] == sorted(held["customer_id"].unique())
