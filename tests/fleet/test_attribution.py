from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseline.errors import NotFoundError
from caseline.fleet.attribution import UNKNOWN, Attributor
from caseline.fleet.owners import share_group_id
from caseline.fleet.spelling import placement_in, spelled
from caseline.normalize.arrays import ZEROED
from caseline.records.batches import PlacedBatch, RawBatch, Source

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
TIME = pl.Datetime("us", "UTC")
ENVIRONMENTS = {
    "environment_id": pl.String,
    "kind": pl.String,
    "stage": pl.String,
    "region": pl.String,
}
TENANCIES = {
    "customer_id": pl.String,
    "environment_id": pl.String,
    "tenant_key": pl.String,
    "placement": pl.String,
    "valid_from": TIME,
    "valid_to": TIME,
}
SPANS = {
    "environment_id": pl.String,
    "component": pl.String,
    "kind": pl.String,
    "value": pl.String,
    "valid_from": TIME,
    "valid_to": TIME,
}
LINES = {
    "occurred_at": TIME,
    "service": pl.String,
    "host": pl.String,
    "tenant": pl.String,
    "placement": pl.String,
    "trace_id": pl.String,
    "message": pl.Binary,
}


def attributor(tenancies=(), spans=()):
    return Attributor(
        environments=pl.DataFrame(
            [
                {
                    "environment_id": "solo",
                    "kind": "single_tenant",
                    "stage": "staging",
                    "region": "eu",
                },
                {
                    "environment_id": "shared",
                    "kind": "multi_tenant",
                    "stage": "production",
                    "region": None,
                },
            ],
            schema=ENVIRONMENTS,
        ),
        tenancies=pl.DataFrame(list(tenancies), schema=TENANCIES),
        spans=pl.DataFrame(list(spans), schema=SPANS),
    )


def tenancy(customer, environment, *, key=None, placement=None, start=None, end=None):
    return {
        "customer_id": customer,
        "environment_id": environment,
        "tenant_key": key,
        "placement": placement,
        "valid_from": start,
        "valid_to": end,
    }


def span(environment, component, value, *, kind="version", start=None, end=None):
    return {
        "environment_id": environment,
        "component": component,
        "kind": kind,
        "value": value,
        "valid_from": start,
        "valid_to": end,
    }


def line(at=START, *, service=None, host=None, tenant=None, placement=None, message=b"x"):
    return {
        "occurred_at": at,
        "service": service,
        "host": host,
        "tenant": tenant,
        "placement": placement,
        "trace_id": None,
        "message": message,
    }


def place(
    who: Attributor, lines, environment="shared", placement=None, name="app.log"
) -> PlacedBatch:
    source = Source(
        name=name,
        collection_id="k",
        origin="o",
        received_at=START + 100 * HOUR,
        environment_id=environment,
        placement=placement,
    )
    frame = pl.DataFrame(list(lines), schema=LINES)
    texts = [message.translate(ZEROED) for message in frame["message"]]
    shapes = list(dict.fromkeys(texts))
    frame = frame.with_columns(shape=pl.Series(map(shapes.index, texts), dtype=pl.UInt32))
    return who.place(RawBatch(source=source, frame=frame, shapes=shapes))


def weights(placed: PlacedBatch) -> list[dict[str, float]]:
    """Return what each row counts for each customer."""
    return [
        {customer: 1.0} if customer is not None else placed.share_groups.get(group, {})
        for customer, group in placed.frame.select("customer_id", "share_group").iter_rows()
    ]


def test_a_single_tenant_event_belongs_to_its_customer_of_then_whatever_the_line_says():
    who = attributor(
        [
            tenancy("c-1", "solo", end=START + HOUR),
            tenancy("c-2", "solo", start=START + 2 * HOUR),
        ]
    )
    lines = [line(START + n * HOUR, tenant="other", host="h") for n in range(3)]
    placed = place(who, lines, "solo")
    assert weights(placed) == [{"c-1": 1.0}, {}, {"c-2": 1.0}]
    assert placed.frame["stage"].to_list() == ["staging"] * 3
    assert placed.frame["region"].to_list() == ["eu"] * 3
    assert placed.frame["environment_id"].to_list() == ["solo"] * 3


