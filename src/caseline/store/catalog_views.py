"""The catalog's tables as one asking may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.store.sight import alias, aliases, own_environments

if TYPE_CHECKING:
    from caseline.store.sight import Sight

_OTHERS_TOO = (
    "confidence", "ratio", "since_version", "since", "environments", "events_before",
    "events_after", "reasons",
)  # fmt: skip


def lineage(sight: Sight) -> str:
    """Return the latest word on each pair, as its signatures are read; a viewer's own only."""
    ends = {end: f"l.{end}_id" for end in ("from", "to")}
    joins = ""
    if sight.aliased:
        for end in ("from", "to"):
            joins += f" LEFT JOIN {aliases(sight)} a_{end} ON a_{end}.signature_id = l.{end}_id"
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


def issue_signatures(sight: Sight) -> str:
    """Return the members of issues as they are read today; a viewer's are those it has seen."""
    signature, _, join = alias(sight)
    seen = " WHERE signature_id IN (SELECT signature_id FROM all_months)" if sight.scoped else ""
    return (
        f"SELECT * FROM (SELECT DISTINCT p.issue_id, {signature} AS signature_id "
        f"FROM catalog.issue_signatures p{join}) members{seen}"
    )


def by_then(column: str) -> str:
    """Return the condition that what people decided was decided by then, logs or no logs.

    >>> by_then("decided_at")
    '($as_of IS NULL OR decided_at <= $as_of)'
    """
    return f"($as_of IS NULL OR {column} <= $as_of)"


def links(sight: Sight) -> str:
    """Return the links, each in the state of its latest decision; a viewer's own only.

    What a viewer has nothing of must not stand at the other end either.
    """
    decided = f" WHERE {by_then('decided_at')}"
    told = "l.* REPLACE (coalesce(d.state, l.state) AS state), d.author AS decided_by, d.decided_at"
    conditions = f" AND {by_then('l.created_at')}"
    if sight.scoped:
        viewers = "IN (SELECT unnest($viewer))"
        own = {
            "ticket": f"SELECT ticket_id FROM catalog.tickets WHERE customer_id {viewers}",
            "customer": "SELECT unnest($viewer)",
            "signature": "SELECT signature_id FROM all_months",
            "issue": "SELECT issue_id FROM issue_signatures",
        }
        ends = [
            " OR ".join(
                f"(l.{end}_kind = '{kind}' AND l.{end}_id IN ({ids}))" for kind, ids in own.items()
            )
            for end in ("left", "right")
        ]
        conditions += "".join(f" AND ({end})" for end in ends)
    return (
        f"SELECT {told} FROM catalog.links l LEFT JOIN (SELECT link_id, "
        "arg_max(state, position) AS state, arg_max(author, position) AS author, "
        f"max(decided_at) AS decided_at FROM catalog.link_decisions{decided} GROUP BY link_id) d "
        f"ON d.link_id = l.link_id WHERE true{conditions}"
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


def catalog(sight: Sight) -> dict[str, str]:
    """Return the views of the catalog's tables by name."""
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
    own_rejects = own_fixes = ""
    if sight.scoped:
        seen = "SELECT issue_id FROM issue_signatures UNION ALL SELECT signature_id FROM all_months"
        own_fixes = f" AND issue_id IN ({seen})"
        own_rejects = (
            " AND collection_id IN (SELECT collection_id FROM catalog.collections "
            f"WHERE true{own_environments('environment_id', sight)})"
        )
    rows = {
        "customers": ("*", mine),
        "tenancies": ("*", mine),
        "share_groups": ("*", mine),
        "environments": ("*", own_environments("environment_id", sight)),
        "spans": ("*", own_environments("environment_id", sight)),
        "changes": (_changes_columns(sight), _touching_changes(sight)),
        "tickets": (
            resolved if past else "*",
            mine + (" AND opened_at <= $as_of" if past else ""),
        ),
        "messages": ("*", own_tickets + (' AND "at" <= $as_of' if past else "")),
        "collections": (
            "*",
            own_environments("environment_id", sight)
            + (" AND received_at <= $as_of" if past else ""),
        ),
        "clocks": (
            "*",
            own_environments("environment_id", sight)
            + (" AND received_at <= $as_of" if past else ""),
        ),
        "clock_readings": ("*", own_environments("environment_id", sight)),
        "environment_services": (
            "*",
            own_environments("environment_id", sight)
            + (" AND received_at <= $as_of" if past else ""),
        ),
        "signature_services": (
            "*",
            (" AND signature_id IN (SELECT signature_id FROM all_months)" if sight.scoped else "")
            + (" AND received_at <= $as_of" if past else ""),
        ),
        "sources": ("*", " AND received_at <= $as_of" if past else ""),
        "issues": ("*", own_issues + (" AND detected_at <= $as_of" if past else "")),
        "fixes": ("*", own_fixes),
        "cause_models": ("*", f" AND {by_then('learned_at')}"),
        "cause_delays": (
            "*",
            " AND (customer_id IS NULL OR customer_id IN (SELECT unnest($viewer)))"
            if sight.scoped
            else "",
        ),
        "rejects": ("*", own_rejects),
    }
    return {
        name: f"SELECT {columns} FROM catalog.{name} WHERE true{condition}"
        for name, (columns, condition) in rows.items()
    }
