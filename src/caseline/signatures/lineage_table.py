"""Lineage as it is answered: the links of a signature, near and far."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl

from caseline.signatures.tracing import LINEAGE, PROPOSED, REJECTED, WITHDRAWN

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.protocols import Engine

_COLUMNS = [name for name in LINEAGE if name != "position"]


def lineage_of(engine: Engine, name: str, *, as_of: datetime | None) -> pl.DataFrame:
    """Return the links that lead to the signature *name* and from it, in any number of steps."""
    rows = _told(engine.ask("all_lineage", as_of=as_of))
    group, grown = {name}, 0
    while len(group) != grown:
        grown = len(group)
        live = rows.filter(
            pl.col("state") != REJECTED,
            pl.col("from_id").is_in(list(group)) | pl.col("to_id").is_in(list(group)),
        )
        group |= {*live["from_id"], *live["to_id"]}
    return rows.filter(pl.col("from_id").is_in(list(group)) | pl.col("to_id").is_in(list(group)))


def proposed_lineage(engine: Engine) -> pl.DataFrame:
    """Return all links that no person has decided about."""
    return _told(engine.ask("all_lineage")).filter(pl.col("state") == PROPOSED)


def _told(rows: pl.DataFrame) -> pl.DataFrame:
    typed = rows.cast(pl.Schema(LINEAGE))  # a viewer's figures are all missing, and have no type
    reasons = [json.loads(text) if text else [] for text in typed["reasons"]]
    told = typed.with_columns(pl.Series("reasons", reasons, dtype=pl.List(pl.String)))
    return told.filter(pl.col("state") != WITHDRAWN).select(_COLUMNS)
