"""The last days of a series, before all is received."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.records.windows import Window
from caseline.trends.face import Trends
from caseline.trends.nowcasting.delays import Lots, share_by_age, shares
from caseline.trends.nowcasting.finals import limits, still_to_come
from caseline.trends.nowcasting.hours import hours_by_day
from caseline.trends.nowcasting.logs_there import completeness

MARCH = datetime(2026, 3, 2, tzinfo=UTC)
PLACES, DAYS = 12, 45


def at(**step):
    return MARCH + timedelta(**step)


@pytest.fixture
def late(fleet):
    """Twelve customers; each day's errors come at once, all else two or three days later."""
    fleet.customers(PLACES)
    rng = np.random.default_rng(5)
    for day in range(DAYS):
        errors = [
            {
                "customer_id": f"c{i}",
                "environment_id": f"e{i}",
                "occurred_at": at(days=day, hours=h),
            }
            for i in range(1, PLACES + 1)
            for h in range(3, 3 + rng.poisson(1.5))
        ]
        if errors:
            fleet.add(errors, received_at=at(days=day + 1, hours=1))
        for wait, some in ((2, range(1, 9)), (3, range(9, PLACES + 1))):
            quiet = [
                {"customer_id": f"c{i}", "environment_id": f"e{i}", "signature_id": "s-info",
                 "severity": 9, "occurred_at": at(days=day, hours=h)}
                for i in some for h in (1, 20)
            ]  # fmt: skip
            fleet.add(quiet, received_at=at(days=day + 1 + wait, hours=2))
    fleet.clock.advance(timedelta(days=60))
    return fleet


def series(fleet, now, by="day", **options):
    return Trends(fleet.store, fleet.clock).series("s-lock", by=by, as_of=now, **options)


def test_usage_later_than_errors_is_told_apart(late):
    answer = series(late, at(days=DAYS - 1, hours=12))
    rows = {row.day: row for row in answer}
    whole, young = rows[at(days=DAYS - 12).date()], rows[at(days=DAYS - 2).date()]
    assert (whole.reported, whole.logs_reported) == (1, 1)
    assert whole.expected == whole.expected_low == whole.expected_high == whole.events
    assert young.reported == pytest.approx(1, abs=0.01)
    assert young.logs_reported < 0.9
    assert any("do not trust the fall yet" in note for note in answer.notes)


def test_the_interval_holds_what_comes_in_the_end(late):
    final = {row.day: row.events for row in series(late, None)}
    held = [
        row.expected_low <= (final[row.day] or 0) <= row.expected_high
        for back in range(1, 8)
        for row in list(series(late, at(days=DAYS - back, hours=12)))[-2:]
    ]
    assert np.mean(held) >= 0.8


def test_a_version_whose_usage_is_late_has_no_verdict(late):
    spans = [(f"e{i}", "platform", "8.1", at(days=DAYS - 3)) for i in range(1, PLACES + 1)]
    names = ["environment_id", "component", "value", "valid_from"]
    frame = pl.DataFrame(spans, schema=names, orient="row").with_columns(kind=pl.lit("version"))
    late.store.save("spans", frame)
    answer = series(late, at(days=DAYS - 1, hours=12), by="version")
    row = next(iter(answer))
    assert row.version == "8.1"
    assert row.logs_reported < 0.9
    assert row.expected >= row.events
    assert any("no verdict on 8.1 yet" in note for note in answer.notes)


def test_what_came_in_one_load_tells_nothing_about_delays(fleet):
    fleet.customers(3)
    fleet.talk(range(1, 4), range(25))
    answer = series(fleet, None)
    assert {row.expected for row in list(answer)[-5:]} == {None}
    assert any("is not known yet" in note for note in answer.notes)


