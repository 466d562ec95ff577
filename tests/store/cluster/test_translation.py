"""Values and constructs in a warehouse's SQL: nothing a value holds can become SQL."""

from __future__ import annotations

from datetime import date, datetime

import duckdb
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from caseline.errors import InputError
from caseline.store.cluster import spark_sql
from caseline.store.cluster.local import LocalWarehouse
from caseline.store.cluster.translation import catalog_columns, literal, translate
from caseline.store.schema import KEYS

WAREHOUSE = LocalWarehouse()
COLUMNS = catalog_columns()
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001 - as tables hold them
    st.dates(date(1900, 1, 1), date(2200, 1, 1)),
)


def spoken(sql):
    return spark_sql.rewritten(sqlglot.parse_one(sql, dialect="duckdb")).sql("spark")


@given(VALUES)
def test_a_value_comes_out_of_its_literal_as_it_went_in(value):
    with duckdb.connect() as hub:
        assert hub.execute(f"SELECT {literal(value, WAREHOUSE)}").fetchone() == (value,)


@given(st.lists(st.text("ab'\\\"-$;%_\n", max_size=6), max_size=4))
def test_a_list_comes_out_of_its_literal_as_it_went_in(values):
    with duckdb.connect() as hub:
        found = hub.execute(f"SELECT {literal(values, WAREHOUSE)}").fetchone()
    assert found == (values,)


def test_a_value_that_looks_like_a_hole_fills_none():
    translated = translate("SELECT $a AS a, $b AS b", WAREHOUSE, COLUMNS.__getitem__)
    values = {"a": "hole_value__b__", "b": "x"}
    sql = translated.filled(lambda _, name: literal(values[name], WAREHOUSE))
    assert duckdb.sql(sql).fetchone() == ("hole_value__b__", "x")


def test_a_value_of_another_type_is_refused():
    with pytest.raises(InputError, match="object"):
        literal(object(), WAREHOUSE)


def test_every_table_of_the_catalog_has_its_columns():
    assert set(COLUMNS) == set(KEYS)
    assert COLUMNS["share_groups"] == ("share_group", "customer_id", "weight")


def test_a_star_that_replaces_is_written_out():
    sql = "SELECT l.* REPLACE (NULL AS weight), 1 AS n FROM catalog.share_groups l"
    translated = translate(sql, WAREHOUSE, COLUMNS.__getitem__)
    assert "REPLACE" not in translated.text
    assert translated.catalog == ("share_groups",)
    assert not translated.from_events


@pytest.mark.parametrize(
    ("duck", "spark"),
    [
        ("SELECT x[1] FROM t", "SELECT GET(x, 0) FROM t"),
        ("SELECT epoch_us(x) FROM t", "SELECT UNIX_MICROS(x) FROM t"),
        ("SELECT CAST(x AS TIMESTAMP) FROM t", "SELECT CAST(x AS TIMESTAMP_LTZ) FROM t"),
        ("SELECT x IN (SELECT y FROM u) FROM t", "SELECT x IN (SELECT y FROM u) FROM t"),
        (
            "SELECT x IN (SELECT unnest($v)) FROM t",
            "SELECT ARRAY_CONTAINS(:v, x) FROM t",
        ),
        (
            "SELECT unnest(a) AS x, unnest(b) AS y",
            "SELECT z['0'] AS x, z['1'] AS y FROM (SELECT EXPLODE(ARRAYS_ZIP(a, b)) AS z)",
        ),
        ("SELECT arg_min(x, y) FROM t", "SELECT MIN_BY(x, y) FROM t"),
    ],
)
def test_what_duckdb_says_is_said_in_sparks_words(duck, spark):
    assert spoken(duck) == spark


def test_a_text_in_sparks_sql_is_the_text():
    quoted = sqlglot.exp.convert("it's \\ \n").sql("spark")
    assert quoted == "'it\\'s \\\\ \\n'"


def test_sparks_tables_have_no_types_without_a_sign():
    told = spark_sql.table_schemas()
    assert told["batches"].startswith("batch_id STRING, source_id STRING, received_at TIMESTAMP")
    assert "severity SMALLINT" in told["events"]
    assert "repeats BIGINT" in told["events"]
    assert "variables STRING" in told["events"]
