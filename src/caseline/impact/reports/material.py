"""What a report is made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.impact.settings import read_weights
from caseline.records.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from caseline.impact.fixes.answers import FixStates
    from caseline.impact.ledger.answers import Impact
    from caseline.impact.linking.answers import IssueTickets
    from caseline.impact.spreading.answers import Spread


@cache
def report_settings() -> dict[str, Any]:
    """Return the tables of ``weights/2026-11/reports.toml``."""
    return read_weights("reports")


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a report is made of; for a customer's, what its own eyes see.

    Args:
        impact: Whom it hits.
        states: Who runs what.
        tickets: Whose tickets it explains.
        templates: signature_id, template, shared (the same with ``<*>`` for each word that
            is not common), severity, first_seen, last_seen.
        daily: day, events, customers: how many of each, by day with any.
        places: environment_id, kind, stage, region: of the customers at hand.
        spread: What carries it; None where that is not told.
    """

    impact: Impact
    states: FixStates
    tickets: IssueTickets
    templates: pl.DataFrame
    daily: pl.DataFrame
    places: pl.DataFrame
    spread: Spread | None = None


def by_day(days: pl.DataFrame) -> pl.DataFrame:
    """Return day, events and customers of rows by day: see ``store.rollups.read_days``."""
    return (
        days.group_by("day")
        .agg(
            pl.col("events").sum(),
            pl.col("customer_id").drop_nulls().n_unique().alias("customers"),
        )
        .sort("day")
    )


def bars(
    name: str, title: str, frame: pl.DataFrame, shown: Sequence[str], *, unit: str
) -> list[Figure]:
    """Return the figure of *frame*, whose first column are labels; none if it is empty."""
    if frame.is_empty():
        return []
    labels = tuple(str(label) for label in frame[frame.columns[0]])
    series = tuple((s, tuple(float(v or 0) for v in frame[s])) for s in shown)
    return [Figure(name=name, title=title, labels=labels, series=series, unit=unit)]
