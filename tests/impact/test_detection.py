from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.impact.detection import detection_settings, stand_out
from caseline.impact.history import History
from caseline.impact.jumps import expected_means, find_jumps
from caseline.impact.newness import with_chance
from caseline.impact.together import Trace, at_the_same_places, group_together, in_the_same_words

MARCH = datetime(2026, 3, 2, tzinfo=UTC)
JUMP = detection_settings()["jump"]


def at(**step):
    return MARCH + timedelta(**step)


def history(counts, exposure, *, past, first_seen=None):
    first = date(2026, 1, 5)
    start = datetime(2026, 1, 5, tzinfo=UTC)
    births = first_seen or [start] * len(counts)
    frame = pl.DataFrame(
        {"signature_id": [f"s-{i}" for i in range(len(counts))], "first_seen": births,
         "severity": [17] * len(counts)}
    )  # fmt: skip
    counts = np.asarray(counts, dtype=np.float64)
    days = (first, first + timedelta(days=past), first + timedelta(days=counts.shape[1]))
    return History(
        days=days, signatures=frame, counts=counts, events=counts.sum(axis=1).astype(np.int64),
        exposure=np.asarray(exposure, dtype=np.float64),
    )  # fmt: skip


def test_a_changed_exposure_freezes_jumps():
    counts = np.full((1, 40), 3.0)
    counts[0, 36:] = 30
    since = datetime(2026, 2, 10, tzinfo=UTC)
    steady = stand_out(history(counts, [100] * 40, past=36), since=since)
    assert steady.frame["kind"].to_list() == ["jump"]
    jumped = stand_out(history(counts, [100] * 36 + [300] * 4, past=36), since=since)
    assert jumped.frame.is_empty()
    assert "changed by a factor of 3.00" in jumped.notes[1]


def quiet(rng, *, signatures=60, days=49, busy_end=1.0):
    rates = rng.gamma(1.0, 4.0, (signatures, 1))
    profile = np.where(np.arange(days) % 7 >= 5, 0.4, 1.0)
    profile[-2:] *= busy_end
    return rng.poisson(rates * profile * rng.gamma(20, 1 / 20, (signatures, days)))


@pytest.mark.parametrize("busy_end", [1.0, 1.8])
def test_a_quiet_fleet_with_weekends_or_a_busy_month_end_keeps_the_budget(busy_end):
    rng = np.random.default_rng(7)
    since = datetime(2026, 2, 16, tzinfo=UTC)
    draws = (history(quiet(rng, busy_end=busy_end), [100] * 49, past=42) for _ in range(120))
    alarms = sum(stand_out(one, since=since).frame.height > 0 for one in draws)
    assert alarms / 120 <= detection_settings()["budget"] + 0.02


def test_planted_jumps_are_found_at_their_day():
    rng = np.random.default_rng(9)
    hits = 0
    for _ in range(20):
        counts = quiet(rng)
        row = int(np.argsort(counts.sum(axis=1))[30])
        counts[row, 44:] = rng.poisson(4 * counts[row, :42].mean() + 6, 5)
        found = find_jumps(
            counts.astype(float), np.full(49, 100.0), past=42, weekday=0, settings=JUMP
        )
        hits += int(np.argmin(found.p_values)) == row and 43 <= found.first[row] <= 46
    assert hits >= 18


@given(st.integers(0, 2**31))
def test_expected_means_reproduce_the_past(seed):
    rng = np.random.default_rng(seed)
    counts = quiet(rng, signatures=10, days=35).astype(float)
    means = expected_means(counts, np.full(35, 100.0), past=28, weekday=0, settings=JUMP)
    assert (means > 0).all()
    told = means[:, :28].sum(axis=1)
    assert np.allclose(told, counts[:, :28].sum(axis=1), rtol=0.15, atol=2)


def slow_chance(rows, share):
    found = []
    for kind, days, events, born in rows:
        like = [r for r in rows if r[0] == kind and r[1] >= days and r[2] >= events]
        chance = sum(share ** r[1] for r in like) / max(1, sum(r[3] for r in like))
        found.append(min(1.0, chance) if born else None)
    return found


totals = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 9), st.integers(1, 9), st.booleans()), max_size=15
)


@given(totals, st.floats(0.01, 0.99))
def test_the_chance_of_newness_agrees_with_its_definition(rows, share):
    names = {"class": pl.Int8, "customer_days": pl.Int64, "events": pl.Int64, "born": pl.Boolean}
    frame = pl.DataFrame(rows, schema=names, orient="row")
    assert with_chance(frame, share=share)["q"].to_list() == pytest.approx(slow_chance(rows, share))


def trace(first, last=None, *, template="x", since=0.0, gap=1.0):
    last = last or {unit: hour + 24 for unit, hour in first.items()}
    hits = pl.DataFrame(
        {"unit": list(first), "first": list(first.values()), "last": [last[u] for u in first],
         "gap": [gap] * len(first)},
        schema={"unit": pl.String, "first": pl.Float64, "last": pl.Float64, "gap": pl.Float64},
    )  # fmt: skip
    return Trace.of(hits, template, since=since)


def test_half_an_hour_of_noise_is_not_the_error_that_stays():
    starts = {f"c{i}": float(i) for i in range(20)}
    stays = trace(starts, dict.fromkeys(starts, 200.0))
    noise = trace(starts, {c: h + 0.5 for c, h in starts.items()})
    assert at_the_same_places(stays, noise, hours=2.0) == 0
    assert at_the_same_places(stays, stays, hours=2.0) > 0.9


def test_the_same_line_in_two_formats_is_one():
    one = trace({}, template="could not persist order <*>, giving up")
    other = trace({}, template="tenant=<*> could not persist order <*>, giving up")
    assert in_the_same_words(one, other) == 1
    assert in_the_same_words(trace({}, template="disk full"), one) == 0


def test_groups_do_not_grow_by_chains():
    rules = detection_settings()["together"]
    traces = {
        "a": trace({f"c{i}": 0.0 for i in range(10)}),
        "b": trace({f"c{i}": 0.0 for i in range(5, 15)}),
        "c": trace({f"c{i}": 0.0 for i in range(10, 20)}),
        "d": trace({f"c{i}": 0.0 for i in range(9)}),
    }
    assert group_together(traces, list(traces), rules) == [["a", "d"], ["b"], ["c"]]


def test_words_join_only_what_began_at_about_the_same_time():
    rules = detection_settings()["together"]
    text = "could not persist order <*> in time"
    traces = {
        "a": trace({"c1": 0.0}, template=text),
        "b": trace({"c2": 0.0}, template=text, since=20.0),
        "c": trace({"c3": 0.0}, template=text, since=500.0),
    }
    assert group_together(traces, list(traces), rules) == [["a", "b"], ["c"]]
