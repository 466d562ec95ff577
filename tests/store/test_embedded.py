from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from caseline.errors import (
    DamagedError,
    InputError,
    KeyMismatchError,
    ReadOnlyError,
    WorkspaceLockedError,
)
from caseline.records.batches import SignedBatch
from caseline.records.windows import Window
from caseline.store import schema
from caseline.store.embedded import EmbeddedStore

MARCH = datetime(2026, 3, 1, tzinfo=UTC)

ALL = {
    "customer": None, "environment": None, "signature": None, "text": None, "trace": None,
    "start": None, "end": None, "limit": 1000,
}  # fmt: skip


def at(**step):
    return MARCH + timedelta(**step)


def events(store, **changes):
    return store.ask("events", **{**ALL, **changes})


def days(store, **options):
    frame = store.ask("rollup_days", **options)
    return {(row["day"].day, row["version"]): row["events"] for row in frame.to_dicts()}


@pytest.fixture(autouse=True)
def _question(monkeypatch):
    texts = {
        "rollup_days": "SELECT day, version, CAST(sum(events) AS BIGINT) AS events "
        "FROM days GROUP BY day, version",
        "hit": "SELECT DISTINCT customer_id FROM months",
        "names": "-- a comment\nWITH x AS (SELECT * FROM signatures) SELECT * FROM x",
        "tickets": "SELECT * FROM tickets",
        "own_customers": "SELECT customer_id FROM customers",
    }
    real = schema.question_text
    monkeypatch.setattr(schema, "question_text", lambda name: texts.get(name) or real(name))


def test_what_was_appended_is_there_after_reopening(store, append, tmp_path):
    assert append([{"n": 7}]) == (1, 0)
    store.close()
    again = EmbeddedStore(tmp_path)
    found = events(again).row(0, named=True)
    again.close()
    assert found["message"] == "took 7 ms"
    assert found["occurred_at"] == MARCH


def test_the_same_batch_again_is_all_duplicates(store, append):
    rows = [{"n": n} for n in range(5)]
    assert append(rows) == (5, 0)
    assert append(rows) == (0, 5)
    assert days(store) == {(1, "8.1"): 5}


def test_an_overlapping_copy_adds_only_what_is_new(store, append):
    append([{"n": n, "occurred_at": at(seconds=n)} for n in range(5)])
    copy = [{"n": n, "occurred_at": at(seconds=n)} for n in range(3, 8)]
    assert append(copy, name="app.log.1", collection="col-2") == (3, 2)
    assert days(store) == {(1, "8.1"): 8}


def test_a_line_that_came_twice_in_one_file_counts_twice_and_its_copy_not_again(store, append):
    twice = [{"n": 1}, {"n": 1}]
    assert append(twice) == (2, 0)
    assert append(twice, name="b.log", collection="col-2") == (0, 2)
    assert append([{"n": 1}] * 3, name="c.log", collection="col-3") == (1, 2)


def test_a_copy_without_host_is_the_same_line(store, append):
    append([{"n": 1, "host": "h1"}])
    assert append([{"n": 1, "host": None}], collection="col-2") == (0, 1)
    assert append([{"n": 1, "host": "h2"}], collection="col-3") == (1, 0)


def test_untimed_lines_are_copies_only_of_files_that_begin_alike(store, append):
    rows = [{"n": 1, "occurred_at": None}, {"n": 2, "occurred_at": None}]
    assert append(rows, origin="A") == (2, 0)
    assert append(rows, name="x", collection="col-2", origin="B") == (2, 0)
    assert append(rows, name="y", collection="col-3", origin="A") == (0, 2)


def test_events_go_to_the_month_they_happened_in(store, append, tmp_path):
    append([{"occurred_at": at(days=d)} for d in (-1, 0, 30, 31)])
    assert sorted(p.name for p in (tmp_path / "events").glob("*.duckdb")) == [
        "2026-02.duckdb", "2026-03.duckdb", "2026-04.duckdb",
    ]  # fmt: skip
    assert events(store).height == 4
    march = Window(start=MARCH, end=at(days=31))
    assert days(store, window=march) == {(1, "8.1"): 1, (31, "8.1"): 1}


def test_compaction_changes_no_answer(store, append):
    for n in range(4):
        append([{"n": n, "occurred_at": at(hours=n), "repeats": n + 1}], name=f"{n}.log")
    before = days(store), sorted(events(store)["message"])
    assert store.compact(force=True) == ["m2026_03"]
    assert (days(store), sorted(events(store)["message"])) == before
    assert days(store) == {(1, "8.1"): 10}


def test_repeats_weigh_in_rollups(store, append):
    append([{"repeats": 50}])
    assert days(store) == {(1, "8.1"): 50}


def test_as_of_hides_what_was_received_later(store, append):
    append([{"n": 1}], received_at=at(days=1), collection="old")
    append([{"n": 2, "occurred_at": at(hours=1)}], received_at=at(days=9), collection="new")
    assert days(store, as_of=at(days=2)) == {(1, "8.1"): 1}
    assert days(store, as_of=at(days=9)) == {(1, "8.1"): 2}
    assert store.ask("names", as_of=at(hours=1)).is_empty()


