from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from caseline.impact.spreading.fleet import ALWAYS, NEVER, Fleet, spells_of
from caseline.impact.spreading.settings import spread_settings

MARCH = datetime(2026, 3, 2, tzinfo=UTC)
NOW = MARCH + timedelta(days=20)
TIME = pl.Datetime("us", "UTC")
TEXT = pl.String
SCHEMAS = {
    "customers": {"customer_id": TEXT, "tier": TEXT, "region": TEXT},
    "environments": {"environment_id": TEXT, "kind": TEXT, "stage": TEXT, "region": TEXT},
    "tenancies": {
        "customer_id": TEXT, "environment_id": TEXT, "placement": TEXT,
        "valid_from": TIME, "valid_to": TIME,
    },
    "spans": {
        "environment_id": TEXT, "component": TEXT, "value": TEXT, "kind": TEXT,
        "valid_from": TIME, "valid_to": TIME,
    },
    "changes": {
        "change_id": TEXT, "kind": TEXT, "component": TEXT, "value": TEXT, "scope": TEXT,
        "starts_at": TIME, "ends_at": TIME,
    },
    "volumes": {"environment_id": TEXT, "events": pl.Int64},
}  # fmt: skip


def day(n):
    return MARCH + timedelta(days=n)


def micros(moment):
    return round(moment.timestamp() * 1_000_000)


def fleet_of(count=6, **tables):
    names = [f"c{i}" for i in range(1, count + 1)]
    usual = {
        "customers": [{"customer_id": c, "tier": "gold", "region": "eu"} for c in names],
        "environments": [
            {"environment_id": c.replace("c", "e"), "kind": "single_tenant", "stage": "production"}
            for c in names
        ],
        "tenancies": [{"customer_id": c, "environment_id": c.replace("c", "e")} for c in names],
    }
    rows = {name: [*usual.get(name, []), *tables.get(name, [])] for name in SCHEMAS}
    return Fleet(**{name: pl.DataFrame(rows[name], schema=SCHEMAS[name]) for name in SCHEMAS})


def found(fleet):
    """Return {(kind, attribute, value): {environment: (start, end)}}."""
    spells = spells_of(fleet, now=NOW, settings=spread_settings())
    table = {}
    for row in spells.iter_rows(named=True):
        key = row["kind"], row["attribute"], row["value"]
        table.setdefault(key, {})[row["environment_id"]] = row["start"], row["end"]
    return table


def test_each_value_of_a_component_is_a_vector_from_its_start_to_its_end():
    spans = [
        {"environment_id": "e1", "component": "server", "value": "8.0", "valid_to": day(5)},
        {"environment_id": "e1", "component": "server", "value": "8.1", "valid_from": day(5)},
        {"environment_id": "e2", "component": "server", "value": "8.0"},
    ]
    table = found(fleet_of(spans=spans))
    assert table["version", "server", "8.0"]["e1"] == (ALWAYS, micros(day(5)))
    assert table["version", "server", "8.1"] == {"e1": (micros(day(5)), NEVER)}


def test_a_version_and_all_later_ones_are_a_vector_of_their_own():
    values = ("7.4", "8.0", "8.0.1", "8.10")
    spans = [
        {"environment_id": f"e{n}", "component": "server", "value": v}
        for n, v in enumerate(values, 1)
    ]
    table = found(fleet_of(spans=spans))
    assert set(table["version", "server", ">=8.0"]) == {"e2", "e3", "e4"}
    assert set(table["version", "server", ">=8.0.1"]) == {"e3", "e4"}
    assert ("version", "server", ">=7.4") not in table
    assert ("version", "server", ">=8.10") not in table


def test_a_plug_in_of_several_versions_is_a_vector_whatever_its_version():
    spans = [
        {"environment_id": e, "component": "tax", "value": v, "kind": "plugin"}
        for e, v in (("e1", "1"), ("e2", "2"))
    ]
    table = found(fleet_of(spans=spans))
    assert set(table["plugin", "tax", None]) == {"e1", "e2"}
    assert set(table["plugin", "tax", "1"]) == {"e1"}


def test_a_release_to_come_is_a_planned_version():
    changes = [
        {"change_id": "r", "kind": "release", "component": "server", "value": "8.1",
         "scope": "e1, e2,e3", "starts_at": NOW + timedelta(days=3)}
    ]  # fmt: skip
    spans = [{"environment_id": "e3", "component": "server", "value": "8.1", "valid_from": day(2)}]
    planned = found(fleet_of(spans=spans, changes=changes))["version", "server", "8.1"]
    assert planned["e1"] == (micros(NOW + timedelta(days=3)), NEVER)
    assert planned["e3"] == (micros(day(2)), NEVER)


