"""S5: a release that makes noise at each upgrade, and brings one error that stays."""

from __future__ import annotations

import pytest

from caseline.testing.fleet import simulate


@pytest.fixture(scope="module")
def report(tmp_path_factory, feed):
    fleet = simulate("S5", seed=5, customers=40, days=60, events_per_day=60)
    told = feed.names_of(fleet)
    noise = fleet.truth.facts["upgrade_noise"]
    ws = feed.fed(fleet, tmp_path_factory.mktemp("s5") / "ws")
    ws.tickets.load(fleet.tickets)
    yield ws.trends.report(release=noise["version"]), told, noise
    ws.close()


def test_the_release_is_blamed_for_the_error_that_stays_and_not_for_the_noise(report):
    found, told, noise = report
    brought = found.sections[0]
    said = {row[1].rsplit("(", 1)[1].rstrip(")"): row[0] for row in brought.rows}
    assert said[told[noise["persistent"]]] == "made worse, lastingly"
    assert said[told[noise["transient"]]].startswith("worse in the first days only")
    assert f"({told[noise['persistent']]})" in found.summary
    assert "1 error in the first days only" in found.summary