def test_an_event_without_a_time_is_placed_when_it_was_received():
    who = attributor([tenancy("c-1", "solo", start=START + 50 * HOUR)])
    assert weights(place(who, [line(None), line(START)], "solo")) == [{"c-1": 1.0}, {}]


@pytest.mark.parametrize("written", ["acme-corp", "ACME_Corp", "'acme corp'", "[acme.corp]"])
def test_a_tenant_key_is_known_in_any_spelling(written):
    who = attributor([tenancy("c-1", "shared", key="Acme_Corp")])
    assert weights(place(who, [line(tenant=written)])) == [{"c-1": 1.0}]


def test_a_tenant_who_moves_follows_the_interval():
    who = attributor(
        [
            tenancy("c-1", "shared", key="a", placement="cell-1", end=START + HOUR),
            tenancy("c-1", "shared", key="a", placement="cell-2", start=START + HOUR),
            tenancy("c-2", "shared", key="b", placement="cell-1"),
        ]
    )
    lines = [line(START + n * HOUR, placement=f"cell-{c}") for c in (1, 2) for n in (0, 1)]
    assert weights(place(who, lines)) == [
        {"c-1": 0.5, "c-2": 0.5},
        {"c-2": 1.0},
        {},
        {"c-1": 1.0},
    ]


def test_placement_comes_from_the_line_then_the_source_then_the_host():
    who = attributor(
        [
            tenancy("c-1", "shared", key="a", placement="cell-1"),
            tenancy("c-2", "shared", key="b", placement="cell-2"),
            tenancy("c-3", "shared", key="c", placement="cell-3"),
        ]
    )
    lines = [
        line(placement="Cell 1", host="cell-3-web"),
        line(placement="rack-9", host="cell-3-web"),
        line(host="cell-3-web"),
    ]
    assert weights(place(who, lines, placement="cell_2")) == [{"c-1": 1}, {"c-2": 1}, {"c-2": 1}]
    assert weights(place(who, lines)) == [{"c-1": 1}, {"c-3": 1}, {"c-3": 1}]


def test_a_tenant_that_is_known_may_stand_in_brackets_alone():
    tenancies = [
        tenancy("c-1", "shared", key="A_7", placement="cell-1"),
        tenancy("c-2", "shared", key="b", placement="cell-1"),
        tenancy("c-3", "solo", key="main"),
    ]
    said = [b"<a-7> lost", b"[A_7] lost", b"error: (B) lost", b"[main] lost", b"lost <b>", b"\xff["]
    lines = [line(message=message, host="cell-1") for message in said]
    shared = {"c-1": 0.5, "c-2": 0.5}
    who = attributor(tenancies)
    assert weights(place(who, lines)) == [{"c-1": 1}, {"c-1": 1}, {"c-2": 1}, *[shared] * 3]
    told = line(tenant="b", message=b"[A_7] lost")
    assert weights(place(who, [told])) == [{"c-2": 1}]


def test_a_placement_stands_anywhere_in_a_hosts_name_or_a_files_path():
    who = attributor(
        [
            tenancy("c-1", "shared", key="a", placement="cell-1"),
            tenancy("c-2", "shared", key="b", placement="cell-2"),
        ]
    )
    lines = [line(host="eu-cell-1-web4"), line(host="web.Cell_1.example.net"), line()]
    path = "shared-cell-2-app1/storage.log"
    assert weights(place(who, lines, name=path)) == [{"c-1": 1}, {"c-1": 1}, {"c-2": 1}]
    unsure = [line(host="cell-1-cell-2-bridge"), line(host="xcell-1"), line(host="cell-11")]
    assert weights(place(who, unsure)) == [{}, {}, {}]


