from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseline.normalize.timestamps import calendar_dates, days_of

RELAXED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
EARLIEST = datetime(1991, 1, 1)  # noqa: DTZ001 - Hypothesis adds the zone
LATEST = datetime(2026, 11, 23)  # noqa: DTZ001 - the same
MOMENTS = st.datetimes(EARLIEST, LATEST, timezones=st.just(UTC))

STYLES = {
    "iso": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    "iso comma": lambda t: t.strftime("%Y-%m-%d %H:%M:%S,") + f"{t.microsecond // 1000:03d}",
    "slashes": lambda t: t.strftime("%Y/%m/%d %H:%M:%S"),
    "compact": lambda t: t.strftime("%Y%m%d-%H:%M:%S"),
    "day month": lambda t: t.strftime("%d %b %Y %H:%M:%S.%f"),
    "american half days": lambda t: t.strftime("%m/%d/%Y %I:%M:%S %p"),
    "epoch seconds": lambda t: f"{int(t.timestamp()):010d}",
    "epoch milliseconds": lambda t: f"{int(t.timestamp()):010d}{t.microsecond // 1000:03d}",
    "epoch microseconds": lambda t: f"{int(t.timestamp()):010d}{t.microsecond:06d}",
    "epoch nanoseconds": lambda t: f"{int(t.timestamp()):010d}{t.microsecond:06d}789",
    "epoch milliseconds and fraction": lambda t: (
        f"{int(t.timestamp()):010d}{t.microsecond // 1000:03d}.{t.microsecond % 1000:03d}"
    ),
    "epoch seconds and fraction": lambda t: f"{int(t.timestamp()):010d}.{t.microsecond:06d}",
    "bracketed": lambda t: t.strftime("[%a %b %d %H:%M:%S %Y]"),
    "iso underscore": lambda t: t.strftime("%Y-%m-%d_%H:%M:%S,%f") + "+00",
    "iso ninths": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S.%f789+0000"),
    "iso tenths": lambda t: t.strftime("%Y-%m-%d %H:%M:%S.") + f"{t.microsecond // 100_000} UTC",
    "iso minutes": lambda t: t.strftime("%Y-%m-%dT%H:%MZ"),
    "iso region": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S[Etc/UTC]"),
    "iso offset and region": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S+00:00[Africa/Abidjan]"),
    "basic": lambda t: t.strftime("%Y%m%dT%H%M%S.%fZ"),
    "week": lambda t: t.strftime("%G-W%V-%uT%H:%M:%S.%fZ"),
    "week basic": lambda t: t.strftime("%GW%V%uT%H%M%SZ"),
    "day of the year": lambda t: t.strftime("%Y-%jT%H:%M:%S.%fZ"),
    "day of the year, basic": lambda t: t.strftime("%Y%jT%H%M%SZ"),
    "dotted half days": lambda t: t.strftime("%d-%b-%y %I.%M.%S.%f %p").upper(),
    "month in full": lambda t: t.strftime("%A, %B %d, %Y %I:%M:%S %p"),
    "mail": lambda t: t.strftime("%a, %d %b %Y %H:%M:%S +0000"),
    "access log": lambda t: t.strftime("[%d/%b/%Y:%H:%M:%S +0000]"),
    "year and month's name": lambda t: t.strftime("%Y-%b-%d %H:%M:%S"),
    "iso half days": lambda t: t.strftime("%Y-%m-%d %I:%M:%S %p"),
    "single digits": lambda t: f"{t.year}-{t.month}-{t.day} {t.hour}:{t:%M:%S}",
    "weekday iso": lambda t: t.strftime("%a %Y-%m-%d %H:%M:%S UTC"),
    "as Go prints it": lambda t: t.strftime("%Y-%m-%d %H:%M:%S.%f +0000 UTC m=+0.01"),
}
TWO_DIGITS = {"dotted half days"}
KEPT = {
    "iso": timedelta(microseconds=1),
    "iso comma": timedelta(milliseconds=1),
    "day month": timedelta(microseconds=1),
    "epoch milliseconds": timedelta(milliseconds=1),
    "epoch microseconds": timedelta(microseconds=1),
    "epoch nanoseconds": timedelta(microseconds=1),
    "epoch milliseconds and fraction": timedelta(microseconds=1),
    "epoch seconds and fraction": timedelta(microseconds=1),
    "iso underscore": timedelta(microseconds=1),
    "iso ninths": timedelta(microseconds=1),
    "iso tenths": timedelta(milliseconds=100),
    "iso minutes": timedelta(minutes=1),
    "basic": timedelta(microseconds=1),
    "week": timedelta(microseconds=1),
    "day of the year": timedelta(microseconds=1),
    "dotted half days": timedelta(microseconds=1),
    "as Go prints it": timedelta(microseconds=1),
}


@pytest.mark.parametrize("style", sorted(STYLES))
@RELAXED
@given(moments=st.lists(MOMENTS, min_size=1, max_size=12))
def test_times_come_back_as_they_were_written(read, style, moments):
    if style.startswith("epoch"):
        moments = [m for m in moments if m.timestamp() >= 1_000_000_000]
    if style in TWO_DIGITS:
        moments = [m.replace(year=2000 + m.year % 26) for m in moments if m.day < 29]
    if style == "american half days":  # a day above 12 tells the order
        moments = [m.replace(day=28) for m in moments]
    text = "".join(f"{STYLES[style](moment)} ERROR boom\n" for moment in moments)
    kept = KEPT.get(style, timedelta(seconds=1))
    expected = [m - (m - datetime(1970, 1, 1, tzinfo=UTC)) % kept for m in moments]
    assert [record["occurred_at"] for record in read(text)] == expected


