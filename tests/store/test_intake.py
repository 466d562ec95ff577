from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.errors import InputError, SourceError, TableError
from caseline.records.tables import (
    CHANGES,
    CUSTOMERS,
    ENVIRONMENTS,
    MESSAGES,
    SPANS,
    TENANCIES,
    TICKETS,
    Column,
    TableSchema,
)
from caseline.store.intake import read_table

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
CUSTOMER_ROWS = [
    {"customer_id": "c-1", "tier": "gold", "annual_value": 1200.5},
    {"customer_id": "c-2", "tier": None, "annual_value": None},
]


@dataclass
class Account:
    customer_id: str
    tier: str | None
    annual_value: float | None


def _write(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "make",
    [
        lambda _: pl.DataFrame(CUSTOMER_ROWS),
        lambda _: pl.LazyFrame(CUSTOMER_ROWS),
        lambda _: pd.DataFrame(CUSTOMER_ROWS),
        lambda _: pl.DataFrame(CUSTOMER_ROWS).to_arrow(),
        lambda _: CUSTOMER_ROWS,
        lambda _: [Account(**row) for row in CUSTOMER_ROWS],
        lambda _: {k: [row[k] for row in CUSTOMER_ROWS] for k in CUSTOMER_ROWS[0]},
        lambda t: _write(t, "c.csv", "customer_id,tier,annual_value\nc-1,gold,1200.5\nc-2,,\n"),
        lambda t: _write(t, "c.jsonl", "\n".join(map(json.dumps, CUSTOMER_ROWS)) + "\n"),
        lambda t: str(_write(t, "c.ndjson", "\n\n".join(map(json.dumps, CUSTOMER_ROWS)))),
        lambda t: _write(t, "c.json", json.dumps(CUSTOMER_ROWS)),
    ],
    ids=[
        "polars",
        "lazy",
        "pandas",
        "arrow",
        "dicts",
        "dataclasses",
        "columns",
        "csv",
        "jsonl",
        "ndjson",
        "json",
    ],
)
def test_the_same_table_comes_out_of_every_form(make, tmp_path):
    intake = read_table(make(tmp_path), CUSTOMERS)
    assert intake.frame.columns == [c.name for c in CUSTOMERS.columns]
    assert intake.frame.select("customer_id", "tier", "annual_value").rows() == [
        ("c-1", "gold", 1200.5),
        ("c-2", None, None),
    ]
    assert intake.refused.is_empty()


def test_parquet_keeps_its_times(tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"ticket_id": [1], "customer_id": ["c"], "opened_at": [START]}).write_parquet(path)
    frame = read_table(path, TICKETS).frame
    assert frame.select("ticket_id", "opened_at").rows() == [("1", START)]


def test_missing_columns_are_named_with_near_names_and_what_there_is():
    with pytest.raises(TableError) as caught:
        read_table([{"custmer_id": "c-1", "sort": "x"}], TENANCIES)
    said = str(caught.value)
    assert "'tenancies'" in said
    assert "'customer_id' (did you mean 'custmer_id'?)" in said
    assert "'environment_id'" in said
    assert "'sort'" in said


def test_an_empty_list_is_an_empty_table_and_an_empty_frame_misses_columns():
    intake = read_table([], CUSTOMERS)
    assert intake.frame.columns == [c.name for c in CUSTOMERS.columns]
    assert intake.frame.is_empty()
    with pytest.raises(TableError, match="columns are none"):
        read_table(pl.DataFrame(), CUSTOMERS)


def test_accepted_rows_keep_their_numbers():
    rows = [{"customer_id": 1}, {"customer_id": None}, {"customer_id": 1}, {"customer_id": 2}]
    assert read_table(rows, CUSTOMERS).rows == (1, 4)


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 3, 1, 8),  # noqa: DTZ001 - a naive time is the point
        date(2026, 3, 1),
        "2026-03-01T08:00:00",
        "2026-03-01 08:00",
        "2026-03-01",
    ],
)
def test_a_time_without_a_zone_is_refused_with_column_and_remedy(value):
    rows = [{"ticket_id": 1, "customer_id": "c", "opened_at": value}]
    for data in (rows, pl.DataFrame(rows), pd.DataFrame(rows)):
        with pytest.raises(InputError, match=r"'opened_at' of table 'tickets'.*zone; give aware"):
            read_table(data, TICKETS)


