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
    ("message", "tenant"),
    [
        ('tenant="Acme Corp" order 7 accepted', "Acme Corp"),
        ("tenant='Acme Corp' order 7 accepted", "Acme Corp"),
        ("tenant = t404 order 7 accepted", "t404"),
        ("kubernetes.labels.tenant=t404 order 7 accepted", "t404"),
        ("host=web-1 svc=shop tenant=t404 order 7 accepted", "t404"),
    ],
)
def test_a_tenant_may_be_written_in_many_ways(message, tenant):
    assert read(message) == (tenant, "order 7 accepted")


@pytest.mark.parametrize(
    ("message", "tenant"),
    [
        ("GET /api/tenants/t404/orders answered", "t404"),
        ("GET https://example.com/orgs/acme?page=2 answered", "acme"),
        ("worker tid=acme-7 is ready", "acme-7"),
        ("worker tid=140 is ready", None),
        ("worker tid=0x7f12 is ready", None),
        ("worker tid=7f12ab34 is ready", None),
        ("GET /tenants answered", None),
    ],
)
def test_a_tenant_in_a_path_is_found_and_a_thread_is_none(message, tenant):
    assert read(message) == (tenant, message)


@pytest.mark.parametrize(
    "label",
    ["host=web-1 ", "[host=web-1] ", "svc=shop host=web-1 ", "host=web-1, ", "node=web-1 | "],
)
def test_a_message_is_the_same_on_all_hosts(label):
    line = f"2026-03-09 10:00:00,120 INFO {label}order 7 accepted\n"
    block = RawBlock(source=SOURCE, data=line.encode(), last=True)
    row = FileNormalizer(SOURCE).feed(block).frame.row(0, named=True)
    assert (row["host"], row["message"]) == ("web-1", b"order 7 accepted")


@pytest.mark.parametrize(
    "message",
    ["order of tenant=t404 accepted", "tenant=t404", "moved tenant=t404, tenant=t405 stays"],
)
def test_a_tenant_that_the_message_speaks_of_stays_in_it(message):
    assert read(message) == ("t404", message)