def test_a_line_that_names_nobody_or_somebody_unknown_is_nobodys():
    who = attributor([tenancy("c-1", "shared", key="a", placement="cell-1")])
    lines = [
        line(),
        line(tenant="stranger", placement="cell-1"),
        line(tenant="-", placement="cell-1"),
        line(host="cell-12"),
    ]
    placed = place(who, lines)
    assert weights(placed) == [{}, {}, {"c-1": 1.0}, {}]
    assert placed.share_groups == {}


def test_share_groups_are_named_by_their_content():
    who = attributor([tenancy(f"c-{n}", "shared", placement="x") for n in (2, 1, 2)])
    placed = place(who, [line(placement="x")])
    (group,) = placed.share_groups
    assert group == share_group_id({"c-2": 0.5, "c-1": 0.5})
    assert group.startswith("g-")
    assert len(group) == 18


def test_an_unknown_environment_is_named_with_near_ones():
    with pytest.raises(NotFoundError, match="did you mean 'shared'"):
        place(attributor(), [line()], "shraed")


def test_a_shared_stream_finds_the_environment_that_claims_a_line():
    who = attributor(
        [
            tenancy("c-1", "shared", key="a", placement="cell-1"),
            tenancy("c-2", "solo", key="b", placement="site"),
            tenancy("c-2", "shared", key="b"),
        ]
    )
    lines = [
        line(tenant="A"),
        line(tenant="b"),
        line(tenant="b", host="site.example.net"),
        line(placement="cell-1"),
        line(tenant="a", placement="site"),
        line(),
    ]
    placed = place(who, lines, None)
    assert placed.frame["environment_id"].to_list() == [
        "shared",
        UNKNOWN,
        "solo",
        "shared",
        UNKNOWN,
        UNKNOWN,
    ]
    assert weights(placed) == [{"c-1": 1.0}, {}, {"c-2": 1.0}, {"c-1": 1.0}, {}, {}]
    assert placed.frame["version"].null_count() == 6


def test_the_version_is_the_services_own_else_the_only_else_the_products():
    one = attributor(spans=[span("solo", "core", "8.1"), span("solo", "core", "x", kind="flag")])
    assert place(one, [line(service="web")], "solo").frame["version"].to_list() == ["8.1"]
    two = attributor(spans=[span("solo", "Web-UI", "3"), span("solo", "core", "8.1", kind=None)])
    lines = [line(service=s) for s in ("web_ui", "other", None)]
    assert place(two, lines, "solo").frame["version"].to_list() == ["3", "8.1", "8.1"]
    none = attributor(spans=[span("solo", "web", "3"), span("solo", "db", "4")])
    assert place(none, [line(service="other")], "solo").frame["version"].to_list() == [None]


def test_while_an_upgrade_rolls_the_version_is_unknown():
    who = attributor(
        spans=[
            span("solo", "core", "8.0", end=START + 2 * HOUR),
            span("solo", "core", "8.1", start=START + HOUR),
            span("solo", "core", "8.1", start=START + 2 * HOUR),
        ]
    )
    lines = [line(START + n * HOUR) for n in range(3)]
    assert place(who, lines, "solo").frame["version"].to_list() == ["8.0", None, "8.1"]


def test_no_rows_are_placed_too():
    assert place(attributor(), []).frame.height == 0
    assert place(attributor(), [], None).frame.height == 0


# Oracle: each row by itself, every table scanned.

