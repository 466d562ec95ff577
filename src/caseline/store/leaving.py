"""What leaves the store: temporary tables of ids, and each table's rows without them.

An erasure and what is too old both fill these tables; whoever writes a file anew asks
for the rows that stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from caseline.store import appending, reach
from caseline.store.rewriting import columns_of
from caseline.store.schema import ROLLUPS

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

_TABLES = {
    "gone_customers": "customer_id VARCHAR",
    "gone_environments": "environment_id VARCHAR",
    "gone_collections": "collection_id VARCHAR",
    "gone_sources": "source_id VARCHAR",
    "gone_ledgers": "source_id VARCHAR",
    "gone_tickets": "ticket_id VARCHAR",
    "gone_signatures": "signature_id VARCHAR",
    "gone_splits": "signature_id VARCHAR, value VARCHAR",
    "gone_hosts": "environment_id VARCHAR, host VARCHAR, renamed VARCHAR",
    "gone_words": "word VARCHAR",
    "gone_meta": "name VARCHAR",
    "changed_groups": "share_group VARCHAR, renamed VARCHAR, members BIGINT, "
    "whole DOUBLE, taken DOUBLE, rest DOUBLE",
    "changed_scopes": "change_id VARCHAR, scope VARCHAR",
    "changed_names": "kind VARCHAR, old VARCHAR, renamed VARCHAR",
    "changed_ends": "signature_id VARCHAR, merged_into VARCHAR",
    "anonymous": "renamed VARCHAR",
}
GONE_EVENT = (
    "(coalesce(t.customer_id IN (FROM gone_customers), false) "
    "OR t.environment_id IN (FROM gone_environments) "
    "OR (t.customer_id IS NULL AND coalesce(t.share_group IN "
    "(SELECT share_group FROM changed_groups WHERE members = 0), false)))"
)
"""Whether the event, or the sum of events, ``t`` goes."""
DERIVED = frozenset({*ROLLUPS, "covered_days", "traces", "reach"})
"""Tables of a partition that are made anew from its events and its coverage."""
_BELONGS = ("customer", "environment", "collection", "source", "ticket", "signature")
"""What rows are told by that go: a column ``…_id`` for each, and a table of those gone."""
_GONE_HOST = (
    "EXISTS (SELECT 1 FROM gone_hosts h WHERE h.environment_id = t.environment_id "
    "AND h.host = t.host)"
)
_GONE_END = "(t.{0}_kind, t.{0}_id) IN (" + (
    " UNION ALL ".join(f"SELECT '{kind}', {kind}_id FROM gone_{kind}s" for kind in _BELONGS) + ")"
)
_GONE_LINK = f"{_GONE_END.format('left')} OR {_GONE_END.format('right')}"
_NAME = (
    "coalesce((SELECT n.renamed FROM changed_names n WHERE n.kind = '{0}' AND n.old = t.{1}), "
    "t.{1}) AS {1}"
)


class _Rows(NamedTuple):
    """How the rows of a table stay: columns made anew, the tables they need, which go."""

    replaced: tuple[str, ...] = ()
    joined: str = ""
    gone: str | None = None


_GROUPED = _Rows(
    ("coalesce(g.renamed, t.share_group) AS share_group",),
    "LEFT JOIN changed_groups g ON g.share_group = t.share_group",
)
_SPECIAL = {
    "coverage": _Rows(
        ("coalesce(h.renamed, t.host) AS host",),
        "LEFT JOIN gone_hosts h ON h.environment_id = t.environment_id AND h.host = t.host",
        "t.environment_id IN (FROM gone_environments)",
    ),
    "batches": _Rows(gone="t.source_id IN (FROM gone_ledgers)"),
    "share_groups": _Rows(
        (
            "coalesce(g.renamed, t.share_group) AS share_group",
            "CASE WHEN g.rest > 0 THEN t.weight / g.rest * g.whole ELSE t.weight END AS weight",
        ),
        "LEFT JOIN changed_groups g ON g.share_group = t.share_group",
        "t.customer_id IN (FROM gone_customers)",
    ),
    "vocabulary": _Rows(
        (
            (
                "CASE WHEN t.customer_id IN (FROM gone_customers) "
                "THEN (FROM anonymous) ELSE t.customer_id END AS customer_id"
            ),
        ),
        gone="t.word IN (FROM gone_words)",
    ),
    "tickets": _Rows(
        (
            (
                "CASE WHEN t.environment_id IN (FROM gone_environments) THEN NULL "
                "ELSE t.environment_id END AS environment_id"
            ),
        ),
        gone="t.customer_id IN (FROM gone_customers)",
    ),
    "changes": _Rows(
        ("CASE WHEN s.change_id IS NULL THEN t.scope ELSE s.scope END AS scope",),
        "LEFT JOIN changed_scopes s ON s.change_id = t.change_id",
        "s.change_id IS NOT NULL AND s.scope IS NULL",
    ),
    "clocks": _Rows(gone=f"t.environment_id IN (FROM gone_environments) OR {_GONE_HOST}"),
    "clock_readings": _Rows(gone=f"t.environment_id IN (FROM gone_environments) OR {_GONE_HOST}"),
    "collections": _Rows(
        (_NAME.format("name", "name"),), gone="t.collection_id IN (FROM gone_collections)"
    ),
    "sources": _Rows((_NAME.format("name", "name"),), gone="t.source_id IN (FROM gone_sources)"),
    "rejects": _Rows(
        (_NAME.format("name", "name"), _NAME.format("name", "detail")),
        gone="t.collection_id IN (FROM gone_collections) OR (t.collection_id, t.name) IN "
        "(SELECT collection_id, name FROM catalog.sources "
        "WHERE source_id IN (FROM gone_sources))",
    ),
    "signature_aliases": _Rows(
        ("coalesce(e.merged_into, t.merged_into) AS merged_into",),
        "LEFT JOIN changed_ends e ON e.signature_id = t.signature_id",
        "t.signature_id IN (FROM gone_signatures) OR coalesce(t.step_into, t.merged_into) IN "
        "(FROM gone_signatures)",
    ),
    "alias_history": _Rows(
        (
            (
                "CASE WHEN t.merged_into IN (FROM gone_signatures) "
                "THEN coalesce(t.step_into, t.merged_into) ELSE t.merged_into END AS merged_into"
            ),
        ),
        gone="t.signature_id IN (FROM gone_signatures) OR coalesce(t.step_into, t.merged_into) "
        "IN (FROM gone_signatures)",
    ),
    "signature_splits": _Rows(
        gone="t.signature_id IN (FROM gone_signatures) OR t.split_into IN (FROM gone_signatures) "
        "OR (t.signature_id, t.value) IN (FROM gone_splits)"
    ),
    "lineage": _Rows(
        gone="t.from_id IN (FROM gone_signatures) OR t.to_id IN (FROM gone_signatures)"
    ),
    "issues": _Rows(
        (_NAME.format("issue", "title"),),
        gone="t.issue_id IN (SELECT issue_id FROM catalog.issue_signatures GROUP BY issue_id "
        "HAVING bool_and(signature_id IN (FROM gone_signatures)))",
    ),
    "fixes": _Rows(
        gone="t.issue_id IN (FROM gone_signatures) OR t.issue_id IN (SELECT issue_id "
        "FROM catalog.issue_signatures GROUP BY issue_id "
        "HAVING bool_and(signature_id IN (FROM gone_signatures)))"
    ),
    "links": _Rows(gone=_GONE_LINK),
    "link_decisions": _Rows(
        gone=f"t.link_id IN (SELECT t.link_id FROM catalog.links t WHERE {_GONE_LINK})"
    ),
    "numbers": _Rows(
        (_NAME.format("group", "name"),),
        gone="(t.kind = 'customer_id' AND t.name IN (FROM gone_customers)) "
        "OR (t.kind = 'environment_id' AND t.name IN (FROM gone_environments))",
    ),
    "meta": _Rows(gone="t.name IN (FROM gone_meta)"),
}
"""What is not told by columns of ids alone."""


def prepare(hub: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary tables, with nothing in them."""
    for name, columns in _TABLES.items():
        hub.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")


