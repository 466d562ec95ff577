"""How ClickHouse keeps a month: its tables, what their rows bear besides, their order."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import duckdb

from caseline.store.cluster.clickhouse_ledger import LEDGER, LEDGER_COLUMNS
from caseline.store.cluster.warehouse import TABLES
from caseline.store.schema import partition_ddl

if TYPE_CHECKING:
    import pyarrow as pa

OWN = ("month", "base", "position")
"""What each row bears: its month, as a number; the write that its table's month starts
anew with, or 0; the write that brought it. Those of a month and base lie in files of
their own, so that what was replaced is dropped as files."""

_TYPES = {
    "VARCHAR": "String",
    "VARCHAR[]": "Array(Nullable(String))",
    "TIMESTAMP": "DateTime64(6, 'UTC')",
    "DATE": "Date32",
    "BIGINT": "Int64",
    "UINTEGER": "UInt32",
    "UTINYINT": "UInt8",
    "BOOLEAN": "Bool",
}
_FEW_VALUES = frozenset(
    {
        "time_quality", "environment_id", "customer_id", "share_group", "version", "stage",
        "region", "service", "host", "severity_text", "signature_id", "source_id",
    }
)  # fmt: skip
"""Columns kept as numbers into a dictionary."""
_DIMENSIONS = "customer_id, signature_id, environment_id"
_ORDER = {
    "events": "customer_id, signature_id, moment",
    "hours": f"{_DIMENSIONS}, hour",
    "days": f"{_DIMENSIONS}, day",
    "months": f"{_DIMENSIONS}, month_",
    "coverage": "environment_id, source_id",
    "batches": "batch_id",
}
_SAFE = "fsync_after_insert = 1, fsync_part_directory = 1"
"""What a write says is finished stands on disk: also when the machine loses power."""


@cache
def columns() -> dict[str, tuple[tuple[str, str, bool], ...]]:
    """Return the columns of each table of a month: name, type as DuckDB's, may be NULL.

    >>> columns()["hours"][0]
    ('hour', 'TIMESTAMP', False)
    """
    with duckdb.connect() as hub:
        hub.execute(partition_ddl())
        return {
            table: tuple(
                hub.execute(
                    "SELECT column_name, data_type, is_nullable FROM duckdb_columns() "
                    "WHERE table_name = $table ORDER BY column_index",
                    {"table": table},
                ).fetchall()
            )
            for table in TABLES
        }


def kept(table: str, name: str) -> str:
    """Return what the column *name* of *table* is called here: its own month is taken."""
    return "month_" if table == "months" and name == "month" else name


def month_ddl(database: str) -> list[str]:
    """Return the statements that make the tables in *database* where they are absent."""
    ledger = (
        f"CREATE TABLE IF NOT EXISTS {database}.{LEDGER} ({LEDGER_COLUMNS}) "
        f"ENGINE = MergeTree ORDER BY (month, position) SETTINGS {_SAFE}"
    )
    return [*(_table_ddl(database, table) for table in TABLES), ledger]


def _table_ddl(database: str, table: str) -> str:
    told = [
        f"{name} {'UInt32' if name == 'month' else 'UInt64'} CODEC(Delta, ZSTD)" for name in OWN
    ]
    told += [
        f"{kept(table, name)} {_type(name, declared, nullable=nullable)} {_codec(declared)}"
        for name, declared, nullable in columns()[table]
    ]
    return (
        f"CREATE TABLE IF NOT EXISTS {database}.{table} ({', '.join(told)}) ENGINE = MergeTree "
        f"PARTITION BY (month, base) ORDER BY ({_ORDER[table]}) "
        f"SETTINGS allow_nullable_key = 1, {_SAFE}"
    )


def _type(name: str, declared: str, *, nullable: bool) -> str:
    told = _TYPES[declared]
    if nullable and not declared.endswith("[]"):
        told = f"Nullable({told})"
    return f"LowCardinality({told})" if name in _FEW_VALUES else told


def _codec(declared: str) -> str:
    return "CODEC(Delta, ZSTD)" if declared in {"TIMESTAMP", "DATE"} else "CODEC(ZSTD)"


def offer_ddl(place: str, rows: pa.Table) -> str:
    """Return the statement that makes a table for *rows* at *place*, in no order."""
    import pyarrow as pa  # noqa: PLC0415 - as heavy as it is

    told = []
    for field in rows.schema:
        kind = field.type
        if pa.types.is_list(kind) or pa.types.is_large_list(kind):
            item = "UInt32" if pa.types.is_integer(kind.value_type) else "Nullable(String)"
            told.append(f'"{field.name}" Array({item})')
        else:
            told.append(f'"{field.name}" Nullable({_offered(kind)})')
    return f"CREATE TABLE {place} ({', '.join(told)}) ENGINE = MergeTree ORDER BY tuple()"


def _offered(kind: pa.DataType) -> str:
    import pyarrow as pa  # noqa: PLC0415 - as heavy as it is

    if pa.types.is_timestamp(kind):
        return _TYPES["TIMESTAMP"]
    if pa.types.is_boolean(kind):
        return "Bool"
    if pa.types.is_floating(kind):
        return "Float64"
    return "Int64" if pa.types.is_integer(kind) else "String"