def test_one_naive_time_among_aware_ones_is_refused():
    rows = [
        {"ticket_id": n, "customer_id": "c", "opened_at": at}
        for n, at in enumerate([START, START.replace(tzinfo=None)])
    ]
    with pytest.raises(InputError, match="zone"):
        read_table(rows, TICKETS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T08:00:00Z", START),
        ("2026-03-01T08:00:00.250Z", START + timedelta(milliseconds=250)),
        ("2026-03-01 10:00:00+02:00", START),
        ("2026-03-01T10:00+0200", START),
        ("2026-03-01T05:00:00,123456789-03", START + timedelta(microseconds=123456)),
        ("2026-03-01 08:00:00 UTC", START),
        ("2026-13-01T08:00:00Z", None),
        ("2026-03-01T08:00:00+99:00", None),
        ("yesterday", None),
        ("0001-01-01T00:00:00+05:00", None),
    ],
)
def test_iso_text_with_an_offset_becomes_utc(text, expected):
    intake = read_table([{"ticket_id": 1, "customer_id": "c", "opened_at": text}], TICKETS)
    if expected is None:
        assert intake.refused.rows() == [(1, "opened_at is no time")]
    else:
        assert intake.frame["opened_at"].to_list() == [expected]


@given(
    st.datetimes(
        min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - the zone is drawn beside it
        timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m))),
        max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - the same
    )
)
def test_aware_times_survive_as_datetime_and_as_text(at):
    for value in (at, at.isoformat()):
        frame = read_table(
            [{"ticket_id": 1, "customer_id": "c", "opened_at": value}], TICKETS
        ).frame
        assert frame["opened_at"].to_list() == [at]


def test_times_of_several_zones_mix_with_text():
    rows = [
        {
            "ticket_id": 1,
            "customer_id": "c",
            "opened_at": START.astimezone(timezone(timedelta(hours=3))),
        },
        {"ticket_id": 2, "customer_id": "c", "opened_at": "2026-03-01T08:00:00Z"},
    ]
    assert read_table(rows, TICKETS).frame["opened_at"].to_list() == [START, START]


@pytest.mark.parametrize("value", [17, 17.0, "17"])
def test_ids_become_text(value):
    for data in ([{"customer_id": value}], pd.DataFrame([{"customer_id": value}])):
        assert read_table(data, CUSTOMERS).frame["customer_id"].to_list() == ["17"]


def test_ids_of_several_types_become_text():
    rows = [{"customer_id": v} for v in (17, "x", 2.0, 2**70, True)]
    ids = read_table(rows, CUSTOMERS).frame["customer_id"].to_list()
    assert ids == ["17", "x", "2", str(2**70), "true"]


def test_rows_in_trouble_are_refused_and_the_rest_kept():
    rows = [
        {"environment_id": "e-1", "kind": "single_tenant"},
        {"environment_id": None, "kind": "multi_tenant"},
        {"environment_id": "e-3", "kind": "both", "telemetry": "pigeon"},
        {"environment_id": "  ", "kind": "multi_tenant"},
        {"environment_id": "e-5", "kind": "multi_tenant"},
    ]
    intake = read_table(rows, ENVIRONMENTS)
    assert intake.frame["environment_id"].to_list() == ["e-1", "e-5"]
    assert intake.refused.rows() == [
        (2, "environment_id is empty"),
        (
            3,
            (
                "kind is not one of single_tenant, multi_tenant; "
                "telemetry is not one of push, bundle, none"
            ),
        ),
        (4, "environment_id is empty"),
    ]


