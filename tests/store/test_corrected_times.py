"""Copies of a line are found by the time it states, however a clock was judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from caseline.records.windows import Window
from caseline.store.embedded import EmbeddedStore

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
AFTER_THE_TURN = datetime(2026, 4, 1, 0, 30, tzinfo=UTC)
BEHIND = timedelta(hours=3)


def as_written(at, n=1):
    return {"occurred_at": at, "n": n}


def corrected(at, n=1, by=BEHIND):
    return {"occurred_at": at - by, "written_at": at, "n": n, "time_quality": "corrected"}


@pytest.mark.parametrize("at", [NOON, AFTER_THE_TURN])
@pytest.mark.parametrize("ways", [(as_written, corrected), (corrected, as_written)])
def test_a_line_corrected_by_one_way_only_is_still_the_same(append, ways, at):
    first, second = ways
    assert append([first(at, n) for n in range(3)]) == (3, 0)
    assert append([second(at, n) for n in range(3)], collection="col-2", origin="o2") == (0, 3)


@pytest.mark.parametrize("at", [NOON, AFTER_THE_TURN])
def test_the_same_collection_judged_otherwise_brings_nothing_new(append, at):
    append([as_written(at)], batch="b")
    assert append([corrected(at)], batch="b") == (0, 1)


def test_two_estimates_of_one_clock_do_not_make_two_events(append):
    append([corrected(AFTER_THE_TURN, by=timedelta(hours=1))])
    again = [corrected(AFTER_THE_TURN, by=timedelta(minutes=20))]
    assert append(again, collection="col-2") == (0, 1)


def test_lines_that_state_other_times_are_two_though_they_happened_at_once(append):
    append([as_written(NOON)])
    assert append([corrected(NOON + BEHIND)], collection="col-2") == (1, 0)


def test_a_line_twice_in_a_file_counts_twice_also_over_the_end_of_a_month(append):
    append([corrected(AFTER_THE_TURN)] * 2)
    assert append([as_written(AFTER_THE_TURN)] * 3, collection="col-2") == (1, 2)


def test_windows_and_rollups_read_the_corrected_time(store, append):
    append([corrected(AFTER_THE_TURN)])
    march = Window(start=datetime(2026, 3, 31, tzinfo=UTC), end=datetime(2026, 4, 1, tzinfo=UTC))
    names = dict.fromkeys(("customer", "environment", "signature", "trace"))
    (event,) = store.ask("events", window=march, limit=9, **names).to_dicts()
    assert (event["occurred_at"], event["written_at"]) == (AFTER_THE_TURN - BEHIND, AFTER_THE_TURN)


def test_copies_are_found_again_after_reopening(store, append, tmp_path):
    append([corrected(AFTER_THE_TURN)])
    clock = {
        "environment_id": "e1", "host": "h1", "zoned": True, "kind": "skew",
        "offset_seconds": 10800.0, "low": 10799.0, "high": 10801.0, "drift_per_day": 0.0,
        "pairs": 9, "readings": 0, "starts_at": NOON, "ends_at": NOON, "applied": True,
        "records": 1, "received_at": NOON, "seen_at": NOON,
    }  # fmt: skip
    store.save("clocks", pl.DataFrame([clock]))
    store.close()
    again = EmbeddedStore(tmp_path)
    assert again._corrected
    again.close()