@pytest.mark.parametrize("end", [None, at(days=10), at()])
def test_the_newest_events_are_those_of_the_slow_way_that_rebuilds_all_texts(store, append, end):
    append([{"n": n, "occurred_at": at(days=n // 3)} for n in range(60)])
    asked = {**ALL, "end": end, "limit": 4}
    slow = store.ask("events_with_text", **{**asked, "text": ""})
    assert store.ask("events", **asked).equals(slow)
    assert slow.height == (0 if end == at() else 4)


def test_a_viewer_sees_only_its_customers(store, append):
    append([{"customer_id": c, "n": i} for i, c in enumerate(("c1", "c2", None))])
    store.save("customers", pl.DataFrame({"customer_id": ["c1", "c2"]}))
    mine = store.scoped(frozenset({"c2", "c3"}))
    assert mine.ask("hit")["customer_id"].to_list() == ["c2"]
    assert mine.ask("own_customers")["customer_id"].to_list() == ["c2"]
    assert mine.scoped(frozenset({"c1"})).ask("hit").is_empty()
    for write in (
        lambda: mine.save("customers", pl.DataFrame()),
        lambda: mine.remove("customers", pl.DataFrame()),
        lambda: mine.append(SignedBatch(source=None, frame=pl.DataFrame(), minted=pl.DataFrame())),
        mine.transaction,
    ):
        with pytest.raises(ReadOnlyError):
            write()


def test_events_of_a_merged_signature_are_read_under_the_one_it_went_into(store, append):
    append([{"signature_id": "s-took"}])
    alias = {"signature_id": "s-took", "merged_into": "s-lost", "reason": "r", "author": "rule"}
    store.save("signature_aliases", pl.DataFrame([alias]))
    found = events(store).row(0, named=True)
    assert (found["signature_id"], found["message"]) == ("s-lost", "took 0 ms")
    assert store.ask("names")["signature_id"].to_list() == ["s-lost"]


def test_saving_replaces_rows_with_equal_keys(store):
    rows = pl.DataFrame({"customer_id": ["a", "b"], "tier": ["gold", None]})
    assert store.save("customers", rows) == 2
    store.save("customers", rows.with_columns(tier=pl.lit("iron")))
    assert store.remove("customers", rows.head(1)) == 1
    assert store.ask("own_customers")["customer_id"].to_list() == ["b"]
    assert store.save("customers", rows.clear()) == 0
    assert store.remove("customers", rows.clear()) == 0


def test_a_transaction_that_fails_leaves_nothing(store):
    def half():
        with store.transaction():
            store.save("customers", pl.DataFrame({"customer_id": ["a"]}))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert store.ask("own_customers").is_empty()


def test_a_question_without_a_value_is_refused(store):
    with pytest.raises(InputError, match="limit"):
        store.ask("events", customer=None)


def test_an_unknown_table_is_refused(store):
    with pytest.raises(InputError, match="no catalog table 'x'"):
        store.remove("x", pl.DataFrame())


def test_a_second_opening_in_this_process_is_refused(store, tmp_path):
    with pytest.raises(WorkspaceLockedError, match="already in this process"):
        EmbeddedStore(tmp_path)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_second_process_is_refused_while_the_first_writes(store, tmp_path, read_only):
    code = (
        "import sys, pathlib\n"
        "from caseline.store.embedded import EmbeddedStore\n"
        "from caseline.errors import WorkspaceLockedError\n"
        f"try: EmbeddedStore(pathlib.Path({str(tmp_path)!r}), read_only={read_only})\n"
        "except WorkspaceLockedError as error: sys.exit(3)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 3


def test_read_only_reads_and_does_not_write(store, append, tmp_path):
    append([{}])
    store.close()
    reader = EmbeddedStore(tmp_path, read_only=True)
    try:
        assert events(reader).height == 1
        assert not reader.writable
        with pytest.raises(ReadOnlyError):
            reader.save("customers", pl.DataFrame({"customer_id": ["a"]}))
    finally:
        reader.close()


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "catalog.duckdb").write_bytes(b"not a database" * 500)
    with pytest.raises(DamagedError, match=r"catalog\.duckdb"):
        EmbeddedStore(tmp_path)


def test_an_unknown_layout_is_refused(store, tmp_path):
    store.save("meta", pl.DataFrame({"name": ["version"], "value": ["99"]}))
    store.close()
    with pytest.raises(DamagedError, match="'99'"):
        EmbeddedStore(tmp_path)


def test_an_encrypted_workspace_shows_no_text_and_needs_its_key(tmp_path):
    key = "k" * 44
    store = EmbeddedStore(tmp_path, key_of=lambda _: key)
    store.save("customers", pl.DataFrame({"customer_id": ["sentinel-4711"]}))
    store.close()
    assert b"sentinel-4711" not in (tmp_path / "catalog.duckdb").read_bytes()
    with pytest.raises(KeyMismatchError):
        EmbeddedStore(tmp_path, key_of=lambda _: "x" * 44)
    with pytest.raises((KeyMismatchError, DamagedError)):
        EmbeddedStore(tmp_path)
    again = EmbeddedStore(tmp_path, key_of=lambda _: key)
    assert again.ask("own_customers").height == 1
    again.close()
