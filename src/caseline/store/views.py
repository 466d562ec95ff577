"""The names that questions read from, made for one asking.

A question says ``FROM days``; which partitions that means, what ``as_of`` hides and
what the viewer may see is decided here, once, for all questions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from caseline.store.moments import MOMENT
from caseline.store.schema import DIMENSIONS, ROLLUPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_COMMENT = re.compile(r"--[^\n]*\n")
_WITH = re.compile(r"\s*WITH\s", re.IGNORECASE)
_EVENT_COLUMNS = (
    f"occurred_at, written_at, received_at, {MOMENT} AS moment, time_quality, "
    "environment_id, customer_id, share_group, version, stage, region, service, host, "
    "severity, severity_text, {signature} AS signature_id, p.signature_id AS template_id, "
    "{minted} AS own_id, "
    "variables, message, trace_id, repeats, lines, source_id"
)
TEXT = (
    "coalesce(e.message, array_to_string(list_transform(list_zip(t.parts, e.variables), "
    "lambda x: x[1] || coalesce(x[2], '')), ''))"
)
"""The text of event ``e``, rebuilt from its template ``t`` unless it was kept whole."""
_BY = ", ".join(DIMENSIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one asking may see.

    Args:
        partitions: Names of the attached partitions that the window touches.
        all_partitions: Names of all partitions.
        past: Hide what was received after ``$as_of``; rollups are then recounted.
        scoped: Only the customers of ``$viewer`` exist.
        aliased: Some signatures were merged into others.
        recalled: Merges and splits after ``$as_of`` are hidden.
        splits: Signatures that were split by a value, each with the number of its variable.
    """

    partitions: Sequence[str]
    all_partitions: Sequence[str]
    past: bool = False
    scoped: bool = False
    aliased: bool = False
    recalled: bool = False
    splits: tuple[tuple[str, int], ...] = ()


def compose(question: str, sight: Sight) -> str:
    """Return the SQL of *question* with the views it names in front of it."""
    body = _COMMENT.sub("\n", question).strip().rstrip(";")
    ctes: dict[str, str] = {}
    _collect(body, sight, ctes)
    if not ctes:
        return body
    heads = ",\n".join(f"{name} AS NOT MATERIALIZED (\n{sql}\n)" for name, sql in ctes.items())
    if _WITH.match(body):
        return f"WITH {heads},\n{_WITH.sub('', body, count=1)}"
    return f"WITH {heads}\n{body}"


def _collect(sql: str, sight: Sight, into: dict[str, str]) -> None:
    """Add to *into* the views that *sql* names, those they need before them."""
    for name, definition in _definitions(sight).items():
        if name not in into and re.search(rf"\b(FROM|JOIN)\s+{name}\b", sql, re.IGNORECASE):
            _collect(definition, sight, into)
            into[name] = definition


def _definitions(sight: Sight) -> dict[str, str]:
    views = {
        "events": _events(sight, sight.partitions),
        "event_texts": _EVENT_TEXTS,
        **{name: _rollup(name, sight, sight.partitions) for name in ROLLUPS},
        **{f"possible_{name}": _possible(name, sight) for name in ("events", "hours", "days")},
        "all_months": _rollup("months", sight, sight.all_partitions),
        "coverage": _coverage(sight),
        "signatures": _signatures(sight),
        "all_signatures": _templates(sight),
        "signature_aliases": f"SELECT * FROM {_aliases(sight)}",
        "alias_history": "SELECT * FROM catalog.alias_history"
        + (" WHERE decided_at <= $as_of" if sight.recalled else ""),
        "signature_splits": f"SELECT * FROM {_splits(sight)}",
        "vocabulary": "SELECT * FROM catalog.vocabulary",
        "lineage": _lineage(sight),
        "shapes": "SELECT * FROM catalog.shapes",
        "meta": "SELECT * FROM catalog.meta",
        "issue_signatures": _issue_signatures(sight),
        **_catalog(sight),
    }
    if sight.past or sight.splits:
        views["all_events"] = _events(sight, sight.all_partitions)
    return views


def _union(parts: Iterable[str], empty: str) -> str:
    return "\nUNION ALL\n".join(parts) or empty


