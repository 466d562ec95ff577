"""What goes with a customer: found before anything is changed, kept in temporary tables.

Its events are those that are certainly its own, and all of environments that are its alone.
What an event of several customers' share group says stays; its membership goes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from caseline.store import leaving
from caseline.store.leaving_signatures import find_signatures

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import polars as pl

_ERASED = "<erased>"
_TELLING = 4
"""Shorter names in the name of a file may mean anything."""
_PLACES = "SELECT environment_id, customer_id, share_group FROM {partition}.months"
_NOWHERE = "SELECT NULL::VARCHAR AS environment_id, NULL AS customer_id, NULL AS share_group"
_OWNED = "CREATE OR REPLACE TEMP TABLE owned AS SELECT DISTINCT * FROM ({places})"
_MINE = """
    CREATE OR REPLACE TEMP TABLE its_environments AS
    SELECT environment_id FROM catalog.tenancies WHERE customer_id IN (FROM gone_customers)
    UNION SELECT environment_id FROM owned WHERE customer_id IN (FROM gone_customers)
"""
_ENVIRONMENTS = """
    INSERT INTO gone_environments
    SELECT environment_id FROM its_environments
    EXCEPT SELECT environment_id FROM catalog.tenancies
        WHERE customer_id NOT IN (FROM gone_customers)
    EXCEPT SELECT environment_id FROM owned WHERE customer_id NOT IN (FROM gone_customers)
    EXCEPT SELECT o.environment_id FROM owned o
        JOIN catalog.share_groups s ON s.share_group = o.share_group
        WHERE s.customer_id NOT IN (FROM gone_customers)
"""
_SHARED = """
    DELETE FROM its_environments WHERE environment_id IN (FROM gone_environments)
"""
_GROUPS = """
    INSERT INTO changed_groups
    SELECT share_group, 'g-' || substr(sha256(share_group || '{salt}'), 1, 16),
           count(*) FILTER (NOT its), sum(weight), sum(weight) FILTER (its),
           sum(weight) FILTER (NOT its)
    FROM (SELECT *, customer_id IN (FROM gone_customers) AS its FROM catalog.share_groups)
    GROUP BY share_group
    HAVING bool_or(its)
"""
_TICKETS = """
    INSERT INTO gone_tickets
    SELECT ticket_id FROM catalog.tickets WHERE customer_id IN (FROM gone_customers)
"""
_OF_EVENTS = (
    f"SELECT t.environment_id, t.host, t.source_id, {leaving.GONE_EVENT} AS gone "
    "FROM {partition}.events t WHERE t.environment_id IN (FROM its_environments)"
)
_HOSTS = """
    INSERT INTO gone_hosts
    SELECT environment_id, host, '<erased:' || substr(sha256(host || '{salt}'), 1, 16) || '>'
    FROM seen WHERE host IS NOT NULL GROUP BY environment_id, host HAVING bool_and(gone)
"""
_LEDGERS = """
    INSERT INTO gone_ledgers
    SELECT source_id FROM catalog.sources JOIN catalog.collections USING (collection_id)
    WHERE environment_id IN (FROM gone_environments)
"""
_SOURCES = """
    INSERT INTO gone_sources
    FROM gone_ledgers UNION
    SELECT source_id FROM seen GROUP BY source_id HAVING bool_and(gone)
"""
_COLLECTIONS = """
    INSERT INTO gone_collections
    SELECT collection_id FROM catalog.collections
    WHERE environment_id IN (FROM gone_environments)
    UNION
    SELECT collection_id FROM catalog.sources GROUP BY collection_id
    HAVING bool_and(source_id IN (FROM gone_sources))
"""
_WORDS = """
    INSERT INTO gone_words
    SELECT word FROM catalog.vocabulary GROUP BY word
    HAVING bool_and(customer_id IN (FROM gone_customers))
"""
_TOLD = """
    SELECT customer_id FROM gone_customers
    UNION SELECT name FROM catalog.customers WHERE customer_id IN (FROM gone_customers)
    UNION SELECT tenant_key FROM catalog.tenancies WHERE customer_id IN (FROM gone_customers)
    UNION SELECT environment_id FROM gone_environments
