"""What has a fix already, so that whom it falls on has to upgrade."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from caseline.trends.costs.placing import homes_at
from caseline.versions import Branches, Ranges

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.trends.ranking.candidates import Found

_TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A fix that is out.

    Args:
        component: Whose versions have it.
        fixed_in: The versions.
        since: When one that has it first ran anywhere; None if nobody knows.
        running: Places that run one that has it.
        without: Places that run one that has it not.
        exposed: How many customers hit of late run one that has it not.
        took: How many run one that has it.
        again: How many of these were hit while they ran it.
    """

    component: str
    fixed_in: tuple[str, ...]
    since: datetime | None
    running: frozenset[str]
    without: frozenset[str]
    exposed: int
    took: int
    again: int

    @property
    def holds(self) -> bool:
        """Whether it holds as far as one can see: of those who took it hardly one was hit again.

        Where it does not, or where nobody hit is known to run any version, ``trends.fixed``
        tells more.
        """
        return self.exposed + self.took > 0 and self.again <= max(1, self.took // 10)


def read_fixed(
    engine: Engine,
    ids: Iterable[str],
    found: Found,
    now: datetime,
    as_of: datetime | None,
) -> dict[str, Released]:
    """Return the released fixes of candidates, as recorded last.

    Released means that some environment ran a version that has it.

    Args:
        engine: Where records, spans and tenancies are.
        ids: The candidates.
        found: On whom they fell, and when last.
        now: The moment.
        as_of: Hide what was known later.
    """
    records = engine.ask("all_fixes", as_of=as_of)
    wanted = records.filter(
        pl.col("issue_id").is_in(list(ids)) & (pl.col("recorded_at") <= now)
    ).unique("issue_id", keep="first", maintain_order=True)
    if wanted.is_empty():
        return {}
    spans = engine.ask("version_spans", as_of=as_of)
    begun = pl.col("valid_from").is_null() | (pl.col("valid_from").cast(_TIME) <= now)
    seen = spans.filter(begun)
    homes = homes_at(engine.ask("tenancy_stages", as_of=as_of), now)
    fixes = {}
    recent = found.units.filter(pl.col("customer_id").is_not_null() & (pl.col("days_recent") > 0))
    for record in wanted.iter_rows(named=True):
        hit = recent.filter(pl.col("id") == record["issue_id"]).join(homes, on="customer_id")
        mine = seen.filter(pl.col("component") == record["component"])
        released = _released(record, mine, hit, now)
        if released is not None:
            fixes[record["issue_id"]] = released
    return fixes


def _released(
    record: dict[str, str], spans: pl.DataFrame, hit: pl.DataFrame, now: datetime
) -> Released | None:
    ranges = _ranges(record)
    if ranges is None:
        return None
    verdicts = {version: ranges.judge(version) for version in spans["value"].unique()}
    fixed = [version for version, verdict in verdicts.items() if verdict == "fixed"]
    if not fixed:
        return None
    bad = [version for version, verdict in verdicts.items() if verdict == "affected"]
    lasting = pl.col("valid_to").is_null() | (pl.col("valid_to").cast(_TIME) > now)
    running = spans.filter(lasting)
    there = hit.join(running, on="environment_id")
    took = there.filter(pl.col("value").is_in(fixed))
    began = pl.col("valid_from").cast(_TIME) + pl.duration(days=1)
    return Released(
        component=record["component"],
        fixed_in=ranges.fixed_in,
        since=spans.filter(pl.col("value").is_in(fixed))["valid_from"].cast(_TIME).min(),  # type: ignore[arg-type]
        running=frozenset(running.filter(pl.col("value").is_in(fixed))["environment_id"]),
        without=frozenset(running.filter(pl.col("value").is_in(bad))["environment_id"]),
        exposed=there.filter(pl.col("value").is_in(bad))["customer_id"].n_unique(),
        took=took["customer_id"].n_unique(),
        again=took.filter(pl.col("last_at") > began)["customer_id"].n_unique(),
    )


def _ranges(record: dict[str, str]) -> Ranges | None:
    lists = {n: tuple(json.loads(record[n])) for n in ("fixed_in", "affected_from", "affected")}
    if not lists["fixed_in"]:
        return None
    return Ranges(**lists, branches=Branches(cuts=json.loads(record["branches"])))