def _aliases(sight: Sight) -> str:
    """Return the table of aliases, or what it was at ``$as_of``."""
    if not sight.recalled:
        return "catalog.signature_aliases"
    return (
        "(SELECT signature_id, arg_max(merged_into, position) AS merged_into "
        "FROM catalog.alias_history WHERE decided_at <= $as_of GROUP BY signature_id)"
    )


def _splits(sight: Sight) -> str:
    """Return the table of splits by value, or what it was at ``$as_of``."""
    if not sight.recalled:
        return "catalog.signature_splits"
    return "(SELECT * FROM catalog.signature_splits WHERE decided_at <= $as_of)"


def _alias(sight: Sight, *, by_value: bool = False) -> tuple[str, str, str]:
    """Return the expressions of the current signature and the one before merges, and joins.

    With *by_value* a row has variables, whose values say which part of a split signature
    it is.
    """
    minted, join = "p.signature_id", ""
    if by_value and sight.splits:
        cases = " ".join(
            f"WHEN '{name}' THEN p.variables[{variable}]" for name, variable in sight.splits
        )
        minted = "coalesce(v.split_into, p.signature_id)"
        join = (
            f" LEFT JOIN {_splits(sight)} v ON v.signature_id = p.signature_id "
            f"AND v.value = CASE p.signature_id {cases} END"
        )
    if not sight.aliased:
        return minted, minted, join
    join += f" LEFT JOIN {_aliases(sight)} a ON a.signature_id = {minted}"
    return f"coalesce(a.merged_into, {minted})", minted, join


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


def _select(
    columns: str,
    table: str,
    sight: Sight,
    partition: str,
    conditions: list[str],
    scope: str = _OWN,
) -> str:
    _, _, join = _alias(sight, by_value=table == "events")
    if sight.scoped:
        conditions = [*conditions, scope]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {columns} FROM {partition}.{table} p{join}{where}"


def _events(sight: Sight, partitions: Iterable[str], scope: str = _OWN) -> str:
    signature, minted, _ = _alias(sight, by_value=True)
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
    signature, minted, _ = _alias(sight)
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
    hidden += _own_environments("environment_id", sight)
    parts = [
        f"SELECT source_id, environment_id, host, starts_at, ends_at, received_at, events "
        f"FROM {partition}.coverage WHERE timed{hidden}"
        for partition in sight.partitions or ["empty"]
    ]
    return _union(parts, "")


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
        f" AND s.signature_id NOT IN (SELECT signature_id FROM {_aliases(sight)} "
        "WHERE merged_into <> signature_id)"
        if sight.aliased
        else ""
    )
    seen = "LEFT JOIN" if not (sight.scoped or sight.past) else "JOIN"
    return (
        "SELECT s.signature_id, s.template, s.scheme, s.kind, m.severity, m.first_seen, "
        f"m.last_seen, s.parts FROM all_signatures s {seen} (SELECT signature_id, "
        "max(severity) AS severity, min(first_at) AS first_seen, max(last_at) AS last_seen "
        "FROM all_months GROUP BY signature_id) m ON m.signature_id = s.signature_id "
        f"WHERE true{merged}"
    )


_OTHERS_TOO = (
    "confidence", "ratio", "since_version", "since", "environments", "events_before",
    "events_after", "reasons",
)  # fmt: skip


def _lineage(sight: Sight) -> str:
    """Return the latest word on each pair, as its signatures are read; a viewer's own only."""
    ends = {end: f"l.{end}_id" for end in ("from", "to")}
    joins = ""
    if sight.aliased:
        for end in ("from", "to"):
            joins += f" LEFT JOIN {_aliases(sight)} a_{end} ON a_{end}.signature_id = l.{end}_id"
            ends[end] = f"coalesce(a_{end}.merged_into, l.{end}_id)"
    pair = f"{ends['from']}, {ends['to']}"
    told = f"{ends['from']} AS from_id, {ends['to']} AS to_id"
    own = ""
    if sight.scoped:  # how many others have it is theirs
        told += ", " + ", ".join(f"NULL AS {name}" for name in _OTHERS_TOO)
        seen = "SELECT signature_id FROM all_months"
        own = f" AND from_id IN ({seen}) AND to_id IN ({seen})"
    hidden = " WHERE l.decided_at <= $as_of" if sight.recalled else ""
    return (
        f"SELECT * FROM (SELECT l.* REPLACE ({told}), row_number() OVER (PARTITION BY {pair}, "
        "CASE WHEN l.from_id = l.to_id THEN l.kind END ORDER BY l.position DESC) AS nth "
        f"FROM catalog.lineage l{joins}{hidden}) latest WHERE nth = 1{own}"
    )


