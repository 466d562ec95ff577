"""Nothing is lost on the way: what is read is stored, known or rejected."""

from __future__ import annotations

import io
import tarfile
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import caseline
from caseline import pipeline
from caseline.collect.limits import Limits
from caseline.collect.opening import open_collection
from caseline.errors import WorkspaceError

NOW = datetime(2026, 3, 10, tzinfo=UTC)
START = datetime(2026, 3, 9, tzinfo=UTC)


@pytest.fixture
def ws(tmp_path):
    with caseline.open(tmp_path / "support", clock=caseline.ManualClock(NOW)) as opened:
        opened.fleet.load(
            customers=[{"customer_id": "acme"}],
            environments=[{"environment_id": "prod", "kind": "single_tenant"}],
            tenancies=[{"customer_id": "acme", "environment_id": "prod"}],
        )
        yield opened


def step(ws, engine=None, progress=None):
    return pipeline.Ingest(
        engine or ws._store,
        ws.fleet.attributor(),
        ws._scrubber,
        ws._book,
        secret=ws._secret,
        progress=progress,
    )


def log(lines, *, minute):
    moments = (START + timedelta(minutes=minute, milliseconds=n) for n in range(lines))
    return "".join(f"{m:%Y-%m-%d %H:%M:%S},{n:03} INFO [w] shop.Job - step {n} of {minute} done\n"
                   for n, m in enumerate(moments))  # fmt: skip


@st.composite
def cases(draw):
    """Lines of each file, bytes of a block, rows of a flush."""
    files = draw(st.lists(st.integers(1, 60), min_size=1, max_size=4))
    block = draw(st.sampled_from([90, 700, 1_000_000]))
    return files, block, draw(st.sampled_from([1, 17, 1_000_000]))


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases())
def test_every_line_is_accounted_for_however_it_is_batched(ws, tmp_path_factory, monkeypatch, case):
    files, block, at_once = case
    monkeypatch.setattr(pipeline, "_ROWS_AT_ONCE", at_once)
    folder = tmp_path_factory.mktemp("logs")
    for number, lines in enumerate(files):
        (folder / f"{number}.log").write_text(log(lines, minute=number))
    before = len(ws.events(limit=10_000))
    reports = [
        step(ws).run(
            open_collection(
                folder, received_at=NOW, environment_id="prod", limits=Limits(block_bytes=block)
            )
        )
        for _ in range(2)
    ]
    for report in reports:
        assert report.lines == report.physical_lines == sum(files)
        assert report.lines == report.events + report.duplicates + report.rejects
    assert len(ws.events(limit=10_000)) == before + sum(report.events for report in reports)
    assert reports[1].events == 0


def test_a_collection_is_not_complete_when_the_store_loses_a_record(ws, tmp_path):
    class Forgetful:
        def __getattr__(self, name):
            return getattr(ws._store, name)

        def append(self, batch):
            events, duplicates = ws._store.append(batch)
            return events - 1, duplicates

    (tmp_path / "a.log").write_text(log(3, minute=1))
    source = open_collection(tmp_path / "a.log", received_at=NOW, environment_id="prod")
    with pytest.raises(WorkspaceError, match="1 of 3 records were read but are neither stored"):
        step(ws, Forgetful()).run(source)
    status = ws._store.value("SELECT status FROM catalog.collections")
    assert status == "open"


def test_long_rows_do_not_wait_for_many(ws, tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "_BYTES_AT_ONCE", 5_000)
    path = tmp_path / "a.log"
    stamp = "2026-03-09 00:00:{:02},000 INFO [w] shop.Job - {}\n"
    path.write_text("".join(stamp.format(n, "x" * 1_000) for n in range(20)))
    source = open_collection(
        path, received_at=NOW, environment_id="prod", limits=Limits(block_bytes=2_000)
    )
    stored = []
    ingest = step(ws, progress=lambda seen: stored.append(seen.events))
    assert ingest.run(source).events == 20
    assert stored == sorted(stored)
    assert len(set(stored)) > 3


def test_progress_tells_all_rejects_of_files_and_lines(ws, tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.log").write_text("\n\n" + log(2, minute=number))
        (folder / f"{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(200)))
    seen = []
    report = ws.ingest(folder, environment="prod", progress=seen.append)
    assert seen[-1].rejects == report.rejects == 12
    assert [p.rejects for p in seen] == sorted(p.rejects for p in seen)


def test_equal_files_of_two_machines_in_two_bundles_are_two(ws, tmp_path):
    reports = []
    for host in ("node-1", "node-2", "node-2"):
        folder = tmp_path / f"bundle-{len(reports)}"
        folder.mkdir()
        (folder / "manifest.json").write_text(f'{{"environment": "prod", "host": "{host}"}}')
        (folder / "app.log").write_text(log(3, minute=1))
        reports.append(ws.ingest(folder))
    assert [(r.events, r.duplicates) for r in reports] == [(3, 0), (3, 0), (0, 3)]
    assert sorted({event.host for event in ws.events()}) == ["node-1", "node-2"]


def test_streams_of_one_moment_know_each_others_lines(ws):
    lines = log(20, minute=1).splitlines()
    for line in lines:
        assert ws.ingest([line], environment="prod").events == 1
    again = ws.ingest(lines, environment="prod")
    assert (again.events, again.duplicates) == (0, 20)
    twice = ws.ingest([lines[3], lines[3]], environment="prod")
    assert (twice.events, twice.duplicates) == (1, 1)


def test_two_members_of_one_name_share_what_they_both_hold(ws, tmp_path):
    text = log(35, minute=1)
    first = "".join(text.splitlines(keepends=True)[:30])
    with tarfile.open(tmp_path / "grown.tar", "w") as archive:
        for data in (first.encode(), text.encode()):
            member = tarfile.TarInfo("app.log")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    report = ws.ingest(tmp_path / "grown.tar", environment="prod")
    assert (report.events, report.duplicates) == (35, 30)


def test_lines_without_a_time_are_known_in_the_next_month_too(tmp_path):
    clock = caseline.ManualClock(datetime(2026, 3, 31, 23, tzinfo=UTC))
    head = "".join(f"module {number} loaded from disk\n" for number in range(60))
    path = tmp_path / "boot.log"
    found = []
    with caseline.open(tmp_path / "support", clock=clock) as ws:
        ws.fleet.load(environments=[{"environment_id": "prod", "kind": "single_tenant"}])
        for beats in (10, 10, 14):
            path.write_text(head + "heartbeat\n" * beats)
            report = ws.ingest(path, environment="prod")
            found.append((report.events, report.duplicates))
            clock.advance(timedelta(hours=2))
        assert found == [(70, 0), (0, 70), (4, 70)]
        assert len(ws.events(environment="prod")) == 74


def test_times_without_a_zone_are_in_the_environments(ws, tmp_path):
    ws.fleet.load(
        environments=[
            {"environment_id": "madrid", "kind": "single_tenant", "timezone": "Europe/Madrid"}
        ]
    )
    line = "2026-03-09 10:00:00,000 ERROR [w] shop.Job - step 7 failed"
    ws.ingest([line], environment="madrid")
    (event,) = ws.events(environment="madrid")
    assert (event.occurred_at.isoformat(), event.time_quality) == (
        "2026-03-09T09:00:00+00:00",
        "exact",
    )
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "manifest.json").write_text('{"timezone": "America/New_York"}')
    (tmp_path / "bundle" / "a.log").write_text(line.replace("03-09", "03-06"))
    ws.ingest(tmp_path / "bundle", environment="madrid")
    assert ws.events(environment="madrid")[-1].occurred_at.hour == 15
