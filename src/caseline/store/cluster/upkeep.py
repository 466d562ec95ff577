"""What is rewritten in a warehouse: months merged into few rows, customers taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.store.schema import DIMENSIONS, ROLLUPS

if TYPE_CHECKING:
    from collections.abc import Mapping

_BY = ", ".join(DIMENSIONS)
_COVERAGE = (
    "SELECT source_id, environment_id, host, timed, min(starts_at) AS starts_at, "
    "max(ends_at) AS ends_at, min(told_from) AS told_from, max(told_to) AS told_to, "
    "max(received_at) AS received_at, CAST(sum(events) AS BIGINT) AS events "
    "FROM touched.coverage GROUP BY source_id, environment_id, host, timed"
)


def merged() -> Mapping[str, str]:
    """Return, for each table of a month, the query whose answer says the same in fewer rows.

    Events and the ledger stay as they are, but for their order.
    """
    rollups = {
        table: f"SELECT {moment}, {_BY}, CAST(sum(events) AS BIGINT) AS events, "
        f"min(first_at) AS first_at, max(last_at) AS last_at FROM touched.{table} "
        f"GROUP BY {moment}, {_BY}"
        for table, moment in ROLLUPS.items()
    }
    return {
        "events": "SELECT e.* FROM touched.events e "
        "ORDER BY e.customer_id, e.signature_id, e.moment",
        **rollups,
        "coverage": _COVERAGE,
        "batches": "SELECT b.* FROM touched.batches b",
    }


def without(customer_id: str) -> Mapping[str, str]:
    """Return, for each table that names customers, the query for its rows without this one."""
    quoted = "'" + customer_id.replace("'", "''") + "'"
    return {
        table: f"SELECT t.* FROM touched.{table} t WHERE t.customer_id IS NULL "
        f"OR t.customer_id <> {quoted}"
        for table in ("events", *ROLLUPS)
    }
