"""Batches of messages, for tests."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from caseline.records.batches import ScrubbedBatch, Source
from caseline.signatures.mining import shapes_of

SOURCE = Source(
    name="app.log",
    collection_id="c-1",
    origin="o-1",
    received_at=datetime(2026, 3, 1, tzinfo=UTC),
)


def _batch_of(*messages: str) -> ScrubbedBatch:
    texts = pl.Series("message", messages, dtype=pl.String)
    rows, shapes = shapes_of(texts)
    customers = pl.Series([None] * len(messages), dtype=pl.String)
    columns = {"message": texts, "customer_id": customers}
    frame = pl.DataFrame({**columns, "shape": pl.Series(rows, dtype=pl.UInt32)})
    return ScrubbedBatch(source=SOURCE, frame=frame, shapes=shapes)


@pytest.fixture(scope="session")
def batch_of():
    """Makes a scrubbed batch of messages."""
    return _batch_of
