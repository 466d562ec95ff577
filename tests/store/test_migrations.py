"""Workspaces as released versions left them, in stored/: opened, and still right.

layout-1: two installations over two months, 311 events, one merge, one ticket.
"""

from __future__ import annotations

import base64
import io
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

import caseline
from caseline.errors import DamagedError, ReadOnlyError
from caseline.store import migrations
from caseline.store.embedded import EmbeddedStore

STORED = Path(__file__).with_name("stored")
NOW = datetime(2026, 3, 21, 12, tzinfo=UTC)
EVENTS = {
    "order <*> failed after <*> tries": 81,
    'level=error msg="payment <*> was refused by bank <*>"': 80,
    "disk sda is <*> % full": 60,
    "disk sdb is <*> % full": 60,
    "trace_id=<*> started part <*>": 30,
}


@pytest.fixture
def layout_1(tmp_path):
    packed = base64.b64decode((STORED / "layout-1.tar.xz.base64").read_text(encoding="ascii"))
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "clear"


def opened(folder, **more):
    return caseline.open(folder, clock=caseline.ManualClock(NOW), **more)


def test_a_workspace_of_layout_1_answers_as_before(layout_1):
    with opened(layout_1) as ws:
        top = ws.signatures.top(by="events").to_frame()
        assert dict(top.select("template", "events").iter_rows()) == EVENTS
        assert top["customers"].to_list() == [1, 2, 1, 1, 1]
        newest = ws.events(limit=1).to_dicts()[0]
        assert newest["message"] == "order 77 failed after 9 tries"
        order = top["signature_id"][0]
        hit = {row["customer_id"]: row["status"] for row in ws.impact.of(order).customers}
        assert hit["c-1"] == "hit"
        assert ws.tickets.get("t-1").subject == "orders fail"
        assert len(ws.events(text="order 1007 failed")) == 2


def test_a_migrated_workspace_takes_in_and_knows_what_it_has(layout_1):
    line = "2026-03-20 08:00:00,000 ERROR [pool-1] OrderService - order 77 failed after 9 tries"
    with opened(layout_1) as ws:
        report = ws.ingest([line, line.replace("77", "78")], environment="e-1")
        assert (report.events, report.duplicates, report.signatures_new) == (1, 1, 0)
    with opened(layout_1) as ws:
        assert ws.signatures.top(by="events").to_dicts()[0]["events"] == 82
        since = datetime(2026, 2, 1, tzinfo=UTC)
        both = ws.signatures.top(window=(since, NOW)).to_frame()
        assert both["events"].sum() == 312


def test_a_killed_migration_goes_on(layout_1, monkeypatch):
    step, done = migrations.appending.recount, []

    def killed(*arguments):
        done.append(arguments)
        if len(done) == 2:
            raise KeyboardInterrupt
        step(*arguments)

    monkeypatch.setattr(migrations.appending, "recount", killed)
    with pytest.raises(KeyboardInterrupt):
        opened(layout_1)
    monkeypatch.undo()
    with opened(layout_1) as ws:
        top = ws.signatures.top(by="events").to_frame()
        assert dict(top.select("template", "events").iter_rows()) == EVENTS


def test_an_older_layout_is_not_opened_read_only(layout_1):
    with pytest.raises(ReadOnlyError, match="older layout '1'"):
        opened(layout_1, read_only=True)


def test_a_layout_of_the_future_is_refused(tmp_path):
    store = EmbeddedStore(tmp_path)
    store.hub.execute("UPDATE catalog.meta SET value = '99' WHERE name = 'version'")
    store.close()
    with pytest.raises(DamagedError, match="'99'"):
        EmbeddedStore(tmp_path)
