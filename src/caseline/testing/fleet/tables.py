"""A plan as the tables that support has: columns as in ``caseline.records.tables``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.records import tables
from caseline.testing.fleet.plan import Plan, moment
from caseline.testing.fleet.world import SLAS

if TYPE_CHECKING:
    from caseline.records.tables import TableSchema

_TYPES = {
    "text": pl.String,
    "time": pl.Datetime("us", "UTC"),
    "number": pl.Float64,
    "integer": pl.Int64,
    "boolean": pl.Boolean,
}


def framed(schema: TableSchema, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Return *rows* as a frame with exactly the columns of *schema*."""
    columns: dict[str, Any] = {c.name: _TYPES[c.kind] for c in schema.columns}
    return pl.DataFrame(rows, schema=columns)


def customers_table(plan: Plan) -> pl.DataFrame:
    """Return the customers."""
    rows = [
        {
            "customer_id": c.customer_id,
            "name": c.customer_id.replace("-", " ").title(),
            "tier": c.tier,
            "region": c.region,
            "annual_value": c.annual_value,
            "sla": SLAS[c.tier],
        }
        for c in plan.customers
    ]
    return framed(tables.CUSTOMERS, rows)


def environments_table(plan: Plan) -> pl.DataFrame:
    """Return the environments."""
    names = [c.name for c in tables.ENVIRONMENTS.columns]
    rows = [{name: getattr(e, name) for name in names} for e in plan.environments]
    return framed(tables.ENVIRONMENTS, rows)


def tenancies_table(plan: Plan) -> pl.DataFrame:
    """Return the tenancies."""
    rows = [
        {
            "customer_id": plan.customers[t.customer].customer_id,
            "environment_id": plan.environments[t.environment].environment_id,
            "tenant_key": t.tenant_key or None,
            "placement": t.placement or None,
            "valid_from": moment(t.valid_from),
            "valid_to": None if t.valid_to is None else moment(t.valid_to),
        }
        for t in plan.tenancies
    ]
    return framed(tables.TENANCIES, rows)


def spans_table(plan: Plan) -> pl.DataFrame:
    """Return what ran where: versions of the platform, then plug-ins and settings."""
    rows = []
    for e in plan.environments:
        ends = [since for _, since in e.versions[1:]]
        for (value, since), until in zip(e.versions, [*ends, None], strict=True):
            rows.append(_span(e.environment_id, ("platform", "version", value), (since, until)))
    for s in plan.spans:
        place = plan.environments[s.environment].environment_id
        rows.append(_span(place, (s.component, s.kind, s.value), (s.valid_from, s.valid_to)))
    return framed(tables.SPANS, rows)


def _span(place: str, what: tuple[str, str, str], when: tuple[int, int | None]) -> dict[str, Any]:
    return {
        "environment_id": place,
        "component": what[0],
        "kind": what[1],
        "value": what[2],
        "valid_from": moment(when[0]),
        "valid_to": None if when[1] is None else moment(when[1]),
    }


def changes_table(plan: Plan) -> pl.DataFrame:
    """Return what was done or is planned; ``scope`` lists the environments."""
    rows = [
        {
            "change_id": f"CH-{number:04d}",
            "kind": c.kind,
            "component": c.component,
            "value": c.value,
            "scope": ",".join(plan.environments[i].environment_id for i in c.environments),
            "starts_at": moment(c.starts_at),
            "ends_at": moment(c.ends_at),
        }
        for number, c in enumerate(sorted(plan.changes, key=lambda c: c.starts_at), 1)
    ]
    return framed(tables.CHANGES, rows)