@RELAXED
@given(moment=MOMENTS, minutes=st.integers(-12 * 60, 14 * 60))
def test_written_offsets_are_taken_off(read, moment, minutes):
    local = moment.astimezone(timezone(timedelta(minutes=minutes)))
    (record,) = read(local.isoformat(timespec="microseconds") + " ERROR boom\n")
    assert record["occurred_at"] == moment
    assert record["time_quality"] == "exact"


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("10:00:00 PST", 18),
        ("10:00:00 CEST", 8),
        ("10:00:00 UTC", 10),
        ("10:00:00+02", 8),
        ("10:00:00z", 10),
        ("10:00:00UTC", 10),
        ("10:00:00 GMT+2", 8),
        ("10:00:00 UTC-03:30", 13),
        ("10:00:00\N{MINUS SIGN}02:00", 12),
        ("10:00:00[Europe/Berlin]", 9),
        ("10:00:00 Europe/Berlin", 9),
        ("10:00:00+02:00[Europe/Berlin]", 8),
    ],
)
def test_zone_names_are_known(read, written, hour):
    minute = 30 if ":30" in written else 0
    (record,) = read(f"2026-11-20 {written} ERROR boom\n")
    assert record["occurred_at"] == datetime(2026, 11, 20, hour, minute, tzinfo=UTC)
    assert (record["time_quality"], record["message"]) == ("exact", b"boom")


def test_a_region_that_is_none_leaves_the_zone_open(read):
    (record,) = read("2026-11-20 10:00:00 Europe/Atlantis ERROR boom\n")
    assert record["occurred_at"] == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert record["time_quality"] == "assumed_zone"


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-06-01T24:00:00Z", datetime(2026, 6, 2, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2020-W53-7T10:00:00Z", datetime(2021, 1, 3, 10, tzinfo=UTC)),
        ("2024-366T10:00:00Z", datetime(2024, 12, 31, 10, tzinfo=UTC)),
        ("01.06.26 10:00:00", datetime(2026, 6, 1, 10, tzinfo=UTC)),
        ("1st June 2026 10:00:00", datetime(2026, 6, 1, 10, tzinfo=UTC)),
        ("1780308000,123", datetime(2026, 6, 1, 10, 0, 0, 123_000, tzinfo=UTC)),
    ],
)
def test_rare_ways_to_write_a_time_are_known(read, written, moment):
    (record,) = read(f"{written} ERROR boom\n")
    assert (record["occurred_at"], record["message"]) == (moment, b"boom")


@pytest.mark.parametrize(
    "written", ["2026-W54-1T10:00:00Z", "2025-W53-1T10:00:00Z", "2025-366T10:00:00Z",
                "2026-W10-8T10:00:00Z", "2026-000T10:00:00Z", "2026-06-01T24:00:01Z"],
)  # fmt: skip
def test_weeks_days_and_hours_that_are_none_give_no_time(read, written):
    (record,) = read(f"{written} ERROR boom\n")
    assert (record["occurred_at"], record["time_quality"]) == (None, "none")


@given(st.dates(date(1901, 1, 1), date(2198, 12, 31)))
def test_weeks_and_days_of_the_year_agree_with_the_calendar(day):
    week = [np.array([part]) for part in day.isocalendar()]
    assert [part[0] for part in calendar_dates(*week, "week")] == [day.year, day.month, day.day]
    of_year = np.array([day.timetuple().tm_yday])
    found = calendar_dates(np.array([day.year]), of_year, of_year, "year")
    assert [part[0] for part in found] == [day.year, day.month, day.day]


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_days_agree_with_the_calendar(day):
    found, valid = days_of(*(np.array([part]) for part in (day.year, day.month, day.day)))
    assert valid.all()
    assert found[0] == (day - date(1970, 1, 1)).days


@given(st.integers(0, 9999), st.integers(0, 99), st.integers(0, 99))
def test_dates_that_are_none_are_told(year, month, day):
    try:
        date(year, month, day)
        expected = 1900 <= year <= 2199
    except ValueError:
        expected = False
    _, valid = days_of(*(np.array([part]) for part in (year, month, day)))
    assert bool(valid[0]) == expected


@pytest.mark.parametrize(
    ("first", "order"),
    [("26/11/23", "ymd"), ("11/23/26", "mdy"), ("23/11/26", "dmy")],
)
def test_order_of_a_short_date_is_voted_on(read, first, order):
    (record,) = read(f"{first} 10:00:00 INFO shop: a\n")
    assert record["occurred_at"] == datetime(2026, 11, 23, 10, tzinfo=UTC), order


def test_order_found_holds_for_the_blocks_after(feed, whole):
    frame = whole(feed(b"11/23/2026 10:00:00 INFO a\n", b"10/11/2026 10:00:00 INFO b\n", b""))
    assert frame["occurred_at"].dt.month().to_list() == [11, 10]


@pytest.mark.parametrize(
    "written", ["2026-13-01 10:00:00", "2026-02-30 10:00:00", "2026-01-01 25:61:00"]
)
def test_impossible_dates_carry_the_time_before(read, written):
    text = f"2026-11-23 10:00:00 INFO a\n{written} INFO b\n"
    first, second = read(text)
    assert second["occurred_at"] == first["occurred_at"]
    assert second["time_quality"] == "carried"
    assert second["message"] == b"b"
