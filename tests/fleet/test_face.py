from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseline.clock import ManualClock
from caseline.errors import InputError, NotFoundError, TableError
from caseline.fleet.face import Fleet
from caseline.records.batches import RawBatch, Source
from caseline.records.tables import FLEET

NOW = datetime(2026, 6, 1, tzinfo=UTC)
START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DTYPES = {
    "text": pl.String,
    "time": pl.Datetime("us", "UTC"),
    "number": pl.Float64,
    "boolean": pl.Boolean,
}
STRETCH = {"environment_id": pl.String, "starts_at": DTYPES["time"], "ends_at": DTYPES["time"]}


@cache
def _hub() -> duckdb.DuckDBPyConnection:
    hub = duckdb.connect(config={"threads": 1})
    hub.execute("SET TimeZone = 'UTC'")
    return hub


@cache
def _question(name: str) -> str:
    path = files("caseline.store").joinpath(f"questions/{name}.sql")
    return path.read_text(encoding="utf-8")


class Shelf:
    """An engine that keeps tables in memory and runs the questions that ship."""

    def __init__(self, coverage=()):
        self.tables = {
            t.name: pl.DataFrame(schema={c.name: DTYPES[c.kind] for c in t.columns}) for t in FLEET
        }
        self.tables["coverage"] = pl.DataFrame(list(coverage), schema=STRETCH, orient="row")
        self.keys = {t.name: t.key for t in FLEET}
        self.saved = []

    def ask(self, question, *, window=None, as_of=None, **given):
        del as_of
        hub = _hub().cursor()
        for name, frame in {**self.tables, "covered_days": self.covered_days()}.items():
            times = [n for n, d in frame.schema.items() if d == DTYPES["time"]]
            naive = frame.with_columns(pl.col(times).dt.replace_time_zone(None))
            hub.register(name, naive.to_arrow())
        given |= {"start": window.start, "end": window.end} if window is not None else {}
        text = _question(question)
        values = {
            name: value.replace(tzinfo=None) if isinstance(value, datetime) else value
            for name, value in given.items()
            if f"${name}" in text
        }
        found = hub.execute(text, values).pl()
        hub.close()
        naive = [n for n, d in found.schema.items() if isinstance(d, pl.Datetime)]
        return found.with_columns(pl.col(naive).dt.replace_time_zone("UTC"))

    def remember(self, key, tables, make):
        del key, tables
        return make()

    def covered_days(self):
        days = pl.date_ranges(pl.col("starts_at").dt.date(), pl.col("ends_at").dt.date())
        stretches = self.tables["coverage"].select("environment_id", days.alias("day"))
        return stretches.explode("day", empty_as_null=False)

    def save(self, table, rows):
        key = list(self.keys[table])
        rest = self.tables[table].join(rows, on=key, how="anti", nulls_equal=True)
        self.tables[table] = pl.concat([rest, rows.select(rest.columns)])
        self.saved.append((table, rows.height))
        return rows.height

    @contextmanager
    def transaction(self):
        before = dict(self.tables)
        try:
            yield
        except BaseException:
            self.tables = before
            raise


def fleet(coverage=()):
    shelf = Shelf(coverage)
    return Fleet(shelf, ManualClock(NOW)), shelf


CUSTOMERS = [{"customer_id": f"c-{n}"} for n in (1, 2, 3)]
ENVIRONMENTS = [
    {"environment_id": "solo", "kind": "single_tenant", "stage": "production"},
    {"environment_id": "shared", "kind": "multi_tenant", "stage": "production"},
]


def tenancy(customer, environment, start=None, end=None, **more):
    row = {"customer_id": customer, "environment_id": environment, "tenant_key": None}
    return row | {"valid_from": start, "valid_to": end} | more


def span(value, start=None, end=None, *, component="core", kind=None, environment="solo"):
    row = {"environment_id": environment, "component": component, "value": value, "kind": kind}
    return row | {"valid_from": start, "valid_to": end}


def refused(report):
    return [(row.table, row.row, row.reason) for row in report.refused]


