"""S9: one trace through database, API and page."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest

from caseline.testing.fleet import simulate

SMALL = {"customers": 14, "days": 8, "events_per_day": 300}


@pytest.fixture(scope="module")
def fleet():
    return simulate("S9", seed=4, **SMALL)


@pytest.fixture(scope="module")
def traces(fleet):
    """Return time, service and text of the planted lines, by trace."""
    chain = fleet.truth.issues.filter(family="checkout_chain").row(0, named=True)
    found = defaultdict(list)
    for _, _, chunks in fleet.streams():
        for line in b"".join(chunks).decode().splitlines():
            if any(marker in line for marker in chain["markers"]) and line.startswith("{"):
                read = json.loads(line)
                if "traceId" in read:
                    told = (read["timestamp"], read["resource"]["service.name"], read["body"])
                    found[read["traceId"]].append(told)
    return {name: sorted(lines) for name, lines in found.items() if len(lines) > 1}


def test_each_hit_is_one_trace_through_three_services(fleet, traces):
    issue = fleet.truth.issues.filter(family="checkout_chain").row(0, named=True)
    assert sum(map(len, traces.values())) == issue["events"] == issue["events_visible"] > 30
    assert {len(lines) for lines in traces.values()} == {3}


def test_the_cause_is_logged_first(traces):
    services = {tuple(service for _, service, _ in lines) for lines in traces.values()}
    assert services == {("storage", "api", "gateway")}


def test_tickets_speak_of_the_page_only(fleet):
    issue = fleet.truth.issues.filter(family="checkout_chain")["issue_id"][0]
    known = fleet.truth.tickets.filter(issue_id=issue)["ticket_id"].to_list()
    texts = fleet.tickets.filter(fleet.tickets["ticket_id"].is_in(known))["description"]
    assert len(texts) > 1
    assert not any("session pool" in text or "answered 500" in text for text in texts)


def test_the_same_seed_gives_the_same_traces(traces):
    again = simulate("S9", seed=4, **SMALL)
    text = b"".join(b"".join(chunks) for _, _, chunks in again.streams()).decode()
    assert all(name in text for name in traces)