"""
_NAMES = """
    WITH shared AS (
        SELECT collection_id, name FROM catalog.collections
        WHERE environment_id IN (FROM its_environments) OR environment_id IS NULL)
    SELECT name FROM shared
    UNION SELECT s.name FROM catalog.sources s JOIN shared USING (collection_id)
    UNION SELECT r.name FROM catalog.rejects r JOIN shared USING (collection_id)
    UNION SELECT r.detail FROM catalog.rejects r JOIN shared USING (collection_id)
"""
_TITLES = """
    INSERT INTO changed_names
    SELECT 'issue', i.title, coalesce(min(o.template), '')
    FROM catalog.issues i
    JOIN catalog.signatures g ON g.template = i.title
    JOIN gone_signatures USING (signature_id)
    LEFT JOIN catalog.issue_signatures m ON m.issue_id = i.issue_id
    LEFT JOIN catalog.signatures o ON o.signature_id = m.signature_id
        AND o.signature_id NOT IN (FROM gone_signatures)
    GROUP BY i.title
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What goes with a customer, besides what stands in temporary tables (see ``leaving``).

    Args:
        counts: How much goes, by what it is.
        groups: The share groups that lose a member: share_group (its name from now on),
            members (that are left), weight (the lost one), events.
        unmerged: Signatures that people had merged into one that goes: they stand alone again.
        touched: Names of the partitions that hold anything of it.
    """

    counts: dict[str, int]
    groups: pl.DataFrame
    unmerged: tuple[str, ...]
    touched: frozenset[str]


def make_plan(
    hub: duckdb.DuckDBPyConnection, partitions: Sequence[str], customer: str, *, salt: bytes
) -> Plan:
    """Return what goes with *customer*; nothing is changed.

    Args:
        hub: The connection; nobody else asks or writes meanwhile.
        partitions: Names of all partitions, attached.
        customer: Its id.
        salt: Random, and kept nowhere: names that told of the customer are made anew by it.
    """
    leaving.prepare(hub)
    hub.execute("INSERT INTO gone_customers VALUES (?)", [customer])
    hub.execute("INSERT INTO anonymous VALUES (?)", [f"erased-{salt.hex()[:16]}"])
    _find_owned(hub, partitions, salt)
    _find_sources(hub, partitions, salt)
    _rename(hub)
    hub.execute(_WORDS)
    words = [word for (word,) in hub.execute("FROM gone_words").fetchall()]
    found = find_signatures(hub, dict.fromkeys(partitions, leaving.GONE_EVENT), words=words)
    hub.execute(_TITLES)
    return Plan(
        counts=_counts(hub, partitions),
        groups=_groups(hub, partitions),
        unmerged=found.unmerged,
        touched=frozenset(p for p in partitions if _touched(hub, p)),
    )


def _find_owned(hub: duckdb.DuckDBPyConnection, partitions: Sequence[str], salt: bytes) -> None:
    """Find the environments that are the customer's alone, its share groups, its tickets."""
    places = [_NOWHERE, *(_PLACES.format(partition=partition) for partition in partitions)]
    hub.execute(_OWNED.format(places=" UNION ALL ".join(places)))
    for statement in (_MINE, _ENVIRONMENTS, _SHARED, _GROUPS.format(salt=salt.hex()), _TICKETS):
        hub.execute(statement)


def _find_sources(hub: duckdb.DuckDBPyConnection, partitions: Sequence[str], salt: bytes) -> None:
    """Find hosts, files and collections that say nothing of anybody else."""
    seen = [_OF_EVENTS.format(partition=partition) for partition in partitions]
    nothing = "SELECT NULL::VARCHAR AS environment_id, NULL::VARCHAR AS host, "
    nothing += "NULL::VARCHAR AS source_id, true AS gone WHERE false"
    hub.execute(
        "CREATE OR REPLACE TEMP TABLE seen AS SELECT DISTINCT * FROM "
        f"({' UNION ALL '.join([nothing, *seen])})"
    )
    for statement in (_HOSTS.format(salt=salt.hex()), _LEDGERS, _SOURCES, _COLLECTIONS):
        hub.execute(statement)
    for name in ("owned", "seen"):
        hub.execute(f"DROP TABLE temp.{name}")


