"""The names that questions read from, made for one asking.

A question says ``FROM days``; which partitions that means, what ``as_of`` hides and
what the viewer may see is decided here, once, for all questions.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from caseline.store.catalog_views import by_then, catalog, issue_signatures, lineage, links
from caseline.store.moments import OCCURRED
from caseline.store.schema import DIMENSIONS, ROLLUPS, SETS
from caseline.store.sight import alias, aliases, own_environments, splits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from caseline.store.sight import Sight

_COMMENT = re.compile(r"--[^\n]*\n")
_ONLY_CHOSEN = "-- Only: signature_ids"
"""What a question says that reads nothing of other signatures than those."""
_WITH = re.compile(r"\s*WITH\s", re.IGNORECASE)
_EVENT_COLUMNS = (
    f"moment, {OCCURRED.format('')} AS occurred_at, written_at, received_at, time_quality, "
    "environment_id, customer_id, share_group, version, stage, region, service, host, "
    "severity, severity_text, {signature} AS signature_id, p.signature_id AS template_id, "
    "{minted} AS own_id, "
    "string_split(variables, chr(31)) AS variables, variables AS joined_variables, message, "
    "trace_id, repeats, lines, source_id"
)
TEXT = (
    "coalesce(e.message, array_to_string(list_transform(list_zip(t.parts, e.variables), "
    "lambda x: x[1] || coalesce(x[2], '')), ''))"
)
"""The text of event ``e``, rebuilt from its template ``t`` unless it was kept whole.

A question says ``text_of(e, t)``.
"""
_BY = ", ".join(DIMENSIONS)


def compose(question: str, sight: Sight) -> str:
    """Return the SQL of *question* with the views it names in front of it."""
    if _ONLY_CHOSEN in question:
        sight = replace(sight, chosen=True)
    body = _COMMENT.sub("\n", question).strip().rstrip(";").replace("text_of(e, t)", TEXT)
    ctes: dict[str, str] = {}
    _collect(body, _definitions(sight), ctes)
    if not ctes:
        return body
    heads = ",\n".join(f"{name} AS NOT MATERIALIZED (\n{sql}\n)" for name, sql in ctes.items())
    if _WITH.match(body):
        return f"WITH {heads},\n{_WITH.sub('', body, count=1)}"
    return f"WITH {heads}\n{body}"


def _collect(sql: str, views: dict[str, str], into: dict[str, str]) -> None:
    """Add to *into* those of *views* that *sql* names, those they need before them."""
    for name, definition in views.items():
        if name not in into and re.search(rf"\b(FROM|JOIN)\s+{name}\b", sql, re.IGNORECASE):
            _collect(definition, views, into)
            into[name] = definition


def _definitions(sight: Sight) -> dict[str, str]:
    views = {
        "events": _events(sight, sight.partitions),
        "event_texts": _EVENT_TEXTS,
        **{name: _rollup(name, sight, sight.partitions) for name in ROLLUPS},
        **{f"possible_{name}": _possible(name, sight) for name in ("events", "hours", "days")},
        "all_months": _rollup("months", sight, sight.all_partitions),
        "templates": "SELECT * FROM catalog.signatures",
        "coverage": _coverage(sight),
        "covered_days": _covered_days(sight),
        "signature_months": _signature_months(sight),
        "signatures": _signatures(sight),
        "all_signatures": _templates(sight),
        "signature_aliases": f"SELECT * FROM {aliases(sight)}",
        "alias_history": "SELECT * FROM catalog.alias_history"
        + (" WHERE decided_at <= $as_of" if sight.recalled else ""),
        "signature_splits": f"SELECT * FROM {splits(sight)}",
        "vocabulary": "SELECT * FROM catalog.vocabulary",
        "lineage": lineage(sight),
        "shapes": "SELECT * FROM catalog.shapes",
        "meta": "SELECT * FROM catalog.meta",
        "issue_signatures": issue_signatures(sight),
        "links": links(sight),
        "link_decisions": f"SELECT * FROM catalog.link_decisions WHERE {by_then('decided_at')}",
        **catalog(sight),
    }
    if not sight.bare:
        views |= {
            "traces": _union((f"SELECT * FROM {p}.traces" for p in sight.partitions), _NO_TRACES),
            "reach": _reach(sight, sight.partitions, "month, " + ", ".join(SETS)),
        }
    if sight.past or sight.splits:
        views["all_events"] = _events(sight, sight.all_partitions)
    return views


def _union(parts: Iterable[str], empty: str) -> str:
    return "\nUNION ALL\n".join(parts) or empty


_OWN = "p.customer_id IN (SELECT unnest($viewer))"
_POSSIBLY_OWN = (
    f"({_OWN} OR (p.customer_id IS NULL AND (p.share_group IN (SELECT share_group "
    "FROM catalog.share_groups WHERE customer_id IN (SELECT unnest($viewer))) "
    "OR (p.share_group IS NULL AND p.environment_id IN (SELECT environment_id "
    "FROM catalog.tenancies WHERE customer_id IN (SELECT unnest($viewer)))))))"
)
"""What may be a viewer's: also what its customers share, or what names nobody where they are.

