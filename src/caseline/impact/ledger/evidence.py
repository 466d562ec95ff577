"""What the store knows of signatures at customers: read once, handed to the algorithms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from caseline.estimation.exposure import in_production
from caseline.store.coverage import read_covered
from caseline.store.rollups import read_days

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from caseline.protocols import Engine
    from caseline.records.windows import Window
    from caseline.store.coverage import CoveredDays


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that decides who is hit.

    Args:
        days: Production events of the signatures: day, signature_id, environment_id,
            customer_id, share_group, version, stage, severity, events, first_at, last_at.
        others: The same of other stages.
        customers: Every customer of the fleet, sorted.
        tenancies: customer_id, environment_id, valid_from, valid_to, stage, kind.
        covered: On which days logs of which environment were there.
        members: share_group, customer_id, weight.
    """

    days: pl.DataFrame
    others: pl.DataFrame
    customers: list[str]
    tenancies: pl.DataFrame
    covered: CoveredDays
    members: pl.DataFrame


def read_evidence(
    engine: Engine, signature_ids: list[str], *, window: Window | None, as_of: datetime | None
) -> Evidence:
    """Return all that decides who is hit by *signature_ids* in *window*."""
    days = read_days(engine, signature_ids, window=window, as_of=as_of)
    return Evidence(
        days=days.filter(in_production()),
        others=days.filter(~in_production()),
        customers=engine.ask("customer_ids", as_of=as_of)["customer_id"].to_list(),
        tenancies=engine.ask("tenancy_stages", as_of=as_of),
        covered=read_covered(engine, window=window, as_of=as_of),
        members=engine.ask("share_group_members", as_of=as_of),
    )
