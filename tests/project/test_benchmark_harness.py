"""The bench tells medians, ranges and ratios, and says what it skipped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from harness import ENTRIES, Row, Setting, SkippedError, as_json, as_table, entry, run_entry, shown


def test_ratio_is_how_many_times_faster():
    row = Row(name="x", figures=[90, 100, 400], unit="lines/s", baseline="b", baseline_figures=[50])

    assert row.ratio == 2


def test_ratio_of_what_should_be_low_is_turned_round():
    row = Row(
        name="x", figures=[10], unit="ms", better="lower", baseline="b", baseline_figures=[40]
    )

    assert row.ratio == 4


def test_row_without_a_baseline_has_no_ratio():
    row = Row(name="x", figures=[10], unit="ms")

    assert row.ratio is None
    assert row.to_dict()["baseline_figure"] is None


def test_table_aligns_numbers_to_the_right():
    rows = [
        Row(name="short", figures=[1.5, 2.5, 2.0], unit="ms"),
        Row(name="a longer name", figures=[123456], unit="lines/s"),
    ]

    heading, first, second = as_table(rows).splitlines()

    assert first.index("2.000") + len("2.000") == second.index("123,456") + len("123,456")
    assert "1.500 to 2.500" in first
    assert heading.startswith("what")


def test_json_holds_rows_skips_and_the_machine():
    told = json.loads(as_json([Row(name="x", figures=[3, 1], unit="s")], {"y": "no data"}))

    assert told["rows"][0]["figure"] == 2
    assert told["rows"][0]["low"] == 1
    assert told["skipped"] == {"y": "no data"}
    assert "cores" in told["machine"]


def test_skipped_entry_keeps_its_rows_and_tells_why():
    def measure(setting):
        yield Row(name="first", figures=[setting.rounds], unit="s")
        raise SkippedError("no more data")

    rows, reason = run_entry(measure, Setting(rounds=2))

    assert [row.name for row in rows] == ["first"]
    assert reason == "no more data"


def test_absent_data_is_a_reason_to_skip():
    with pytest.raises(SkippedError, match="CASELINE_DATA"):
        Setting(data=Path("/nowhere/at/all")).folder("logs")


def test_two_entries_of_one_name_are_refused(monkeypatch):
    monkeypatch.setitem(ENTRIES, "taken", lambda _: [])

    with pytest.raises(ValueError, match="two entries named 'taken'"):
        entry("taken")(lambda _: [])


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (1234567.8, "1,234,568"),
        (999.94, "999.9"),
        (42.31, "42.3"),
        (0.97249, "0.972"),
        (0, "0.000"),
    ],
)
def test_figure_has_the_digits_that_mean_something(figure, text):
    assert shown(figure) == text
