from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.errors import InputError
from caseline.impact.detection import detection_settings, stand_out
from caseline.impact.face import Impacts
from caseline.impact.history import History
from caseline.impact.jumps import expected_means, find_jumps
from caseline.impact.newness import with_chance
from caseline.impact.together import Trace, at_the_same_places, group_together, in_the_same_words

MARCH = datetime(2026, 3, 2, tzinfo=UTC)
JUMP = detection_settings()["jump"]


def at(**step):
    return MARCH + timedelta(**step)


@pytest.fixture
def broken(fleet):
    """Six customers write for 20 days; four of them meet two new errors on day 17."""
    fleet.customers(6)
    fleet.talk(range(1, 7), range(20))
    for i in range(1, 5):
        for signature, late in (("s-lock", 0), ("s-save", 1)):
            moments = (at(days=d, hours=6 + i, minutes=late) for d in (17, 18, 19))
            fleet.add(fleet.errors(f"c{i}", *moments, signature_id=signature))
    return fleet


def test_signatures_that_began_together_are_one_new_issue(broken):
    found = broken.impact.detect(since=at(days=15))
    assert len(found) == 1
    row = found[0]
    assert row.kind == "new"
    assert row.signature_ids == ["s-lock", "s-save"]
    assert (row.customers, row.severity, row.events) == (4, 17, 24)
    assert row.since == at(days=17, hours=7)
    assert row.detected_at == broken.clock.now()
    assert row.reasons[0] == "first seen in production on 2026-03-19; 12 customer-days since"
    assert "2 signatures started together" in row.reasons[2]


def test_each_row_has_its_impact(broken):
    found = broken.impact.detect(since=at(days=15))
    impact = next(iter(found)).impact
    assert impact.id == found[0].issue_id
    assert impact.scope.low == 4
    assert impact.events == 24
    assert found[:1][0].impact.scope.low == 4


def test_asking_twice_gives_the_same_issue_and_doubles_nothing(broken):
    first = broken.impact.detect(since=at(days=15))
    broken.clock.advance(timedelta(hours=1))
    again = broken.impact.detect(since=at(days=16))
    assert again[0].issue_id == first[0].issue_id
    assert again[0].detected_at == first[0].detected_at
    known = broken.store.ask("known_issues")
    assert known["issue_id"].n_unique() == 1
    assert known.height == 2


def test_a_kept_issue_can_be_asked_for(broken):
    found = broken.impact.detect(since=at(days=15))
    impact = broken.impact.of(found[0].issue_id)
    assert impact.signature_ids == ("s-lock", "s-save")
    assert impact.scope.low == 4


def test_a_viewer_detects_without_writing(broken):
    viewer = Impacts(broken.store.scoped(frozenset({"c1", "c2"})), broken.clock)
    found = viewer.detect(since=at(days=15))
    assert found[0].customers == 2
    assert broken.store.ask("known_issues").is_empty()


def test_without_a_past_nothing_is_new(broken):
    found = broken.impact.detect(since=at(days=1))
    assert len(found) == 0
    assert "only 1 days of logs before since" in found.notes[1]


def test_without_events_nothing_is_found(fleet):
    assert len(fleet.impact.detect(since=at())) == 0


def test_other_stages_are_no_news(broken):
    broken.place("lab", "c5", "c6", stage="test")
    broken.add(
        [
            row
            for c in ("c5", "c6")
            for row in broken.errors(
                c, at(days=18), at(days=19), environment_id="lab", stage="test",
                signature_id="s-disk",
            )
        ]
    )  # fmt: skip
    found = broken.impact.detect(since=at(days=15))
    assert all("s-disk" not in row.signature_ids for row in found)


def test_one_customer_with_a_few_harmless_lines_is_no_news(broken):
    broken.add(broken.errors("c6", at(days=18), at(days=19), signature_id="s-disk", severity=9))
    found = broken.impact.detect(since=at(days=15))
    assert [row.kind for row in found] == ["new"]


def test_one_customer_with_many_severe_lines_is_news(fleet):
    fleet.customers(3)
    fleet.talk(range(1, 4), range(20))
    fleet.add(fleet.errors("c1", *(at(days=19, minutes=m) for m in range(30)), severity=21))
    found = fleet.impact.detect(since=at(days=18))
    assert (found[0].customers, found[0].severity) == (1, 21)


def test_shared_lines_count_all_their_customers(fleet):
    fleet.customers(2)
    fleet.place("m", "c3", "c4", "c5")
    fleet.store.save("customers", pl.DataFrame({"customer_id": ["c3", "c4", "c5"]}))
    fleet.share("g", dict.fromkeys(("c3", "c4", "c5"), 1 / 3))
    fleet.talk(range(1, 3), range(20))
    fleet.add(
        fleet.errors("c3", *(at(days=19, minutes=m) for m in range(30)), environment_id="m",
                     customer_id=None, share_group="g", severity=21)
    )  # fmt: skip
    assert fleet.impact.detect(since=at(days=18))[0].customers == 3


def test_a_jump_is_found_against_the_signatures_own_past(fleet):
    fleet.customers(12)
    fleet.talk(range(1, 13), range(40))
    rng = np.random.default_rng(6)
    rows = []
    for d in range(40):
        for i in range(1, 13):
            if rng.random() < (0.9 if d >= 36 else 0.1):
                rows += fleet.errors(f"c{i}", at(days=d, hours=5))
    fleet.add(rows, received_at=at(days=40))
    fleet.clock.advance(timedelta(days=10))
    found = fleet.impact.detect(since=at(days=34))
    row = found[0]
    assert (row.kind, row.signature_ids) == ("jump", ["s-lock"])
    assert row.since.date() in (date(2026, 4, 6), date(2026, 4, 7))
    assert row.observed > 3 * row.expected
    assert "were to be expected" in row.reasons[0]


@pytest.mark.parametrize("since", [MARCH.replace(tzinfo=None), at(days=99)])
def test_a_wrong_since_is_refused(fleet, since):
    with pytest.raises(InputError):
        fleet.impact.detect(since=since)


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