def test_intervals_must_end_after_they_start_but_a_change_may_be_a_moment():
    span = {"environment_id": "e", "component": "core", "value": "8.1"}
    spans = read_table([{**span, "valid_from": START, "valid_to": START}], SPANS)
    assert spans.refused.rows() == [(1, "valid_to is not after valid_from")]
    change = {"change_id": "x", "starts_at": START, "ends_at": START}
    assert read_table([change], CHANGES).refused.is_empty()
    backwards = read_table([{**change, "ends_at": START - timedelta(1)}], CHANGES)
    assert backwards.refused.rows() == [(1, "ends_at is not after starts_at")]


def test_equal_rows_are_kept_once_and_contradicting_ones_refused():
    rows = [
        {"customer_id": "c-1", "tier": "gold"},
        {"customer_id": "c-1", "tier": "gold"},
        {"customer_id": "c-1", "tier": "lead"},
    ]
    intake = read_table(rows, CUSTOMERS)
    assert intake.frame.height == 1
    assert intake.refused.rows() == [(3, "same customer_id as row 1, other content")]


def test_unknown_columns_are_named_and_left_out():
    intake = read_table([{"customer_id": "c", "shoe_size": 43}], CUSTOMERS)
    assert intake.unknown == ("shoe_size",)
    assert "shoe_size" not in intake.frame.columns


def test_numbers_and_booleans_are_read_from_text(tmp_path):
    path = _write(
        tmp_path,
        "m.csv",
        "ticket_id,at,author,body,public\n"
        "1,2026-03-01T08:00:00Z,agent,a,yes\n"
        "1,2026-03-01T08:00:00Z,agent,b,0\n"
        "1,2026-03-01T08:00:00Z,agent,c,perhaps\n",
    )
    intake = read_table(path, MESSAGES)
    assert intake.frame["public"].to_list() == [True, False]
    assert intake.refused.rows() == [(3, "public is no boolean")]
    numbers = read_table(
        [{"customer_id": n, "annual_value": v} for n, v in enumerate(["12", "x", "inf", " 3.5 "])],
        CUSTOMERS,
    )
    assert numbers.frame["annual_value"].to_list() == [12.0, 3.5]
    assert numbers.refused["row"].to_list() == [2, 3]


def test_integers_are_exact_and_whole():
    schema = TableSchema(
        name="things", key=("id",), columns=(Column(name="id"), Column(name="n", kind="integer"))
    )
    big = 2**62 + 1
    rows = [{"id": i, "n": v} for i, v in enumerate([str(big), "2.0", "2.5", None])]
    intake = read_table(rows, schema)
    assert intake.frame["n"].to_list() == [big, 2, None]
    assert intake.refused.rows() == [(3, "n is no integer")]
    assert read_table([{"id": 1, "n": 2.0}, {"id": 2, "n": big}], schema).frame["n"].to_list() == [
        2,
        big,
    ]


@pytest.mark.parametrize("column", ["opened_at", "effort_hours"])
def test_a_column_of_a_hopeless_type_is_a_table_error(column):
    frame = pl.DataFrame({"ticket_id": [1], "customer_id": ["c"], "opened_at": [START]})
    frame = frame.with_columns(pl.Series(column, [True]))
    with pytest.raises(TableError, match=f"'{column}' of table 'tickets' is Boolean"):
        read_table(frame, TICKETS)


def test_a_boolean_column_of_times_is_a_table_error():
    frame = pl.DataFrame({"ticket_id": [1], "at": [START], "public": [START]})
    with pytest.raises(TableError, match="give true or false"):
        read_table(frame, MESSAGES)


