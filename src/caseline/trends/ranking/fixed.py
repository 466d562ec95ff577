"""What has a fix already, so that whom it falls on has to upgrade."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl

from caseline.versions import Branches, Ranges

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from caseline.protocols import Engine

_FIXED = {"id": pl.String, "fixed_in": pl.String}
_TIME = pl.Datetime("us", "UTC")


def read_fixed(
    engine: Engine,
    ids: Iterable[str],
    recent: pl.DataFrame,
    now: datetime,
    as_of: datetime | None,
) -> pl.DataFrame:
    """Return id, fixed_in of candidates with a released fix that those hit do not run.

    Released means that some environment ran a version that has it. At least half of the
    customers hit of late must still run an affected version; the others may have upgraded
    since, or the fix does not hold: ``trends.fixed`` tells which.

    Args:
        engine: Where records, spans and tenancies are.
        ids: The candidates.
        recent: id, customer_id: on whom they fell of late.
        now: The moment.
        as_of: Hide what was known later.
    """
    records = engine.ask("all_fixes", as_of=as_of)
    wanted = records.filter(
        pl.col("issue_id").is_in(list(ids)) & (pl.col("recorded_at") <= now)
    ).unique("issue_id", keep="first", maintain_order=True)
    if wanted.is_empty():
        return pl.DataFrame(schema=_FIXED)
    spans = engine.ask("version_spans", as_of=as_of)
    begun = pl.col("valid_from").is_null() | (pl.col("valid_from").cast(_TIME) <= now)
    lasting = pl.col("valid_to").is_null() | (pl.col("valid_to").cast(_TIME) > now)
    seen = spans.filter(begun)
    running = seen.filter(lasting).join(
        engine.ask("tenancy_stages", as_of=as_of).select("customer_id", "environment_id").unique(),
        on="environment_id",
    )
    rows = []
    for record in wanted.iter_rows(named=True):
        ranges = _ranges(record)
        if ranges is None:
            continue
        mine = seen.filter(pl.col("component") == record["component"])["value"].unique()
        verdicts = {version: ranges.judge(version) for version in mine}
        hit = recent.filter(pl.col("id") == record["issue_id"])["customer_id"]
        there = running.filter(
            (pl.col("component") == record["component"])
            & pl.col("customer_id").is_in(hit.implode())
        )
        bad = [version for version, verdict in verdicts.items() if verdict == "affected"]
        exposed = there.filter(pl.col("value").is_in(bad))["customer_id"].n_unique()
        known = there["customer_id"].n_unique()
        if "fixed" in verdicts.values() and 2 * exposed >= known > 0:
            rows.append((record["issue_id"], ", ".join(ranges.fixed_in)))
    return pl.DataFrame(rows, schema=_FIXED, orient="row")


def _ranges(record: dict[str, str]) -> Ranges | None:
    lists = {n: tuple(json.loads(record[n])) for n in ("fixed_in", "affected_from", "affected")}
    if not lists["fixed_in"]:
        return None
    return Ranges(**lists, branches=Branches(cuts=json.loads(record["branches"])))
