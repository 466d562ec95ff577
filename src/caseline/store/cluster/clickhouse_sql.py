"""What ClickHouse says otherwise: the parts of a question that SQLGlot leaves to us."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from caseline.errors import MissingExtraError

try:
    from sqlglot import exp
except ImportError:
    raise MissingExtraError(
        "ClickHouse needs its extra: pip install 'caseline[clickhouse]'"
    ) from None

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS: dict[str, int | str] = {
    "aggregate_functions_null_for_empty": 1,
    "async_insert": 0,
    "insert_deduplicate": 0,
    "join_use_nulls": 1,
    "prefer_column_name_to_alias": 1,
    "session_timezone": "UTC",
}
"""What makes it answer as SQL says, and write when it says that it wrote."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = date(1900, 1, 1), date(2299, 12, 31)
"""Days outside cannot be told; no stored day is outside."""


def rewrite(tree: exp.Expr) -> exp.Expr:
    """Return *tree*, put together for DuckDB, so that SQLGlot writes it for ClickHouse.

    >>> from sqlglot import parse_one
    >>> rewrite(parse_one("SELECT epoch_us(lower(a)) // 2", dialect="duckdb")).sql("clickhouse")
    'SELECT intDiv(toUnixTimestamp64Micro(lowerUTF8(a)), 2)'
    """
    for node in reversed(list(tree.walk())):
        change = _CHANGES.get(type(node))
        if change is None:
            continue
        changed = change(node)
        if node is tree:
            tree = changed
        elif changed is not node:
            node.replace(changed)
    return tree


def _call(name: str, *values: exp.Expr | str | int) -> exp.Expr:
    given = [value if isinstance(value, exp.Expr) else exp.convert(value) for value in values]
    return exp.Anonymous(this=name, expressions=given)


def _lower(node: exp.Expr) -> exp.Expr:
    return _call("lowerUTF8", node.this)


def _whole_division(node: exp.Expr) -> exp.Expr:
    return _call("intDiv", node.this, node.expression)


def _named(node: exp.Expr) -> exp.Expr:
    """Return a call of a function that SQLGlot does not know."""
    name = node.name.lower()
    if name == "epoch_us":
        return _call("toUnixTimestamp64Micro", *node.expressions)
    if name == "text_of":
        return _text_of(*node.expressions)
    return node


def _text_of(message: exp.Expr, parts: exp.Expr, variables: exp.Expr) -> exp.Expr:
    """Return an event's text: kept whole, or a template's parts with variables between.

    A list cannot be NULL there: an event whose template is unknown has no parts.
    """
    pair = exp.to_identifier("pair")
    part, variable = (_call("tupleElement", pair.copy(), number) for number in (1, 2))
    piece = _call("ifNull", _call("concat", part, _call("ifNull", variable, "")), "")
    told = exp.Lambda(this=piece, expressions=[pair])
    zipped = _call("arrayZipUnaligned", parts, variables)
    built = _call("arrayStringConcat", _call("arrayMap", told, zipped))
    built = _call("if", _call("empty", parts.copy()), exp.null(), built)
    return exp.Coalesce(this=message, expressions=[built])


def _first_by(node: exp.Expr) -> exp.Expr:
    """Return the values with the smallest keys; just one of them is SQLGlot's own."""
    number = node.args.get("count")
    if number is None:
        return node
    pair = exp.to_identifier("pair")
    function = exp.ParameterizedAgg(
        this="groupArraySorted",
        expressions=[number],
        params=[_call("tuple", node.expression, node.this)],
    )
    second = exp.Lambda(this=_call("tupleElement", pair.copy(), 2), expressions=[pair])
    return _call("arrayMap", second, function)


def _cast(node: exp.Expr) -> exp.Expr:
    kind, value = node.args["to"].this, node.this
    literal = isinstance(value, exp.Literal) and value.is_string
    if kind in {exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ}:
        if literal:
            return _moment(datetime.fromisoformat(value.name))
        return _call("toDateTime64", value, 6, "UTC")
    if kind == exp.DType.DATE:
        if literal:
            value = exp.convert(str(min(max(date.fromisoformat(value.name), _FIRST), _LAST)))
        return _call("toDate32", value)
    return node


def _moment(moment: datetime) -> exp.Expr:
    """Return *moment* by its number: text of it could be read within 1900 to 2299 only."""
    ticks = (moment.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
    return _call("fromUnixTimestamp64Micro", ticks, "UTC")


def _days(node: exp.Expr) -> exp.Expr:
    """Return the moments a day apart from one to another; questions step by days only."""
    start, end = node.args["start"], node.args["end"]
    number = exp.to_identifier("number")
    many = exp.Add(this=_call("dateDiff", "day", start.copy(), end), expression=exp.convert(1))
    each = exp.Lambda(this=_call("addDays", start, number.copy()), expressions=[number])
    return _call("arrayMap", each, _call("range", _call("toUInt64", many)))


def _element(node: exp.Expr) -> exp.Expr:
    """Return an element of a text's parts: NULL behind their end, or if there is no text."""
    split, (number,) = node.this, node.expressions
    if not isinstance(split, exp.Split):
        return node
    index = exp.convert(int(number.name) + 1)
    return _call(
        "if",
        _call("isNull", split.this.copy()),
        exp.null(),
        _call("arrayElementOrNull", split, index),
    )


def _count(node: exp.Expr) -> exp.Expr:
    """Return a count with a sign, as other numbers have: it does not mix with them else."""
    return _call("toInt64", node.copy())


def _select(node: exp.Expr) -> exp.Expr:
    """Return a SELECT whose columns have plain names, and are sorted by as they stand there."""
    names = [item.alias_or_name for item in node.expressions]
    for item in list(node.expressions):
        if isinstance(item, exp.Column) and item.table and not item.is_star:
            item.replace(exp.alias_(item.copy(), item.name, quoted=item.this.quoted))
    order = node.args.get("order")
    for term in order.expressions if order else ():
        by = term.this
        if isinstance(by, exp.Column) and not by.table and by.name in names:
            by.replace(exp.convert(names.index(by.name) + 1))
    return _side_by_side(node)


def _side_by_side(node: exp.Expr) -> exp.Expr:
    """Return a SELECT whose lists are unrolled side by side, not each with each."""
    lists = [item.this for item in node.expressions if isinstance(item.unalias(), exp.Explode)]
    if len(lists) < 2 or len(lists) < len(node.expressions):  # noqa: PLR2004 - a pair at least
        return node
    rows = exp.select(
        exp.alias_(
            _call("arrayJoin", _call("arrayZip", *(item.this for item in lists))), "unrolled"
        )
    ).subquery("rows")
    columns = [
        exp.alias_(_call("tupleElement", exp.column("unrolled"), number), item.alias)
        for number, item in enumerate(node.expressions, 1)
    ]
    return exp.select(*columns).from_(rows)


_CHANGES: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.Lower: _lower,
    exp.IntDiv: _whole_division,
    exp.Anonymous: _named,
    exp.ArgMin: _first_by,
    exp.Cast: _cast,
    exp.Bracket: _element,
    exp.Count: _count,
    exp.GenerateSeries: _days,
    exp.Select: _select,
}
