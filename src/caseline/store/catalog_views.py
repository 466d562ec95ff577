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
    own_links = own_rejects = own_fixes = ""
    if sight.scoped:
        seen = "SELECT issue_id FROM issue_signatures UNION ALL SELECT signature_id FROM all_months"
        own_fixes = f" AND issue_id IN ({seen})"
        own = "(SELECT ticket_id FROM catalog.tickets WHERE true" + mine + ")"
        own_links = f" AND (left_id IN {own} OR right_id IN {own})"
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
        "links": ("*", own_links + (" AND created_at <= $as_of" if past else "")),
        "rejects": ("*", own_rejects),
    }
    return {
        name: f"SELECT {columns} FROM catalog.{name} WHERE true{condition}"
        for name, (columns, condition) in rows.items()
    }
