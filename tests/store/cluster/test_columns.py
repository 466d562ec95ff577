from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from caseline.errors import InputError
from caseline.store.cluster.catalog import LocalCatalog
from caseline.store.cluster.columns import as_stored, checked_key, declared_columns
from caseline.store.schema import KEYS


def test_the_columns_are_those_that_a_catalog_reads():
    catalog = LocalCatalog()
    assert set(declared_columns()) == set(KEYS)
    for table, columns in declared_columns().items():
        assert {c.name: c.dtype for c in columns} == dict(catalog.read(table).schema)
    catalog.close()


@pytest.mark.parametrize(
    ("table", "names", "says"),
    [
        ("no_such", ["a"], "no catalog table"),
        ("customers", ["customer_id", "nam"], "did you mean 'name'"),
        ("customers", ["name"], "column of its key"),
    ],
)
def test_rows_that_a_table_cannot_take_are_told(table, names, says):
    with pytest.raises(InputError, match=says):
        checked_key(table, names)


def test_rows_get_the_types_of_their_table():
    at = datetime(2026, 3, 1, tzinfo=UTC)
    rows = pl.DataFrame({"ticket_id": ["t"], "opened_at": [at], "effort_hours": [1]})
    stored = as_stored("tickets", rows)
    assert stored.rows() == [("t", at.replace(tzinfo=None), 1.0)]
