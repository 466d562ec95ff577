"""Lines that stay away, and what nobody could see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from caseline.impact.causes.features import Around, own_features
from caseline.impact.lift import lift_settings

MARCH = datetime(2026, 3, 2, tzinfo=UTC)
HOURS = {"signature_id": pl.String, "hour": pl.Datetime("us", "UTC"), "seen": pl.Float64}


def at(**step):
    return MARCH + timedelta(**step)


def every_hour(signature, days, **other):
    hours = [at(days=d, hours=h, minutes=7) for d in days for h in range(24)]
    return [
        {"customer_id": "c1", "environment_id": "e1", "signature_id": signature,
         "occurred_at": h, "severity": 9, **other}
        for h in hours
    ]  # fmt: skip


@pytest.fixture
def silent(desk):
    """The line of saved orders stands in each hour until it stays away; others go on."""
    desk.fleet.add(every_hour("s-save", range(24)))
    desk.fleet.add(every_hour("s-info", range(26)))
    desk.fleet.add(every_hour("s-lock", range(26), severity=5))
    desk.write(
        ("T-7", "c1", at(days=25, hours=6), "no order is persisted any more, could you look"),
        ("T-8", "c1", at(days=22, hours=6), "no order is persisted any more, could you look"),
    )
    return desk


def test_a_line_that_stays_away_explains_its_ticket_with_a_probability(silent):
    found = silent.impact.causes("T-7")
    assert found[0].signature_id == "s-save"
    assert found[0].probability > 0.5 > found.none
    assert found.verdict == "likely"
    assert "fell silent before the ticket" in found[0].reasons
    assert found[0].reasons[0].startswith("0.0 events where ")


def test_the_same_words_before_the_silence_find_less(silent):
    [before] = [r for r in silent.impact.causes("T-8", limit=9) if r.signature_id == "s-save"]
    assert before.probability < silent.impact.causes("T-7")[0].probability
    assert "fell silent before the ticket" not in before.reasons


def features(seen, before, **around):
    hours = pl.DataFrame([("s", MARCH, float(seen))], schema=HOURS, orient="row")
    past = pl.DataFrame({"signature_id": ["s"], "before": [before], "usual_severity": [9.0]})
    usual = {"opened_at": MARCH, "spans": ((24.0, 12.0),), "covered_days": 10.0}
    return own_features(
        hours, past, around=Around(**{**usual, **around}), settings=lift_settings()
    ).row(0, named=True)


def test_both_tails_count():
    few, many = features(0, 2_400.0), features(2_400, 2_400.0)
    assert few["missing"] > 2 > few["surprise"]
    assert many["surprise"] > 1 > many["missing"]


def test_what_nobody_could_see_is_not_missing():
    whole = features(0, 240.0)
    short = features(0, 240.0, logged=(-24.0, -23.0))
    assert short["missing"] < whole["missing"]
    assert short["expected"] == pytest.approx(1.0)


def test_a_stretch_without_logs_counts_as_one_step_at_least():
    assert Around(opened_at=MARCH, spans=(), covered_days=1.0, logged=(50.0, 60.0)).share(
        24, 12
    ) == pytest.approx(1 / 24)
