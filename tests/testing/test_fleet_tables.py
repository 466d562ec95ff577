"""The tables have the columns and types that the records ask for."""

from __future__ import annotations

import polars as pl
import pytest

from caseline.records import tables
from caseline.testing.fleet import simulate

TYPES = {
    "text": pl.String,
    "time": pl.Datetime("us", "UTC"),
    "number": pl.Float64,
    "integer": pl.Int64,
    "boolean": pl.Boolean,
}
SCHEMAS = {s.name: s for s in (*tables.FLEET, tables.TICKETS, tables.MESSAGES)}


@pytest.fixture(scope="module")
def fleet():
    return simulate("incident", seed=2, customers=60, days=10, events_per_day=100, hybrid_share=0.2)


@pytest.mark.parametrize("name", SCHEMAS)
def test_columns_and_types_are_those_of_the_records(fleet, name):
    frame = getattr(fleet, name)
    assert dict(frame.schema) == {c.name: TYPES[c.kind] for c in SCHEMAS[name].columns}
    assert frame.height > 0


@pytest.mark.parametrize("name", SCHEMAS)
def test_keys_are_unique_and_required_columns_full(fleet, name):
    frame, schema = getattr(fleet, name), SCHEMAS[name]
    assert not frame.select(schema.key).is_duplicated().any()
    assert frame.select(schema.required).null_count().sum_horizontal().item() == 0


@pytest.mark.parametrize("name", SCHEMAS)
def test_values_are_among_those_allowed(fleet, name):
    frame = getattr(fleet, name)
    for column in SCHEMAS[name].columns:
        if column.one_of:
            assert set(frame[column.name].drop_nulls()) <= set(column.one_of)


def test_articles_have_their_columns(fleet):
    assert fleet.articles.columns == [
        "article_id",
        "title",
        "symptom",
        "environment",
        "cause",
        "resolution",
        "state",
        "audience",
    ]
    assert set(fleet.articles["audience"]) <= {"internal", "partner", "external"}
    assert not any("|" in title for title in fleet.articles["title"])


def test_references_resolve(fleet):
    environments = set(fleet.environments["environment_id"])
    customers = set(fleet.customers["customer_id"])
    assert set(fleet.tenancies["environment_id"]) == environments
    assert set(fleet.tenancies["customer_id"]) == customers
    assert set(fleet.spans["environment_id"]) == environments
    assert set(fleet.tickets["environment_id"].drop_nulls()) <= environments
    assert set(fleet.messages["ticket_id"]) <= set(fleet.tickets["ticket_id"])
    for scope in fleet.changes["scope"]:
        assert set(scope.split(",")) <= environments


def test_shared_environments_have_keys_and_placements(fleet):
    kinds = fleet.tenancies.join(fleet.environments, on="environment_id")
    shared = kinds.filter(pl.col("kind") == "multi_tenant")
    assert shared["tenant_key"].null_count() == shared["placement"].null_count() == 0
    assert kinds.filter(pl.col("kind") == "single_tenant")["tenant_key"].null_count() == (
        kinds.height - shared.height
    )


def test_some_customers_are_hybrid(fleet):
    places = fleet.tenancies.join(fleet.environments, on="environment_id")
    kinds = places.group_by("customer_id").agg(pl.col("kind").n_unique())
    assert (kinds["kind"] == 2).any()


def test_one_version_of_the_platform_runs_at_a_time(fleet):
    versions = fleet.spans.filter(pl.col("kind") == "version").sort("environment_id", "valid_from")
    following = versions.with_columns(after=pl.col("valid_from").shift(-1).over("environment_id"))
    assert following.filter(pl.col("valid_to") != pl.col("after")).is_empty()
    assert following.filter(pl.col("valid_to").is_null() != pl.col("after").is_null()).is_empty()


def test_live_versions_lie_on_two_branches():
    fleet = simulate("S11", seed=1, customers=80, days=1, events_per_day=1, live_versions=6)
    versions = set(fleet.spans.filter(pl.col("kind") == "version")["value"])
    assert len(versions) == 6
    assert {v[:3] for v in versions} == {"7.4", "8.0"}


def test_tickets_open_and_close_inside_the_history(fleet):
    done = fleet.tickets.drop_nulls("resolved_at")
    assert (done["opened_at"] < done["resolved_at"]).all()
    assert fleet.messages["at"].max() < fleet.settings.end
    assert set(done["status"]) == {"resolved"}