def _own_environments(column: str, sight: Sight) -> str:
    if not sight.scoped:
        return ""
    return (
        f" AND {column} IN (SELECT environment_id FROM catalog.tenancies "
        "WHERE customer_id IN (SELECT unnest($viewer)))"
    )


def _issue_signatures(sight: Sight) -> str:
    """Return the members of issues as they are read today; a viewer's are those it has seen."""
    signature, _, join = _alias(sight)
    seen = " WHERE signature_id IN (SELECT signature_id FROM all_months)" if sight.scoped else ""
    return (
        f"SELECT * FROM (SELECT DISTINCT p.issue_id, {signature} AS signature_id "
        f"FROM catalog.issue_signatures p{join}) members{seen}"
    )


_OWN_SCOPE = (
    "list_intersect(list_transform(string_split(scope, ','), lambda x: trim(x)), "
    "(SELECT coalesce(list(environment_id), []) FROM catalog.tenancies "
    "WHERE customer_id IN (SELECT unnest($viewer))))"
)
"""Of the environments that a change's scope names, those where the viewer's customers are."""


def _changes_columns(sight: Sight) -> str:
    if not sight.scoped:
        return "*"
    return f"* REPLACE (array_to_string(list_sort({_OWN_SCOPE}), ', ') AS scope)"


def _touching_changes(sight: Sight) -> str:
    return f" AND (scope IS NULL OR len({_OWN_SCOPE}) > 0)" if sight.scoped else ""


def _catalog(sight: Sight) -> dict[str, str]:
    mine = " AND customer_id IN (SELECT unnest($viewer))" if sight.scoped else ""
    past = sight.past
    resolved = (
        "* REPLACE (CASE WHEN resolved_at <= $as_of THEN resolved_at END AS resolved_at, "
        "CASE WHEN resolved_at <= $as_of THEN status END AS status)"
    )
    own_tickets = (
        f" AND ticket_id IN (SELECT ticket_id FROM catalog.tickets WHERE true{mine})"
        if sight.scoped
        else ""
    )
    own_issues = " AND issue_id IN (SELECT issue_id FROM issue_signatures)" if sight.scoped else ""
    own_links = own_rejects = ""
    if sight.scoped:
        own = "(SELECT ticket_id FROM catalog.tickets WHERE true" + mine + ")"
        own_links = f" AND (left_id IN {own} OR right_id IN {own})"
        own_rejects = (
            " AND collection_id IN (SELECT collection_id FROM catalog.collections "
            f"WHERE true{_own_environments('environment_id', sight)})"
        )
    rows = {
        "customers": ("*", mine),
        "tenancies": ("*", mine),
        "share_groups": ("*", mine),
        "environments": ("*", _own_environments("environment_id", sight)),
        "spans": ("*", _own_environments("environment_id", sight)),
        "changes": (_changes_columns(sight), _touching_changes(sight)),
        "tickets": (
            resolved if past else "*",
            mine + (" AND opened_at <= $as_of" if past else ""),
        ),
        "messages": ("*", own_tickets + (' AND "at" <= $as_of' if past else "")),
        "collections": (
            "*",
            _own_environments("environment_id", sight)
            + (" AND received_at <= $as_of" if past else ""),
        ),
        "clocks": (
            "*",
            _own_environments("environment_id", sight)
            + (" AND received_at <= $as_of" if past else ""),
        ),
        "clock_readings": ("*", _own_environments("environment_id", sight)),
        "sources": ("*", " AND received_at <= $as_of" if past else ""),
        "issues": ("*", own_issues + (" AND detected_at <= $as_of" if past else "")),
        "links": ("*", own_links + (" AND created_at <= $as_of" if past else "")),
        "rejects": ("*", own_rejects),
    }
    return {
        name: f"SELECT {columns} FROM catalog.{name} WHERE true{condition}"
        for name, (columns, condition) in rows.items()
    }
