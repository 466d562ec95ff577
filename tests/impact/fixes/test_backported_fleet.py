"""S17 through the whole way of a log line: recorded, and read off the logs."""

from __future__ import annotations

import pytest

import caseline
from caseline.testing.fleet import simulate


@pytest.fixture(scope="module")
def fleet():
    return simulate(
        "S17", seed=10, customers=24, days=20, events_per_day=60, everyday_issues=0,
        bursts_per_customer_month=0.0, missing_share=0.0, none_share=0.0, clock_skew_share=0.0,
        share_multi_tenant=0.0, staging_share=0.0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def ws(fleet, tmp_path_factory):
    clock = caseline.ManualClock(fleet.settings.end)
    folder = tmp_path_factory.mktemp("s17")
    places = set()
    for place, name, chunks in fleet.streams():
        file = folder / place / f"{name.rsplit('-2026', 1)[0]}.log"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as out:
            out.writelines(chunks)
        places.add(place)
    with caseline.open(folder / "ws", clock=clock) as opened:
        opened.fleet.load(
            customers=fleet.customers, environments=fleet.environments,
            tenancies=fleet.tenancies, spans=fleet.spans, changes=fleet.changes,
        )  # fmt: skip
        for place in sorted(places):
            opened.ingest(folder / place, environment=place)
        yield opened


@pytest.fixture(scope="module")
def signatures(fleet, ws):
    """The signature of each of the two errors: the one with its marker and most events."""
    found = []
    for markers in fleet.truth.issues["markers"].to_list()[:2]:
        words = [word for marker in markers for word in marker.split() if word.isalpha()]
        rows = [row for row in ws.signatures.top(by="events", limit=200)
                if sum(word in row.template.split() for word in words) >= 2]  # fmt: skip
        found.append(rows[0].signature_id)
    return found


@pytest.fixture(scope="module")
def answers(fleet, ws, signatures):
    fact = fleet.truth.facts["fix"]
    read = [ws.impact.fix_state(name) for name in signatures]
    for name in signatures:
        ws.impact.record_fix(
            name, component="platform", fixed_in=fact["fixed_in"],
            affected_from=fact["affected_from"], by="ana",
        )  # fmt: skip
    return read, [ws.impact.fix_state(name) for name in signatures]


def test_who_is_still_vulnerable_is_exact(fleet, answers):
    fact = fleet.truth.facts["fix"]
    for answer in answers[1]:
        assert {row.environment_id: row.state for row in answer} == fact["states"]
        assert answer.customers_in("vulnerable") == fact["vulnerable"]


def test_the_late_event_is_no_regression(answers):
    whole = answers[1][0]
    assert len(whole.contradictions) == 0
    assert whole.notes[-1].endswith("no regression")


def test_the_partial_fix_is_found(answers):
    found = [(row.version, row.kind) for row in answers[1][1].contradictions]
    assert found == [("8.1.0", "partial fix")]


def test_logs_alone_tell_the_backport_from_what_came_before(answers):
    whole = answers[0][0]
    verdicts = {row.version: row.verdict for row in whole.versions}
    assert whole.source == "inferred"
    assert verdicts["8.0.0"] == "affected"
    assert {verdicts[v] for v in ("7.4.0", "7.4.1")} <= {"affected", "unknown"}  # few run them
    assert verdicts["8.1.0"] == "fixed"
    assert verdicts["8.0.1"] in ("fixed", "unknown")  # few run it here