KEYS = st.sampled_from([None, "a", "B_b", "c c"])
PLACEMENTS = st.sampled_from([None, "cell-1", "cell-2", "Cell_12"])
MOMENTS = st.one_of(st.none(), st.integers(0, 6).map(lambda n: START + n * HOUR))
INTERVALS = st.tuples(MOMENTS, MOMENTS).filter(
    lambda pair: None in pair or pair[0] < pair[1]  # type: ignore[operator]
)
TENANCY_ROWS = st.builds(
    lambda customer, environment, key, placement, pair: tenancy(
        customer, environment, key=key, placement=placement, start=pair[0], end=pair[1]
    ),
    st.sampled_from(["c-1", "c-2", "c-3"]),
    st.sampled_from(["solo", "shared"]),
    KEYS,
    PLACEMENTS,
    INTERVALS,
)
SPAN_ROWS = st.builds(
    lambda environment, component, value, pair: span(
        environment, component, value, start=pair[0], end=pair[1]
    ),
    st.sampled_from(["solo", "shared"]),
    st.sampled_from(["core", "web", "db"]),
    st.sampled_from(["1", "2"]),
    INTERVALS,
)
LINE_ROWS = st.builds(
    lambda at, service, host, tenant, placement: line(
        at, service=service, host=host, tenant=tenant, placement=placement
    ),
    MOMENTS,
    st.sampled_from([None, "core", "web", "x"]),
    st.sampled_from([None, "cell-1-a", "cell_12.example.net", "h"]),
    st.sampled_from([None, "A", "'b-b'", "C.C", "zz", "none"]),
    st.sampled_from([None, "CELL-1", "cell 2", "rack"]),
)


def _holds(row, at):
    return (row["valid_from"] is None or row["valid_from"] <= at) and (
        row["valid_to"] is None or at < row["valid_to"]
    )


def _slow_weights(rows, event, environment, source_placement):
    at = event["occurred_at"] or START + 100 * HOUR
    rows = [row for row in rows if row["environment_id"] == environment]

    def of(column, value):
        return [r for r in rows if r[column] is not None and spelled(r[column]) == spelled(value)]

    if environment == "solo":
        chosen = rows
    elif event["tenant"] not in (None, "none"):
        chosen = of("tenant_key", event["tenant"])
    else:
        known = [spelled(r["placement"]) for r in rows if r["placement"] is not None]
        by_host = placement_in(event["host"] or "", known)
        said = [event["placement"], source_placement, by_host]
        chosen = next((of("placement", p) for p in said if p and of("placement", p)), [])
    customers = sorted({row["customer_id"] for row in chosen if _holds(row, at)})
    return dict.fromkeys(customers, 1 / len(customers)) if customers else {}


def _slow_version(rows, event, environment):
    at = event["occurred_at"] or START + 100 * HOUR
    rows = [row for row in rows if row["environment_id"] == environment]
    components = {row["component"] for row in rows}
    order = [event["service"], *(components if len(components) == 1 else ()), "core"]
    component = next((c for c in order if c in components), None)
    values = {r["value"] for r in rows if r["component"] == component and _holds(r, at)}
    return values.pop() if len(values) == 1 else None


@settings(max_examples=150, deadline=None)
@given(
    st.lists(TENANCY_ROWS, max_size=8),
    st.lists(SPAN_ROWS, max_size=6),
    st.lists(LINE_ROWS, min_size=1, max_size=12),
    st.sampled_from(["solo", "shared"]),
    st.sampled_from([None, "cell-2"]),
)
def test_a_batch_is_placed_as_row_by_row(tenancies, spans, lines, environment, placement):
    placed = place(attributor(tenancies, spans), lines, environment, placement)
    expected = [_slow_weights(tenancies, event, environment, placement) for event in lines]
    assert weights(placed) == expected
    assert placed.frame["version"].to_list() == [
        _slow_version(spans, event, environment) for event in lines
    ]
    assert placed.frame.select(*LINES).rows(named=True) == lines
    for counted in weights(placed):
        assert sum(counted.values()) == pytest.approx(1) or not counted


@settings(max_examples=50, deadline=None)
@given(st.lists(LINE_ROWS, max_size=12), st.lists(LINE_ROWS, max_size=12), st.lists(TENANCY_ROWS))
def test_what_came_before_does_not_matter(first, second, tenancies):
    who = attributor(tenancies)
    place(who, first)
    assert weights(place(who, second)) == weights(place(attributor(tenancies), second))
