"""Whether something is fixed, on a fleet made by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from caseline.errors import NotFoundError
from caseline.trends.adoption.comparing import compare, old_rates, verdict_of
from caseline.trends.adoption.settings import adoption_settings
from caseline.trends.face import Trends

MARCH = datetime(2026, 3, 2, tzinfo=UTC)
CUSTOMERS, DAYS, UPGRADE = 10, 28, 14


def at(**step):
    return MARCH + timedelta(**step)


def fill(fleet, rate, *, upgraded=range(1, 7), version="8.1.0", control=1.0, talk=None):
    """Let each customer fail twice a day; *upgraded* run *version* from day 14 on.

    *rate*: events a day there after it, by the number of the customer and the day.
    """
    fleet.customers(CUSTOMERS)
    fleet.talk(range(1, CUSTOMERS + 1), talk or range(DAYS))
    rng = np.random.default_rng(3)
    rows = []
    for i in range(1, CUSTOMERS + 1):
        for day in range(DAYS):
            new = i in upgraded and day >= UPGRADE
            mean = rate(i, day) if new else 2.0 * (control if day >= UPGRADE else 1.0)
            rows += [
                {"customer_id": f"c{i}", "environment_id": f"e{i}", "severity": 17,
                 "occurred_at": at(days=day, hours=2 + n % 20, minutes=n),
                 "version": version if new else "8.0.0"}
                for n in range(rng.poisson(mean))
            ]  # fmt: skip
    fleet.add(rows)
    spans = [
        row
        for i in range(1, CUSTOMERS + 1)
        for row in (
            [(f"e{i}", "8.0.0", None, at(days=UPGRADE)), (f"e{i}", version, at(days=UPGRADE), None)]
            if i in upgraded
            else [(f"e{i}", "8.0.0", None, None)]
        )
    ]
    names = ["environment_id", "value", "valid_from", "valid_to"]
    frame = pl.DataFrame(spans, schema=names, orient="row", infer_schema_length=None)
    fleet.store.save(
        "spans",
        frame.with_columns(
            pl.col("valid_from", "valid_to").cast(pl.Datetime("us", "UTC")),
            component=pl.lit("platform"),
            kind=pl.lit("version"),
        ),
    )
    return fleet


def record(fleet, *fixed_in, recorded_at=None):
    row = {
        "issue_id": "s-lock", "component": "platform", "position": 0,
        "fixed_in": json.dumps(fixed_in), "affected_from": "[]", "affected": "[]",
        "branches": "{}", "author": "ana", "recorded_at": recorded_at or at(days=10),
    }  # fmt: skip
    fleet.store.save("fixes", pl.DataFrame([row]))


def fixed(fleet, **options):
    return Trends(fleet.store, fleet.clock).fixed("s-lock", **options)


def test_a_fix_that_many_run_in_silence_is_fixed(fleet):
    fill(fleet, lambda _i, _d: 0.0)
    record(fleet, "8.1.0")
    found = fixed(fleet)
    assert (found.verdict, found.needed, found.source) == ("fixed", 0, "recorded")
    assert found.high <= 0.1
    assert found.probability > 0.95
    assert found.adoption == pytest.approx(0.6)
    rows = {row.version: row for row in found.versions}
    assert (rows["8.1.0"].has_fix, rows["8.1.0"].verdict) == (True, "fixed")
    assert (rows["8.0.0"].has_fix, rows["8.0.0"].customer_days) == (False, 196)
    assert found.to_dict()["versions"][0]["version"] == "8.0.0"
    assert "fixed" in repr(found)


def test_too_few_days_with_the_fix_need_more_of_them(fleet):
    fill(fleet, lambda _i, _d: 0.0, upgraded=range(1, 2))
    record(fleet, "8.1.0")
    found = fixed(fleet)
    assert found.verdict == "cannot tell"
    assert 0 < found.needed < 60
    assert found.reasons[0].startswith(f"{found.needed} more customer-days")
    late = fixed(fleet, as_of=at(days=29, hours=1))
    assert late.needed_until is None or late.needed_until > late.as_of.date()


def test_the_days_needed_are_enough(fleet):
    settings = adoption_settings()
    rates = old_rates(np.full(5, 40.0), np.full(5, 20.0), spread=1.5, strength=2.0)
    few = compare(0.0, np.full(5, 1.0), rates, course=(1.0, 0.0), spread=1.5, settings=settings)
    assert verdict_of(few, settings)[0] == "cannot tell"
    enough = np.full(5, 1.0 + few.needed / 5)
    more = compare(0.0, enough, rates, course=(1.0, 0.0), spread=1.5, settings=settings)
    assert verdict_of(more, settings)[0] == "fixed"
    short = np.full(5, 1.0 + (few.needed - 5) / 5)
    less = compare(0.0, short, rates, course=(1.0, 0.0), spread=1.5, settings=settings)
    assert verdict_of(less, settings)[0] == "cannot tell"


def test_a_rate_that_is_down_and_not_gone_is_partly_fixed(fleet):
    fill(fleet, lambda _i, _d: 0.7)
    record(fleet, "8.1.0")
    found = fixed(fleet)
    assert found.verdict == "partly"
    assert 0.1 < found.low < found.ratio < found.high < 1
    assert "8.1.0 should have the fix" in found.reasons[0]


def test_a_fix_without_effect_is_not_yet(fleet):
    fill(fleet, lambda _i, _d: 2.0)
    record(fleet, "8.1.0")
    assert fixed(fleet).verdict == "not yet"


def test_a_fix_that_nobody_runs_is_not_yet(fleet):
    fill(fleet, lambda _i, _d: 0.0, upgraded=range(0))
    record(fleet, "9.0.0")
    found = fixed(fleet)
    assert (found.verdict, found.ratio, found.needed) == ("not yet", None, None)


def test_a_fleet_without_logs_after_the_upgrade_is_not_fixed(fleet):
    fill(fleet, lambda _i, _d: 0.0, talk=range(UPGRADE), control=0.0)
    record(fleet, "8.1.0")
    assert fixed(fleet).verdict != "fixed"


def test_silence_everywhere_is_no_fix(fleet):
    fill(fleet, lambda _i, _d: 0.0, upgraded=range(1, 4), control=0.0)
    record(fleet, "8.1.0")
    found = fixed(fleet)
    assert found.verdict == "cannot tell"
    assert any("where the fix does not run" in note for note in found.notes)


def test_late_events_of_old_versions_never_reopen(fleet):
    fill(fleet, lambda _i, _d: 0.0)
    record(fleet, "8.1.0")
    fleet.add(
        [{"customer_id": "c1", "environment_id": "e1", "version": "8.0.0",
          "occurred_at": at(days=20, hours=h)} for h in range(9)]
    )  # fmt: skip
    found = fixed(fleet)
    assert (found.verdict, found.regressed_in) == ("fixed", ())
    assert any("9 events are left out" in note for note in found.notes)


def test_a_later_version_that_shows_it_again_has_regressed(fleet):
    fill(fleet, lambda _i, _d: 0.0)
    record(fleet, "8.1.0")
    fleet.store.save(
        "spans",
        pl.DataFrame(
            [{"environment_id": "e9", "component": "platform", "value": "8.2.0",
              "valid_from": at(days=UPGRADE), "valid_to": None, "kind": "version"}],
            schema_overrides={"valid_to": pl.Datetime("us", "UTC")},
        ),
    )  # fmt: skip
    fleet.store.remove("spans", pl.DataFrame({"environment_id": ["e9"], "value": ["8.0.0"]}))
    fleet.add(
        [{"customer_id": "c9", "environment_id": "e9", "version": "8.2.0",
          "occurred_at": at(days=d, hours=h)} for d in range(UPGRADE, DAYS) for h in (3, 4)]
    )  # fmt: skip
    found = fixed(fleet)
    assert found.regressed_in == ("8.2.0",)
    assert found.verdict == "partly"


def test_without_a_record_the_logs_tell_which_version_has_it(fleet):
    fill(fleet, lambda _i, _d: 0.0)
    found = fixed(fleet)
    assert (found.verdict, found.source) == ("fixed", "inferred")
    assert any("came with 8.1.0" in note for note in found.notes)


def test_without_a_record_and_a_change_nothing_is_fixed(fleet):
    fill(fleet, lambda _i, _d: 2.0)
    found = fixed(fleet)
    assert (found.verdict, found.source) == ("not yet", "none")


def test_places_that_log_nothing_severe_any_more_do_not_count(fleet):
    fill(fleet, lambda _i, _d: 0.0)
    record(fleet, "8.1.0")
    fleet.add(
        [{"customer_id": f"c{i}", "environment_id": f"e{i}", "signature_id": "s-save",
          "severity": 17, "occurred_at": at(days=d, hours=5), "version": "8.0.0"}
         for i in range(1, 7) for d in range(UPGRADE)]
    )  # fmt: skip
    found = fixed(fleet)
    assert found.verdict != "fixed"
    assert any("6 places log nothing severe" in note for note in found.notes)


def test_a_sampled_signature_is_not_called_fixed(fleet):
    fill(fleet, lambda _i, _d: 0.0)
    record(fleet, "8.1.0")
    row = {
        "from_id": "s-lock", "to_id": "s-lock", "position": 0, "kind": "sampled",
        "state": "proposed", "together": False, "ratio": 0.1, "since_version": "8.1.0",
        "author": "rule", "decided_at": at(days=15),
    }  # fmt: skip
    fleet.store.save("lineage", pl.DataFrame([row]))
    found = fixed(fleet)
    assert found.verdict == "cannot tell"
    assert "sample" in found.reasons[0]


def test_a_signature_never_seen_cannot_be_told(fleet):
    fill(fleet, lambda _i, _d: 0.0)
    found = Trends(fleet.store, fleet.clock).fixed("s-disk")
    assert found.verdict == "cannot tell"


def test_an_unknown_issue_is_an_error(fleet):
    with pytest.raises(NotFoundError):
        Trends(fleet.store, fleet.clock).fixed("s-unheard")


def test_a_record_of_later_is_hidden_by_as_of(fleet):
    fill(fleet, lambda _i, _d: 2.0)
    record(fleet, "8.1.0", recorded_at=at(days=29, hours=20))
    assert fixed(fleet, as_of=at(days=29, hours=5)).source == "none"
    assert fixed(fleet).source == "recorded"


def test_an_issue_is_asked_by_its_signatures(fleet):
    fill(fleet, lambda _i, _d: 0.0)
    issue = {"issue_id": "i-1", "kind": "new", "status": "new", "title": "t",
             "detected_at": at(days=5)}  # fmt: skip
    fleet.store.save("issues", pl.DataFrame([issue]))
    pair = pl.DataFrame([{"issue_id": "i-1", "signature_id": "s-lock"}])
    fleet.store.save("issue_signatures", pair)
    assert Trends(fleet.store, fleet.clock).fixed("i-1").verdict == "fixed"