Only for questions about signatures that the viewer knows already: without it a customer
would look clear where others' eyes see that nobody can tell.
"""


_CHOSEN = (
    "p.signature_id IN (SELECT unnest($signature_ids) UNION ALL SELECT signature_id "
    "FROM {aliases} WHERE merged_into IN (SELECT unnest($signature_ids)))"
)
"""Whatever is read as one of them: a column the engine can skip by, before merges are joined."""


def _select(
    columns: str,
    table: str,
    sight: Sight,
    partition: str,
    conditions: list[str],
    scope: str = _OWN,
) -> str:
    _, _, join = alias(sight, by_value=table == "events")
    if sight.scoped:
        conditions = [*conditions, scope]
    if sight.chosen and sight.aliased and not sight.splits and table in ("events", *ROLLUPS):
        conditions = [*conditions, _CHOSEN.format(aliases=aliases(sight))]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {columns} FROM {partition}.{table} p{join}{where}"


def _events(sight: Sight, partitions: Iterable[str], scope: str = _OWN) -> str:
    signature, minted, _ = alias(sight, by_value=True)
    columns = _EVENT_COLUMNS.replace("{signature}", signature).replace("{minted}", minted)
    past = ["p.received_at <= $as_of"] if sight.past else []
    return _union(
        (_select(columns, "events", sight, name, past, scope) for name in partitions),
        _select(columns, "events", sight, "empty", ["false"]),
    )


_EVENT_TEXTS = (
    f"SELECT e.*, {TEXT} AS text FROM events e "
    "LEFT JOIN catalog.signatures t ON t.signature_id = e.template_id"
)


def _possible(name: str, sight: Sight) -> str:
    """Return the events or the rollup *name*, with what may be a viewer's as well."""
    if name == "events":
        return _events(sight, sight.partitions, _POSSIBLY_OWN)
    return _rollup(name, sight, sight.partitions, _POSSIBLY_OWN)


def _rollup(name: str, sight: Sight, partitions: Iterable[str], scope: str = _OWN) -> str:
    if sight.past:
        return _recount(name, sight, partitions, scope)
    moment = ROLLUPS[name]
    signature, minted, _ = alias(sight)
    dimensions = ", ".join(d for d in DIMENSIONS if d != "signature_id")
    columns = (
        f"{moment}, {signature} AS signature_id, {dimensions}, events, first_at, last_at, "
        f"{minted} AS own_id"
    )
    names = ", ".join(f"'{name}'" for name, _ in sight.splits)
    whole = [f"p.signature_id NOT IN ({names})"] if names else []
    parts = [_select(columns, name, sight, partition, whole, scope) for partition in partitions]
    if names:
        parts.append(_recount(name, sight, partitions, scope, f" WHERE template_id IN ({names})"))
    return _union(parts, _select(columns, name, sight, "empty", ["false"]))


