"""What ClickHouse says otherwise, in words: live/test_clickhouse.py asks the engine itself."""

from __future__ import annotations

import pyarrow as pa
import pytest
from sqlglot import parse_one

from caseline.errors import InputError
from caseline.store.cluster.clickhouse_ledger import Ledger, Month, still_stands
from caseline.store.cluster.clickhouse_sql import rewrite
from caseline.store.cluster.clickhouse_tables import (
    OWN,
    columns,
    kept,
    month_ddl,
    offer_ddl,
)
from caseline.store.cluster.warehouse import TABLES


@pytest.mark.parametrize(
    ("duckdb", "clickhouse"),
    [
        ("lower(a)", "lowerUTF8(a)"),
        ("contains(lower(a), 'x')", "POSITION(lowerUTF8(a), 'x') > 0"),
        ("epoch_us(a) // 2", "intDiv(toUnixTimestamp64Micro(a), 2)"),
        ("count(*)", "toInt64(COUNT(*))"),
        ("count(DISTINCT a)", "toInt64(COUNT(DISTINCT a))"),
        ("CAST(a AS DATE)", "toDate32(a)"),
        ("DATE '0001-01-02'", "toDate32('1900-01-01')"),
        ("DATE '2026-03-01'", "toDate32('2026-03-01')"),
        ("TIMESTAMP '0001-01-02 00:00:00'", "fromUnixTimestamp64Micro(-62135510400000000, 'UTC')"),
        ("TIMESTAMP '1970-01-01 00:00:01.5'", "fromUnixTimestamp64Micro(1500000, 'UTC')"),
        ("CAST(a AS TIMESTAMP)", "toDateTime64(a, 6, 'UTC')"),
        ("arg_max(a, b)", "argMax(a, b)"),
        ("arg_min(a, b)", "argMin(a, b)"),
        (
            "arg_min(a, b, 3)",
            "arrayMap(pair -> tupleElement(pair, 2), groupArraySorted(3)(tuple(b, a)))",
        ),
        ("another(a)", "another(a)"),
    ],
)
def test_an_expression_is_said_as_clickhouse_says_it(duckdb, clickhouse):
    assert rewrite(parse_one(duckdb, dialect="duckdb")).sql("clickhouse") == clickhouse


UNROLLED = (
    "SELECT tupleElement(unrolled, 1) AS a, tupleElement(unrolled, 2) AS b "
    "FROM (SELECT arrayJoin(arrayZip(x, y)) AS unrolled) AS rows"
)


@pytest.mark.parametrize(
    ("duckdb", "clickhouse"),
    [
        ("SELECT t.a, b FROM t", "SELECT t.a AS a, b FROM t"),
        ("SELECT t.* FROM t", "SELECT t.* FROM t"),
        ("SELECT a AS b FROM t ORDER BY b, t.b, c", "SELECT a AS b FROM t ORDER BY 1, t.b, c"),
        (
            "SELECT unnest(x) AS a, unnest(y) AS b",
            UNROLLED,
        ),
        ("SELECT unnest(x) AS a", "SELECT arrayJoin(x) AS a"),
    ],
)
def test_a_select_is_said_as_clickhouse_says_it(duckdb, clickhouse):
    assert rewrite(parse_one(duckdb, dialect="duckdb")).sql("clickhouse") == clickhouse


def test_the_text_of_an_event_is_missing_where_its_template_is():
    told = rewrite(parse_one("text_of(e.message, t.parts, e.variables)")).sql("clickhouse")
    assert told.startswith("COALESCE(e.message, if(empty(t.parts), NULL, arrayStringConcat(")


# tables -----------------------------------------------------------------------------


def test_each_table_of_a_month_has_the_columns_of_the_partition_and_its_own():
    told = dict(zip((*TABLES, "writes"), month_ddl("logs"), strict=True))
    assert [told[table].split("(")[0].split(".")[1].strip() for table in told] == list(told)
    for table in TABLES:
        names = [kept(table, name) for name, *_ in columns()[table]]
        assert len({*names, *OWN}) == len(names) + len(OWN)
        assert all(f" {name} " in told[table].replace("(", " ") for name in names)
        assert "PARTITION BY (month, base)" in told[table]
    assert "customer_id LowCardinality(Nullable(String))" in told["events"]
    assert "signature_id LowCardinality(String)" in told["events"]


def test_a_table_to_offer_has_the_types_of_its_rows():
    rows = pa.table(
        {
            "a": ["x"],
            "b": [1],
            "c": [0.5],
            "d": [True],
            "e": pa.array([0], pa.timestamp("us")),
            "f": [["x"]],
            "g": pa.array([[1]], pa.list_(pa.uint32())),
        }
    )
    assert offer_ddl("logs.x", rows) == (
        'CREATE TABLE logs.x ("a" Nullable(String), "b" Nullable(Int64), "c" Nullable(Float64), '
        '"d" Nullable(Bool), "e" Nullable(DateTime64(6, \'UTC\')), "f" Array(Nullable(String)), '
        '"g" Array(UInt32)) ENGINE = MergeTree ORDER BY tuple()'
    )


# the ledger -------------------------------------------------------------------------


class Remembered:
    """A server that has nothing but the rows of the ledger it was told, and two answers."""

    database = "logs"

    def __init__(self):
        self.rows = []

    def value(self, sql):
        return len(self.rows) or (0 if "count()" in sql else None)

    def do(self, sql):
        self.rows.append(sql.partition("VALUES ")[2])

    def answer(self, sql):
        assert "GROUP BY month" in sql
        row = {"month": [202603, 202604], "latest": [4, 5], "finished": [1, 0]}
        row |= {"unfinished": [[4, 3], [5]], **{table: [2, 0] for table in TABLES}}
        return pa.table(row)


def test_a_write_is_noted_when_it_begins_and_when_it_is_finished():
    server = Remembered()
    ledger = Ledger(server)
    position = ledger.begin(202603, "w-1")
    ledger.finish(202603, position, "w-1", replaced=["days"])
    assert server.rows == ["(202603, 1, 'w-1', 0, [])", "(202603, 1, 'w-1', 1, ['days'])"]
    assert ledger.begin(202603, "w-2") == 3
    assert ledger.finished(202603, "w-1")
    with pytest.raises(InputError, match="write_id"):
        ledger.begin(202603, "it's")


def test_only_months_with_a_finished_write_are_there():
    server = Remembered()
    ledger = Ledger(server)
    found = ledger.months()
    assert list(found) == [202603]
    assert found[202603].seen("days") == (
        "(month = 202603 AND base = 2 AND position <= 4 AND position NOT IN (3, 4))"
    )
    assert ledger.months() is found


def test_what_was_read_stands_until_a_table_starts_anew():
    def month(base):
        return Month(number=1, latest=base, unfinished=(), bases={"days": base})

    assert still_stands({}, {1: month(0)})
    assert still_stands({1: month(2)}, {1: month(2), 2: month(0)})
    assert not still_stands({1: month(2)}, {1: month(3)})
    assert not still_stands({1: month(2)}, {})
