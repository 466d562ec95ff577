"""Why two lines are one: merges, lineage and what people decided, as of any moment."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

import caseline
from caseline.clock import ManualClock
from caseline.errors import InputError, NotFoundError

NOON = datetime(2026, 3, 16, 12, tzinfo=UTC)
TRACE = "order 7 failed\nshop.OrderError: no 7\n\tat shop.Stock.take(Stock.java:7)"


@pytest.fixture
def ws(tmp_path):
    clock = ManualClock(NOON)
    with caseline.open(tmp_path / "ws", clock=clock) as opened:
        opened.fleet.load(
            customers=[{"customer_id": "c1"}, {"customer_id": "c2"}],
            environments=[{"environment_id": e, "kind": "single_tenant"} for e in ("e1", "e2")],
            tenancies=[{"customer_id": f"c{n}", "environment_id": f"e{n}"} for n in (1, 2)],
        )
        read(opened, "host ann is up", "host bo is up", "link down")
        clock.advance(timedelta(hours=1))
        read(opened, "host cy is up", "host dee is up", environment="e2")
        clock.advance(timedelta(hours=1))
        yield opened


def read(ws, *messages, environment="e1"):
    at = ws._clock.now() - timedelta(days=1)
    lines = [f"{at:%Y-%m-%dT%H:%M:%S}Z ERROR {message}" for message in messages]
    ws.ingest(lines, environment=environment)


def test_merges_by_rule_and_people_are_told_with_who_and_when(ws):
    wide, link = (ws.signatures.match(m).signature_id for m in ("host eve is up", "link down"))
    ws.signatures.merge([wide, link], by="ana")
    told = ws.signatures.explain(wide)
    assert told.merged_into is None
    assert {(row["template"], row["author"]) for row in told.merges} == {
        ("host ann is up", "rule"),
        ("host bo is up", "rule"),
        ("link down", "ana"),
    }
    assert told.decisions == (
        {
            "what": "merge", "signature_id": link, "into": wide, "author": "ana",
            "decided_at": (NOON + timedelta(hours=2)).isoformat(),
        },
    )  # fmt: skip
    assert ws.signatures.explain(link).merged_into == wide
    assert json.loads(json.dumps(told.to_dict()))["merges"][0]["author"]


def test_as_of_hides_what_was_decided_later(ws):
    narrow = ws.signatures.explain("host ann is up").signature_id
    first, now = NOON + timedelta(minutes=1), ws._clock.now()
    assert ws.signatures.explain(narrow, as_of=first).merged_into is None
    wide = ws.signatures.explain(narrow, as_of=now).merged_into
    assert wide is not None
    ws._clock.advance(timedelta(hours=1))
    ws.signatures.split(narrow, by="bo")
    assert ws.signatures.explain(narrow).merged_into is None
    assert ws.signatures.explain(narrow).decisions[0]["what"] == "split"
    assert ws.signatures.explain(narrow, as_of=now).merged_into == wide
    assert ws.signatures.explain(narrow, as_of=now).decisions == ()
    with pytest.raises(NotFoundError):
        ws.signatures.explain(wide, as_of=first)
    assert ws.signatures.explain("host cy is up", as_of=first).signature_id is None
    with pytest.raises(InputError):
        ws.signatures.explain("quite new", as_of=datetime(2026, 3, 1))  # noqa: DTZ001


def test_splits_by_value_are_told(ws):
    wide = ws.signatures.match("host eve is up").signature_id
    part = ws.signatures.split(wide, variable=1, values=["cy"], by="ana")[0].signature_id
    for name in (wide, part):
        told = ws.signatures.explain(name).decisions
        assert ("split", "cy", 1, "ana") in {
            (row["what"], row.get("value"), row.get("variable"), row["author"]) for row in told
        }


@pytest.mark.parametrize(
    "header",
    ["", "2026-03-15T09:00:00Z ERROR ", "2026-03-15 09:00:00,123 ERROR [main] shop.Stock - "],
)
def test_a_raw_line_is_read_as_ingest_would(ws, header):
    wide = ws.signatures.match("host eve is up").signature_id
    assert ws.signatures.explain(f"{header}host eve is up").signature_id == wide
    assert ws.signatures.match(f"{header}host zed is up").signature_id == wide
    read(ws, TRACE)
    assert ws.signatures.explain(header + TRACE).kind == "trace"
    assert ws.signatures.match(header + TRACE) is not None


def test_what_is_private_in_a_raw_line_is_not_told(ws):
    told = ws.signatures.explain("2026-03-15T09:00:00Z ERROR mail to ann.sentinel@example.com")
    assert "sentinel" not in json.dumps(told.to_dict())


def test_a_viewer_is_told_nothing_of_others(ws):
    wide, link = (ws.signatures.match(m).signature_id for m in ("host eve is up", "link down"))
    ws.signatures.merge([wide, link], by="ana")
    viewer = ws.as_viewer("bo", customers=["c2"]).signatures
    told = viewer.explain(wide)
    assert (told.merges, told.decisions, told.lineage) == ((), (), ())
    assert "link" not in json.dumps(viewer.explain("host eve is up").to_dict())
    raw = "2026-03-15T09:00:00Z ERROR {} down"
    known, unknown = (viewer.explain(raw.format(what)).to_dict() for what in ("link", "sink"))
    assert {k for k in known if known[k] != unknown[k]} == {"shape", "tokens"}
