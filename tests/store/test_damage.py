from __future__ import annotations

import random
import shutil
from datetime import UTC, datetime

import pytest

from caseline.errors import CaselineError, DamagedError, ReadOnlyError
from caseline.store import repairing
from caseline.store.embedded import EmbeddedStore
from caseline.store.recounts import RECOUNTS
from caseline.store.repairing import repair
from caseline.store.verifying import verify

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KEY = "a2V5" * 10 + "a28="
JANUARY, FEBRUARY = "events/2026-01.duckdb", "events/2026-02.duckdb"
KEYS = {"clear": lambda _: None, "encrypted": lambda _: KEY}


@pytest.fixture(scope="module", params=KEYS)
def sample(request, writer, tmp_path_factory):
    """Folders as a clean close leaves them, and as a kill does; the key; the truth."""
    key_of = KEYS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "ws").mkdir()
    store = EmbeddedStore(folder / "ws", key_of=key_of)
    for number in range(3):
        writer.append(store, number, "append")
    store.compact(force=True)
    store.close()
    store = EmbeddedStore(folder / "ws", key_of=key_of)
    for number in range(3, 6):
        writer.append(store, number, "append")
    store.save("vocabulary", writer.words(1))
    shutil.copytree(folder / "ws", folder / "killed")
    store.close()
    return folder, key_of, 6 * writer.ROWS


@pytest.fixture
def copy(sample, tmp_path):
    """Give a copy to damage: of what a clean close left, or a kill."""
    folder, key_of, _ = sample

    def do(kind="ws"):
        target = tmp_path / kind
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(folder / kind, target)
        return target, lambda **more: EmbeddedStore(target, key_of=key_of, **more)

    return do


def flip(path, place):
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 0x5A]))


def total(store):
    """All events by their rollups and by themselves, so that most blocks are read."""
    counts = set()
    for p in store.partitions.touched_by(None):
        counts.add(store.value(f"SELECT count(*) FROM {p}.events"))
        counts.add(store.value(f"SELECT sum(events) FROM {p}.hours"))
    return sum(
        store.value(f"SELECT sum(events) FROM {p}.days") for p in store.partitions.touched_by(None)
    )


def outcome(open_, truth):
    """What the user is told: ``refused`` on opening, ``found`` by verify; or ``right``."""
    try:
        store = open_()
    except CaselineError as error:
        return f"refused: {error}"
    try:
        report = verify(store, as_of=NOW)
        if not report.sound:
            assert report.notes
            return f"found: {report.notes}"
        assert total(store) == truth
        return "right"
    finally:
        store.close()


def test_a_whole_workspace_is_sound(copy, sample):
    for kind in ("ws", "killed"):
        _, open_ = copy(kind)
        assert outcome(open_, sample[2]) == "right"
        assert outcome(lambda open_=open_: open_(read_only=True), sample[2]) == "right"


@pytest.mark.parametrize("name", ["catalog.duckdb", JANUARY])
@pytest.mark.parametrize("kind", ["ws", "killed"])
def test_a_flipped_byte_is_told_or_stands_where_nothing_is_read(copy, sample, kind, name):
    rng = random.Random(f"{kind} {name}")
    told = 0
    for _ in range(8):
        folder, open_ = copy(kind)
        flip(folder / name, rng.randrange((folder / name).stat().st_size))
        told += outcome(open_, sample[2]) != "right"
    assert told


@pytest.mark.parametrize("name", ["catalog.duckdb.wal", f"{FEBRUARY}.wal"])
def test_a_flipped_byte_in_a_log_is_told(copy, sample, name):
    rng = random.Random(name)
    for _ in range(6):
        folder, open_ = copy("killed")
        flip(folder / name, rng.randrange((folder / name).stat().st_size))
        said = outcome(open_, sample[2])
        assert said.startswith(("refused", "found")), said


@pytest.mark.parametrize("name", [JANUARY, FEBRUARY, f"{JANUARY}.wal", f"{FEBRUARY}.wal"])
@pytest.mark.parametrize("left", [0.0, 0.3, 0.8])
def test_a_file_of_a_month_that_was_cut_is_told(copy, sample, name, left):
    folder, open_ = copy("killed")
    path = folder / name
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * left))
    said = outcome(open_, sample[2])
    assert said.startswith(("refused", "found")), said
    assert name.removesuffix(".wal") in said


@pytest.mark.parametrize("name", [JANUARY, f"{JANUARY}.wal"])
def test_a_file_of_a_month_that_is_gone_is_told(copy, sample, name):
    folder, open_ = copy("killed")
    (folder / name).unlink()
    assert JANUARY in outcome(open_, sample[2])
    store = open_()
    with pytest.raises(DamagedError, match="repair"):
        store.partitions.touched_by(None)
    store.close()


def test_an_older_file_of_a_month_is_told(copy, sample):
    older, _ = copy("killed")
    (older / f"{JANUARY}.wal").unlink()
    folder, open_ = copy("ws")
    shutil.copy(older / JANUARY, folder / JANUARY)
    assert "is an older file" in outcome(open_, sample[2])


@pytest.mark.parametrize("left", [0, 5000])
def test_a_catalog_that_is_cut_or_gone_is_refused(copy, left):
    folder, open_ = copy("ws")
    path = folder / "catalog.duckdb"
    path.write_bytes(path.read_bytes()[:left]) if left else path.unlink()
    with pytest.raises(CaselineError, match=r"catalog\.duckdb"):
        open_()


