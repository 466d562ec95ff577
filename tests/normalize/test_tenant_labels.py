from __future__ import annotations

from datetime import UTC, datetime

import pytest

from caseline.normalize.normalizer import FileNormalizer
from caseline.records.batches import RawBlock, Source

SOURCE = Source(
    name="app.log",
    collection_id="c",
    origin="o",
    received_at=datetime(2026, 3, 10, tzinfo=UTC),
    environment_id="e",
)


def read(message):
    line = f"2026-03-09 10:00:00,120 INFO [w-1] shop.Pool - {message}\n"
    block = RawBlock(source=SOURCE, data=line.encode(), last=True)
    row = FileNormalizer(SOURCE).feed(block).frame.row(0, named=True)
    return row["tenant"], row["message"].decode()


@pytest.mark.parametrize(
    "message",
    [
        "tenant=t404 order 7 accepted",
        "[tenant=t404] order 7 accepted",
        "[tenant:t404] order 7 accepted",
        'tenantId="t404" order 7 accepted',
        "tenant=t404|order 7 accepted",
        "tenant_id: t404, order 7 accepted",
        "order 7 accepted tenant=t404",
        'order 7 accepted tenant="t404"',
        "order 7 accepted [tenant=t404]",
    ],
)
def test_a_message_is_the_same_for_all_tenants(message):
    assert read(message) == ("t404", "order 7 accepted")


@pytest.mark.parametrize(
    "message",
    ["order of tenant=t404 accepted", "tenant=t404", "moved tenant=t404, tenant=t405 stays"],
)
def test_a_tenant_that_the_message_speaks_of_stays_in_it(message):
    assert read(message) == ("t404", message)