def rows_that_stay(hub: duckdb.DuckDBPyConnection, database: str) -> Callable[[str], str | None]:
    """Return what gives the query of the rows that stay in a table of *database*.

    It gives None for those of ``DERIVED``.
    """

    def rows_of(table: str) -> str | None:
        if table in DERIVED:
            return None
        rows = _SPECIAL.get(table) or _told_by_ids(columns_of(hub, database, table))
        chosen = "t.*" + (f" REPLACE ({', '.join(rows.replaced)})" if rows.replaced else "")
        stays = f"WHERE NOT coalesce({rows.gone}, false)" if rows.gone else ""
        return f'SELECT {chosen} FROM {database}."{table}" t {rows.joined} {stays}'

    return rows_of


def recounter(hub: duckdb.DuckDBPyConnection) -> Callable[[str], None]:
    """Return what makes the derived tables of a copied partition, by its name."""
    rows = rows_that_stay(hub, "catalog")("numbers") or ""
    numbers = reach.Numbers(hub.execute(rows).pl())
    return lambda copy: appending.recount(hub, copy, numbers)


def _told_by_ids(columns: dict[str, str]) -> _Rows:
    if {"customer_id", "environment_id", "share_group"} <= columns.keys():
        return _GROUPED._replace(gone=GONE_EVENT)
    told = [kind for kind in _BELONGS if f"{kind}_id" in columns]
    conditions = [f"coalesce(t.{kind}_id IN (FROM gone_{kind}s), false)" for kind in told]
    return _Rows(gone=" OR ".join(conditions) or None)
