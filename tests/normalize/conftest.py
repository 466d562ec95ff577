from datetime import UTC, datetime

import polars as pl
import pytest

from caseline.normalize.normalizer import FileNormalizer
from caseline.records.batches import RawBlock, Source

RECEIVED = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def source():
    def make(**changes):
        known = {"name": "app.log", "collection_id": "c", "origin": "o", "received_at": RECEIVED}
        return Source(**{**known, **changes})

    return make


@pytest.fixture
def feed(source):
    """Feed a file in the given blocks; return the batches."""

    def run(*blocks: bytes, **changes):
        made = source(**changes)
        normalizer = FileNormalizer(made)
        batches = []
        offset = 0
        for index, data in enumerate(blocks):
            block = RawBlock(
                source=made,
                data=data,
                offset_bytes=offset,
                index=index,
                last=index == len(blocks) - 1,
            )
            batches.append(normalizer.feed(block))
            offset += len(data)
        return batches

    return run


@pytest.fixture
def read(feed):
    """Feed a file as one block; return its records as dicts."""

    def run(text: str | bytes, **changes) -> list[dict]:
        data = text.encode() if isinstance(text, str) else text
        return feed(data, **changes)[0].frame.to_dicts()

    return run


@pytest.fixture
def whole():
    """Return the frames of batches as one, without the shapes' indices."""

    def run(batches) -> pl.DataFrame:
        return pl.concat([batch.frame for batch in batches]).drop("shape")

    return run
