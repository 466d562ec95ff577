from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from caseline.errors import InputError, NotFoundError
from caseline.impact.causes.candidates import weigh
from caseline.impact.causes.complaints import read_complaint
from caseline.impact.causes.delays import Delay
from caseline.impact.causes.evidence import read_evidence, window_around
from caseline.impact.causes.recall import NO_LORE
from caseline.impact.causes.settings import FEATURES, cause_settings

USUAL = Delay(hours=6.0, factor=1.0, tickets=0)

MARCH = datetime(2026, 3, 2, tzinfo=UTC)


def at(**step):
    return MARCH + timedelta(**step)


def test_the_cause_comes_first_with_its_reasons(desk):
    causes = desk.impact.causes("T-1")
    first = causes[0]
    assert first.signature_id == "s-save"
    assert first.template == "Could not persist order <*>"
    assert causes.verdict == "likely"
    assert first.probability > 0.5 > causes.none
    assert first.reasons[0] == "5.0 events where 0.0 were to be expected of this customer"
    assert "new at this customer" in first.reasons
    assert first.reasons[-1].startswith("shares words")


def test_probabilities_and_none_sum_to_one(desk):
    causes = desk.impact.causes("T-1", limit=100)
    assert sum(row.probability for row in causes) + causes.none == pytest.approx(1)
    assert [row.score for row in causes] == sorted((r.score for r in causes), reverse=True)


def test_a_ticket_that_no_log_explains_is_told_so(desk):
    causes = desk.impact.causes("T-2")
    assert causes.verdict == "not in the logs"
    assert causes.none > 0.5


def test_without_logs_nothing_can_be_told(desk):
    causes = desk.impact.causes("T-3")
    assert causes.verdict == "cannot tell: no logs from this customer in the window"
    assert causes.notes


def test_as_of_the_opening_later_events_are_no_evidence(desk):
    desk.clock.advance(timedelta(days=9))
    desk.fleet.add(
        desk.fleet.errors("c2", at(days=19, hours=11), signature_id="s-save"),
        received_at=at(days=35),
    )
    assert desk.impact.causes("T-2", as_of=at(days=34)).verdict == "not in the logs"


def test_limit_holds(desk):
    assert len(desk.impact.causes("T-1", limit=1)) == 1
    with pytest.raises(InputError, match="limit"):
        desk.impact.causes("T-1", limit=0)


def test_an_unknown_ticket_is_named_with_near_ones(desk):
    with pytest.raises(NotFoundError, match="T-1"):
        desk.impact.causes("T-11")


def test_the_repr_is_one_line_without_texts(desk):
    shown = repr(desk.impact.causes("T-1"))
    assert "\n" not in shown
    assert "order" not in shown


def test_a_complaint_is_what_the_customer_says_without_quotes(desk):
    rows = [
        ("T-1", at(days=19, hours=13), "agent", "which version?"),
        ("T-1", at(days=19, hours=14), "customer", "8.1\n> which version?"),
    ]
    names = ["ticket_id", "at", "author", "body"]
    desk.store.save("messages", pl.DataFrame(rows, schema=names, orient="row"))
    text = read_complaint(desk.store, "T-1", as_of=None).text
    assert text == "Orders\nwe could not persist the order\n8.1"


def test_features_are_finite_numbers_that_say_what_they_mean(desk):
    complaint = read_complaint(desk.store, "T-1", as_of=None)
    evidence, covered = read_evidence(
        desk.store, complaint, lore=NO_LORE, delay=USUAL, now=at(days=30), as_of=None
    )
    frame = weigh(evidence)
    assert covered
    assert np.isfinite(frame.select(FEATURES).to_numpy()).all()
    rows = {row["signature_id"]: row for row in frame.to_dicts()}
    save, disk, info = rows["s-save"], rows["s-disk"], rows["s-info"]
    assert save["surprise"] > disk["surprise"]
    assert (save["novel_here"], disk["novel_here"]) == (1, 0)
    assert (save["novel_fleet"], disk["novel_fleet"]) == (1, 0)
    assert save["rarity"] == disk["rarity"] > info["rarity"]
    assert (save["severity"], disk["severity"], info["severity"]) == (1, 0.5, 0)
    assert save["quoted"] == pytest.approx(1)
    assert save["onset"] == pytest.approx(np.exp(-2 / 24), abs=0.01)


def test_the_window_ends_with_the_present():
    settings = cause_settings()
    opened = at(days=1, minutes=30)
    early = window_around(opened, now=at(days=1, hours=2), settings=settings, delay=USUAL)
    late = window_around(opened, now=at(days=9), settings=settings, delay=USUAL)
    assert early.end == at(days=1, hours=2)
    assert late.end == opened + timedelta(hours=12)
    assert late.start == at(days=-2)


def test_a_customer_without_a_place_has_no_candidates(desk):
    desk.store.save("customers", pl.DataFrame({"customer_id": ["c9"]}))
    row = {"ticket_id": "T-9", "customer_id": "c9", "opened_at": at(days=19), "subject": "x"}
    desk.store.save("tickets", pl.DataFrame([row]))
    causes = desk.impact.causes("T-9")
    assert (len(causes), causes.none) == (0, 1)
