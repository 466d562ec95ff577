"""The parts of severity, each against a count by hand."""

from __future__ import annotations

import polars as pl
import pytest


def by_customer(impact):
    return {row.customer_id: row for row in impact.customers}


@pytest.fixture
def four(fleet):
    """Four customers over ten days; c1 has an error each hour of days 4 and 5."""
    fleet.customers(4)
    fleet.talk(range(1, 5), range(10))
    fleet.add(fleet.errors("c1", *(fleet.at(days=d, hours=h) for d in (4, 5) for h in range(24))))
    return fleet


def test_affected_time_is_a_share_of_covered_customer_time(four):
    severity = four.impact.of("s-lock").severity
    # 24 events over a day, spread by chance, fall into 24 * (1 - (23/24)^24) hours
    hours = 24 * (1 - (23 / 24) ** 24)
    assert severity.affected_hours == pytest.approx(2 * hours, abs=0.1)
    assert severity.affected_time[1] == pytest.approx(hours / (4 * 24), abs=0.001)
    assert severity.affected_time[7] == pytest.approx(2 * hours / (7 * 4 * 24), abs=0.001)
    assert severity.affected_time[28] == pytest.approx(2 * hours / (10 * 4 * 24), abs=0.001)
    assert by_customer(four.impact.of("s-lock"))["c1"].affected_hours == pytest.approx(
        2 * hours, abs=0.1
    )


def test_the_worst_stretch_is_never_longer_than_a_shorter_ones(four):
    shares = list(four.impact.of("s-lock").severity.affected_time.values())
    assert shares == sorted(shares, reverse=True)


def test_the_error_share_is_of_all_lines_of_those_hit(four):
    severity = four.impact.of("s-lock").severity
    # 48 of its 68 lines of the month; even over ten days, 2 of them are asked about
    assert severity.error_share == pytest.approx(1.0)
    four.talk(range(1, 2), range(10), signature="s-disk")
    four.add(four.errors("c1", *(four.at(days=d, hours=h) for d in range(10) for h in range(20)),
                         signature_id="s-save"))  # fmt: skip
    share = four.impact.of("s-lock").severity.error_share
    assert share == pytest.approx(48 / (288 / 10 * 2), abs=0.001)


def test_tier_and_value_are_of_those_hit(four):
    assert four.impact.of("s-lock").severity.tier is None
    assert four.impact.of("s-lock").severity.value_share is None
    rows = [
        {"customer_id": f"c{i}", "tier": tier, "annual_value": value}
        for i, tier, value in ((1, "Enterprise", 60.0), (2, "basic", 30.0), (3, None, 10.0))
    ]
    four.store.save("customers", pl.DataFrame(rows))
    severity = four.impact.of("s-lock").severity
    assert severity.tier == pytest.approx(1.0, abs=0.01)
    assert severity.value_share == pytest.approx(0.6, abs=0.01)


def test_tickets_count_while_it_strikes_against_the_usual_ones(four):
    opened = {"t1": ("c1", 4.5), "t2": ("c1", 6.0), "t3": ("c1", 29.0), "t4": ("c2", 4.6)}
    rows = [
        {"ticket_id": t, "customer_id": c, "opened_at": four.at(days=d)}
        for t, (c, d) in opened.items()
    ]
    four.store.save("tickets", pl.DataFrame(rows))
    impact = four.impact.of("s-lock")
    assert impact.severity.tickets == 2
    assert by_customer(impact)["c1"].tickets == 2
    assert by_customer(impact)["c2"].tickets == 0
    assert 0 < impact.severity.usual_tickets < 0.5


def test_more_trouble_is_graver(four):
    before = four.impact.of("s-lock").severity.value
    four.add(four.errors("c2", *(four.at(days=4, hours=h) for h in range(24))))
    assert four.impact.of("s-lock").severity.value > before


def test_without_events_nothing_is_grave(four):
    severity = four.impact.of("s-lock", window=(four.at(days=0), four.at(days=3))).severity
    assert severity.affected_hours == 0
    assert severity.error_share is None
    assert set(severity.affected_time.values()) == {0.0}
    assert severity.to_dict()["affected_time"] == {"1": 0.0, "7": 0.0, "28": 0.0}


def test_shared_lines_count_by_probability(fleet):
    fleet.place("m", "c1", "c2")
    fleet.store.save("customers", pl.DataFrame({"customer_id": ["c1", "c2"]}))
    fleet.share("g", {"c1": 0.5, "c2": 0.5})
    fleet.add(fleet.errors("c1", fleet.at(hours=5), environment_id="m", customer_id=None,
                           share_group="g"))  # fmt: skip
    impact = fleet.impact.of("s-lock")
    chance = by_customer(impact)["c1"].probability
    assert impact.severity.affected_hours == pytest.approx(2 * chance, abs=0.1)