def _rename(hub: duckdb.DuckDBPyConnection) -> None:
    """Find names of files, and scopes of changes, that tell of the customer."""
    told = {word for (word,) in hub.execute(_TOLD).fetchall() if word}
    names = {name for (name,) in hub.execute(_NAMES).fetchall() if name}
    telling = sorted((re.escape(w) for w in told if len(w) >= _TELLING), reverse=True)
    pattern = re.compile(rf"(?<![^\W_])(?:{'|'.join(telling)})(?![^\W_])", re.IGNORECASE)
    renamed = ((name, pattern.sub(_ERASED, name)) for name in sorted(names))
    rows = [("name", old, new) for old, new in renamed if telling and old != new]
    groups = hub.execute("SELECT share_group, renamed FROM changed_groups").fetchall()
    rows += [("group", old, new) for old, new in groups]
    if rows:
        hub.executemany("INSERT INTO changed_names VALUES (?, ?, ?)", rows)
    scopes = hub.execute("SELECT change_id, scope FROM catalog.changes WHERE scope IS NOT NULL")
    for change, scope in scopes.fetchall():
        parts = re.split(r"\s*[,;]\s*", scope)
        left = [one for one in parts if re.sub(r"^\w+\s*[:=]\s*", "", one) not in told]
        if len(left) < len(parts):
            kept = ", ".join(left) or None
            hub.execute("INSERT INTO changed_scopes VALUES (?, ?)", [change, kept])


def _touched(hub: duckdb.DuckDBPyConnection, partition: str) -> bool:
    """Return whether *partition* holds anything of what goes, or bytes of what is no more."""
    free = hub.execute(
        "SELECT free_blocks FROM pragma_database_size() WHERE database_name = ?", [partition]
    ).fetchone()
    if free and free[0]:
        return True
    conditions = {
        "months": f"{leaving.GONE_EVENT} "
        "OR t.share_group IN (SELECT share_group FROM changed_groups)",
        "coverage": "t.environment_id IN (FROM gone_environments) "
        "OR t.host IN (SELECT host FROM gone_hosts)",
        "batches": "t.source_id IN (FROM gone_ledgers)",
    }
    return any(
        hub.execute(f"SELECT 1 FROM {partition}.{table} t WHERE {gone} LIMIT 1").fetchone()
        for table, gone in conditions.items()
    )


def _counts(hub: duckdb.DuckDBPyConnection, partitions: Sequence[str]) -> dict[str, int]:
    """Return how many events, tickets, … go."""
    events = 0
    for partition in partitions:
        events += _number(
            hub, f"SELECT count(*) FROM {partition}.events t WHERE {leaving.GONE_EVENT}"
        )
    tables = {
        "environments": "gone_environments",
        "tickets": "gone_tickets",
        "collections": "gone_collections",
        "sources": "gone_sources",
        "signatures": "gone_signatures",
        "words": "gone_words",
    }
    counts = {name: _number(hub, f"SELECT count(*) FROM {t}") for name, t in tables.items()}
    messages = "SELECT count(*) FROM catalog.messages WHERE ticket_id IN (FROM gone_tickets)"
    return {"events": events, "messages": _number(hub, messages)} | counts


def _groups(hub: duckdb.DuckDBPyConnection, partitions: Sequence[str]) -> pl.DataFrame:
    """Return the share groups that stay with a member less, and how many events they have."""
    events = "SELECT share_group, events FROM {}.months WHERE customer_id IS NULL"
    all_of = [*(events.format(p) for p in partitions), "SELECT NULL, 0"]
    return hub.execute(
        "SELECT g.renamed AS share_group, g.members, g.taken AS weight, "
        "CAST(coalesce(sum(m.events), 0) AS BIGINT) AS events FROM changed_groups g "
        f"LEFT JOIN ({' UNION ALL '.join(all_of)}) m ON m.share_group = g.share_group "
        "WHERE g.members > 0 GROUP BY ALL ORDER BY ALL"
    ).pl()


def _number(hub: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = hub.execute(sql).fetchone()
    return int(row[0]) if row else 0
