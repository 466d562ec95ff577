"""Each scenario has its trap."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest

from caseline.errors import InputError, NotFoundError
from caseline.testing.fleet import simulate
from caseline.testing.fleet.scenarios import SCENARIOS


def joined(fleet):
    return b"".join(c for _, _, chunks in fleet.streams() for c in chunks)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_says_its_trap_and_answer(name):
    scenario = SCENARIOS[name]
    assert scenario.name == name
    assert scenario.title
    assert scenario.trap
    assert scenario.answer


def test_an_unknown_scenario_is_named():
    with pytest.raises(NotFoundError, match="no scenario 'incidnt'; did you mean 'incident'"):
        simulate("incidnt")


class TestBadRelease:
    @pytest.fixture(scope="class")
    @classmethod
    def fleet(cls):
        return simulate("S1", seed=1, customers=300, days=30, events_per_day=100)

    def test_time_and_region_grow_with_the_wave(self, fleet):
        regions = dict(fleet.environments.select("environment_id", "region").iter_rows())
        order = ["eu-central", "eu-north", "us-east", "us-west", "ap-south"]
        means = []
        for wave in fleet.truth.facts["bad_release"]["waves"]:
            ranks = [order.index(regions[e]) for e in wave["environments"]]
            means.append(sum(ranks) / len(ranks))
        assert all(a < b for a, b in pairwise(means))
        starts = fleet.changes.filter(pl.col("value") == "8.1.0")["starts_at"].to_list()
        assert starts == sorted(starts)
        assert len(starts) == 4
        assert (starts[-1] - starts[0]).days == 21

    def test_the_rate_grows_by_the_true_ratio_where_the_release_runs(self, fleet):
        fact = fleet.truth.facts["bad_release"]
        plan, counted = fleet._plan, fleet._counted
        segments = plan.issues[0].segments
        after = {i for i, s in enumerate(segments) if s.start > plan.start and s.end == plan.end}
        main = counted.filter(pl.col("issue") == 0)
        late = main.filter(pl.col("segment").is_in(after))["events"].sum()
        early = main.filter(~pl.col("segment").is_in(after))["events"].sum()
        base = {s.environment: s.per_day for s in segments if s.start == plan.start}
        weight_late = sum(
            base[segments[i].environment] * (segments[i].end - segments[i].start) for i in after
        )
        weight_early = sum(
            s.per_day * (s.end - s.start) for i, s in enumerate(segments) if i not in after
        )
        ratio = (late / weight_late) / (early / weight_early)
        assert ratio == pytest.approx(fact["rate_ratio"], rel=0.25)

    def test_the_next_wave_is_planned_and_has_not_begun(self, fleet):
        last = fleet.changes.sort("starts_at").row(-1, named=True)
        assert last["starts_at"] > fleet.settings.end
        coming = fleet.truth.facts["bad_release"]["next_wave"]["environments"]
        assert last["scope"].split(",") == coming
        running = fleet.spans.filter(pl.col("value") == "8.1.0")["environment_id"].to_list()
        assert set(coming).isdisjoint(running)

    def test_a_history_too_short_is_refused(self):
        with pytest.raises(InputError, match="days is 10; S1 needs at least 22"):
            simulate("S1", customers=20, days=10)


class TestCellFailure:
    @pytest.fixture(scope="class")
    @classmethod
    def fleet(cls):
        return simulate("S3", seed=2, customers=80, days=4, events_per_day=3000)

    def test_lines_of_the_failure_carry_no_tenant(self, fleet):
        keys = fleet.tenancies["tenant_key"].drop_nulls().to_list()
        lines = [
            line
            for line in joined(fleet).split(b"\n")
            if b"quorum lost" in line or b"no majority" in line
        ]
        assert len(lines) == fleet.truth.issues["events_visible"][0] > 100
        assert not any(
            k.encode() in line or k.upper().encode() in line for line in lines for k in keys
        )

    def test_hosts_in_the_lines_name_the_cell(self, fleet):
        fact = fleet.truth.facts["cell_failure"]
        names = {name for _, name, chunks in fleet.streams() if b"quorum lost" in b"".join(chunks)}
        assert names
        assert all(fact["placement"] in name for name in names)

    def test_affected_are_the_tenants_of_the_cell_and_nobody_else(self, fleet):
        fact = fleet.truth.facts["cell_failure"]
        assert fleet.truth.affected("issue-01") == fact["affected"]
        assert len(fact["affected"]) >= 2
        assert fact["clear"]
        assert set(fact["clear"]).isdisjoint(fact["affected"])
        assert not fleet.truth.impact.filter(pl.col("issue_id") == "issue-01")["certain"].any()

    def test_the_failure_lasts_three_quarters_of_an_hour(self, fleet):
        hit = fleet.truth.impact.filter(pl.col("issue_id") == "issue-01")
        span = (hit["last_hit"] - hit["first_hit"]).max().total_seconds()
        assert 40 * 60 < span <= 45 * 60


class TestUpgradeNoise:
    @pytest.fixture(scope="class")
    @classmethod
    def truth(cls):
        return simulate("S5", seed=2, customers=80, days=20, events_per_day=100).truth

    def test_noise_ends_after_half_an_hour_and_the_error_stays(self, truth):
        kinds = dict(truth.issues.select("family", "kind").iter_rows())
        assert kinds["upgrade_noise"] == "noise"
        assert kinds["calendar_parse"] == "error"
        lengths = truth.impact.with_columns(span=pl.col("last_hit") - pl.col("first_hit"))
        by_issue = dict(lengths.group_by("issue_id").agg(pl.col("span").median()).iter_rows())
        assert by_issue["issue-02"].total_seconds() < 1800
        assert by_issue["issue-01"].total_seconds() > 2 * 86400

    def test_noise_is_louder_than_the_error(self, truth):
        events = dict(truth.issues.select("family", "events").iter_rows())
        assert events["upgrade_noise"] > 2 * events["calendar_parse"]


def test_one_plugin_writes_nine_lines_in_ten():
    fleet = simulate("S6", seed=1, customers=40, days=7, events_per_day=5000)
    data = joined(fleet)
    share = data.count(b"custom-pricing: rule") / data.count(b"\n")
    assert 0.8 < share < 0.96
    flood = fleet.truth.issues.filter(pl.col("family") == "plugin_flood").row(0, named=True)
    assert flood["customers"] == 1
    assert flood["owner"] == "customer"
    loudest = fleet.truth.issues.sort("events", descending=True)["family"][0]
    widest = fleet.truth.issues.sort("customers", descending=True)["family"][0]
    assert loudest == "plugin_flood" != widest


class TestBusyCalendar:
    @pytest.fixture(scope="class")
    @classmethod
    def fleet(cls):
        return simulate("S10", seed=1, customers=280, days=30, events_per_day=1000)

    def test_customers_grow_by_two_fifths(self, fleet):
        first = fleet.tenancies.group_by("customer_id").agg(pl.col("valid_from").min())
        early = (first["valid_from"] < fleet.settings.start).sum()
        assert 280 / early == pytest.approx(1.4, abs=0.02)

    def test_weekends_and_the_holiday_are_quiet_and_the_month_end_is_loud(self, fleet):
        lines = fleet._traffic.volume.season.mean(axis=0)
        days = [fleet.settings.start.date().toordinal() + d for d in range(30)]
        holiday = [str(d) for d in map(type(fleet.settings.start.date()).fromordinal, days)].index(
            fleet.truth.facts["holiday"]
        )
        assert lines[holiday] < 0.5
        assert lines[6] < 0.5
        assert lines[1] == 1
        assert lines[28] == pytest.approx(1.8)  # 30 March

    def test_the_rate_of_a_customer_that_is_there_stays_flat(self, fleet):
        daily = fleet.truth.daily.group_by("day").agg(pl.col("events").sum()).sort("day")
        season = fleet._traffic.volume.season.mean(axis=0)
        first, last = daily["events"][1:5].sum(), daily["events"][22:26].sum()
        present = fleet.tenancies.filter(pl.col("valid_from") < fleet.settings.start).height
        growth = (last / season[22:26].sum()) / (first / season[1:5].sum())
        assert 1 < growth < 1.7
        assert present < fleet.tenancies.height


class TestNullFleet:
    @pytest.fixture(scope="class")
    @classmethod
    def fleet(cls):
        return simulate("S11", seed=1, customers=500, days=3, events_per_day=100)

    def test_nothing_is_planted(self, fleet):
        assert fleet.truth.issues.is_empty()
        assert fleet.truth.impact.is_empty()
        assert set(fleet.truth.tickets["kind"]) == {"question"}

    def test_there_are_hundreds_of_templates_many_versions_and_twelve_plugins(self, fleet):
        assert fleet.truth.templates.height >= 500
        spans = fleet.spans
        assert spans.filter(pl.col("kind") == "version")["value"].n_unique() >= 38
        assert spans.filter(pl.col("kind") == "plugin")["component"].n_unique() == 12


class TestIncident:
    @pytest.fixture(scope="class")
    @classmethod
    def fleet(cls):
        return simulate("incident", seed=1, customers=200, days=30, events_per_day=100)

    def test_the_error_appears_on_the_last_days_after_the_release(self, fleet):
        issue = fleet.truth.issues.row(0, named=True)
        assert (fleet.settings.end - issue["onset"]).days <= 4
        upgraded = fleet.spans.filter(pl.col("value") == "8.1.0")
        started = (
            upgraded.join(fleet.tenancies, on="environment_id")
            .group_by("customer_id")
            .agg(since=pl.col("valid_from").min())
        )
        hit = fleet.truth.impact.filter(pl.col("issue_id") == "issue-01").join(
            started, on="customer_id", how="left"
        )
        assert (hit["first_hit"] > hit["since"]).all()

    def test_not_every_upgraded_customer_is_hit(self, fleet):
        upgraded = fleet.spans.filter(pl.col("value") == "8.1.0")["environment_id"].to_list()
        there = fleet.tenancies.filter(pl.col("environment_id").is_in(upgraded))
        hit = fleet.truth.affected("issue-01")
        assert 0.4 < len(hit) / there["customer_id"].n_unique() < 0.95

    def test_tickets_tell_of_it(self, fleet):
        kinds = fleet.truth.tickets
        assert (kinds["issue_id"] == "issue-01").sum() >= 10


class TestSilentCustomers:
    @pytest.fixture(scope="class")
    @classmethod
    def fleet(cls):
        return simulate("S16", seed=2, customers=80, days=20, events_per_day=200)

    def test_bundles_come_from_sick_places_only(self, fleet):
        bundles = fleet.environments.filter(pl.col("telemetry") == "bundle")["environment_id"]
        arrives = fleet.truth.delivery.filter(
            pl.col("delivered"), pl.col("environment_id").is_in(bundles.implode())
        )
        fact = fleet.truth.facts["silent_customers"]
        places = fleet.tenancies.filter(pl.col("environment_id").is_in(bundles.implode()))
        senders = places.filter(
            pl.col("environment_id").is_in(arrives["environment_id"].implode())
        )["customer_id"]
        assert sorted(senders.unique()) == fact["sick_only"]
        assert set(fact["sick_only"]) <= set(fact["affected"])

    def test_silent_customers_are_hit_as_well(self, fleet):
        fact = fleet.truth.facts["silent_customers"]
        assert set(fact["affected"]) & set(fact["silent"])
        assert set(fact["silent"]) - set(fact["affected"])


class TestMovingTenants:
    @pytest.fixture(scope="class")
    @classmethod
    def fleet(cls):
        return simulate("S23", seed=2, customers=80, days=20, events_per_day=200)

    def test_tenants_move_between_cells(self, fleet):
        fact = fleet.truth.facts["moved_tenants"]
        for mover in (fact["left"], fact["came"]):
            held = fleet.tenancies.filter(
                pl.col("customer_id") == mover, pl.col("environment_id") == fact["environment_id"]
            ).sort("valid_from")
            assert held["placement"].n_unique() == 2
            assert held["valid_to"][0] == held["valid_from"][1]
        assert fact["left"] in fleet.truth.affected("issue-01")
        assert fact["came"] not in fleet.truth.affected("issue-01")

    def test_staging_runs_the_release_first(self, fleet):
        fact = fleet.truth.facts["staging_ahead"]
        assert fact["affected"]
        assert fact["warned"]
        runs = fleet.spans.filter(pl.col("value") == fact["version"])["environment_id"].to_list()
        assert {f"{c}-staging" for c in (*fact["affected"], *fact["warned"])} <= set(runs)
        assert not {f"{c}-prod" for c in fact["warned"]} & set(runs)

    def test_too_small_a_fleet_is_refused(self):
        with pytest.raises(InputError, match="customers is 5; S23 needs"):
            simulate("S23", customers=5, days=10, share_multi_tenant=1.0, hybrid_share=1.0)