def _recount(
    name: str, sight: Sight, partitions: Iterable[str], scope: str, condition: str = ""
) -> str:
    """Return the rollup *name* as the events themselves tell it."""
    source = "events" if partitions is sight.partitions else "all_events"
    source = "possible_events" if scope is _POSSIBLY_OWN else source
    moment = ROLLUPS[name]
    at = f"date_trunc('{moment}', moment)"
    at = at if moment == "hour" else f"CAST({at} AS DATE)"
    return (
        f"SELECT {at} AS {moment}, {_BY}, CAST(sum(repeats) AS BIGINT) AS events, "
        f"min(moment) AS first_at, max(moment) AS last_at, own_id FROM {source}{condition} "
        "GROUP BY ALL"
    )


def _coverage(sight: Sight) -> str:
    hidden = " AND received_at <= $as_of" if sight.past else ""
    hidden += own_environments("environment_id", sight)
    parts = [
        f"SELECT source_id, environment_id, host, starts_at, ends_at, received_at, events "
        f"FROM {partition}.coverage WHERE timed{hidden}"
        for partition in sight.partitions or ["empty"]
    ]
    return _union(parts, "")


_NO_TRACES = "SELECT * FROM empty.traces"


def _covered_days(sight: Sight) -> str:
    """Return on which days logs of which environment are there: each pair at least once."""
    if sight.past or sight.bare:
        days = "generate_series(date_trunc('day', starts_at), ends_at, INTERVAL 1 DAY)"
        spread = f"SELECT environment_id, unnest({days}) AS day FROM coverage"
        return f"SELECT environment_id, CAST(day AS DATE) AS day FROM ({spread}) spread"
    own = own_environments("environment_id", sight)
    parts = [
        f"SELECT environment_id, day FROM {partition}.covered_days WHERE true{own}"
        for partition in sight.partitions or ["empty"]
    ]
    return _union(parts, "")


def _signature_months(sight: Sight) -> str:
    """Return severity, events, first_at and last_at of signatures, whoever has them."""
    columns = "signature_id, own_id, severity, events, first_at, last_at"
    if sight.past or sight.scoped or sight.splits or sight.bare:
        return f"SELECT {columns} FROM all_months"
    return _reach(sight, sight.all_partitions, "own_id")


def _reach(sight: Sight, partitions: Iterable[str], columns: str) -> str:
    signature, minted, _ = alias(sight)
    told = f"{signature} AS signature_id, severity, events, first_at, last_at, "
    told += columns.replace("own_id", f"{minted} AS own_id")
    parts = (_select(told, "reach", sight, name, []) for name in partitions)
    return _union(parts, _select(told, "reach", sight, "empty", []))


def _templates(sight: Sight) -> str:
    """Return all signatures; of merged ones a viewer reads a template that it has itself.

    A merge by hand may join templates with other words: those of a signature that only
    other customers have are theirs.
    """
    if not (sight.scoped and (sight.aliased or sight.splits)):
        return "SELECT * FROM catalog.signatures"
    held = _rollup("months", sight, sight.all_partitions)
    return (
        "SELECT s.signature_id, s.scheme, s.kind, t.template, t.parts, t.rules "
        "FROM catalog.signatures s JOIN (SELECT signature_id, coalesce(max(own_id) "
        "FILTER (own_id = signature_id), min(own_id)) AS template_id "
        f"FROM ({held}) held GROUP BY signature_id) own ON own.signature_id = s.signature_id "
        "JOIN catalog.signatures t ON t.signature_id = own.template_id"
    )


def _signatures(sight: Sight) -> str:
    merged = (
        f" AND s.signature_id NOT IN (SELECT signature_id FROM {aliases(sight)} "
        "WHERE merged_into <> signature_id)"
        if sight.aliased
        else ""
    )
    seen = "LEFT JOIN" if not (sight.scoped or sight.past) else "JOIN"
    return (
        "SELECT s.signature_id, s.template, s.scheme, s.kind, m.severity, m.first_seen, "
        f"m.last_seen, s.parts FROM all_signatures s {seen} (SELECT signature_id, "
        "max(severity) AS severity, min(first_at) AS first_seen, max(last_at) AS last_seen "
        "FROM signature_months GROUP BY signature_id) m ON m.signature_id = s.signature_id "
        f"WHERE true{merged}"
    )
