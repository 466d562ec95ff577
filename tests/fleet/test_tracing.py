from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.fleet.attribution import Attributor
from caseline.normalize.arrays import ZEROED
from caseline.records.batches import RawBatch, Source

START = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TIME = pl.Datetime("us", "UTC")
LINES = {
    "occurred_at": TIME, "service": pl.String, "host": pl.String, "tenant": pl.String,
    "placement": pl.String, "trace_id": pl.String, "message": pl.Binary,
}  # fmt: skip
TENANTS = ("a", "b", "c")


def attributor(stored=None):
    places = pl.DataFrame(
        {
            "environment_id": ["shared", "solo"],
            "kind": ["multi_tenant", "single_tenant"],
            "stage": ["production"] * 2,
            "region": ["eu"] * 2,
        }
    )
    held = [
        {"customer_id": f"c-{t}", "environment_id": "shared", "tenant_key": t,
         "placement": "cell-1", "valid_from": None, "valid_to": None}
        for t in TENANTS
    ]  # fmt: skip
    held.append({**held[0], "customer_id": "c-z", "environment_id": "solo", "tenant_key": None})
    tenancies = pl.DataFrame(held, schema_overrides={"valid_from": TIME, "valid_to": TIME})
    spans = pl.DataFrame(
        schema={
            **dict.fromkeys(("environment_id", "component", "kind", "value"), pl.String),
            "valid_from": TIME,
            "valid_to": TIME,
        }
    )
    return Attributor(environments=places, tenancies=tenancies, spans=spans, stored=stored)


def line(tenant=None, trace=None, *, at=START, placement=None):
    return {"occurred_at": at, "tenant": tenant, "trace_id": trace, "placement": placement,
            "service": None, "host": None, "message": b"x"}  # fmt: skip


def weights(lines, *, environment="shared", stored=None):
    source = Source(name="app.log", collection_id="k", origin="o", environment_id=environment,
                    received_at=START + 6000 * MINUTE)  # fmt: skip
    frame = pl.DataFrame(list(lines), schema=LINES)
    texts = [message.translate(ZEROED) for message in frame["message"]]
    shapes = list(dict.fromkeys(texts))
    frame = frame.with_columns(shape=pl.Series(map(shapes.index, texts), dtype=pl.UInt32))
    placed = attributor(stored).place(RawBatch(source=source, frame=frame, shapes=shapes))
    return [
        {customer: 1.0} if customer is not None else placed.share_groups.get(group, {})
        for customer, group in placed.frame.select("customer_id", "share_group").iter_rows()
    ]


def test_a_line_without_tenant_belongs_to_the_only_tenant_of_its_trace():
    assert weights([line("a", "t1"), line(None, "t1"), line(None, "t2")])[1:] == [{"c-a": 1.0}, {}]


def test_the_trace_tells_more_than_the_placement():
    found = weights([line("b", "t1"), line(None, "t1", placement="cell-1")])
    assert found[1] == {"c-b": 1.0}


def test_what_a_trace_does_not_tell_the_placement_shares():
    found = weights([line("b", "t1"), line(None, "t2", placement="cell-1")])
    assert found[1] == pytest.approx(dict.fromkeys(("c-a", "c-b", "c-c"), 1 / 3))


def test_tenants_of_one_trace_share_its_lines_as_they_share_those_that_name_them():
    found = weights(
        [line("a", "t"), line("a", "t"), line("a", "t"), line("b", "t"), line(None, "t")]
    )
    assert found[-1] == {"c-a": 0.75, "c-b": 0.25}


def test_a_tenant_whom_nobody_knows_keeps_its_share():
    assert weights([line("a", "t"), line("stranger", "t"), line(None, "t")])[-1] == {"c-a": 0.5}
    assert weights([line("stranger", "t"), line(None, "t")])[-1] == {}


def test_an_id_that_comes_back_much_later_is_another_trace():
    later = START + 90 * MINUTE
    found = weights([line("a", "7"), line("b", "7", at=later), line(None, "7", at=later)])
    assert found[-1] == {"c-b": 1.0}


@pytest.mark.parametrize("trace", ["-", "none", "00000000-0000-0000-0000-000000000000", None])
def test_an_id_that_says_nothing_is_none(trace):
    assert weights([line("a", trace), line(None, trace)])[-1] == {}


def test_a_single_tenant_place_needs_no_trace():
    assert weights([line(None, "t")], environment="solo") == [{"c-z": 1.0}]


def test_stored_lines_of_the_trace_tell_what_the_batch_does_not():
    asked = []

    def stored(environment, ids, span):
        asked.append((environment, ids, span))
        at = int(START.timestamp() * 1_000_000)
        rows = {"trace_id": "t9", "customer_id": "c-b", "events": 2, "first_at": at, "last_at": at}
        return pl.DataFrame([rows])

    found = weights([line(None, "t9"), line(None, "t8"), line("a", "t1"), line(None, "t1")],
                    stored=stored)  # fmt: skip
    assert found == [{"c-b": 1.0}, {}, {"c-a": 1.0}, {"c-a": 1.0}]
    ((environment, ids, (low, high)),) = asked
    assert environment == "shared"
    assert ids == ["t8", "t9"]
    assert low <= START.timestamp() * 1_000_000 < high


events = st.lists(
    st.tuples(st.sampled_from([*TENANTS, "x", None]), st.sampled_from(["t1", "t2", None])),
    max_size=25,
)


@given(events, st.randoms(use_true_random=False))
def test_weights_are_at_most_one_and_no_order_matters(pairs, random):
    lines = [line(tenant, trace) for tenant, trace in pairs]
    found = weights(lines)
    order = list(range(len(lines)))
    random.shuffle(order)
    again = weights([lines[i] for i in order])
    assert [again[order.index(i)] for i in range(len(lines))] == found
    assert all(sum(w.values()) <= 1 + 1e-9 for w in found)


@given(events)
def test_traces_tell_what_a_plain_count_tells(pairs):
    lines = [line(tenant, trace) for tenant, trace in pairs]
    for (tenant, trace), found in zip(pairs, weights(lines), strict=True):
        if tenant in TENANTS:
            assert found == {f"c-{tenant}": 1.0}
        elif tenant is not None or trace is None:
            assert found == {}
        else:
            said = [t for t, other in pairs if other == trace and t is not None]
            shares = {f"c-{t}": said.count(t) * 20 // len(said) / 20 for t in said if t != "x"}
            expected = {c: w for c, w in shares.items() if w}
            assert found == expected
            assert np.isclose(sum(found.values()), sum(expected.values()))
