"""Right answers of the scenarios that impact is judged by: S3, S16, S23."""

from __future__ import annotations

import pytest
from fleet_filling import filled
from impact_ledger import SCENARIOS, Tally, judge_fleet, merged, rows_of

from caseline.testing.fleet import simulate


def answered(name, folder, *, seed=1000):
    fleet = simulate(name, seed=seed, customers=60, days=20, events_per_day=1500)
    ws = filled(fleet, folder)
    return fleet, ws


def by_customer(impact):
    return {row.customer_id: row for row in impact.customers}


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    fleet, ws = answered("S23", tmp_path_factory.mktemp("s23"))
    yield fleet.truth.facts, ws
    ws.close()


def test_whoever_was_in_the_cell_while_it_failed_is_hit(moved):
    facts, ws = moved
    told = by_customer(ws.impact.of(facts["moved_tenants"]["issue_id"]))
    fact = facts["moved_tenants"]
    assert {told[c].status for c in fact["affected"]} == {"hit"}
    assert told[fact["left"]].status == "hit"
    assert told[fact["left"]].shared_events < told[fact["affected"][0]].shared_events
    assert "hit" not in {told[c].status for c in fact["clear"]}
    assert told[fact["came"]].events == told[fact["came"]].shared_events == 0


def test_an_error_of_a_new_hybrid_is_its_own(moved):
    facts, ws = moved
    impact = ws.impact.of(facts["new_hybrid"]["issue_id"])
    hit = [row for row in impact.customers if row.status == "hit"]
    assert [row.customer_id for row in hit] == [facts["new_hybrid"]["customer_id"]]
    assert impact.unattributed == 0


def test_staging_is_apart_and_warns(moved):
    facts, ws = moved
    fact = facts["staging_ahead"]
    impact = ws.impact.of(fact["issue_id"])
    told = by_customer(impact)
    assert {c for c, row in told.items() if row.status == "hit"} == set(fact["affected"])
    assert {told[c].status for c in fact["warned"]} == {"clear"}
    assert all(told[c].reasons[-1].startswith("struck in staging") for c in fact["warned"])
    assert {row.customer_id for row in impact.other_stages} == {*fact["warned"], *fact["affected"]}


def test_silence_is_unknown_and_the_bias_of_sick_bundles_is_named(tmp_path):
    fleet, ws = answered("S16", tmp_path)
    with ws:
        fact = fleet.truth.facts["silent_customers"]
        impact = ws.impact.of(fact["issue_id"])
        told = by_customer(impact)
        assert {told[c].status for c in fact["silent"]} == {"unknown"}
        assert impact.scope.low <= len(fact["affected"]) <= impact.scope.high
        assert any("no random sample" in note for note in impact.notes)


def test_tenants_of_the_failed_cell_are_hit_and_others_are_not(tmp_path):
    fleet, ws = answered("S3", tmp_path)
    with ws:
        fact = fleet.truth.facts["cell_failure"]
        impact = ws.impact.of("issue-01")
        told = by_customer(impact)
        assert {told[c].status for c in fact["affected"]} == {"hit"}
        assert "hit" not in {told[c].status for c in fact["clear"]}
        assert impact.unattributed == pytest.approx(0, abs=1e-6)


def test_the_bench_counts_what_it_says():
    tally = Tally()
    judge_fleet(SCENARIOS[0], 3, tally)
    assert tally.asked >= 1
    assert tally.clear_wrong <= 0.01 * max(1, tally.clear_told)
    assert merged([tally, tally]).asked == 2 * tally.asked
    names = [row.name for row in rows_of("x", tally)]
    assert len(names) == len(set(names)) == 7
