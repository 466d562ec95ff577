"""What was decided about a signature, by rules and by people: the second half of why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.records.answers import plain
from caseline.signatures.aliases import MACHINES
from caseline.signatures.lineage_table import lineage_of

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.signatures.book import SignatureBook
    from caseline.signatures.explanations import Explanation


def with_decisions(
    found: Explanation, engine: Engine, book: SignatureBook, *, as_of: datetime | None
) -> Explanation:
    """Return *found* with what it is read as, what was merged into it, and its lineage.

    A viewer is told the lineage of what it has itself, and no more: merges and splits
    may speak of templates that only others have.
    """
    if found.signature_id is None:
        return found
    name = found.signature_id
    history = engine.ask("alias_events", as_of=as_of)
    latest = history.group_by("signature_id", maintain_order=True).last()
    read_as = dict(latest.select("signature_id", "merged_into").iter_rows())
    end = read_as.get(name, name)
    lineage = tuple(
        {key: plain(value) for key, value in row.items()}
        for row in lineage_of(engine, end, as_of=as_of).to_dicts()
    )
    told = replace(found, merged_into=None if end == name else end, lineage=lineage)
    if engine.scope is not None:
        return told
    inside = latest.filter(pl.col("merged_into") == end, pl.col("signature_id") != end)
    family = [end, name, *inside["signature_id"]]
    people = history.filter(
        ~pl.col("author").is_in(list(MACHINES)),
        pl.col("signature_id").is_in(family) | pl.col("step_into").is_in(family),
    )
    return replace(
        told,
        merges=tuple(_merge(row, book) for row in inside.iter_rows(named=True)),
        decisions=(
            *(_decision(row) for row in people.iter_rows(named=True)),
            *_values(engine, family, as_of),
        ),
    )


def _merge(row: dict[str, Any], book: SignatureBook) -> dict[str, Any]:
    one = book.signature(row["signature_id"])
    return {
        "signature_id": row["signature_id"],
        "template": "" if one is None else one.template,
        "reason": row["reason"],
        "author": row["author"],
        "decided_at": plain(row["decided_at"]),
    }


def _decision(row: dict[str, Any]) -> dict[str, Any]:
    apart = row["step_into"] == row["signature_id"]
    return {
        "what": "split" if apart else "merge",
        "signature_id": row["signature_id"],
        "into": row["step_into"],
        "author": row["author"],
        "decided_at": plain(row["decided_at"]),
    }


def _values(engine: Engine, family: list[str], as_of: datetime | None) -> list[dict[str, Any]]:
    rows = engine.ask("all_splits", as_of=as_of).filter(
        pl.col("signature_id").is_in(family) | pl.col("split_into").is_in(family)
    )
    return [
        {
            "what": "split",
            "signature_id": row["signature_id"],
            "into": row["split_into"],
            "variable": row["variable"],
            "value": row["value"],
            "author": row["author"],
            "decided_at": plain(row["decided_at"]),
        }
        for row in rows.iter_rows(named=True)
    ]
