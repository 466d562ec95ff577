"""What one environment holds: its tenants, placements and versions, each over time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from caseline.fleet.spelling import spelled
from caseline.fleet.timelines import ALWAYS, FOREVER, Interval

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VERSION_KINDS = ("version", None)

Intervals = defaultdict[str, list[Interval[str]]]


def _by_key() -> Intervals:
    return defaultdict(list)


@dataclass(slots=True, kw_only=True)
class Holding:
    """One environment: who was its tenant and what ran in it, over time.

    Args:
        single: One customer has it at a time.
        customers: Intervals of customers.
        tenants: By tenant key, as ``spelled``: intervals of customers.
        placements: By placement, as ``spelled``: intervals of customers.
        versions: By component, as ``spelled``: intervals of versions.
    """

    environment_id: str
    single: bool
    stage: str | None = None
    region: str | None = None
    customers: list[Interval[str]] = field(default_factory=list)
    tenants: Intervals = field(default_factory=_by_key)
    placements: Intervals = field(default_factory=_by_key)
    versions: Intervals = field(default_factory=_by_key)


def read_holdings(
    environments: pl.DataFrame, tenancies: pl.DataFrame, spans: pl.DataFrame
) -> dict[str, Holding]:
    """Return what each environment holds, by its id; the frames are the fleet's tables."""
    found = {
        row["environment_id"]: Holding(
            environment_id=row["environment_id"],
            single=row["kind"] == "single_tenant",
            stage=row["stage"],
            region=row["region"],
        )
        for row in environments.iter_rows(named=True)
    }
    for row in _known(tenancies, found):
        _add_tenancy(found[row["environment_id"]], row)
    for row in _known(spans, found):
        if is_version(row["kind"]):
            versions = found[row["environment_id"]].versions
            versions[spelled(row["component"])].append((*bounds(row), row["value"]))
    return found


def _known(frame: pl.DataFrame, found: dict[str, Holding]) -> Iterable[dict[str, Any]]:
    return (row for row in frame.iter_rows(named=True) if row["environment_id"] in found)


def _add_tenancy(holding: Holding, row: dict[str, Any]) -> None:
    interval = (*bounds(row), row["customer_id"])
    holding.customers.append(interval)
    for column, by_key in (("tenant_key", holding.tenants), ("placement", holding.placements)):
        if row[column] is not None:
            by_key[spelled(row[column])].append(interval)


def is_version(kind: str | None) -> bool:
    """Return whether a span of this *kind* says which version ran."""
    return kind in _VERSION_KINDS


def bounds(row: dict[str, Any]) -> tuple[int, int]:
    """Return when a *row* starts and ends to be true, in microseconds, half-open."""
    start, end = row["valid_from"], row["valid_to"]
    return (
        ALWAYS if start is None else micros(start),
        FOREVER if end is None else micros(end),
    )


def micros(moment: datetime) -> int:
    """Return an aware *moment* as microseconds since 1970, exactly.

    >>> micros(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC))
    1000005
    """
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