def test_text_is_taken_from_what_is_not_text():
    frame = pl.DataFrame(
        {
            "customer_id": pl.Series([1, 2, 3]),
            "name": pl.Series([b"Plain", b"\xff", None]),
            "tier": pl.Series(["a", "b", "a"], dtype=pl.Categorical),
            "region": pl.Series([1.5, float("nan"), 3.0]),
            "sla": [{"hours": 4}, None, {"hours": 8}],
        }
    )
    rows = read_table(frame, CUSTOMERS).frame.drop("annual_value").rows()
    assert rows == [
        ("1", "Plain", "a", "1.5", '{"hours":4}'),
        ("2", "\ufffd", "b", None, None),
        ("3", None, "a", "3", '{"hours":8}'),
    ]
    dicts = read_table([{"customer_id": "c", "sla": {"hours": 4}, "tier": b"x"}], CUSTOMERS).frame
    assert dicts.select("sla", "tier").rows() == [('{"hours": 4}', "x")]
    times = read_table(pl.DataFrame({"customer_id": [START]}), CUSTOMERS).frame
    assert times["customer_id"][0].startswith("2026-03-01T08:00:00")


def test_pandas_gaps_are_no_values():
    frame = pd.DataFrame(
        {
            "ticket_id": [1, None],
            "customer_id": ["c", "d"],
            "opened_at": pd.to_datetime([START, START], utc=True),
            "resolved_at": [pd.NaT, START],
        }
    )
    intake = read_table(frame, TICKETS)
    assert intake.frame.select("ticket_id", "resolved_at").rows() == [("1", None)]
    assert intake.refused.rows() == [(2, "ticket_id is empty")]
    with pytest.raises(InputError, match="DataFrame"):
        read_table(frame["ticket_id"], TICKETS)


def test_a_csv_may_hold_a_bom_newlines_in_fields_broken_text_and_ragged_rows(tmp_path):
    path = _write(
        tmp_path,
        "c.csv",
        b'\xef\xbb\xbfcustomer_id,name\nc-1,"two\nlines"\nc-2,a,b\nc-3,\xff\n\nc-4\nc-5,""\n',
    )
    intake = read_table(path, CUSTOMERS)
    assert intake.frame.select("customer_id", "name").rows() == [
        ("c-1", "two\nlines"),
        ("c-3", "\ufffd"),
        ("c-5", None),
    ]
    assert intake.refused["reason"].to_list() == [
        "has 3 fields, the header 2",
        "has 1 fields, the header 2",
    ]
    assert intake.refused["row"].to_list()[0] == 2


def test_a_csv_with_a_column_twice_or_no_line_is_a_table_error(tmp_path):
    with pytest.raises(TableError, match="twice: 'customer_id'"):
        read_table(_write(tmp_path, "a.csv", "customer_id,customer_id\n1,2\n"), CUSTOMERS)
    with pytest.raises(TableError, match="columns are none"):
        read_table(_write(tmp_path, "b.csv", ""), CUSTOMERS)


def test_json_lines_that_are_no_objects_are_refused(tmp_path):
    path = _write(tmp_path, "c.jsonl", '{"customer_id": 1}\n{"customer_id":\n[1]\n')
    intake = read_table(path, CUSTOMERS)
    assert intake.frame["customer_id"].to_list() == ["1"]
    assert intake.refused.rows() == [
        (2, "is no object with named values"),
        (3, "is no object with named values"),
    ]


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(SourceError, match=r"nowhere\.csv' does not exist"):
        read_table(tmp_path / "nowhere.csv", CUSTOMERS)
    with pytest.raises(InputError, match=r"ends in \.csv, \.json"):
        read_table(_write(tmp_path, "c.xlsx", "x"), CUSTOMERS)
    with pytest.raises(TableError, match="readable parquet"):
        read_table(_write(tmp_path, "c.parquet", "x"), CUSTOMERS)
    with pytest.raises(TableError, match="readable json"):
        read_table(_write(tmp_path, "c.json", "{"), CUSTOMERS)
    with pytest.raises(TableError, match="holds no list"):
        read_table(_write(tmp_path, "d.json", "{}"), CUSTOMERS)
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    with pytest.raises(SourceError, match="cannot be read"):
        read_table(folder, CUSTOMERS)


@pytest.mark.parametrize("data", [7, b"customer_id", None])
def test_what_is_no_table_is_refused(data):
    with pytest.raises(InputError, match="'customers' came as"):
        read_table(data, CUSTOMERS)
