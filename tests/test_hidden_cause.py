"""S9 through the whole line: what tickets speak of, and what caused it."""

from __future__ import annotations

import pytest

import caseline
from caseline.testing.fleet import simulate

TABLES = ("customers", "environments", "tenancies", "spans", "changes")


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Return the causes of the chain's tickets, and the ids of its signatures in order."""
    home = tmp_path_factory.mktemp("chain")
    fleet = simulate("S9", seed=3, customers=9, days=8, events_per_day=600, bundle_days=8)
    written = fleet.write(home / "fleet")
    clock = caseline.ManualClock(fleet.settings.end)
    with caseline.open(home / "support", clock=clock) as ws:
        ws.fleet.load(**{name: getattr(fleet, name) for name in TABLES})
        ws.tickets.load(fleet.tickets, messages=fleet.messages)
        for folder in sorted((written / "push").iterdir()):
            ws.ingest(folder, environment=folder.name)
        for bundle in sorted(written.glob("bundles/*/*")):
            ws.ingest(bundle)
        issue = fleet.truth.issues.filter(family="checkout_chain").row(0, named=True)
        chain = [ws.events(text=m.strip(), limit=1)[0].signature_id for m in issue["markers"]]
        tickets = fleet.truth.tickets.filter(issue_id=issue["issue_id"])["ticket_id"]
        yield [ws.impact.causes(ticket, limit=50) for ticket in tickets], chain


def test_the_database_is_the_cause_of_most_tickets(asked):
    answers, (database, _, page) = asked
    assert len(answers) > 2
    first = [causes[0].signature_id for causes in answers]
    assert first.count(database) > 0.7 * len(first)
    assert first.count(page) < 0.2 * len(first)


def test_the_order_is_told_and_its_direction_is_right(asked):
    answers, (database, api, page) = asked
    for causes in answers:
        told = {row.signature_id: " | ".join(row.reasons) for row in causes}
        assert "comes before s-" in told[database]
        assert "comes after s-" not in told[database]
        assert f"comes after {database}" in told[api]
        assert "comes after s-" in told[page]
        assert "comes before s-" not in told[page]
