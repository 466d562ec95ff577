"""Takes away months that are too old: their files, their keys, and what only they needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from caseline.records.custody import Expiry
from caseline.store import audit, leaving
from caseline.store.leaving_signatures import find_signatures

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from caseline.store.renewing import Renewal

_IN = "SELECT source_id FROM {partition}.batches UNION SELECT source_id FROM {partition}.coverage"
_NOWHERE = "SELECT NULL::VARCHAR AS source_id WHERE false"
_SOURCES = "INSERT INTO gone_sources (FROM ({old})) EXCEPT (FROM ({left}))"
_COLLECTIONS = """
    INSERT INTO gone_collections
    SELECT collection_id FROM catalog.sources GROUP BY collection_id
    HAVING bool_and(source_id IN (FROM gone_sources))
"""


def expire(
    renewal: Renewal, *, before: datetime, signatures: bool, by: str, at: datetime
) -> Expiry:
    """Take away the months of the store of *renewal* that ended by *before*.

    Args:
        renewal: Entered: nobody else asks or writes.
        before: The moment.
        signatures: Take signatures away too that no event has any more.
        by: Who asked for it.
        at: When.
    """
    store = renewal.store
    months = [month for month in store.partitions.months if _end(month) <= before]
    old = [store.partitions.for_month(month) for month in months]
    left = [p for p in store.partitions.touched_by(None) if p not in old]
    hub = store.hub
    leaving.prepare(hub)
    hub.execute(_SOURCES.format(old=_united(old), left=_united(left)))
    hub.execute(_COLLECTIONS)
    if signatures:
        _find_signatures(hub, old, left)
    counts = _counts(hub, old)
    entry = audit.Entry(
        at=at,
        action="expire",
        by=by,
        subject=f"months before {before:%Y-%m-%d}",
        details={"months": months, **counts},
    )
    renewal.write([], rows_of=partial(leaving.rows_that_stay, hub), entry=entry)
    renewal.finish(removed=old)
    return Expiry(before=before, at=at, by=by, months=tuple(months), counts=counts)


def _end(month: str) -> datetime:
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return (start + timedelta(days=32)).replace(day=1)


def _united(partitions: Sequence[str]) -> str:
    return " UNION ".join([_NOWHERE, *(_IN.format(partition=name) for name in partitions)])


def _find_signatures(
    hub: duckdb.DuckDBPyConnection, old: Sequence[str], left: Sequence[str]
) -> None:
    """Find what only the *old* months have: all of their events go, all others stay."""
    find_signatures(hub, {**dict.fromkeys(old, "true"), **dict.fromkeys(left, "false")})


def _counts(hub: duckdb.DuckDBPyConnection, old: Sequence[str]) -> dict[str, int]:
    tables = {name: f"gone_{name}" for name in ("collections", "sources", "signatures")}
    tables |= {name: f"{name}.events" for name in old}
    found = {}
    for name, table in tables.items():
        row = hub.execute(f"SELECT count(*) FROM {table}").fetchone()
        found[name] = int(row[0]) if row else 0
    return {"events": sum(found.pop(name) for name in old), **found}
