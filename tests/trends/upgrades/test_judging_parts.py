from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseline.trends.upgrades.designs import Hits, Units


def verdicts(frame, value="8.1"):
    own = frame.filter((frame["component"] == "app") & (frame["value"] == value))
    return dict(own.select("signature_id", "verdict").iter_rows())


def test_what_stays_is_persistent_and_what_passes_is_transient(drawn, judge):
    since = drawn.since
    hits = drawn.hits(
        np.where(since >= 0, 4.0, 1.0),
        np.where((since >= 0) & (since < 2), 12.0, 0.3),
        np.where(since >= 0, 0.1, 1.5),
        np.ones(since.shape),
    )
    found = verdicts(judge(drawn, hits))
    assert found["s-0"] == "persistent"
    assert found["s-1"] == "transient"
    assert found["s-2"] == "improved"
    assert found["s-3"] in ("none", "undetermined")


def test_what_passes_after_a_week_is_transient_too(fleets, judge):
    drawn = fleets(np.random.default_rng(5), customers=120)
    week = (drawn.since >= 0) & (drawn.since < 7)
    row = judge(drawn, drawn.hits(np.where(week, 12.0, 1.0))).row(0, named=True)
    assert row["verdict"] == "transient"
    assert any("no longer up" in reason for reason in row["reasons"])


def test_what_comes_with_the_version_has_a_finite_low_end(drawn, judge):
    frame = judge(drawn, drawn.hits(np.where(drawn.since >= 0, 2.0, 0.0)))
    row = frame.row(0, named=True)
    assert row["verdict"] == "persistent"
    assert 1 < row["low"] < row["ratio"] < np.inf
    assert any("never seen" in reason for reason in row["reasons"])
    assert row["first_bad"] == "8.1"


def test_a_wave_on_all_customers_is_nobody_s_fault(drawn, judge):
    wave = np.where(np.arange(drawn.since.shape[1]) >= 40, 4.0, 1.0)
    frame = judge(drawn, drawn.hits(wave + np.zeros(drawn.since.shape)))
    assert frame["verdict"][0] in ("none", "undetermined")


def test_one_loud_customer_is_no_regression(drawn, judge):
    loud = np.zeros(drawn.since.shape)
    loud[1] = np.where(drawn.since[1] >= 0, 1000.0, 0.0)
    frame = judge(drawn, drawn.hits(loud))
    assert frame["verdict"][0] == "undetermined"
    assert "cannot tell" in frame["reasons"][0][1]


def test_a_signature_never_seen_is_undetermined(drawn, judge):
    hits = drawn.hits(np.zeros(drawn.since.shape))
    frame = judge(drawn, hits)
    assert frame.height == 1
    assert frame["verdict"][0] == "undetermined"
    assert judge(drawn, hits, every=False).is_empty()


def test_what_is_up_on_the_first_days_and_not_watched_later_is_undetermined(fleets, judge):
    drawn = fleets(np.random.default_rng(3))
    drawn.units.observed[drawn.since >= 2] = False
    hits = drawn.hits(np.where(drawn.since >= 0, 10.0, 0.3))
    frame = judge(drawn, hits)
    assert frame["verdict"][0] == "undetermined"
    assert "whether it stays" in frame["reasons"][0][1]


def test_parts_that_moved_together_cannot_be_separated(fleets, judge):
    rng = np.random.default_rng(2)
    plain = fleets(rng)
    extra = fleets.upgraded(plain.names, plain.days, component="agent", values=("1", "2"))
    drawn = fleets(rng, extra=extra)
    frame = judge(drawn, drawn.hits(np.where(drawn.since >= 0, 4.0, 1.0)))
    assert frame["verdict"].to_list() == ["persistent"] * 2
    assert all("cannot separate" in " ".join(reasons) for reasons in frame["reasons"])


def test_what_often_moved_along_is_explained_by_what_did_it(fleets, judge):
    rng = np.random.default_rng(8)
    plain = fleets(rng, customers=120)
    days = [d if i % 3 else (None if d else 40) for i, d in enumerate(plain.days)]
    extra = fleets.upgraded(plain.names, days, component="agent", values=("1", "2"))
    drawn = fleets(rng, customers=120, extra=extra)
    frame = judge(drawn, drawn.hits(np.where(drawn.since >= 0, 4.0, 1.0)))
    told = dict(frame.select("component", "verdict").iter_rows())
    assert told == {"app": "persistent", "agent": "none"}
    reasons = frame.filter(frame["component"] == "agent")["reasons"][0]
    assert any("explained by app 8.1" in reason for reason in reasons)


def test_a_plug_in_that_is_removed_tells_as_well(fleets, judge):
    rng = np.random.default_rng(4)
    drawn = fleets(rng)
    rows = fleets.upgraded(
        drawn.names, drawn.days, component="sso", values=("1", "x"), kind="plugin"
    )
    only = [row for row in rows if row[2] == "1"]
    drawn.parts = fleets(rng, extra=only).parts[:1]
    hits = drawn.hits(np.where(drawn.since >= 0, 0.0, 1.5))
    row = judge(drawn, hits).row(0, named=True)
    assert (row["component"], row["verdict"]) == ("sso", "persistent")


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_units_and_silent_ones_change_nothing(fleets, judge, seed):
    rng = np.random.default_rng(seed)
    drawn = fleets(rng, customers=24)
    hits = drawn.hits(np.where(drawn.since >= 0, 3.0, 1.0))
    before = judge(drawn, hits)
    order = rng.permutation(24)
    turned = np.empty(24, np.int64)
    turned[order] = np.arange(24)
    drawn.units = Units(
        customer=drawn.units.customer[order], place=drawn.units.place[order],
        observed=drawn.units.observed[order],
    )  # fmt: skip
    moved = Hits(
        signature=hits.signature, unit=turned[hits.unit], day=hits.day, events=hits.events,
        signatures=1,
    )  # fmt: skip
    after = judge(drawn, moved)
    assert after["ratio"][0] == pytest.approx(before["ratio"][0])
    assert after["q_value"][0] == pytest.approx(before["q_value"][0])
