"""What one asking may see, and how signatures are read in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


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
        chosen: Only the signatures of ``$signature_ids`` are asked for.
        bare: Partitions hold events, their sums, their coverage and their ledger only.
    """

    partitions: Sequence[str]
    all_partitions: Sequence[str]
    past: bool = False
    scoped: bool = False
    aliased: bool = False
    recalled: bool = False
    splits: tuple[tuple[str, int], ...] = ()
    chosen: bool = False
    bare: bool = False


def aliases(sight: Sight) -> str:
    """Return the table of aliases, or what it was at ``$as_of``."""
    if not sight.recalled:
        return "catalog.signature_aliases"
    return (
        "(SELECT signature_id, arg_max(merged_into, position) AS merged_into "
        "FROM catalog.alias_history WHERE decided_at <= $as_of GROUP BY signature_id)"
    )


def splits(sight: Sight) -> str:
    """Return the table of splits by value, or what it was at ``$as_of``."""
    if not sight.recalled:
        return "catalog.signature_splits"
    return "(SELECT * FROM catalog.signature_splits WHERE decided_at <= $as_of)"


def alias(sight: Sight, *, by_value: bool = False) -> tuple[str, str, str]:
    """Return the expressions of the current signature and the one before merges, and joins.

    With *by_value* a row has variables, whose values say which part of a split signature
    it is.
    """
    minted, join = "p.signature_id", ""
    if by_value and sight.splits:
        cases = " ".join(
            f"WHEN '{name}' THEN string_split(p.variables, chr(31))[{variable}]"
            for name, variable in sight.splits
        )
        minted = "coalesce(v.split_into, p.signature_id)"
        join = (
            f" LEFT JOIN {splits(sight)} v ON v.signature_id = p.signature_id "
            f"AND v.value = CASE p.signature_id {cases} END"
        )
    if not sight.aliased:
        return minted, minted, join
    join += f" LEFT JOIN {aliases(sight)} a ON a.signature_id = {minted}"
    return f"coalesce(a.merged_into, {minted})", minted, join


def own_environments(column: str, sight: Sight) -> str:
    """Return the condition that *column* is an environment of the viewer's customers."""
    if not sight.scoped:
        return ""
    return (
        f" AND {column} IN (SELECT environment_id FROM catalog.tenancies "
        "WHERE customer_id IN (SELECT unnest($viewer)))"
    )
