"""Lineage in a workspace: found by ingest, counted as one, decided by people."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

import caseline
from caseline.clock import ManualClock
from caseline.errors import InputError, NotFoundError, ReadOnlyError
from caseline.testing.fleet import simulate

OLD, NEW = "checksum mismatch on chunk", "quarantined after checksum mismatch"


def filled(folder, fleet):
    clock = ManualClock(fleet.settings.end + timedelta(hours=1))
    ws = caseline.open(folder, clock=clock)
    ws.fleet.load(
        customers=fleet.customers,
        environments=fleet.environments,
        tenancies=fleet.tenancies,
        spans=fleet.spans,
        changes=fleet.changes,
    )
    lines = {}
    for environment, _, chunks in fleet.streams():
        lines.setdefault(environment, []).extend(b"".join(chunks).splitlines())
    for environment, some in lines.items():
        ws.ingest(some, environment=environment)
    return ws


@pytest.fixture(scope="module")
def fleet():
    return simulate(
        "S18", seed=4, customers=14, days=22, events_per_day=150, share_multi_tenant=0.0,
        none_share=0.0, missing_share=0.0, everyday_issues=0, bursts_per_customer_month=0.0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(fleet, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ws")
    filled(folder, fleet).close()
    return folder


@pytest.fixture
def ws(fleet, folder, tmp_path):
    copy = tmp_path / "ws"
    shutil.copytree(folder, copy)
    clock = ManualClock(fleet.settings.end + timedelta(hours=2))
    with caseline.open(copy, clock=clock) as opened:
        yield opened


def ids(ws, text):
    rows = ws.signatures.top(by="events", limit=10_000)
    return [row.signature_id for row in rows if text in row.template]


def linked(ws):
    rows = ws.signatures._engine.ask("kin_links")
    return list(zip(rows["from_id"], rows["to_id"], strict=True))


def old_and_new(ws):
    olds, news = set(ids(ws, OLD)), set(ids(ws, NEW))
    return next((a, b) for a, b in linked(ws) if a in olds and b in news)


def test_only_what_is_one_trouble_is_linked(ws, fleet):
    texts = {r.signature_id: r.template for r in ws.signatures.top(by="events", limit=10_000)}
    same = ("checksum mismatch", "darkness value", "SocketTimeoutException")
    for old, new in linked(ws):
        assert any(words in texts[old] and words in texts[new] for words in same)
    for words in same:
        assert any(words in texts[old] for old, _ in linked(ws))
    assert fleet.truth.facts["lineage"]["version"] in {
        row.since_version for row in ws.signatures.lineage(old_and_new(ws)[0])
    }


def test_detection_announces_only_what_the_version_brought(ws, fleet):
    since = fleet.settings.start + timedelta(days=7.7)
    found = ws.impact.detect(since=since)
    assert found
    for row in found:
        assert "calendar" in row.template


def test_both_are_counted_as_one_and_the_notes_say_so(ws):
    old, new = old_and_new(ws)
    get, series, impact = ws.signatures.get, ws.trends.series, ws.impact.of
    kin = {name for pair in linked(ws) if old in pair or new in pair for name in pair}
    total = sum(get(name).events for name in kin)
    for name in (old, new):
        assert sum(row.events for row in series(name)) == total
        assert impact(name).events == total
        assert set(impact(name).signature_ids) == kin
        assert any("counted together" in note for note in series(name).notes)
        assert any("not yet confirmed" in note for note in impact(name).notes)
    assert sum(row.events for row in ws.signatures.top(by="events", limit=10_000)) == len(
        ws.events(limit=1_000_000)
    )


def test_a_rejected_pair_is_apart_and_stays_so(ws):
    old, new = old_and_new(ws)
    before = ws._clock.now()
    ws._clock.advance(timedelta(hours=1))
    ws.signatures.reject(old, new, by="ana")
    ws.signatures.find_lineage()
    assert (old, new) not in linked(ws)
    row = next(r for r in ws.signatures.lineage(old) if (r.from_id, r.to_id) == (old, new))
    assert (row.state, row.author, row.together) == ("rejected", "ana", False)
    assert not any(new in note for note in ws.trends.series(old).notes)
    assert any(new in note for note in ws.trends.series(old, as_of=before).notes)
    then = next(r for r in ws.signatures.lineage(old, as_of=before) if r.to_id == new)
    assert then.state == "proposed"


def test_a_confirmed_pair_is_one_whatever_the_evidence(ws):
    old = old_and_new(ws)[0]
    other = next(iter(ids(ws, "calendar")))
    ws.signatures.confirm(old, other, by="bo")
    ws.signatures.find_lineage()
    assert (old, other) in linked(ws)
    assert other in ws.impact.of(old).signature_ids
    told = ws.signatures.get(old).lineage
    assert any(row["to_id"] == other and row["state"] == "confirmed" for row in told)


def test_looking_again_changes_nothing(ws):
    ws.signatures.find_lineage()
    before = ws.signatures._engine.ask("all_lineage")
    ws.signatures.find_lineage()
    assert ws.signatures._engine.ask("all_lineage").equals(before)


def test_sampling_is_no_drop_and_a_lower_level_is_told(ws):
    sampled = [row for row in ws.signatures.find_lineage() if row.kind == "sampled"]
    assert sampled
    for row in sampled:
        assert "PoolTimeout" in ws.signatures.get(row.from_id).template
        assert any("is sampled from" in note for note in ws.trends.series(row.from_id).notes)
    levels = {r.from_id for r in ws.signatures.find_lineage() if r.kind == "level_changed"}
    assert levels & set(ids(ws, "Idempotency"))


def test_lineage_goes_along_with_merges(ws):
    old, new = old_and_new(ws)
    other = next(iter(ids(ws, "calendar")))
    ws.signatures.merge([other, old], into=other)
    assert (other, new) in linked(ws)
    ws.signatures.merge([other, new], into=other)
    assert all(other != name for pair in linked(ws) for name in pair if new in pair)
    ws.signatures.find_lineage()
    assert ws.signatures.get(new).signature_id == other


def test_what_cannot_be_decided_is_refused(ws, fleet):
    old, new = old_and_new(ws)
    with pytest.raises(InputError):
        ws.signatures.confirm(old, old)
    with pytest.raises(NotFoundError):
        ws.signatures.reject(old, "s-nothing")
    with pytest.raises(InputError):
        ws.signatures.reject(old, new, by="rule")
    viewer = ws.as_viewer("ana", customers=fleet.customers["customer_id"].to_list()[:3])
    for act in (viewer.signatures.confirm, viewer.signatures.reject):
        with pytest.raises(ReadOnlyError):
            act(old, new)
    with pytest.raises(ReadOnlyError):
        viewer.signatures.find_lineage()


def test_a_viewer_sees_lineage_of_what_it_has_and_no_figures(ws, fleet):
    pairs = set(linked(ws))
    for customer in fleet.customers["customer_id"].to_list():
        viewer = ws.as_viewer("ana", customers=[customer]).signatures
        own = {row.signature_id for row in viewer.top(by="events", limit=10_000)}
        seen = viewer._engine.ask("all_lineage")
        assert set(seen["from_id"]) | set(seen["to_id"]) <= own
        told = set(zip(seen["from_id"], seen["to_id"], strict=True))
        assert {pair for pair in pairs if set(pair) <= own} <= told
        for column in ("confidence", "environments", "reasons", "events_before", "since"):
            assert seen[column].null_count() == seen.height
        for name in sorted(own & {name for pair in pairs for name in pair})[:1]:
            assert all(row.confidence is None for row in viewer.lineage(name))
