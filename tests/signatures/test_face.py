"""The face of signatures over a real store: ranking, windows, merging, scopes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from caseline.errors import InputError, NotFoundError, ReadOnlyError
from caseline.records.batches import Part, SignedBatch, Source
from caseline.records.windows import Window
from caseline.signatures.book import SignatureBook
from caseline.signatures.face import Signatures
from caseline.signatures.periods import whole_periods
from caseline.store.embedded import EmbeddedStore

START = datetime(2026, 1, 20, 22, 30, tzinfo=UTC)
NOW = datetime(2026, 4, 1, tzinfo=UTC)
# customer (None: shared), days and minutes after START, message
EVENTS = [
    *[("c-1", 0, n, f"disk {n} is full") for n in range(9)],
    ("c-1", 1, 0, "link down"),
    ("c-2", 30, 0, "link down"),
    (None, 40, 0, "link is down"),
    ("c-3", 60, 0, "link is down"),
]
COLUMNS = {
    "occurred_at": pl.Datetime("us", "UTC"),
    "time_quality": pl.String,
    "severity": pl.UInt8,
    "severity_text": pl.String,
    "service": pl.String,
    "host": pl.String,
    "trace_id": pl.String,
    "environment_id": pl.String,
    "customer_id": pl.String,
    "share_group": pl.String,
    "version": pl.String,
    "stage": pl.String,
    "region": pl.String,
    "lines": pl.UInt32,
    "repeats": pl.UInt32,
    "part": pl.UInt32,
}


def frame_of(events):
    rows = [
        {
            "occurred_at": START + timedelta(days=days, minutes=minutes),
            "time_quality": "exact",
            "severity": 17,
            "environment_id": customer or "pool",
            "customer_id": customer,
            "share_group": None if customer else "g-1",
            "lines": 1,
            "repeats": 1,
            "part": 0,
        }
        for customer, days, minutes, _ in events
    ]
    return pl.DataFrame(rows, schema=COLUMNS)


def stored(store, book, batch):
    source = Source(name="app.log", collection_id="c", origin="o", received_at=NOW)
    found = book.assign(batch)
    signed = SignedBatch(
        source=source,
        frame=pl.concat([frame_of(EVENTS), found.frame.drop("customer_id")], how="horizontal"),
        minted=found.minted,
        parts=(Part(source=source, batch_id="b"),),
    )
    store.save("signatures", signed.minted)
    weights = {"share_group": ["g-1", "g-1"], "customer_id": ["c-3", "c-4"], "weight": [0.5, 0.5]}
    store.save("share_groups", pl.DataFrame(weights))
    store.append(signed)


@pytest.fixture
def book():
    return SignatureBook()


@pytest.fixture
def store(tmp_path, book, batch_of):
    opened = EmbeddedStore(tmp_path)
    stored(opened, book, batch_of(*[message for *_, message in EVENTS]))
    yield opened
    opened.close()


@pytest.fixture
def signatures(store, book, clock):
    return Signatures(store, book, clock)


def by_template(table):
    return {row.template: row for row in table}


def test_top_is_by_customers_that_are_certain(signatures):
    top = signatures.top()

    assert [row.template for row in top] == ["link down", "link is down", "disk <*> is full"]
    row = by_template(top)["link is down"]
    assert (row.customers, row.customers_possible, row.environments, row.events) == (1, 2, 2, 2)
    assert row.severity == 17
    assert row.last_seen == START + timedelta(days=60)
    assert "customers_possible" in top.notes[0]


def test_top_by_events_counts_events(signatures):
    assert signatures.top(by="events", limit=1)[0].template == "disk <*> is full"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (timedelta(0), timedelta(minutes=5)),
        (timedelta(minutes=3), timedelta(days=1, minutes=1)),
        (timedelta(hours=1, minutes=30), timedelta(days=31)),
        (timedelta(days=-1), timedelta(days=61)),
        (timedelta(days=25), timedelta(days=40)),
    ],
)
def test_window_counts_what_a_slow_count_gives(signatures, start, end):
    window = (START + start, START + end)
    slow = sum(
        1 for _, days, minutes, _ in EVENTS if start <= timedelta(days=days, minutes=minutes) < end
    )

    assert sum(row.events for row in signatures.top(window=window)) == slow


def test_window_may_be_a_length_back_from_now(signatures):
    assert len(signatures.top(window=timedelta(days=1), as_of=NOW)) == 0


def test_as_of_hides_what_came_later(signatures):
    assert len(signatures.top(as_of=NOW - timedelta(days=1))) == 0


@pytest.mark.parametrize("wrong", [{"by": "noise"}, {"limit": 0}, {"window": 3}])
def test_call_that_cannot_be_right_is_refused(signatures, wrong):
    with pytest.raises(InputError):
        signatures.top(**wrong)


def test_get_tells_one_signature(signatures):
    name = signatures.top(by="events")[0].signature_id
    found = signatures.get(name)

    assert (found.template, found.events, found.customers) == ("disk <*> is full", 9, 1)
    assert found.rules == ["number"]


def test_get_and_match_hide_what_was_received_later(signatures):
    early = NOW - timedelta(seconds=1)
    name = signatures.match("link down", as_of=NOW).signature_id

    assert signatures.get(name, as_of=NOW).events == 2
    assert signatures.match("link down", as_of=early) is None
    with pytest.raises(NotFoundError):
        signatures.get(name, as_of=early)


def test_unknown_signature_is_named(signatures):
    with pytest.raises(NotFoundError, match="s-nothing"):
        signatures.get("s-nothing")


def test_match_finds_the_signature_of_a_line(signatures):
    assert signatures.match("disk 77 is full").events == 9
    assert signatures.match("quite another thing") is None


def test_explain_takes_an_id_or_a_line(signatures):
    name = signatures.top(by="events")[0].signature_id

    assert signatures.explain(name).variables == ("number",)
    assert signatures.explain("disk 7 is full").signature_id == name


def test_merged_signatures_count_as_one_and_split_ones_apart(signatures):
    names = [
        by_template(signatures.top())[text].signature_id for text in ("link down", "link is down")
    ]

    assert signatures.merge(names) == names[0]
    merged = signatures.get(names[1])
    assert (merged.signature_id, merged.events, merged.customers) == (names[0], 4, 3)
    assert signatures.top()[0].events == 4

    assert signatures.split(names[1]) == names[1]
    assert signatures.get(names[1]).events == 2


def test_merge_is_there_after_reopening(signatures, store):
    names = [row.signature_id for row in signatures.top()]
    signatures.merge(names[:2], into=names[2])
    again = SignatureBook.load(
        signatures=store.ask("all_signatures"),
        shapes=store.ask("all_shapes"),
        aliases=store.ask("all_aliases"),
    )

    assert [again.canonical(name) for name in names] == [names[2]] * 3


def test_merging_one_signature_is_refused(signatures):
    with pytest.raises(InputError):
        signatures.merge([signatures.top()[0].signature_id])


def test_splitting_what_was_not_merged_is_refused(signatures):
    with pytest.raises(InputError):
        signatures.split(signatures.top()[0].signature_id)
    with pytest.raises(NotFoundError):
        signatures.split("s-nothing")


def test_viewer_sees_what_the_customer_has_and_changes_nothing(store, book, clock):
    viewer = Signatures(store.scoped(frozenset({"c-2"})), book, clock)

    assert [row.template for row in viewer.top()] == ["link down"]
    assert viewer.match("disk 7 is full") is None
    told = viewer.explain("disk 7 is full")
    assert (told.signature_id, told.template) == (None, "")
    with pytest.raises(NotFoundError):
        viewer.explain(book.match("disk 7 is full").signature_id)
    names = [book.match(text).signature_id for text in ("link down", "link is down")]
    with pytest.raises((ReadOnlyError, NotFoundError)):
        viewer.merge(names)
    assert book.canonical(names[0]) == names[0]


def test_a_line_that_only_others_have_looks_like_one_that_nobody_has(store, book, clock):
    viewer = Signatures(store.scoped(frozenset({"c-2"})), book, clock)
    known, unknown = (viewer.explain(f"{what} 7 is full").to_dict() for what in ("disk", "cask"))

    assert {k for k in known if known[k] != unknown[k]} == {"shape", "tokens"}


def test_viewer_cannot_tell_which_signatures_there_are(store, book, clock):
    viewer = Signatures(store.scoped(frozenset({"c-2"})), book, clock)
    there = book.match("disk 7 is full").signature_id

    for name in (there, "s-nothing"):
        with pytest.raises(ReadOnlyError):
            viewer.split(name)
        with pytest.raises(ReadOnlyError):
            viewer.merge([name, "s-other"])


def test_viewer_reads_a_merged_signature_in_its_own_words(store, signatures, book, clock):
    names = [book.match(text).signature_id for text in ("disk 7 is full", "link down")]
    signatures.merge(names)
    viewer = Signatures(store.scoped(frozenset({"c-2"})), book, clock)

    assert [row.template for row in viewer.top()] == ["link down"]
    assert viewer.get(names[1]).template == viewer.match("link down").template == "link down"
    with pytest.raises(NotFoundError):
        viewer.explain(names[0])
    texts = store.scoped(frozenset({"c-2"})).ask("signature_texts", signature_ids=names)
    assert texts["template"].to_list() == ["link down"]
    owner = signatures.top(window=timedelta(days=100))
    assert "disk <*> is full" in [row.template for row in owner]


def test_short_window_has_no_whole_periods():
    window = Window(start=START, end=START + timedelta(minutes=10))
    bounds = whole_periods(window)

    for period in ("hour", "day", "month"):
        assert bounds[f"{period}_start"] >= bounds[f"{period}_end"]
