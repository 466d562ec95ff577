"""Which services lines came of: noted when they first come, for later questions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from caseline.protocols import Engine

_TABLES = {
    "environment_services": ("environment_services", "environment_id"),
    "signature_services": ("all_signature_services", "signature_id"),
}
"""Each table with the question for its rows, and what its services belong to."""


def unheard(
    engine: Engine, frame: pl.DataFrame, received_at: datetime
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield table and rows of what *frame* tells of services and the catalog does not know.

    Args:
        engine: Where the catalog is.
        frame: Columns environment_id, signature_id, service (may be null).
        received_at: When it came.
    """
    for table, (question, owner) in _TABLES.items():
        said = frame.select(owner, "service").drop_nulls().unique()
        known = engine.remember(question, (table,), partial(engine.ask, question))
        fresh = said.join(known, on=[owner, "service"], how="anti").sort(owner, "service")
        if not fresh.is_empty():
            at = pl.lit(received_at, dtype=pl.Datetime("us", "UTC"))
            yield table, fresh.with_columns(at.alias("received_at"))
