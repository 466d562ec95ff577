"""Batches that come again, late or half; months merged; customers taken out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from caseline.errors import InputError, ReadOnlyError, WorkspaceError
from caseline.store.cluster.catalog import LocalCatalog
from caseline.store.cluster.engine import ClusterEngine
from caseline.store.cluster.local import LocalWarehouse
from caseline.store.cluster.warehouse import OutdatedError
from caseline.testing.engines.asked import ASKED
from caseline.testing.engines.batches import append, drawn_batches
from caseline.testing.engines.checking import check_engine, drop_from_oracle
from caseline.testing.engines.fleet import load_fleet

SOME = [a for a in ASKED if a.question in {"events", "signature_days", "top_signatures_ever"}]

SOME_DAYS = next(a.values for a in ASKED if a.question == "fleet_baseline")


def count(engine):
    return engine.ask("top_signatures_ever", by="events", limit=100)["events"].sum()


def rows(warehouse, table):
    return warehouse.run(f"SELECT count(*) AS n FROM main.{table}")["n"][0].as_py()


def test_compaction_changes_no_answer(filled, oracle, warehouse):
    assert filled.compact(force=True) == warehouse.months()
    check_engine(filled, oracle, SOME)


def test_compaction_merges_the_sums_of_several_writes(engine, warehouse):
    load_fleet(engine)
    first, second = drawn_batches(np.random.default_rng(2), batches=2, rows=1)
    later = first.frame.with_columns(pl.col("occurred_at") + pl.duration(seconds=1))
    append(engine, first)
    append(engine, replace(second, frame=later))
    assert [rows(warehouse, t) for t in ("events", "days", "batches")] == [2, 2, 2]
    engine.compact(force=True)
    assert [rows(warehouse, t) for t in ("events", "days", "batches")] == [2, 1, 2]


def test_only_months_with_many_writes_are_merged_unasked(filled):
    assert filled.compact() == []


def test_a_dropped_customer_is_gone_and_the_others_are_not(filled, oracle, warehouse):
    filled.drop_customer("c'4")
    drop_from_oracle(oracle, "c'4")
    check_engine(filled, oracle)
    left = warehouse.run("SELECT DISTINCT customer_id FROM main.events")["customer_id"].to_pylist()
    assert set(left) == {"c1", "c2", "c3", None}


def test_batches_in_any_order_and_twice_count_once(engine, oracle):
    load_fleet(engine)
    load_fleet(oracle)
    batches = drawn_batches(np.random.default_rng(3), batches=4, rows=20)
    for batch in reversed(batches):
        assert append(engine, batch) == append(oracle, batch)
    for batch in batches:
        assert append(engine, batch) == (0, batch.frame.height)
    check_engine(engine, oracle, SOME)


@pytest.mark.parametrize("at_call", range(1, 4))
def test_a_batch_whose_write_failed_is_completed_by_doing_it_again(
    engine, oracle, warehouse, monkeypatch, at_call
):
    load_fleet(engine)
    load_fleet(oracle)
    (batch,) = drawn_batches(np.random.default_rng(5), batches=1)
    calls = []
    real = warehouse.write

    def failing(*args):
        calls.append(args)
        if len(calls) == at_call:
            raise OSError("a worker died")
        real(*args)

    monkeypatch.setattr(warehouse, "write", failing)
    with pytest.raises(OSError, match="a worker died"):
        append(engine, batch)
    append(engine, batch)
    append(oracle, batch)
    check_engine(engine, oracle, SOME)


def test_a_write_done_again_is_there_once(engine, warehouse, monkeypatch):
    (batch,) = drawn_batches(np.random.default_rng(5), batches=1)
    real = warehouse.write
    monkeypatch.setattr(warehouse, "write", lambda *args: (real(*args), real(*args)))
    load_fleet(engine)
    events, _ = append(engine, batch)
    assert rows(warehouse, "events") == events


def test_two_clients_see_what_each_other_saved_and_decided():
    warehouse, catalog = LocalWarehouse(), LocalCatalog()
    writer = ClusterEngine(warehouse, catalog)
    reader = ClusterEngine(warehouse, catalog, read_only=True)
    load_fleet(writer)
    assert reader.ask("fleet_customers").equals(writer.ask("fleet_customers"))
    for batch in drawn_batches(np.random.default_rng(1), batches=2):
        append(writer, batch)
        assert count(reader) == count(writer)
    with pytest.raises(ReadOnlyError, match="read_only"):
        reader.save("meta", reader.ask("linked_scheme"))
    assert not reader.writable


def remove_and_fail(engine, customers):
    with engine.transaction():
        assert engine.remove("customers", customers) == customers.height
        engine.save("no_such_table", customers)


def test_a_transaction_that_fails_leaves_catalog_and_copy_as_they_were(engine):
    load_fleet(engine)
    before = engine.ask("fleet_customers")
    with pytest.raises(InputError, match="no catalog table"):
        remove_and_fail(engine, before)
    assert engine.ask("fleet_customers").equals(before)
    engine.remove("customers", before.head(1))
    assert engine.ask("fleet_customers").equals(before.tail(-1))


def test_nobody_is_dropped_by_an_empty_id_and_a_closed_engine_says_so(engine):
    with pytest.raises(InputError, match="empty"):
        engine.drop_customer("")
    assert engine.health().ok
    engine.close()
    engine.close()
    assert not engine.health().ok
    with pytest.raises(WorkspaceError, match="closed"):
        engine.ask("fleet_customers")


def test_a_layout_of_another_version_is_refused():
    catalog = LocalCatalog()
    catalog.save("meta", pl.DataFrame([{"name": "version", "value": "0"}]))
    with pytest.raises(WorkspaceError, match="layout '0'"):
        ClusterEngine(LocalWarehouse(), catalog)


def test_a_question_whose_files_were_replaced_is_put_again(filled, warehouse, monkeypatch):
    right = filled.ask("fleet_baseline", **SOME_DAYS)
    real = warehouse.run
    calls = []

    def run(sql):
        calls.append(sql)
        if len(calls) == 1:
            raise OutdatedError("replaced")
        return real(sql)

    monkeypatch.setattr(warehouse, "run", run)
    assert filled.ask("fleet_baseline", **SOME_DAYS).equals(right)
    assert len(calls) == 2


def test_what_a_failed_transaction_decided_is_forgotten(filled):
    aliased = filled.ask("all_aliases")
    kept = filled.ask("top_signatures_ever", by="events", limit=9)
    with pytest.raises(InputError, match="no catalog table"):
        undo_and_fail(filled, aliased)
    assert filled.ask("top_signatures_ever", by="events", limit=9).equals(kept)


def undo_and_fail(engine, aliased):
    with engine.transaction():
        engine.remove("signature_aliases", aliased)
        engine.save("no_such_table", aliased)