def test_a_fleet_is_loaded_and_asked():
    who, _ = fleet()
    report = who.load(
        customers=CUSTOMERS,
        environments=ENVIRONMENTS,
        tenancies=[tenancy("c-1", "solo"), tenancy("c-2", "shared", tenant_key="t2")],
        spans=[span("8.0", START, START + 30 * DAY), span("8.1", START + 30 * DAY)],
        changes=[{"change_id": "r-1", "kind": "release", "starts_at": START}],
    )
    assert not refused(report)
    assert report.accepted == 10
    assert report.replaced == 0
    assert repr(report) == "LoadReport(accepted=10, replaced=0, refused=0)"
    assert [row.customer_id for row in who.customers()] == ["c-1", "c-2", "c-3"]
    assert [row.environment_id for row in who.environments()] == ["shared", "solo"]
    assert who.environment("solo").kind == "single_tenant"
    assert [row.value for row in who.versions("c-1")] == ["8.1"]
    assert [row.value for row in who.versions("c-1", at=START)] == ["8.0"]
    assert who.versions("c-1").columns == [
        "environment_id",
        "component",
        "kind",
        "value",
        "valid_from",
        "valid_to",
    ]
    assert not len(who.versions("c-2"))
    assert set(report.to_dict()) == {"tables", "refused"}


def test_loading_twice_changes_nothing():
    who, shelf = fleet()
    given = {
        "customers": CUSTOMERS,
        "environments": ENVIRONMENTS,
        "tenancies": [tenancy("c-1", "solo", START)],
        "spans": [span("8.0")],
    }
    who.load(**given)
    before = {name: frame.sort(frame.columns) for name, frame in shelf.tables.items()}
    report = who.load(**given)
    assert [(row.added, row.replaced) for row in report.tables] == [(0, 0)] * 4
    assert sum(row.unchanged for row in report.tables) == report.accepted == 7
    for name, frame in shelf.tables.items():
        assert frame.sort(frame.columns).equals(before[name])


def test_a_row_replaces_the_one_of_its_key():
    who, _ = fleet()
    who.load(customers=CUSTOMERS)
    report = who.load(customers=[{"customer_id": "c-1", "tier": "gold"}, {"customer_id": "c-4"}])
    (row,) = report.tables
    assert (row.accepted, row.added, row.replaced, row.unchanged) == (2, 1, 1, 0)
    assert who.customer("c-1").tier == "gold"


def test_unknown_customers_and_environments_are_refused_by_row():
    who, _ = fleet()
    report = who.load(
        customers=CUSTOMERS,
        environments=ENVIRONMENTS,
        tenancies=[tenancy("c-9", "solo"), tenancy("c-1", "solo"), tenancy("c-1", "so")],
        spans=[span("8.0", environment="elsewhere")],
    )
    assert [(table, row) for table, row, _ in refused(report)] == [
        ("tenancies", 1),
        ("tenancies", 3),
        ("spans", 1),
    ]
    assert "'c-9' is no known customer" in refused(report)[0][2]
    assert [row.refused for row in report.tables] == [0, 0, 2, 1]


def test_a_single_tenant_environment_has_one_customer_at_a_time():
    who, _ = fleet()
    report = who.load(
        customers=CUSTOMERS,
        environments=ENVIRONMENTS,
        tenancies=[
            tenancy("c-1", "solo", START, START + 10 * DAY),
            tenancy("c-2", "solo", START + 10 * DAY, START + 20 * DAY),
            tenancy("c-3", "solo", START + 19 * DAY),
            tenancy("c-2", "solo", START + 15 * DAY),
        ],
    )
    assert refused(report) == [
        ("tenancies", 3, "contradicts the tenancy of customer 'c-2' at the same time")
    ]


def test_a_tenant_key_has_one_customer_at_a_time_in_any_spelling():
    who, _ = fleet()
    report = who.load(
        customers=CUSTOMERS,
        environments=ENVIRONMENTS,
        tenancies=[
            tenancy("c-1", "shared", tenant_key="Acme_Corp"),
            tenancy("c-2", "shared", tenant_key="acme-corp"),
            tenancy("c-2", "shared", tenant_key="beta"),
            tenancy("c-3", "shared", placement="cell-1"),
            tenancy("c-2", "shared", placement="cell-1"),
        ],
    )
    assert [(table, row) for table, row, _ in refused(report)] == [("tenancies", 2)]


