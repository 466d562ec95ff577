"""Scenarios about what carries an issue: what is planted is what is told."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from caseline.testing.fleet import simulate
from caseline.testing.fleet.scenario import Scenario
from caseline.testing.fleet.scenarios.s02_two_rollouts import roll_out_two


def running(fleet, component, value):
    spans = fleet.spans.filter(pl.col("component") == component, pl.col("value") == value)
    return set(spans["environment_id"])


class TestTwoRollouts:
    @pytest.fixture(scope="class")
    @classmethod
    def fleet(cls):
        return simulate("S2", seed=4, customers=120, days=24, events_per_day=100)

    def test_most_places_get_both_and_some_only_one(self, fleet):
        facts = fleet.truth.facts["two_rollouts"]
        guilty, innocent = running(fleet, "platform", "8.1.0"), running(fleet, "agent", "3.0")
        assert guilty & innocent == set(facts["both"])
        assert guilty - innocent == set(facts["guilty_only"])
        assert innocent - guilty == set(facts["innocent_only"])
        assert len(facts["both"]) / len(guilty) == pytest.approx(0.8, abs=0.05)

    def test_only_the_guilty_version_is_followed_by_the_error(self, fleet):
        facts = fleet.truth.facts["two_rollouts"]
        hit = fleet.truth.impact.filter(pl.col("issue_id") == "issue-01")
        places = set(hit["environment_ids"].explode())
        assert places <= set(facts["both"]) | set(facts["guilty_only"])
        assert places & set(facts["guilty_only"])

    def test_with_everything_in_common_nobody_has_only_one(self):
        def both(plan, rng):
            roll_out_two(plan, rng, common=1.0)

        whole = Scenario(name="both", title="all in common", injections=(both,))
        fleet = simulate(whole, seed=1, customers=60, days=20, events_per_day=100)
        facts = fleet.truth.facts["two_rollouts"]
        assert facts["guilty_only"] == facts["innocent_only"] == []
        assert running(fleet, "platform", "8.1.0") == running(fleet, "agent", "3.0")


class TestExpiringCertificates:
    @pytest.fixture(scope="class")
    @classmethod
    def fleet(cls):
        return simulate("S4", seed=2, customers=120, days=24, events_per_day=100)

    def test_each_site_has_a_date_of_its_own_and_errors_after_it_only(self, fleet):
        dates = fleet.changes.filter(pl.col("kind") == "certificate")
        at = dict(dates.select("scope", "starts_at").iter_rows())
        assert len(set(at.values())) == len(at)
        hit = fleet.truth.impact.filter(pl.col("issue_id") == "issue-01")
        for row in hit.iter_rows(named=True):
            (place,) = row["environment_ids"]
            assert row["first_hit"] > at[place]

    def test_the_next_sites_are_still_to_come_in_order(self, fleet):
        coming = [row["at"] for row in fleet.truth.facts["certificates"]["next"]]
        assert coming == sorted(coming)
        assert datetime.fromtimestamp(coming[0], UTC) >= fleet.settings.end

    def test_versions_have_no_part_in_it(self, fleet):
        hit = fleet.truth.impact.filter(pl.col("issue_id") == "issue-01")
        places = set(hit["environment_ids"].explode())
        shares = []
        for value in fleet.spans.filter(pl.col("component") == "platform")["value"].unique():
            having = running(fleet, "platform", value)
            shares.append(len(having & places) / max(1, len(having)))
        assert np.max(shares) < 0.6


class TestInteraction:
    @pytest.fixture(scope="class")
    @classmethod
    def fleet(cls):
        return simulate("S7", seed=2, customers=120, days=24, events_per_day=100)

    def test_six_customers_have_both_and_only_they_are_hit(self, fleet):
        facts = fleet.truth.facts["interaction"]
        assert len(facts["hit"]) == 6
        assert set(fleet.truth.affected("issue-01")) <= set(facts["hit"])
        both = running(fleet, "tax-bridge", "2.2") & running(fleet, "platform", "8.1.0")
        assert len(both) == 6

    def test_others_have_one_of_the_two(self, fleet):
        facts = fleet.truth.facts["interaction"]
        assert len(facts["plugin_only"]) == 8
        assert len(facts["version_only"]) > 10

    def test_who_is_at_risk_has_the_plug_in_and_the_upgrade_planned(self, fleet):
        facts = fleet.truth.facts["interaction"]
        last = fleet.changes.sort("starts_at").row(-1, named=True)
        assert last["starts_at"] > fleet.settings.end
        planned = set(last["scope"].split(","))
        assert planned <= running(fleet, "tax-bridge", "2.2")
        assert planned.isdisjoint(running(fleet, "platform", "8.1.0"))
        assert len(facts["at_risk"]) == len(planned) == 4
