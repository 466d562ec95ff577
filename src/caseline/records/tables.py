"""The tables that come in from outside: their columns, types and keys.

A type is one of ``text``, ``time`` (aware, kept in UTC), ``number``, ``integer``,
``boolean``. Unknown columns are kept aside by the reader and named in its report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "time", "number", "integer", "boolean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its name, its type, whether a row must have a value in it."""

    name: str
    kind: Kind = "text"
    required: bool = False
    one_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSchema:
    """A table: its name, its columns, and the columns that tell its rows apart."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that must be there."""
        return tuple(c.name for c in self.columns if c.required)


def _schema(name: str, key: tuple[str, ...], *columns: Column) -> TableSchema:
    return TableSchema(name=name, key=key, columns=columns)


def _must(name: str, kind: Kind = "text", one_of: tuple[str, ...] = ()) -> Column:
    return Column(name=name, kind=kind, required=True, one_of=one_of)


def _may(name: str, kind: Kind = "text", one_of: tuple[str, ...] = ()) -> Column:
    return Column(name=name, kind=kind, one_of=one_of)


CUSTOMERS = _schema(
    "customers",
    ("customer_id",),
    _must("customer_id"),
    _may("name"),
    _may("tier"),
    _may("region"),
    _may("annual_value", "number"),
    _may("sla"),
)

ENVIRONMENTS = _schema(
    "environments",
    ("environment_id",),
    _must("environment_id"),
    _must("kind", one_of=("single_tenant", "multi_tenant")),
    _may("stage"),
    _may("region"),
    _may("telemetry", one_of=("push", "bundle", "none")),
    _may("timezone"),
)

TENANCIES = _schema(
    "tenancies",
    ("customer_id", "environment_id", "tenant_key", "placement", "valid_from"),
    _must("customer_id"),
    _must("environment_id"),
    _may("tenant_key"),
    _may("placement"),
    _may("valid_from", "time"),
    _may("valid_to", "time"),
)

SPANS = _schema(
    "spans",
    ("environment_id", "component", "kind", "value", "valid_from"),
    _must("environment_id"),
    _must("component"),
    _must("value"),
    _may("kind", one_of=("version", "plugin", "configuration", "flag")),
    _may("valid_from", "time"),
    _may("valid_to", "time"),
)

CHANGES = _schema(
    "changes",
    ("change_id",),
    _must("change_id"),
    _may("kind"),
    _may("component"),
    _may("value"),
    _may("scope"),
    _may("starts_at", "time"),
    _may("ends_at", "time"),
)

TICKETS = _schema(
    "tickets",
    ("ticket_id",),
    _must("ticket_id"),
    _must("customer_id"),
    _may("environment_id"),
    _must("opened_at", "time"),
    _may("resolved_at", "time"),
    _may("status"),
    _may("priority"),
    _may("category"),
    _may("subject"),
    _may("description"),
    _may("assignee"),
    _may("group"),
    _may("effort_hours", "number"),
)

MESSAGES = _schema(
    "messages",
    ("ticket_id", "at", "author", "body"),
    _must("ticket_id"),
    _must("at", "time"),
    _may("author", one_of=("customer", "agent", "system")),
    _may("body"),
    _may("public", "boolean"),
)

FLEET = (CUSTOMERS, ENVIRONMENTS, TENANCIES, SPANS, CHANGES)