def test_what_is_held_wins_until_it_is_replaced():
    who, _ = fleet()
    who.load(
        customers=CUSTOMERS, environments=ENVIRONMENTS, tenancies=[tenancy("c-1", "solo", START)]
    )
    later = tenancy("c-2", "solo", START + 10 * DAY)
    assert len(who.load(tenancies=[later]).refused) == 1
    closed = tenancy("c-1", "solo", START, START + 10 * DAY)
    assert not len(who.load(tenancies=[later, closed]).refused)


def test_a_refused_replacement_keeps_the_old_row_and_what_it_forbids():
    who, shelf = fleet()
    who.load(
        customers=CUSTOMERS,
        environments=ENVIRONMENTS,
        tenancies=[
            tenancy("c-1", "solo", START, START + 10 * DAY),
            tenancy("c-2", "solo", START + 20 * DAY),
        ],
    )
    report = who.load(
        tenancies=[
            tenancy("c-3", "solo", START + 5 * DAY, START + 9 * DAY),
            tenancy("c-1", "solo", START, START + 30 * DAY),
        ]
    )
    assert [row for _, row, _ in refused(report)] == [1, 2]
    assert shelf.tables["tenancies"].height == 2


def test_versions_may_overlap_for_an_upgrade_and_no_longer():
    who, _ = fleet()
    base = {"customers": CUSTOMERS, "environments": ENVIRONMENTS}
    edge = START + 30 * DAY
    rolling = [span("8.0", START, edge + 7 * DAY), span("8.1", edge)]
    assert not len(who.load(**base, spans=rolling).refused)
    who, _ = fleet()
    longer = [span("8.0", START, edge + 7 * DAY + timedelta(seconds=1)), span("8.1", edge)]
    ((_, row, reason),) = refused(who.load(**base, spans=longer))
    assert row == 2
    assert "contradicts version '8.0'" in reason
    assert "valid_to" in reason


def test_plugins_flags_and_other_components_run_side_by_side():
    who, _ = fleet()
    spans = [
        span("8.0"),
        span("8.0", START),
        span("4.2", component="web"),
        span("a", component="plugins", kind="plugin"),
        span("b", component="plugins", kind="plugin"),
        span("on", kind="flag"),
    ]
    report = who.load(customers=CUSTOMERS, environments=ENVIRONMENTS, spans=spans)
    assert not len(report.refused)


def test_a_span_without_a_kind_is_a_version():
    who, shelf = fleet()
    spans = [span("8.0"), span("8.0", kind="version")]
    who.load(customers=CUSTOMERS, environments=ENVIRONMENTS, spans=spans)
    assert shelf.tables["spans"]["kind"].to_list() == ["version"]


def test_an_environment_with_several_tenants_does_not_become_single_tenant():
    who, _ = fleet()
    tenancies = [tenancy(c, "shared", tenant_key=c) for c in ("c-1", "c-2")]
    who.load(customers=CUSTOMERS, environments=ENVIRONMENTS, tenancies=tenancies)
    row = {"environment_id": "shared", "kind": "single_tenant"}
    ((table, number, reason),) = refused(who.load(environments=[row]))
    assert (table, number) == ("environments", 1)
    assert "several customers" in reason
    assert who.environment("shared").kind == "multi_tenant"


def test_a_table_that_cannot_be_right_changes_nothing():
    who, shelf = fleet()
    with pytest.raises(TableError, match="environments"):
        who.load(customers=CUSTOMERS, environments=[{"environment": "solo"}])
    with pytest.raises(InputError, match="valid_from"):
        who.load(customers=CUSTOMERS, spans=[span("8.0", datetime(2026, 3, 1))])  # noqa: DTZ001 - a naive time is the point
    assert not shelf.saved
    assert shelf.tables["customers"].is_empty()


def test_an_environment_of_no_zone_is_refused_by_its_row():
    who, _ = fleet()
    zones = ["Europe/Berlin", "Mars/Olympus", None]
    rows = [
        {"environment_id": f"e-{n}", "kind": "single_tenant", "timezone": zone}
        for n, zone in enumerate(zones)
    ]
    report = who.load(environments=rows)
    assert [(r.row, r.reason) for r in report.refused] == [
        (2, "timezone is no IANA zone, such as Europe/Berlin")
    ]
    assert [row.environment_id for row in who.environments()] == ["e-0", "e-2"]


