from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from planted import NOW, OTHERS, answers, dump, open_planted, open_store

import caseline

CHILD = Path(__file__).with_name("killed_custody.py")
APRIL = datetime(2026, 4, 1, tzinfo=UTC)
CRASHES = os.environ.get("CASELINE_CRASHES")
both = pytest.mark.parametrize("copied", ["clear", "encrypted"], indirect=True)


def months_in(folder):
    return sorted(path.name for path in (folder / "events").iterdir())


@both
def test_months_that_ended_before_the_cut_go_with_their_keys(copied):
    folder, key = copied
    with open_planted(folder, key=key) as ws:
        before = ws.events(limit=10_000).to_frame()
        done = ws.privacy.expire(older_than=APRIL, by="ana")
        after = ws.events(limit=10_000).to_frame()
    assert months_in(folder) == ["2026-04.duckdb"]
    assert done.months == ("2026-03",)
    assert done.counts["events"] == before.height - after.height > 0
    assert after.rows() == before.filter(before["occurred_at"] >= APRIL).rows()
    keys = json.loads((folder / "keys").read_text())["entries"]
    assert "events/2026-03.duckdb" not in keys
    assert ("events/2026-04.duckdb" in keys) == (key is not None)


@pytest.mark.parametrize(
    ("cut", "kept"), [(APRIL - timedelta(seconds=1), 2), (APRIL, 1), (timedelta(days=14), 1)]
)
def test_a_month_that_the_cut_falls_into_stays_whole(copied, cut, kept):
    with open_planted(copied[0]) as ws:
        ws.privacy.expire(older_than=cut)
    assert len(months_in(copied[0])) == kept


def test_files_that_only_old_months_had_are_forgotten_and_others_are_not(copied):
    folder, _ = copied
    with open_planted(folder) as ws:
        only_old = [
            f"<11>1 2026-03-14T08:{minute:02}:00Z h9 shop 7 - - order {minute} lost"
            for minute in range(20)
        ]
        ws._clock.advance(timedelta(minutes=1))  # streams of one moment are one collection
        old = ws.ingest(only_old, environment="acme-prod").collection_id
        done = ws.privacy.expire(older_than=APRIL)
        kept = dump(ws._store)
    assert (done.counts["collections"], done.counts["sources"]) == (1, 1)
    assert old not in str(kept["catalog.collections"])
    assert len(kept["catalog.collections"]) == 4


def test_signatures_stay_unless_they_are_asked_for(copied):
    with open_planted(copied[0]) as ws:
        known = dump(ws._store)["catalog.signatures"]
        ws.privacy.expire(older_than=APRIL)
        assert dump(ws._store)["catalog.signatures"] == known
        again = ws.ingest(
            ["<11>1 2026-04-14T08:00:00Z h9 shop 7 - - queue 99 is long"], environment="acme-prod"
        )
        assert again.signatures_new == 0


def test_signatures_that_no_event_has_go_if_asked(copied):
    with open_planted(copied[0]) as ws:
        done = ws.privacy.expire(older_than=APRIL, signatures=True)
        templates = str(dump(ws._store)["catalog.signatures"])
    assert done.counts["signatures"] == 2
    assert "queue" not in templates
    assert "pool" not in templates
    assert "order <*> failed" in templates


def test_the_months_that_stay_answer_as_before(copied):
    window = (APRIL, NOW + timedelta(days=30))
    with open_planted(copied[0]) as ws:
        asked = [ws.as_viewer("ana", customers=[c]) for c in OTHERS]
        before = [view.signatures.top(window=window).to_dicts() for view in asked]
        ws.privacy.expire(older_than=APRIL)
        assert [view.signatures.top(window=window).to_dicts() for view in asked] == before
        assert answers(ws)["acme"]["tickets"]


def test_ingest_goes_on_in_a_month_that_went(copied):
    with open_planted(copied[0]) as ws:
        ws.privacy.expire(older_than=APRIL)
        report = ws.ingest(
            ["<11>1 2026-03-14T08:00:00Z h9 shop 7 - - order 1 lost"], environment="acme-prod"
        )
        assert report.events == 1
        ws.privacy.expire(older_than=APRIL)
    assert months_in(copied[0]) == ["2026-04.duckdb"]


def test_nothing_old_is_no_error_and_is_logged(copied):
    with open_planted(copied[0]) as ws:
        done = ws.privacy.expire(older_than=timedelta(days=365), by="cron")
        [entry] = ws.privacy.audit_log()
    assert (done.months, done.counts["events"]) == ((), 0)
    assert (entry.action, entry.by, entry.subject) == ("expire", "cron", "months before 2025-04-15")
    assert done.to_dict()["before"] == "2025-04-15T12:00:00+00:00"
    assert repr(done) == "Expiry(0 months, nothing, at 2026-04-15T12:00:00+00:00)"


@pytest.mark.parametrize(
    ("cut", "says"),
    [
        (datetime(2026, 4, 1), "naive|zone|aware"),  # noqa: DTZ001 - that is the point
        (datetime(2030, 1, 1, tzinfo=UTC), "future"),
        (timedelta(days=-1), "future"),
    ],
)
def test_a_cut_that_cannot_be_is_refused(copied, cut, says):
    with open_planted(copied[0]) as ws, pytest.raises(caseline.InputError, match=says):
        ws.privacy.expire(older_than=cut)


@pytest.mark.parametrize("part", [0.2, 0.6, 0.9, 0.97, 0.99, 0.999] if CRASHES else [0.6, 0.99])
def test_a_killed_expiry_is_finished_when_opened(copied, tmp_path, part):
    folder, _ = copied
    shutil.copytree(folder, tmp_path / "whole")

    def run(where, moment):
        command = [sys.executable, str(CHILD), str(where), "", "expire", "calls", str(moment)]
        return subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout.decode()

    calls = int(run(tmp_path / "whole", 0).split()[0])
    run(folder, int(calls * part))
    store, custody = open_store(folder)
    if "2026-03" in store.partitions.months:
        custody.expire(older_than=timedelta(days=14), signatures=True, by="ana")
    other, _ = open_store(tmp_path / "whole")
    assert dump(store) == dump(other)
    store.close()
    other.close()
    assert months_in(folder) == ["2026-04.duckdb"]