def test_a_lost_end_of_the_catalogs_log_is_told_by_what_refers_to_it(copy, sample):
    folder, open_ = copy("killed")
    (folder / "catalog.duckdb.wal").unlink()
    assert "sources" in outcome(open_, sample[2])


def test_a_question_that_meets_a_damaged_block_names_the_file(copy):
    folder, open_ = copy("ws")
    size = (folder / JANUARY).stat().st_size
    for place in range(4096 * 4, size, 20_000):
        flip(folder / JANUARY, place)
    store = open_()
    with pytest.raises(DamagedError, match=r"2026-01\.duckdb"):
        store.ask("top_signatures_ever", as_of=None, limit=5, lens="customers")
    store.close()


WRONG = {
    "hours": "UPDATE {p}.hours SET events = events + 1",
    "days": "DELETE FROM {p}.days WHERE rowid = 0",
    "months": "INSERT INTO {p}.months SELECT * FROM {p}.months LIMIT 1",
    "coverage": "UPDATE {p}.coverage SET ends_at = ends_at + INTERVAL 1 DAY",
    "covered_days": "INSERT INTO {p}.covered_days VALUES ('e1', DATE '2026-01-02')",
    "traces": "DELETE FROM {p}.traces WHERE rowid = 0",
    "reach": "UPDATE {p}.reach SET customers = '\\xFF'::BLOB",
}


@pytest.mark.parametrize("table", RECOUNTS)
def test_a_wrong_rollup_is_found_and_made_anew(copy, sample, table):
    _, open_ = copy("ws")
    store = open_()
    p = store.partitions.for_writing("2026-01")
    store.hub.execute(WRONG[table].format(p=p))
    (fault,) = verify(store, as_of=NOW).faults
    assert (fault.file, fault.check, fault.verdict) == (JANUARY, table, "differs")
    assert fault.wrong > 0
    mended = repair(store, as_of=NOW)
    assert [(row.file, row.action, row.lost_events) for row in mended] == [(JANUARY, "rebuilt", 0)]
    assert verify(store, as_of=NOW).sound
    assert total(store) == sample[2]
    assert len(repair(store, as_of=NOW)) == 0
    store.close()


BESIDES = {
    "ledger": "DELETE FROM m2026_01.events WHERE rowid = 0",
    "signatures": "DELETE FROM catalog.signatures",
    "sources": "DELETE FROM catalog.sources",
    "keys": "INSERT INTO catalog.vocabulary SELECT * FROM catalog.vocabulary LIMIT 1",
}


@pytest.mark.parametrize("check", BESIDES)
def test_what_does_not_add_up_is_found(copy, check):
    _, open_ = copy("ws")
    store = open_()
    store.partitions.for_writing("2026-01")
    store.hub.execute(BESIDES[check])
    assert check in {fault.check for fault in verify(store, as_of=NOW).faults}
    store.close()


def damaged(kind, folder, writer):
    path, log = folder / JANUARY, folder / f"{JANUARY}.wal"
    match kind:
        case "gone":
            path.unlink()
            log.unlink()
        case "head":
            flip(path, 2)
            flip(path, 4096 * 2 + 9)
            flip(path, 4096 + 9)
        case "log":
            flip(log, log.stat().st_size // 2)
        case "cut":
            log.unlink()


@pytest.mark.parametrize("kind", ["gone", "head", "log", "cut"])
def test_repair_keeps_the_rest_and_says_what_is_lost(copy, sample, writer, kind):
    folder, open_ = copy("killed")
    damaged(kind, folder, writer)
    store = open_()
    assert not verify(store, as_of=NOW).sound
    mended = repair(store, as_of=NOW)
    (row,) = mended
    assert (row.file, row.action) == (
        JANUARY,
        "accepted" if kind in ("gone", "cut") else "set_aside",
    )
    assert verify(store, as_of=NOW).sound
    left = total(store)
    assert row.lost_events > 0
    assert row.lost_batches > 0
    noted = 5 * writer.ROWS  # the sixth append came after the last change of the catalog
    assert left + row.lost_events >= noted
    for name in filter(None, (row.kept_as or "").split(", ")):
        assert (folder / name).exists()
    for number in range(6):
        writer.append(store, number, "append")
    assert total(store) == sample[2]
    assert verify(store, as_of=NOW).sound
    store.close()
    assert outcome(open_, sample[2]) == "right"


def test_a_file_whose_rollup_cannot_be_read_is_written_anew_from_its_events(
    copy, sample, monkeypatch
):
    folder, open_ = copy("ws")
    store = open_()
    real = repairing.read_all

    def hours_unreadable(hub, database):
        for table, rows, error in real(hub, database):
            bad = table == "hours" and database == "m2026_01" and not (folder / "damaged").exists()
            yield table, rows, OSError() if bad else error

    monkeypatch.setattr(repairing, "read_all", hours_unreadable)
    (row,) = repair(store, as_of=NOW)
    assert (row.action, row.lost_events) == ("set_aside", 0)
    assert (folder / row.kept_as).exists()
    assert verify(store, as_of=NOW).sound
    assert total(store) == sample[2]
    store.close()
    assert outcome(open_, sample[2]) == "right"


def test_a_reader_may_verify_and_not_repair(copy):
    _, open_ = copy("ws")
    store = open_(read_only=True)
    assert verify(store, as_of=NOW).sound
    with pytest.raises(ReadOnlyError):
        repair(store, as_of=NOW)
    store.close()