def test_unknown_ids_are_named_with_near_ones():
    who, _ = fleet()
    who.load(customers=CUSTOMERS, environments=ENVIRONMENTS)
    with pytest.raises(NotFoundError, match="did you mean 'shared'"):
        who.environment("shered")
    assert who.known_customers(["c-2", "c-1", "c-2"]) == ["c-1", "c-2"]
    with pytest.raises(NotFoundError, match="no customer 'c-11'"):
        who.known_customers(["c-1", "c-11"])
    with pytest.raises(NotFoundError, match="no customer 'c-77'"):
        who.versions("c-77")
    with pytest.raises(InputError, match="at is a naive datetime"):
        who.versions("c-1", at=datetime(2026, 3, 1))  # noqa: DTZ001 - the same


def test_exposure_counts_covered_customer_days():
    coverage = [
        ("solo", START + timedelta(hours=20), START + timedelta(hours=30)),
        ("solo", START + timedelta(hours=25), START + timedelta(hours=26)),
        ("shared", START, START + timedelta(hours=1)),
        ("idle", START, START + 9 * DAY),
    ]
    who, _ = fleet(coverage)
    who.load(
        customers=CUSTOMERS,
        environments=ENVIRONMENTS,
        tenancies=[
            tenancy("c-1", "solo"),
            tenancy("c-1", "shared", tenant_key="a"),
            tenancy("c-2", "shared", tenant_key="b"),
            tenancy("c-3", "shared", START + DAY, tenant_key="c"),
        ],
        spans=[span("8.0", None, START + DAY), span("8.1", START + DAY), span("x", kind="flag")],
    )
    rows = who.exposure(by="customer").to_frame().select("customer_id", "customer_days")
    assert rows.rows() == [("c-1", 2), ("c-2", 1)]
    days = who.exposure(by="day").to_frame().select("day", "customers", "customer_days")
    assert days.rows() == [(date(2026, 3, 1), 2, 2), (date(2026, 3, 2), 1, 1)]
    versions = who.exposure(by="version").to_frame().select("component", "value", "customer_days")
    assert versions.rows() == [("core", "8.0", 1), ("core", "8.1", 1)]
    window = (START + DAY, START + 2 * DAY)
    assert who.exposure(window, by="day").to_frame()["day"].to_list() == [date(2026, 3, 2)]
    assert not len(who.exposure(DAY))
    assert who.exposure(DAY, as_of=START + DAY).as_of == START + DAY
    assert len(who.exposure(DAY, as_of=START + DAY)) == 2
    with pytest.raises(InputError, match="positive"):
        who.exposure(0 * DAY)
    with pytest.raises(InputError, match="by is 'moon'"):
        who.exposure(by="moon")


def test_the_attributor_places_as_the_fleet_says():
    who, _ = fleet()
    who.load(
        customers=CUSTOMERS,
        environments=ENVIRONMENTS,
        tenancies=[tenancy("c-1", "solo")],
        spans=[span("8.0")],
    )
    columns = dict.fromkeys(("service", "host", "tenant", "placement"), pl.String)
    frame = pl.DataFrame(
        [{"occurred_at": START}], schema={"occurred_at": DTYPES["time"], **columns}
    )
    source = Source(name="a", collection_id="k", origin="o", received_at=NOW, environment_id="solo")
    placed = who.attributor().place(RawBatch(source=source, frame=frame, shapes=[])).frame
    assert placed.select("customer_id", "version", "stage").row(0) == ("c-1", "8.0", "production")


MOMENTS = st.one_of(st.none(), st.integers(0, 5).map(lambda n: START + n * DAY))
ROWS = st.lists(
    st.tuples(st.sampled_from(["c-1", "c-2", "c-3"]), MOMENTS, MOMENTS).filter(
        lambda row: None in row or row[1] < row[2]
    ),
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(ROWS, ROWS)
def test_no_two_customers_ever_hold_a_single_tenant_environment_at_once(first, second):
    who, shelf = fleet()
    who.load(customers=CUSTOMERS, environments=ENVIRONMENTS)
    for rows in (first, second):
        report = who.load(tenancies=[tenancy(c, "solo", a, b) for c, a, b in rows])
        assert report.accepted + len(report.refused) <= len(rows)
    held = shelf.tables["tenancies"].rows(named=True)
    for n in range(-1, 6):
        moment = START + n * DAY
        now = {
            row["customer_id"]
            for row in held
            if (row["valid_from"] or moment) <= moment < (row["valid_to"] or moment + DAY)
        }
        assert len(now) <= 1