def test_completeness_tells_the_share_of_customer_days(late):
    now = at(days=DAYS - 1, hours=12)
    window = Window(start=at(days=DAYS - 40), end=at(days=DAYS + 5))
    found = completeness(late.store, window=window, as_of=now, visible=now)
    assert found["day"][-1] == now.date()
    assert found["reported"][0] == 1
    assert found["reported"][-2] < found["reported"][-4] <= 1.0
    known = found.drop_nulls()
    assert ((known["low"] <= known["reported"]) & (known["reported"] <= known["high"])).all()


def test_a_viewer_sees_her_customers_only(late):
    own = late.store.scoped(frozenset({"c1"}))
    mine = Trends(own, late.clock).series("s-lock")
    assert max(row.exposure for row in mine) == 1
    assert max(row.expected or 0 for row in mine) < 15


def test_a_window_counts_what_is_still_to_come_within_it_only(late):
    now = at(days=DAYS - 1, hours=12)
    rows = list(series(late, now, window=(at(days=DAYS - 9), at(days=DAYS - 6))))
    assert len(rows) == 3
    assert all(row.expected == row.events for row in rows)


def test_host_hours_are_from_first_to_last_line(late):
    rows = {row.day: row for row in series(late, None)}
    assert rows[at(days=3).date()].host_hours == pytest.approx(PLACES * 19)
    by_customer = list(series(late, None, by="customer"))
    assert by_customer[0].host_hours == pytest.approx(DAYS * 19)


def test_overlaps_of_a_host_count_once():
    rows = pl.DataFrame(
        [("e", "h", at(hours=1), at(hours=5)), ("e", "h", at(hours=2), at(hours=3)),
         ("e", "h", at(hours=4), at(hours=30)), ("e", None, at(hours=1), at(hours=2))],
        schema=["environment_id", "host", "starts_at", "ends_at"], orient="row",
    )  # fmt: skip
    assert hours_by_day(rows)["host_hours"].to_list() == [24.0, 6.0]


def _slow_share(lots, age):
    """Product over delays beyond *age*, one by one."""
    share = 1.0
    for delay in sorted(set(lots.delay)):
        if delay > age:
            came = lots.weight[lots.delay == delay].sum()
            at_risk = lots.weight[(lots.delay <= delay) & (lots.age >= delay)].sum()
            share *= 1 - came / at_risk
    return share


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 20), st.integers(1, 5)), min_size=1),
    st.floats(0, 12),
)
def test_the_share_that_has_come_is_that_of_the_slow_reading(rows, age):
    delay, more, weight = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    lots = Lots(delay=delay, age=delay + more, weight=weight, day=np.zeros(len(rows), np.int64))
    assert share_by_age(lots, np.array([age]))[0] == pytest.approx(max(0, _slow_share(lots, age)))


def test_nothing_came_so_no_share_has():
    none = np.zeros(0)
    lots = Lots(delay=none, age=none, weight=none, day=np.zeros(0, np.int64))
    assert share_by_age(lots, np.array([3.0])).tolist() == [0]


def test_what_comes_on_one_weekday_is_learned_for_each_weekday():
    day = np.arange(70, dtype=np.int64)
    delay = (6 - day % 7) + 0.5  # all of a week comes on its last day
    lots = Lots(delay=delay.astype(float), age=(70.0 - day), weight=np.full(70, 10.0), day=day)
    share, size = shares(
        lots, np.array([70, 76]), np.array([1.0, 1.0]), spread=1, weekday_days=2, least_size=3
    )
    assert share[0] < 0.1
    assert share[1] > 0.8
    assert (size >= 3).all()


@given(st.floats(0, 200), st.floats(0.01, 0.99), st.floats(3, 1e4), st.floats(0.1, 200))
def test_what_is_to_come_has_a_mean_within_its_limits(there, share, size, usual):
    mean, variance = still_to_come(
        *(np.array([v]) for v in (there, share, size, usual)), scatter=5.0, spread=1.5
    )
    assert mean[0] >= 0
    assert variance[0] >= 0
    low, high = limits(mean, variance, level=0.9)
    assert low[0] <= mean[0] * 1.01 + 1e-9
    assert high[0] >= low[0]
