"""The faster ways give what the questions' own SQL gives, row for row."""

from __future__ import annotations

import random
from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.store.conftest import MARCH, event_frame

from caseline.records.windows import Window
from caseline.signatures.periods import whole_periods
from caseline.store import faster
from caseline.store.appending import recount

CUSTOMERS = ["c1", "c2", "c3", "c4", None, None]
GROUPS = [None, "g1", "g2"]
TRACES = [None, None, "t1", "t2", "T1"]
SETS = ("hours", "days", "months", "covered_days", "traces", "reach")


def drawn(seed, n=60, first=-40, last=70):
    rng = random.Random(seed)
    rows = []
    for _ in range(n):
        customer = rng.choice(CUSTOMERS)
        seconds = rng.randrange(first * 86_400, last * 86_400)
        rows.append(
            {
                "occurred_at": MARCH + timedelta(seconds=seconds),
                "customer_id": customer,
                "share_group": None if customer else rng.choice(GROUPS),
                "environment_id": f"e{rng.randrange(12)}",
                "signature_id": rng.choice(["s-took", "s-took", "s-lost"]),
                "severity": rng.choice([9, 17, None]),
                "trace_id": rng.choice(TRACES),
                "repeats": rng.choice([1, 1, 5]),
                "n": rng.choice(["7", "12 of 40", "A b", "ms", ""]),
            }
        )
    return rows


@pytest.fixture
def filled(store, append):
    for number in range(3):
        append(
            drawn(number),
            name=f"{number}.log",
            received_at=MARCH + timedelta(days=80 + number),
        )
    members = {"g1": ["c2", "c9"], "g2": ["c3"]}
    store.save(
        "share_groups",
        pl.DataFrame(
            [
                {"share_group": g, "customer_id": c, "weight": 0.5}
                for g, some in members.items()
                for c in some
            ]
        ),
    )
    return store


@pytest.fixture
def slow(monkeypatch):
    def ask(store, question, **parameters):
        with monkeypatch.context() as patched:
            patched.setattr(faster, "FASTER", {})
            return store.ask(question, **parameters)

    return ask


WINDOWS = [(-60, 90), (-33.3, 61.7), (-10, 40), (0, 31), (3.5, 3.9), (-28, 0)]


def between(days):
    start, end = (MARCH + timedelta(days=day) for day in days)
    return Window(start=start, end=end)


def test_top_signatures(filled, slow):
    for by in ("customers", "events"):
        for window in map(between, WINDOWS):
            asked = {"window": window, "by": by, "limit": 5, **whole_periods(window)}
            assert_frame_equal(
                filled.ask("top_signatures", **asked), slow(filled, "top_signatures", **asked)
            )


def test_top_signatures_ever_before_and_after_compaction_and_a_merge(filled, slow):
    asked = {"by": "customers", "limit": 9}
    before = slow(filled, "top_signatures_ever", **asked)
    assert_frame_equal(filled.ask("top_signatures_ever", **asked), before)
    filled.compact(force=True)
    assert_frame_equal(filled.ask("top_signatures_ever", **asked), before)
    filled.save(
        "signature_aliases",
        pl.DataFrame(
            [{"signature_id": "s-lost", "merged_into": "s-took", "reason": "r", "author": "a"}]
        ),
    )
    merged = filled.ask("top_signatures_ever", **asked)
    assert_frame_equal(merged, slow(filled, "top_signatures_ever", **asked))
    assert merged["signature_id"].to_list() == ["s-took"]


FILTERS = [
    {},
    {"customer": "c1"},
    {"signature": "s-lost", "environment": "e3"},
    {"trace": "t1"},
    {"trace": "unheard of"},
    {"trace": "T1", "customer": "c2"},
]
EVER = {"start": None, "end": None}


def asked_for(**filters):
    names = ("customer", "environment", "signature", "text", "trace")
    return {name: filters.get(name) for name in names}


def test_newest_events(filled, slow):
    for filters in FILTERS:
        for bounds in (EVER, {"window": between(WINDOWS[1])}, {"window": between(WINDOWS[4])}):
            for limit in (3, 1000):
                asked = {**asked_for(**filters), **bounds, "limit": limit}
                assert_frame_equal(filled.ask("events", **asked), slow(filled, "events", **asked))


TEXTS = [
    "took", "TOOK 7", "7 ms", "k 12 of", "of 40 ms", "lost a B", "40", "nowhere", " ", "ms",
    "t 7 of", "took 12 of 40 ms", "s", "\u00f6", "lost 7 of ",
]  # fmt: skip


def test_events_with_a_part_of_their_text(filled, slow):
    for text in TEXTS:
        for limit in (2, 1000):
            asked = {**asked_for(text=text), **EVER, "limit": limit}
            found = filled.ask("events_with_text", **asked)
            assert_frame_equal(found, slow(filled, "events_with_text", **asked))
            held = found["message"].str.to_lowercase().str.contains(text.lower(), literal=True)
            assert held.all()


def test_some_of_these_texts_are_found_and_some_not(filled):
    asked = {**asked_for(), **EVER, "limit": 1000}
    sizes = {t: filled.ask("events_with_text", **{**asked, "text": t}).height for t in TEXTS}
    assert sizes["nowhere"] == sizes["\u00f6"] == 0
    assert sizes["k 12 of"] > 0 < sizes["lost a B"]


def rollups_of(store):
    held = {}
    for partition in store.partitions.touched_by(None):
        for name in SETS:
            frame = store.hub.execute(f"SELECT * FROM {partition}.{name}").pl()
            held[partition, name] = frame.sort(frame.columns)
    return held


def test_rollups_equal_a_recount_from_events(filled):
    filled.compact(force=True)
    maintained = rollups_of(filled)
    for partition in filled.partitions.touched_by(None):
        with filled.transaction():
            recount(filled.hub, partition, filled.numbers)
    counted = rollups_of(filled)
    assert maintained.keys() == counted.keys()
    for name, frame in maintained.items():
        assert_frame_equal(frame, counted[name])


def test_a_value_that_holds_the_separator_keeps_its_message_whole(store, append):
    append([{"n": "a\x1fb"}, {"n": "c", "occurred_at": MARCH + timedelta(hours=1)}])
    asked = {**asked_for(text="a\x1fb"), **EVER, "limit": 5}
    assert store.ask("events_with_text", **asked)["message"].to_list() == ["took a\x1fb ms"]
    texts = store.ask("events", **{**asked_for(), **EVER, "limit": 5})
    assert texts["message"].to_list() == ["took c ms", "took a\x1fb ms"]


def test_a_number_that_was_not_saved_is_given_again(store, append, monkeypatch):
    frame = event_frame([{}])
    assert frame.height == 1

    def refused(*_):
        raise OSError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(store, "save", refused)
        with pytest.raises(OSError, match="no room"):
            store._number(frame)
    append([{}])
    numbered = store.hub.execute("SELECT kind, name, number FROM catalog.numbers").fetchall()
    assert sorted(numbered) == [("customer_id", "c1", 0), ("environment_id", "e1", 0)]
