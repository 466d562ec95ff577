from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseline.errors import InputError
from caseline.normalize.occurred import FileClock

RELAXED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)


NAIVE = datetime(2025, 11, 26), datetime(2026, 11, 24)  # noqa: DTZ001 - as lines have them
LOCAL = datetime(2000, 1, 1), datetime(2026, 11, 23)  # noqa: DTZ001 - the same


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_year_is_the_latest_that_is_not_in_the_future(read):
    text = "Nov 24 10:00:00 h p: a\nNov 26 10:00:00 h p: b\n"
    first, second = read(text, received_at=at(2026, 11, 24))
    assert (first["occurred_at"].year, second["occurred_at"].year) == (2026, 2025)
    assert first["time_quality"] == "assumed_year"


def test_new_year_is_passed(read):
    text = "Dec 31 23:59:59 h p: a\nJan  1 00:00:01 h p: b\n"
    first, second = read(text, received_at=at(2027, 1, 3))
    assert first["occurred_at"] == at(2026, 12, 31, 23, 59, 59)
    assert second["occurred_at"] == at(2027, 1, 1, 0, 0, 1)


def test_what_stands_before_the_turn_is_a_year_earlier(read):
    days = ["Jan  2", "Jun  1", "Dec 31", "Jan  1"]
    text = "".join(f"{day} 10:00:00 h p: a\n" for day in days)
    years = [r["occurred_at"].year for r in read(text, received_at=at(2027, 1, 3))]
    assert years == [2026, 2026, 2026, 2027]


def test_late_line_after_new_year_stays_in_december(read):
    times = ["Dec 31 23:59:58", "Jan  1 00:00:01", "Dec 31 23:59:59", "Jan  1 00:00:02"]
    text = "".join(f"{time} h p: a\n" for time in times)
    years = [r["occurred_at"].year for r in read(text, received_at=at(2027, 1, 3))]
    assert years == [2026, 2027, 2026, 2027]


def test_leap_day_is_of_the_last_leap_year(read):
    (record,) = read("Feb 29 10:00:00 h p: a\n", received_at=at(2026, 11, 24))
    assert record["occurred_at"] == at(2024, 2, 29, 10)


@RELAXED
@given(st.datetimes(*NAIVE))
def test_yearless_times_within_a_year_come_back(read, moment):
    text = moment.strftime("%b %d %H:%M:%S") + " h p: a\n"
    (record,) = read(text, received_at=at(2026, 11, 24, 12))
    assert record["occurred_at"] == moment.replace(microsecond=0, tzinfo=UTC)


def test_zone_of_the_source_stands_for_one_not_written(read):
    text = "2026-07-01 10:00:00 INFO a\n2026-07-01 10:00:00Z INFO b\n"
    first, second = read(text, timezone="Europe/Berlin")
    assert first["occurred_at"] == at(2026, 7, 1, 8)
    assert second["occurred_at"] == at(2026, 7, 1, 10)
    assert {first["time_quality"], second["time_quality"]} == {"exact"}


@RELAXED
@given(st.datetimes(*LOCAL))
def test_local_times_agree_with_the_zone_database(read, moment):
    zone = ZoneInfo("America/New_York")
    (record,) = read(f"{moment:%Y-%m-%d %H:%M:%S} INFO a\n", timezone=zone.key)
    expected = moment.replace(microsecond=0, tzinfo=zone).astimezone(UTC)
    assert record["occurred_at"] == expected


def test_hour_shown_twice_is_the_second_once_the_clock_jumped_back(feed, whole):
    first = b"".join(b"2026-10-25 02:%02d:00 INFO a\n" % m for m in (5, 30, 55))
    text = first + first + b"2026-10-25 03:00:00 INFO b\n"
    times = whole(feed(text, timezone="Europe/Berlin"))["occurred_at"].to_list()
    assert times == sorted(times)
    assert [t.hour for t in times] == [0, 0, 0, 1, 1, 1, 2]
    cut = len(first) * 2
    apart = whole(feed(text[:cut], text[cut:], timezone="Europe/Berlin"))
    assert apart["occurred_at"].to_list() == times


def test_unknown_zone_is_refused(source):
    with pytest.raises(InputError, match="Mars/Base"):
        FileClock(source(timezone="Mars/Base"))


def test_lines_without_a_time_carry_the_one_before(read):
    text = "ERROR:shop:first\n2026-11-23 10:00:00 INFO a\nERROR:shop:second\n"
    first, second, third = read(text)
    assert (first["occurred_at"], first["time_quality"]) == (None, "none")
    assert third["occurred_at"] == second["occurred_at"]
    assert third["time_quality"] == "carried"


def test_time_is_carried_over_blocks(feed, whole):
    blocks = [b"2026-11-23 10:00:00 INFO a\n", b"ERROR:shop:x\n", b"ERROR:shop:y\n"]
    frame = whole(feed(*blocks))
    assert frame["occurred_at"].n_unique() == 1
    assert frame["time_quality"].to_list() == ["assumed_zone", "carried", "carried"]


@pytest.mark.parametrize(
    "written", ["2026-11-27 10:00:00", "1989-12-31 10:00:00", "2185-01-01 00:00:00"]
)
def test_times_that_cannot_be_right_are_doubtful(read, written):
    (record,) = read(f"{written} INFO a\n")
    assert record["time_quality"] == "doubtful"
    assert record["occurred_at"].year == int(written[:4])
