"""At whom a change is seen: whether several customers carry it, and whether they are heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.estimation.exposure import in_production
from caseline.estimation.tails import upper_tail
from caseline.records.windows import Window
from caseline.store.rollups import read_days

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.trends.changes.judging import Change
    from caseline.trends.changes.reading import Watched

_UNIT = pl.coalesce("customer_id", "share_group", "environment_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnesses:
    """Whom a change was seen at.

    Args:
        customers: With events of their own since it began.
        fresh: Of these, those without any in the weeks before.
        before: Customers in these weeks.
        events: Since it began.
        most: The share of the events that one customer has.
        others: Customer-days since then without those of the customer that has the most.
        heard: Of the customers before it: the share of their days that logs are there
            since then, to that before; 1 where there were none.
    """

    customers: int
    fresh: int
    before: int
    events: int
    most: float
    others: int
    heard: float


def read_witnesses(
    engine: Engine,
    watched: Watched,
    changes: Sequence[Change],
    *,
    as_of: datetime | None,
    settings: Mapping[str, Any],
) -> list[Witnesses]:
    """Return whom each of *changes* was seen at."""
    if not changes:
        return []
    names = watched.daily.signatures["signature_id"]
    back = settings["spread"]["days"]
    first = max(0, min(c.since for c in changes) - back)
    window = Window(start=watched.day(first), end=watched.day(watched.days))
    heads = [names[c.signature] for c in changes]
    kin = watched.daily.kin
    rows = read_days(engine, kin.together(heads), window=window, as_of=as_of)
    units = (
        rows.filter(in_production())
        .with_columns(
            pl.col("signature_id").replace(kin.heads).alias("head"),
            (pl.col("day") - pl.lit(watched.daily.first)).dt.total_days().alias("at"),
            _UNIT.alias("unit"),
        )
        .group_by("head", "at", "unit", "customer_id")
        .agg(pl.col("events").sum())
        .partition_by("head", as_dict=True)
    )
    heard = _heard(watched)
    nothing = rows.clear().select(
        "customer_id", "events", at=pl.lit(0, pl.Int64), unit=pl.col("customer_id")
    )
    return [
        _witnesses(units.get((head,), nothing), change, back, heard)
        for head, change in zip(heads, changes, strict=True)
    ]


def carried_by_several(change: Change, seen: Witnesses, settings: Mapping[str, Any]) -> bool:
    """Return whether the rise would stand out without the customer that has most of it."""
    rules = settings["spread"]
    p = upper_tail(seen.others, change.expected, dispersion=rules["dispersion"])
    return seen.others > 0 and float(p) <= rules["level"]


def _witnesses(
    units: pl.DataFrame, change: Change, back: int, heard: Mapping[str, Any]
) -> Witnesses:
    now = units.filter(pl.col("at") >= change.since, pl.col("at") < change.end)
    past = units.filter(pl.col("at") >= change.since - back, pl.col("at") < change.since)
    days = now.group_by("unit").agg(pl.len(), pl.col("events").sum())
    before = set(past["customer_id"].drop_nulls())
    customers = set(now["customer_id"].drop_nulls())
    held, events = days["len"].to_numpy(), days["events"].to_numpy()
    total = int(events.sum())
    return Witnesses(
        customers=len(customers),
        fresh=len(customers - before),
        before=len(before),
        events=total,
        most=float(events.max(initial=0)) / total if total else 0.0,
        others=int(held.sum()) - int(held.max(initial=0)),
        heard=_share_heard(sorted(before), change, back, heard),
    )


def _heard(watched: Watched) -> dict[str, Any]:
    """Return for each customer on which of the watched days its logs are there."""
    found: dict[str, Any] = {}
    shift = (watched.daily.first - watched.observed.first_day).days
    for name, bits in zip(
        watched.observed.pairs["customer_id"], watched.observed.bits, strict=True
    ):
        own = bits[shift : shift + watched.days]
        found[name] = own | found[name] if name in found else own
    return found


def _share_heard(
    customers: Sequence[str], change: Change, back: int, heard: Mapping[str, Any]
) -> float:
    bits = [heard[name] for name in customers if name in heard]
    if not bits:
        return 1.0
    days = np.array(bits)
    before = days[:, max(0, change.since - back) : change.since].mean()
    since = days[:, change.since : change.end]
    return float(since.mean() / before) if since.size and before > 0 else 1.0
