"""What a place's logs can show: levels, samples, services."""

from __future__ import annotations

import polars as pl
import pytest

from caseline.impact.ledger.circumstances import share_told
from caseline.impact.ledger.places import version_order
from caseline.records.windows import Window


def by_customer(impact):
    return {row.customer_id: row for row in impact.customers}


def everywhere(fleet, customers, *, severity, days=range(10)):
    """Let each customer's place write 12 lines a day of one severity."""
    names = {5: "s-info", 9: "s-info", 13: "s-disk", 17: "s-save"}
    fleet.add(
        [
            {
                "customer_id": f"c{i}", "environment_id": f"e{i}", "severity": severity,
                "signature_id": names[severity], "occurred_at": fleet.at(days=d, hours=h),
            }
            for d in days for i in customers for h in range(12)
        ]
    )  # fmt: skip


def struck(fleet, *customers, severity, days=range(10), each=3):
    moments = [fleet.at(days=d, hours=13, minutes=m) for d in days for m in range(each)]
    for name in customers:
        fleet.add(fleet.errors(name, *moments, severity=severity))


@pytest.fixture
def twelve(fleet):
    """c1 and c2 are hit; c12 logs nothing below WARN."""
    fleet.customers(12)
    everywhere(fleet, range(1, 12), severity=9)
    everywhere(fleet, range(1, 13), severity=13)
    return fleet


def test_a_place_that_logs_nothing_below_warn_cannot_show_an_info_line(twelve):
    struck(twelve, "c1", "c2", severity=9)
    rows = by_customer(twelve.impact.of("s-lock"))
    assert rows["c12"].status == "unknown"
    assert rows["c12"].detection_power == pytest.approx(0, abs=0.01)
    assert rows["c12"].reasons[-1] == "its logs hold nothing below WARN (120 lines)"
    assert rows["c3"].status == "clear"


def test_it_can_show_an_error(twelve):
    struck(twelve, "c1", "c2", severity=17)
    assert by_customer(twelve.impact.of("s-lock"))["c12"].status == "clear"


def test_an_issue_of_several_levels_shows_as_far_as_it_is_severe(twelve):
    struck(twelve, "c1", severity=9)
    struck(twelve, "c2", severity=17)
    row = by_customer(twelve.impact.of("s-lock"))["c12"]
    assert row.detection_power == pytest.approx(0.5, abs=0.02)


def test_a_few_lines_prove_no_filter(fleet):
    fleet.customers(12)
    everywhere(fleet, range(1, 12), severity=9)
    fleet.add(fleet.errors("c12", *(fleet.at(days=d) for d in range(2)), signature_id="s-disk",
                           severity=13))  # fmt: skip
    struck(fleet, "c1", severity=9)
    row = by_customer(fleet.impact.of("s-lock"))["c12"]
    assert row.reasons[-1] == "its logs hold nothing below WARN (2 lines)"
    everywhere(fleet, range(12, 13), severity=9, days=range(1))
    assert len(by_customer(fleet.impact.of("s-lock"))["c12"].reasons) == 1


def configured(fleet, environment, component, value, **interval):
    row = {"environment_id": environment, "component": component, "value": value,
           "kind": "configuration", "valid_from": None, "valid_to": None, **interval}  # fmt: skip
    types = {"valid_from": pl.Datetime("us", "UTC"), "valid_to": pl.Datetime("us", "UTC")}
    fleet.store.save("spans", pl.DataFrame([row], schema_overrides=types))


def test_a_configured_level_hides_what_is_below_it(twelve):
    struck(twelve, "c1", "c2", severity=9)
    configured(twelve, "e3", "log-level", "Error")
    row = by_customer(twelve.impact.of("s-lock"))["c3"]
    assert row.detection_power == pytest.approx(0, abs=0.001)
    assert row.reasons[-1] == "its configuration lets nothing below ERROR be logged"


def test_a_level_hides_only_for_as_long_as_it_was_set(twelve):
    struck(twelve, "c1", "c2", severity=9)
    configured(twelve, "e3", "log_level", "WARN", valid_from=twelve.at(days=5))
    assert by_customer(twelve.impact.of("s-lock"))["c3"].detection_power == pytest.approx(
        0.5, abs=0.05
    )


def test_a_configured_sample_is_worth_less(twelve):
    struck(twelve, "c1", "c2", severity=17, days=range(0, 10, 4), each=1)
    before = by_customer(twelve.impact.of("s-lock"))
    configured(twelve, "e3", "log sampling", "1 in 20")
    after = by_customer(twelve.impact.of("s-lock"))
    assert after["c3"].detection_power < before["c3"].detection_power / 2
    assert after["c3"].reasons[-1] == "its configuration says that 5.0 % of lines are logged"
    assert after["c4"].detection_power == before["c4"].detection_power


def test_a_value_that_says_nothing_changes_nothing(twelve):
    struck(twelve, "c1", "c2", severity=9)
    before = by_customer(twelve.impact.of("s-lock"))["c3"].detection_power
    for component, value in (("sampling", "adaptive"), ("log level", "loud"), ("auth", "0.1")):
        configured(twelve, "e3", component, value)
    assert by_customer(twelve.impact.of("s-lock"))["c3"].detection_power == before


