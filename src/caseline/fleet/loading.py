"""The fleet's tables, checked against each other and against what is known already."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.clock import is_zone
from caseline.fleet.contradictions import (
    Record,
    RowReason,
    find_contradictions,
    span_rules,
    tenancy_rules,
)
from caseline.records.tables import ENVIRONMENTS, FLEET, SPANS, TENANCIES
from caseline.store.intake import Intake, read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from caseline.fleet.settings import FleetSettings
    from caseline.records.answers import Table
    from caseline.records.tables import TableSchema

SCHEMAS = {schema.name: schema for schema in FLEET}


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One table of a load: what came, what is refused of it.

    Args:
        schema: What the table is.
        numbers: The numbers of the rows in *frame*.
        frame: The rows that can be true by themselves.
        refused: Why the others cannot, by number.
    """

    schema: TableSchema
    numbers: list[int]
    frame: pl.DataFrame
    refused: list[RowReason] = field(default_factory=list)
    unknown: tuple[str, ...] = ()

    def rows(self) -> list[tuple[int, Record]]:
        """Return the rows with their numbers."""
        return list(zip(self.numbers, self.frame.iter_rows(named=True), strict=True))

    def refuse(self, reasons: Sequence[RowReason]) -> None:
        """Take rows out, for *reasons*."""
        gone = {number for number, _ in reasons}
        keep = [number not in gone for number in self.numbers]
        self.frame = self.frame.filter(pl.Series(keep, dtype=pl.Boolean))
        self.numbers = [number for number, kept in zip(self.numbers, keep, strict=True) if kept]
        self.refused += reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What a load did.

    Args:
        tables: One row for each table given: table, accepted (= added + replaced +
            unchanged), added, replaced, unchanged, refused, unknown (columns left out).
        refused: One row for each row refused: table, row (from 1), reason.
    """

    tables: Table
    refused: Table

    @property
    def accepted(self) -> int:
        """How many rows hold now, of all tables."""
        return sum(row.accepted for row in self.tables)

    @property
    def replaced(self) -> int:
        """How many rows took the place of one with their key, of all tables."""
        return sum(row.replaced for row in self.tables)

    def to_dict(self) -> dict[str, Any]:
        """Return both tables as JSON can hold them."""
        return {"tables": self.tables.to_dicts(), "refused": self.refused.to_dicts()}

    def __repr__(self) -> str:
        """Return the counts in one line."""
        return (
            f"LoadReport(accepted={self.accepted}, replaced={self.replaced}, "
            f"refused={len(self.refused)})"
        )


def delivered(given: Mapping[str, Any]) -> dict[str, Delivery]:
    """Return the tables *given* by name (None is none), each checked by itself."""
    return {
        name: _delivery(read_table(given[name], schema), schema)
        for name, schema in SCHEMAS.items()
        if given.get(name) is not None
    }


def _delivery(intake: Intake, schema: TableSchema) -> Delivery:
    frame = intake.frame.with_columns(pl.Series("number", intake.rows, dtype=pl.Int64))
    if schema is SPANS:
        # Whoever says nothing else means a version: one spelling, so that keys are equal.
        frame = frame.with_columns(pl.col("kind").fill_null("version"))
        frame = frame.unique(subset=list(schema.key), keep="first", maintain_order=True)
    odd = _odd_zones(frame) if schema is ENVIRONMENTS else {}
    frame = frame.filter(~pl.col("number").is_in(list(odd)))
    return Delivery(
        schema=schema,
        numbers=frame["number"].to_list(),
        frame=frame.drop("number"),
        refused=[*intake.refused.iter_rows(), *odd.items()],
        unknown=intake.unknown,
    )


def _odd_zones(frame: pl.DataFrame) -> dict[int, str]:
    """Return the numbers of the environments whose zone is none, with the reason."""
    zones = frame.select("number", "timezone").drop_nulls()
    known = {zone: is_zone(zone) for zone in zones["timezone"].unique()}
    return {
        number: "timezone is no IANA zone, such as Europe/Berlin"
        for number, zone in zones.iter_rows()
        if not known[zone]
    }


def check_together(
    came: Mapping[str, Delivery], held: Mapping[str, pl.DataFrame], settings: FleetSettings
) -> None:
    """Refuse the rows of *came* that contradict each other or what is *held*.

    Args:
        came: The tables of the load, by name; their rows are refused in place.
        held: The fleet's tables as the workspace has them, all of them.
        settings: How long an upgrade may take.
    """
    if ENVIRONMENTS.name in came:
        came[ENVIRONMENTS.name].refuse(_narrowed_environments(came[ENVIRONMENTS.name], held))
    customers = _known("customers", "customer_id", came, held)
    kinds = _kinds(came, held)
    single = frozenset(name for name, kind in kinds.items() if kind == "single_tenant")
    tenancies, spans = came.get(TENANCIES.name), came.get(SPANS.name)
    if tenancies is not None:
        tenancies.refuse(_strangers(tenancies, "customer_id", customers))
        tenancies.refuse(_strangers(tenancies, "environment_id", kinds))
        old = held[TENANCIES.name].iter_rows(named=True)
        tenancies.refuse(
            find_contradictions(
                tenancies.rows(), old, key=TENANCIES.key, rules=tenancy_rules(single)
            )
        )
    if spans is not None:
        spans.refuse(_strangers(spans, "environment_id", kinds))
        upgrade = round(settings.upgrade.total_seconds() * 1_000_000)
        old = held[SPANS.name].iter_rows(named=True)
        spans.refuse(
            find_contradictions(spans.rows(), old, key=SPANS.key, rules=span_rules(upgrade))
        )


def changed(delivery: Delivery, held: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return the rows that are new or other than the ones held, and how many are other."""
    key = list(delivery.schema.key)
    rest = [name for name in delivery.frame.columns if name not in key]
    old = held.select(*key, *(pl.col(name).alias(f"old_{name}") for name in rest))
    both = delivery.frame.join(
        old.with_columns(pl.lit(value=True).alias("held")),
        on=key,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    other = [pl.col(name).ne_missing(pl.col(f"old_{name}")) for name in rest]
    is_held = pl.col("held").is_not_null()
    # A table of keys alone never differs.
    differs = pl.any_horizontal(*other, pl.lit(value=False))
    found = both.filter(~is_held | differs)
    replaced = found.filter(is_held).height
    return found.select(delivery.frame.columns), replaced


def _known(
    table: str, column: str, came: Mapping[str, Delivery], held: Mapping[str, pl.DataFrame]
) -> frozenset[str]:
    new = came[table].frame[column].to_list() if table in came else []
    return frozenset([*held[table][column].to_list(), *new])


def _kinds(came: Mapping[str, Delivery], held: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    frames = [held[ENVIRONMENTS.name]]
    if ENVIRONMENTS.name in came:
        frames.append(came[ENVIRONMENTS.name].frame)
    return {k: v for frame in frames for k, v in frame.select("environment_id", "kind").iter_rows()}


def _strangers(delivery: Delivery, column: str, known: Iterable[str]) -> list[RowReason]:
    names = frozenset(known)
    what = column.removesuffix("_id")
    return [
        (number, f"{column} {value!r} is no known {what}; load the {what}s first, or with it")
        for number, value in zip(delivery.numbers, delivery.frame[column].to_list(), strict=True)
        if value not in names
    ]


def _narrowed_environments(delivery: Delivery, held: Mapping[str, pl.DataFrame]) -> list[RowReason]:
    """Return the environments that would be single-tenant with two customers held at once."""
    before = dict(held[ENVIRONMENTS.name].select("environment_id", "kind").iter_rows())
    reasons: list[RowReason] = []
    for number, row in delivery.rows():
        name = row["environment_id"]
        if row["kind"] != "single_tenant" or before.get(name) != "multi_tenant":
            continue
        mine = held[TENANCIES.name].filter(pl.col("environment_id") == name)
        rows = list(enumerate(mine.iter_rows(named=True), start=1))
        if find_contradictions(rows, [], key=TENANCIES.key, rules=tenancy_rules(frozenset([name]))):
            reasons.append((number, "kind is single_tenant, but several customers are tenants"))
    return reasons
