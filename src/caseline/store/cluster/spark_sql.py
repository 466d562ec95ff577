"""What SQLGlot leaves to do between DuckDB's SQL and Spark's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from caseline.store import schema
from caseline.store.cluster.warehouse import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPES = {
    "VARCHAR": "STRING",
    "VARCHAR[]": "ARRAY<STRING>",
    "TIMESTAMP": "TIMESTAMP",
    "DATE": "DATE",
    "BOOLEAN": "BOOLEAN",
    "UTINYINT": "SMALLINT",
    "UINTEGER": "BIGINT",
    "BIGINT": "BIGINT",
}
"""Spark's types; it has none without a sign."""


def table_schemas() -> Mapping[str, str]:
    """Return the columns of each table of a month, as Spark reads them.

    >>> table_schemas()["batches"].split(", ")[:2]
    ['batch_id STRING', 'source_id STRING']
    """
    made = sqlglot.parse(schema.partition_ddl(), dialect="duckdb")
    return {
        statement.this.this.name: ", ".join(
            f"{column.name} {_TYPES[column.kind.sql('duckdb').replace('TEXT', 'VARCHAR')]}"
            for column in statement.this.find_all(exp.ColumnDef)
        )
        for statement in made
        if isinstance(statement, exp.Create) and statement.this.this.name in TABLES
    }


def rewritten(tree: exp.Expr) -> exp.Expr:
    """Return *tree* with what Spark says otherwise.

    >>> tree = sqlglot.parse_one("SELECT x[2] FROM t WHERE y IN (SELECT unnest($z))", "duckdb")
    >>> rewritten(tree).sql("spark")
    'SELECT GET(x, 1) FROM t WHERE ARRAY_CONTAINS(:z, y)'
    """
    return tree.transform(_rewritten)


def _rewritten(node: exp.Expr) -> exp.Expr:
    for change in (_moment, _text, _listed, _zipped, _picked, _micros, _element):
        changed = change(node)
        if changed is not None:
            return changed
    return node


def _moment(node: exp.Expr) -> exp.Expr | None:
    """Times are stored in UTC with a zone, and the session's zone is UTC."""
    if isinstance(node, exp.DataType) and node.this == exp.DataType.Type.TIMESTAMPNTZ:
        return exp.DataType.build("TIMESTAMPLTZ", dialect="duckdb")
    return None


def _text(node: exp.Expr) -> exp.Expr | None:
    if not (isinstance(node, exp.Anonymous) and node.name.lower() == "text_of"):
        return None
    message, parts, variables = (item.sql("spark") for item in node.expressions)
    none = "CAST(ARRAY() AS ARRAY<STRING>)"
    return _parsed(
        f"COALESCE({message}, ARRAY_JOIN(ZIP_WITH(COALESCE({parts}, {none}), "
        f"COALESCE({variables}, {none}), (p, v) -> CONCAT(p, COALESCE(v, ''))), ''))"
    )


def _listed(node: exp.Expr) -> exp.Expr | None:
    """``x IN (SELECT unnest(list))`` is ``x`` in the list."""
    query = node.args.get("query") if isinstance(node, exp.In) else None
    select = query.this if isinstance(query, exp.Subquery) else query
    if not isinstance(select, exp.Select) or len(select.expressions) != 1:
        return None
    (item,) = select.expressions
    if not isinstance(item, exp.Explode | exp.Unnest):
        return None
    values = item.this if isinstance(item, exp.Explode) else item.expressions[0]
    return exp.ArrayContains(this=values.copy(), expression=node.this.copy())


def _zipped(node: exp.Expr) -> exp.Expr | None:
    """Two lists are unpacked side by side, as DuckDB does; Spark takes one at a time."""
    if not isinstance(node, exp.Select) or node.args.get("from_") or len(node.expressions) == 1:
        return None
    lists = [item.this for item in node.expressions if isinstance(item, exp.Alias)]
    if len(lists) != len(node.expressions) or not all(
        isinstance(item, exp.Explode) for item in lists
    ):
        return None
    zipped = ", ".join(item.this.sql("spark") for item in lists)
    names = [item.alias for item in node.expressions]
    told = ", ".join(f"z['{number}'] AS {name}" for number, name in enumerate(names))
    return _parsed(f"SELECT {told} FROM (SELECT EXPLODE(ARRAYS_ZIP({zipped})) AS z)")


def _picked(node: exp.Expr) -> exp.Expr | None:
    """``arg_min(x, key, n)``: the n values of *x* with the least keys."""
    if not isinstance(node, exp.ArgMin) or node.args.get("count") is None:
        return None
    value, key, count = (node.args[name].sql("spark") for name in ("this", "expression", "count"))
    return _parsed(
        f"TRANSFORM(SLICE(ARRAY_SORT(COLLECT_LIST(STRUCT({key} AS k, {value} AS v))), 1, {count}), "
        "x -> x.v)"
    )


def _micros(node: exp.Expr) -> exp.Expr | None:
    if isinstance(node, exp.Anonymous) and node.name.lower() == "epoch_us":
        return exp.Anonymous(this="UNIX_MICROS", expressions=node.expressions)
    return None


def _element(node: exp.Expr) -> exp.Expr | None:
    """An index behind a list's end gives NULL, as in DuckDB, and no error."""
    if isinstance(node, exp.Bracket) and isinstance(node.expressions[0], exp.Literal):
        if node.expressions[0].is_string:
            return None
        return exp.Anonymous(this="GET", expressions=[node.this, node.expressions[0]])
    return None


def _parsed(sql: str) -> exp.Expr:
    return sqlglot.parse_one(sql, dialect="spark")