def test_a_tenth_of_the_heartbeats_means_a_tenth_of_the_lines(fleet):
    fleet.customers(10)
    beats = [
        {"customer_id": f"c{i}", "environment_id": f"e{i}", "signature_id": "s-info",
         "severity": 9, "occurred_at": fleet.at(days=d, minutes=12 * n)}
        for d in range(8) for i in range(1, 11) for n in range(12 if i == 10 else 120)
    ]  # fmt: skip
    fleet.add(beats)
    struck(fleet, "c1", "c2", severity=17, days=(0, 3, 7), each=1)
    rows = by_customer(fleet.impact.of("s-lock"))
    assert rows["c10"].detection_power < rows["c9"].detection_power / 2
    assert rows["c10"].reasons[-1] == (
        "about 1 in 10 of its lines arrive, told by its most regular lines"
    )


def heard(fleet, places, *services):
    rows = [(f"e{i}", s) for i in places for s in services]
    fleet.store.save(
        "environment_services",
        pl.DataFrame(rows, schema=["environment_id", "service"], orient="row").with_columns(
            pl.lit(fleet.at()).cast(pl.Datetime("us", "UTC")).alias("received_at")
        ),
    )


def writes(fleet, service, *signatures):
    rows = pl.DataFrame({"signature_id": signatures}).with_columns(
        pl.lit(service).alias("service"),
        pl.lit(fleet.at()).cast(pl.Datetime("us", "UTC")).alias("received_at"),
    )
    fleet.store.save("signature_services", rows)


@pytest.fixture
def served(twelve):
    struck(twelve, "c1", "c2", severity=17)
    heard(twelve, range(1, 12), "api", "web")
    heard(twelve, [12], "web")
    writes(twelve, "api", "s-lock", "s-save", "s-info")
    return twelve


def test_a_place_whose_service_never_wrote_to_us_cannot_show_it(served):
    rows = by_customer(served.impact.of("s-lock"))
    assert rows["c12"].status == "unknown"
    assert rows["c12"].detection_power == 0
    assert rows["c12"].reasons[-1] == (
        "no line of the service api, which writes it, ever came from there"
    )
    assert rows["c3"].status == "clear"


def test_a_service_that_few_places_have_is_missing_nowhere(served):
    heard(served, range(13, 60), "web")
    assert by_customer(served.impact.of("s-lock"))["c12"].status == "clear"


def test_a_logger_that_speaks_of_this_error_only_is_missing_nowhere(served):
    served.store.remove(
        "signature_services",
        pl.DataFrame({"signature_id": ["s-save", "s-info"], "service": ["api"] * 2}),
    )
    assert by_customer(served.impact.of("s-lock"))["c12"].status == "clear"


def test_another_writer_may_show_it(served):
    writes(served, "shop.OrderService", "s-lock", "s-save", "s-info")
    assert by_customer(served.impact.of("s-lock"))["c12"].status == "clear"


def test_a_place_with_names_of_its_own_is_not_judged_by_names(served):
    served.store.remove(
        "environment_services", pl.DataFrame({"environment_id": ["e12"], "service": ["web"]})
    )
    heard(served, [12], "frontend", "web2")
    assert by_customer(served.impact.of("s-lock"))["c12"].status == "clear"


def sampled(fleet, ratio=0.05):
    row = {
        "from_id": "s-lock", "to_id": "s-lock", "position": 1, "kind": "sampled",
        "state": "proposed", "together": False, "confidence": 0.9, "ratio": ratio,
        "since_version": "8.2", "author": "rule", "decided_at": fleet.at(),
    }  # fmt: skip
    fleet.store.save("lineage", pl.DataFrame([row]))


def test_a_version_that_logs_a_sample_shows_less(twelve):
    struck(twelve, "c1", "c2", severity=17, days=range(0, 10, 4), each=1)
    for place, version in (("e3", "8.10.0"), ("e4", "8.1.9")):
        row = {"environment_id": place, "component": "app", "value": version, "kind": "version"}
        twelve.store.save("spans", pl.DataFrame([row]))
    sampled(twelve)
    rows = by_customer(twelve.impact.of("s-lock"))
    assert rows["c3"].detection_power < rows["c4"].detection_power / 2
    assert rows["c3"].reasons[-1] == "from 8.2 on, about 5% of its lines are logged"


def test_a_window_is_judged_by_its_months(twelve):
    struck(twelve, "c1", "c2", severity=9)
    window = Window(start=twelve.at(days=2), end=twelve.at(days=5))
    assert by_customer(twelve.impact.of("s-lock", window=window))["c12"].detection_power < 0.01


@pytest.mark.parametrize(
    ("value", "share"),
    [("5%", 0.05), ("1 per 8", 0.125), ("1:4", 0.25), ("1", 1.0), ("7 in 3", None), ("", None)],
)
def test_shares_are_read_as_people_write_them(value, share):
    assert share_told(value) == share


def test_versions_have_the_order_of_their_numbers():
    assert version_order("v7.10") > version_order("7.9.3") > version_order("7")
