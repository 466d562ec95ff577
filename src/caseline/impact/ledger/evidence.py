"""What the store knows of signatures at customers: read once, handed to the algorithms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from caseline.estimation.exposure import in_production
from caseline.estimation.observed import Observed
from caseline.impact.ledger.circumstances import read_circumstances
from caseline.store.coverage import read_covered
from caseline.store.rollups import read_days

if TYPE_CHECKING:
    from datetime import date, datetime

    import polars as pl

    from caseline.impact.ledger.circumstances import Circumstances
    from caseline.impact.settings import ImpactSettings
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
        around: What bears on how much of it the logs of a place would show.
        observed: Which customers were covered where, on the days of *covered*.
    """

    days: pl.DataFrame
    others: pl.DataFrame
    customers: list[str]
    tenancies: pl.DataFrame
    covered: CoveredDays
    members: pl.DataFrame
    around: Circumstances
    observed: Observed

    @property
    def active(self) -> CoveredDays:
        """The covered days from the first to the last event; all of them without any."""
        days = self.days["day"]
        if days.is_empty():
            return self.covered
        return self.covered.between(days.min(), days.max())  # type: ignore[arg-type]


def read_evidence(
    engine: Engine,
    signature_ids: list[str],
    *,
    window: Window | None,
    as_of: datetime | None,
    settings: ImpactSettings,
) -> Evidence:
    """Return all that decides who is hit by *signature_ids* in *window*."""
    days = read_days(engine, signature_ids, window=window, as_of=as_of)
    covered = read_covered(engine, window=window, as_of=as_of)
    produced = days.filter(in_production())

    def asked(name: str, *tables: str) -> pl.DataFrame:
        if as_of is not None:
            return engine.ask(name, as_of=as_of)
        return engine.remember(name, tables, lambda: engine.ask(name))

    tenancies = asked("tenancy_stages", "tenancies", "environments")

    def observe() -> Observed:
        return Observed.of(covered.environments, covered.first_day, covered.bits, tenancies)

    whole = window is None and as_of is None
    tables = ("covered_days", "tenancies", "environments")
    return Evidence(
        days=produced,
        others=days.filter(~in_production()),
        customers=asked("customer_ids", "customers")["customer_id"].to_list(),
        tenancies=tenancies,
        covered=covered,
        observed=engine.remember("observed days", tables, observe) if whole else observe(),
        members=asked("share_group_members", "share_groups", "tenancies"),
        around=read_circumstances(
            engine, signature_ids, _span(produced, covered), as_of=as_of, settings=settings
        ),
    )


def _span(days: pl.DataFrame, covered: CoveredDays) -> tuple[date, date]:
    """Return the first and the last day of the events; of the covered days without any."""
    if days.is_empty():
        return covered.first_day, max(covered.first_day, covered.last_day)
    first: date = days["day"].min()  # type: ignore[assignment]
    last: date = days["day"].max()  # type: ignore[assignment]
    return first, last
