"""What was decided about signatures: it tells which tables a question has to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

_DATED = ("alias_history", "signature_splits", "lineage")
TABLES = frozenset({"signature_aliases", *_DATED})
_LATEST = " UNION ALL ".join(
    f"SELECT max(decided_at) AS decided FROM catalog.{name}" for name in _DATED
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Merges, splits and lineage, as far as questions differ by them.

    Args:
        aliased: Some signatures were merged into others.
        splits: Signatures that were split by a value, each with its variable's number.
        latest: When the latest of them was decided, in UTC without a zone.
    """

    aliased: bool = False
    splits: tuple[tuple[str, int], ...] = ()
    latest: datetime | None = None

    def recalled(self, as_of: datetime | None) -> bool:
        """Return whether some of them came after *as_of* (UTC without a zone)."""
        return as_of is not None and self.latest is not None and as_of < self.latest


def read_decisions(hub: duckdb.DuckDBPyConnection) -> Decisions:
    """Return what the catalog holds."""
    row = hub.execute(
        "SELECT EXISTS (SELECT 1 FROM catalog.signature_aliases), "
        f"(SELECT max(decided) FROM ({_LATEST}) each)"
    ).fetchone()
    splits = "SELECT DISTINCT signature_id, variable FROM catalog.signature_splits ORDER BY ALL"
    aliased, latest = row or (False, None)
    return Decisions(
        aliased=bool(aliased), splits=tuple(hub.execute(splits).fetchall()), latest=latest
    )
