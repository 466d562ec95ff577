from __future__ import annotations

import pytest

import caseline

PLACES = [
    {"environment_id": "acme-prod", "kind": "single_tenant", "stage": "production"},
    {"environment_id": "acme-staging", "kind": "single_tenant", "stage": "staging"},
    {"environment_id": "globex-prod", "kind": "single_tenant", "stage": "production"},
    {"environment_id": "production-eu", "kind": "single_tenant", "stage": "production"},
    {"environment_id": "shared-1", "kind": "multi_tenant", "stage": "production"},
    {"environment_id": "shared-2", "kind": "multi_tenant", "stage": "production"},
]
HELD = [
    {"customer_id": "c1", "environment_id": "acme-prod"},
    {"customer_id": "c1", "environment_id": "acme-staging"},
    {"customer_id": "c2", "environment_id": "globex-prod"},
    {"customer_id": "c3", "environment_id": "production-eu"},
    {"customer_id": "c4", "environment_id": "shared-1", "tenant_key": "initech"},
    {"customer_id": "c1", "environment_id": "shared-1", "tenant_key": "acme-corp"},
    {"customer_id": "c5", "environment_id": "shared-2", "tenant_key": "umbrella"},
    {"customer_id": "c6", "environment_id": "shared-2", "tenant_key": "n12"},
]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
STAMP = "2026-03-0{day}T10:00:0{n}Z"


@pytest.fixture
def ws(tmp_path):
    with caseline.open(tmp_path / "support") as ws:
        ws.fleet.load(
            customers=[{"customer_id": f"c{n}", "name": f"C{n}"} for n in range(1, 7)],
            environments=PLACES,
            tenancies=HELD,
        )
        yield ws


def lines(*said, day=1):
    return [
        {"time": STAMP.format(day=day, n=n), "level": "ERROR", "message": f"disk {n} full", **one}
        for n, one in enumerate(said)
    ]


def taken(ws, *said, environment="acme-prod", day=1):
    report = ws.ingest(lines(*said, day=day), environment=environment)
    assert report.lines == report.events + report.duplicates + report.rejects == len(said)
    return report


def foreign(report):
    return sum(r.lines for r in report.reject_details if r.reason == "foreign_line")


def test_lines_of_a_host_named_after_anothers_environment_are_kept_out(ws):
    report = taken(ws, {"host": "acme-prod-web1"}, {"host": "globex-prod-web1"}, {})
    assert (report.events, foreign(report)) == (2, 1)
    assert {row.host for row in ws.events()} == {"acme-prod-web1", None}
    assert "globex" not in str(report.reject_details.to_dicts())


def test_lines_of_a_tenant_that_only_anothers_environment_knows_are_kept_out(ws):
    report = taken(ws, {"tenant": "umbrella"}, {"tenant": "acme-corp"}, {"tenant": "nobody"})
    assert (report.events, foreign(report)) == (2, 1)


def test_lines_of_a_shared_place_are_kept_out_of_another_shared_place(ws):
    said = ({"tenant": "umbrella"}, {"tenant": "initech"})
    assert foreign(taken(ws, *said, environment="shared-1")) == 1


def test_the_same_customers_other_places_are_not_foreign(ws):
    assert foreign(taken(ws, {"host": "acme-staging-web1"})) == 0


def test_a_mention_in_the_message_is_no_evidence(ws):
    said = (
        {"message": "migrated data of tenant=umbrella from globex-prod-web1 to cold storage"},
        {"message": "peer globex-prod-web1 did not answer in 30 ms"},
    )
    assert foreign(taken(ws, *said)) == 0


def test_names_that_anybody_uses_are_no_evidence(ws):
    said = ({"host": "production-eu"}, {"host": "web.production-eu"}, {"tenant": "n12"})
    assert foreign(taken(ws, *said)) == 0


def test_a_host_of_a_domain_that_only_another_has_is_kept_out(ws):
    for day in (1, 2):
        taken(ws, {"host": "web1.globex.com"}, environment="globex-prod", day=day)
        taken(ws, {"host": "web1.acme.com"}, day=day)
    report = taken(ws, {"host": "db7.globex.com"}, {"host": "db7.acme.com"}, {"host": "db7"}, day=3)
    assert (report.events, foreign(report)) == (2, 1)


def test_before_an_environments_own_hosts_are_known_no_domain_is_foreign(ws):
    for day in (1, 2):
        taken(ws, {"host": "web1.globex.com"}, environment="globex-prod", day=day)
    assert foreign(taken(ws, {"host": "web1.globex.com"}, day=3)) == 0


def test_a_collection_of_foreign_lines_only_leaves_nothing(ws):
    report = taken(ws, {"host": "globex-prod-web1"}, {"host": "globex-prod-web2"})
    assert (report.events, foreign(report)) == (0, 2)
    assert len(ws.events()) == 0
    again = taken(ws, {"host": "globex-prod-web1"}, {"host": "globex-prod-web2"})
    assert (again.events, foreign(again)) == (0, 2)


def test_a_stream_without_an_environment_has_no_foreigners(ws):
    report = ws.ingest(lines({"tenant": "umbrella"}), environment="shared-2")
    assert report.events == 1


def test_a_tenant_that_left_the_other_place_is_no_longer_foreign(ws):
    gone = {"customer_id": "c5", "environment_id": "shared-2", "tenant_key": "umbrella"}
    ws.fleet.load(tenancies=[{**gone, "valid_to": "2026-03-01T12:00:00Z"}])
    assert foreign(taken(ws, {"tenant": "umbrella"}, day=1)) == 1
    assert foreign(taken(ws, {"tenant": "umbrella"}, day=2)) == 0


def test_stored_lines_of_a_trace_tell_the_tenant_of_later_ones(ws):
    taken(ws, {"tenant": "initech", "trace_id": TRACE}, environment="shared-1")
    later = {"trace_id": TRACE, "message": "could not save the order"}
    report = taken(ws, later, environment="shared-1")
    assert report.unattributed == 0
    assert {row.customer_id for row in ws.events()} == {"c4"}
