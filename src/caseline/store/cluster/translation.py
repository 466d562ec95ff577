"""Puts questions, written for DuckDB, into the SQL of a warehouse: once for each, with holes.

The values, the tables of the months and the offered tables of the catalog stand in the
translated text as holes, so that the translator works once and not at every asking.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from caseline.errors import InputError, MissingExtraError
from caseline.store import schema, views

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlglot import exp

    from caseline.store.cluster.warehouse import Warehouse

TEXT_OF = "text_of(e.message, t.parts, e.variables)"
"""What stands in a translated question for ``views.TEXT``, for ``Warehouse.rewrite``."""

_HOLE = re.compile(r"hole_(value|touched|held|catalog)__(\w+?)__")
_EVENTS = ("touched", "held", "empty")


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """One question in a warehouse's SQL.

    Args:
        text: The SQL, with holes.
        from_events: Whether it reads what the warehouse holds; if not, the catalog's
            copy answers it alone.
        catalog: The catalog's tables that it reads.
    """

    text: str
    from_events: bool
    catalog: tuple[str, ...]

    def filled(self, fill: Callable[[str, str], str]) -> str:
        """Return the SQL without holes: *fill* gives what stands in one, by kind and name."""
        return _HOLE.sub(lambda hole: fill(hole[1], hole[2]), self.text)


def translate(
    sql: str, warehouse: Warehouse, columns_of: Callable[[str], Sequence[str]]
) -> Translated:
    """Return *sql*, as ``views.compose`` makes it, in the SQL of *warehouse*.

    Args:
        sql: It names ``touched``, ``held`` and ``catalog`` tables, and ``$values``.
        warehouse: Whose SQL.
        columns_of: Gives the columns of a table of the catalog.
    """
    sqlglot = _sqlglot()
    tree = sqlglot.parse_one(sql.replace(views.TEXT, TEXT_OF), dialect="duckdb")
    _expand_stars(tree, columns_of)
    places = {(t.db, t.name) for t in tree.find_all(sqlglot.exp.Table) if t.db}
    for cte in tree.find_all(sqlglot.exp.CTE):
        cte.set("materialized", None)
    for table in list(tree.find_all(sqlglot.exp.Table)):
        if table.db:
            hole = f"hole_{table.db}__{table.name}__"
            table.set("db", None)
            table.set("this", sqlglot.exp.to_identifier(hole))
            if not table.alias:
                name = hole.split("__")[1]
                table.set("alias", sqlglot.exp.TableAlias(this=sqlglot.exp.to_identifier(name)))
    for kind in (sqlglot.exp.Parameter, sqlglot.exp.Placeholder):
        for value in list(tree.find_all(kind)):
            value.replace(sqlglot.exp.Var(this=f"hole_value__{value.name}__"))
    return Translated(
        text=warehouse.rewrite(tree).sql(dialect=warehouse.dialect),
        from_events=any(db in _EVENTS for db, _ in places),
        catalog=tuple(sorted(name for db, name in places if db == "catalog")),
    )


def literal(value: Any, warehouse: Warehouse) -> str:
    """Return *value* as it is written in the SQL of *warehouse*.

    Raises:
        InputError: a value of a type that questions do not take.
    """
    return warehouse.rewrite(_expression(value)).sql(dialect=warehouse.dialect)


def _expression(value: Any) -> exp.Expr:
    expressions = _sqlglot().exp
    if isinstance(value, datetime | date):
        kind = "TIMESTAMP" if isinstance(value, datetime) else "DATE"
        return _cast(expressions.Literal.string(str(value)), kind)
    if isinstance(value, list):
        items: exp.Expr = expressions.Array(expressions=[_expression(item) for item in value])
        return items if value else _cast(items, "VARCHAR[]")
    if value is None or isinstance(value, bool | int | float | str):
        converted: exp.Expr = expressions.convert(value)
        return converted
    raise InputError(f"a question takes no value of type {type(value).__name__}")


def _cast(value: exp.Expr, kind: str) -> exp.Expr:
    expressions = _sqlglot().exp
    made: exp.Expr = expressions.cast(value, expressions.DataType.build(kind, dialect="duckdb"))
    return made


def _expand_stars(tree: exp.Expr, columns_of: Callable[[str], Sequence[str]]) -> None:
    """Write out each ``* REPLACE (…)`` over a table of the catalog."""
    expressions = _sqlglot().exp
    for select in tree.find_all(expressions.Select):
        told: list[exp.Expr] = []
        for item in select.expressions:
            star = item.this if isinstance(item, expressions.Column) else item
            if not isinstance(star, expressions.Star) or not star.args.get("replace"):
                told.append(item)
                continue
            source = _source(select, item.table if isinstance(item, expressions.Column) else "")
            other = {alias.alias: alias for alias in star.args["replace"]}
            told += [
                other.get(name) or expressions.column(name, table=source.alias or None, quoted=True)
                for name in columns_of(source.name)
            ]
        select.set("expressions", told)


def _source(select: exp.Select, alias: str) -> exp.Table:
    tables = list(select.args["from_"].find_all(_sqlglot().exp.Table))
    found: exp.Table = next(t for t in tables if alias in {"", t.alias, t.name})
    return found


def catalog_columns() -> Mapping[str, tuple[str, ...]]:
    """Return the columns of each table of ``schema.KEYS``, read off the catalog's DDL."""
    sqlglot = _sqlglot()
    made = sqlglot.parse(schema.catalog_ddl(), dialect="duckdb")
    return {
        statement.this.this.name: tuple(
            c.name for c in statement.this.find_all(sqlglot.exp.ColumnDef)
        )
        for statement in made
        if isinstance(statement, sqlglot.exp.Create) and statement.this.this.name in schema.KEYS
    }


def _sqlglot() -> Any:
    try:
        import sqlglot  # noqa: PLC0415 - part of the extras
    except ImportError:
        raise MissingExtraError(
            "a cluster's engine needs its extra: pip install 'caseline[spark]' "
            "or 'caseline[clickhouse]'"
        ) from None
    return sqlglot