def test_a_wave_needs_some_places_and_is_named_by_its_change():
    changes = [
        {"change_id": "w1", "kind": "release", "component": "server", "value": "8.1",
         "scope": "e1,e2,e3", "starts_at": day(1)},
        {"change_id": "w2", "kind": "release", "component": "server", "value": "8.1",
         "scope": "e4", "starts_at": day(2)},
    ]  # fmt: skip
    table = found(fleet_of(changes=changes))
    assert set(table["wave", "server 8.1", "w1"]) == {"e1", "e2", "e3"}
    assert ("wave", "server 8.1", "w2") not in table


def test_a_scope_names_places_customers_regions_or_nothing_for_all():
    changes = [
        {"change_id": "a", "kind": "network", "scope": "c2", "starts_at": day(1)},
        {"change_id": "b", "kind": "firewall", "scope": "us", "starts_at": day(1)},
        {"change_id": "c", "kind": "dns", "starts_at": day(1)},
    ]
    tables = {
        "environments": [
            {"environment_id": "e9", "kind": "single_tenant", "stage": "prod", "region": "us"}
        ],
        "tenancies": [{"customer_id": "c1", "environment_id": "e9"}],
    }
    table = found(fleet_of(changes=changes, **tables))
    assert set(table["network", "network", None]) == {"e2"}
    assert set(table["firewall", "firewall", None]) == {"e9"}
    assert len(table["dns", "dns", None]) == 7


def test_dates_of_certificates_are_vectors_at_each_place_its_own():
    changes = [
        {"change_id": f"x{n}", "kind": "certificate", "component": "tls", "scope": f"e{n}",
         "starts_at": day(n - 300), "ends_at": day(n)}
        for n in (1, 2)
    ]  # fmt: skip
    spans = [
        {"environment_id": "e3", "component": "licence", "value": "L-7", "kind": "configuration",
         "valid_to": day(4)},
        {"environment_id": "e4", "component": "support-until", "value": "2026-03-09",
         "kind": "configuration"},
    ]  # fmt: skip
    table = found(fleet_of(changes=changes, spans=spans))
    assert table["date", "tls", "from its end"] == {
        "e1": (micros(day(1)), NEVER), "e2": (micros(day(2)), NEVER),
    }  # fmt: skip
    assert table["date", "licence", "from its end"] == {"e3": (micros(day(4)), NEVER)}
    assert table["date", "support-until", "from its date"] == {"e4": (micros(day(7)), NEVER)}
    assert not [key for key in table if key[0] in ("certificate", "wave")]


def test_placements_follow_their_interval():
    tables = {
        "environments": [
            {"environment_id": "m", "kind": "multi_tenant", "stage": "production", "region": "us"}
        ],
        "tenancies": [
            {"customer_id": "c1", "environment_id": "m", "placement": "cell-1", "valid_to": day(3)},
            {"customer_id": "c1", "environment_id": "m", "placement": "cell-2",
             "valid_from": day(3)},
        ],
    }  # fmt: skip
    table = found(fleet_of(**tables))
    assert table["placement", "m", "cell-1"]["m"] == (ALWAYS, micros(day(3)))
    assert table["placement", "m", "cell-2"]["m"] == (micros(day(3)), NEVER)
    assert set(table["environment", "environment", "m"]) == {"m"}
    assert set(table["region", "region", "us"]) == {"m"}
    assert len(table["region", "region", "eu"]) == 6


def test_who_writes_much_is_told_by_the_upper_part():
    volumes = [{"environment_id": f"e{n}", "events": n * 100} for n in range(1, 21)]
    table = found(fleet_of(20, volumes=volumes))
    assert set(table["volume", "events", "the upper 10%"]) == {"e19", "e20"}
    assert len(table["volume", "events", "the upper 25%"]) == 5


def test_what_is_not_production_is_no_place():
    tables = {
        "environments": [{"environment_id": "t", "kind": "single_tenant", "stage": "staging"}],
        "tenancies": [{"customer_id": "c1", "environment_id": "t"}],
        "spans": [{"environment_id": "t", "component": "server", "value": "9"}],
    }
    assert ("version", "server", "9") not in found(fleet_of(**tables))


@pytest.mark.parametrize("kind", ["Release", "upgrade", "deployment", "rollout"])
def test_releases_go_by_many_names(kind):
    changes = [
        {"change_id": "r", "kind": kind, "component": "server", "value": "9", "scope": "e1",
         "starts_at": NOW + timedelta(days=1)}
    ]  # fmt: skip
    assert set(found(fleet_of(changes=changes))["version", "server", "9"]) == {"e1"}
