from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from caseline.errors import InputError, NotFoundError
from caseline.trends.face import Trends

MARCH = datetime(2026, 3, 2, tzinfo=UTC)


def at(**step):
    return MARCH + timedelta(**step)


def errors(customer, *moments, **other):
    base = {"customer_id": customer, "environment_id": customer.replace("c", "e")} | other
    return [base | {"occurred_at": moment} for moment in moments]


@pytest.fixture
def four(fleet):
    """Four customers; logs of days 0 to 3 and 6; c1 upgraded on day 2."""
    fleet.customers(4)
    fleet.talk(range(1, 5), range(4))
    fleet.talk(range(1, 5), range(6, 7))
    fleet.add(errors("c1", at(days=1, hours=2)))
    fleet.add(errors("c1", *(at(days=3, hours=h) for h in (2, 3, 4)), version="8.2"))
    fleet.add(errors("c2", at(days=3, hours=2)))
    spans = [
        ("e1", "platform", "8.1", None, at(days=2)),
        ("e1", "platform", "8.2", at(days=2), None),
        ("e1", "agent", "1.0", None, None),
        *((f"e{i}", "platform", "8.1", None, None) for i in (2, 3, 4)),
    ]
    names = ["environment_id", "component", "value", "valid_from", "valid_to"]
    frame = pl.DataFrame(spans, schema=names, orient="row").with_columns(
        pl.col("valid_from", "valid_to").cast(pl.Datetime("us", "UTC")),
        pl.lit("version").alias("kind"),
    )
    fleet.store.save("spans", frame)
    return fleet


def series(fleet, by, **options):
    return Trends(fleet.store, fleet.clock).series("s-lock", by=by, **options)


def test_days_have_events_customers_exposure_and_rate(four):
    rows = {row.day.day - 2: row for row in series(four, "day")}
    assert (rows[3].events, rows[3].customers, rows[3].exposure) == (4, 2, 4)
    assert rows[3].rate == 1
    assert rows[3].low < 1 < rows[3].high
    assert (rows[0].events, rows[0].rate, rows[0].low) == (0, 0, 0)


def test_days_without_logs_have_no_rate_and_no_zero(four):
    rows = {row.day.day - 2: row for row in series(four, "day")}
    assert (rows[4].events, rows[4].covered, rows[4].exposure, rows[4].rate) == (None, 0, 0, None)


def test_versions_are_measured_by_their_own_customer_days(four):
    rows = {row.version: row for row in series(four, "version")}
    assert (rows["8.2"].events, rows["8.2"].exposure) == (3, 3)
    assert (rows["8.1"].events, rows["8.1"].exposure) == (2, 17)
    assert set(rows) == {"8.1", "8.2"}


def test_versions_nobody_knows_have_no_rate(four):
    four.store.remove("spans", pl.DataFrame({"environment_id": [f"e{i}" for i in range(1, 5)]}))
    rows = {row.version: row for row in series(four, "version")}
    assert rows["8.2"].events == 3
    assert rows["8.2"].rate is None


def test_customers_without_events_are_there_with_a_rate_of_zero(four):
    rows = {row.customer_id: row for row in series(four, "customer")}
    assert (rows["c1"].events, rows["c1"].exposure) == (4, 5)
    assert (rows["c3"].events, rows["c3"].customers, rows["c3"].rate) == (0, 0, 0)


def test_events_that_name_no_customer_have_no_rate(four):
    four.add(errors("c1", at(days=3, hours=9), customer_id=None))
    rows = {row.customer_id: row for row in series(four, "customer")}
    assert (rows[None].events, rows[None].rate) == (1, None)


def test_clumped_events_widen_the_interval(four):
    narrow = next(r for r in series(four, "day") if r.day.day == 5)
    four.add(errors("c1", *(at(days=1, minutes=m) for m in range(60))))
    wide = next(r for r in series(four, "day") if r.day.day == 5)
    assert wide.high > narrow.high


def test_other_stages_are_left_out_and_said(four):
    four.place("stage1", "c1", stage="staging")
    four.add(errors("c1", at(days=3), environment_id="stage1", stage="staging"))
    answer = series(four, "day")
    assert sum(row.events or 0 for row in answer) == 5
    assert any("other stages" in note for note in answer.notes)


def test_a_window_limits_events_and_exposure(four):
    rows = list(series(four, "day", window=(at(days=3), at(days=4))))
    assert [(row.events, row.exposure) for row in rows] == [(4, 4)]


def test_as_of_hides_what_was_received_later(four):
    four.clock.advance(timedelta(days=9))
    four.add(errors("c3", at(days=3)), received_at=at(days=35))
    assert sum(r.events or 0 for r in series(four, "day")) == 6
    assert sum(r.events or 0 for r in series(four, "day", as_of=at(days=34))) == 5


def test_a_signature_nobody_has_seen_yet_is_a_row_of_zero_for_each_covered_day(four):
    answer = Trends(four.store, four.clock).series("s-disk")
    assert {row.events for row in answer} == {0, None}


def test_an_empty_store_gives_an_empty_series(fleet):
    assert len(series(fleet, "day")) == 0
    assert len(series(fleet, "version")) == 0


@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        ({"by": "hour"}, InputError, "hour"),
        ({"by": "day", "as_of": MARCH.replace(tzinfo=None)}, InputError, "as_of"),
        ({"by": "day", "window": timedelta(0)}, InputError, "window"),
    ],
)
def test_a_wrong_call_names_what_is_wrong(fleet, arguments, error, named):
    with pytest.raises(error, match=named):
        series(fleet, **arguments)


def test_an_unknown_signature_is_named_with_near_ones(fleet):
    with pytest.raises(NotFoundError, match="s-lock"):
        Trends(fleet.store, fleet.clock).series("s-locc")
