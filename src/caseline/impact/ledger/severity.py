"""How bad an issue is: its parts, each from 0 to 1, and their weighted mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from math import log1p, sqrt
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.impact.ledger.affected import affected_hours, worst_stretches
from caseline.store.monthly import next_month

if TYPE_CHECKING:
    from datetime import date

    from caseline.impact.ledger.evidence import Evidence
    from caseline.impact.ledger.scope import Scope
    from caseline.impact.settings import ImpactSettings
    from caseline.store.coverage import CoveredDays

_WORST = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Severity:
    """A number from 0 to 1, its word, and the parts it is made of.

    A part that nothing is known of is None, and weighs nothing.

    Args:
        value: The weighted mean of the parts; shares count by their square root.
        word: critical, high, medium or low.
        log: The worst OpenTelemetry severity number of its lines, 1 to 24; None if unknown.
        breadth: Expected share of customers hit, on a logarithmic scale from 0 to 1.
        persistence: Days with events as a share of the days from the first to the last.
        affected_time: Share of covered customer-time that was affected in the worst
            stretch, by the stretch's length in days.
        affected_hours: Customer-hours with lines of the issue.
        error_share: Its events as a share of all events of the customers that it hits.
        tier: Mean of the hit customers' tiers, by the words of ``impact.toml``.
        value_share: Share of the fleet's annual value that is with the customers hit.
        tickets: Tickets that customers opened while it struck them.
        usual_tickets: So many of these are to be expected anyhow.
    """

    value: float
    word: str
    log: int | None
    breadth: float
    persistence: float
    affected_time: dict[int, float] = field(default_factory=dict)
    affected_hours: float = 0.0
    error_share: float | None = None
    tier: float | None = None
    value_share: float | None = None
    tickets: int = 0
    usual_tickets: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the parts by name."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**told, "affected_time": {str(n): v for n, v in self.affected_time.items()}}

    def __str__(self) -> str:
        """Return the word."""
        return self.word


def rate_severity(
    evidence: Evidence, judged: pl.DataFrame, scope: Scope, settings: ImpactSettings
) -> Severity:
    """Return how bad the issue of *evidence* is, hitting those that *judged* says."""
    logged: list[int] = evidence.days["severity"].drop_nulls().to_list()
    log = max(logged, default=None)
    breadth = log1p(scope.point) / log1p(max(scope.customers, 1)) if scope.point > 0 else 0.0
    persistence = _persistence(evidence)
    hours = affected_hours(evidence, judged)
    stretches = worst_stretches(hours, evidence, settings)
    share = _error_share(evidence, judged)
    tier, worth = _worth(evidence, judged, settings)
    tickets, usual = int(judged["tickets"].sum()), float(judged["usual_tickets"].sum())
    parts = {
        "log": (log or 0) / _WORST,
        "breadth": breadth,
        "persistence": persistence,
        "affected_time": sqrt(sum(stretches.values()) / max(1, len(stretches))),
        "error_share": None if share is None else sqrt(share),
        "tier": tier,
        "value": None if worth is None else sqrt(worth),
        "tickets": min(1.0, max(0.0, tickets - usual) / max(scope.point, 1.0)),
    }
    value = _weighted(parts, settings)
    return Severity(
        value=round(value, 3),
        word=next(word for low, word in settings.severity_words if value >= low),
        log=log,
        breadth=round(breadth, 3),
        persistence=round(persistence, 3),
        affected_time=stretches,
        affected_hours=round(float(hours["hours"].sum()), 1),
        error_share=None if share is None else round(share, 6),
        tier=None if tier is None else round(tier, 3),
        value_share=None if worth is None else round(worth, 6),
        tickets=tickets,
        usual_tickets=round(usual, 2),
    )


def _weighted(parts: dict[str, float | None], settings: ImpactSettings) -> float:
    known = {name: part for name, part in parts.items() if part is not None}
    weights = {name: settings.severity_weights[name] for name in known}
    whole = sum(weights.values())
    return sum(weights[name] * part for name, part in known.items()) / whole if whole else 0.0


def _persistence(evidence: Evidence) -> float:
    days: list[date] = evidence.days["day"].unique().to_list()
    return len(days) / ((max(days) - min(days)).days + 1) if days else 0.0


def _error_share(evidence: Evidence, judged: pl.DataFrame) -> float | None:
    """Return its events as a share of all events of those with events of their own.

    What they write in all is known by month: it is taken as even over the covered days.
    """
    around = evidence.around
    first = max(around.first_day, around.months[0])
    own = evidence.days.filter(pl.col("customer_id").is_not_null(), pl.col("day") >= first)
    struck = judged.filter(pl.col("events") > 0).select("customer_id")
    lines = around.levels.join(struck, on="customer_id").group_by("environment_id")
    whole = lines.agg(pl.col("events").sum())
    if whole.is_empty():
        return None
    end = next_month(around.months[-1]) - timedelta(days=1)
    months = _covered(around.covered.between(around.months[0], end))
    asked = _covered(around.covered.between(first, around.last_day))
    part = whole.join(months.rename({"days": "of"}), on="environment_id").join(
        asked, on="environment_id"
    )
    written = float((part["events"] * part["days"] / part["of"].clip(1)).sum())
    events = float(own["events"].sum())
    return min(1.0, events / max(written, events)) if events else None


def _covered(covered: CoveredDays) -> pl.DataFrame:
    """Return environment_id, days: how many are covered of each."""
    return pl.DataFrame(
        {"environment_id": covered.environments, "days": covered.bits.sum(axis=1)},
        schema={"environment_id": pl.String, "days": pl.Int64},
    )


def _worth(
    evidence: Evidence, judged: pl.DataFrame, settings: ImpactSettings
) -> tuple[float | None, float | None]:
    """Return the mean tier of those hit, and their share of the fleet's annual value."""
    held = judged.select("customer_id", "probability").join(
        evidence.around.accounts, on="customer_id"
    )
    rank = pl.col("tier").str.to_lowercase().replace_strict(settings.tiers, default=None)
    tiers = held.with_columns(rank.cast(pl.Float64).alias("rank")).drop_nulls("rank")
    weight = float(tiers["probability"].sum())
    tier = float((tiers["rank"] * tiers["probability"]).sum()) / weight if weight else None
    valued = held.drop_nulls("annual_value")
    whole = float(valued["annual_value"].sum())
    hit = float((valued["annual_value"] * valued["probability"]).sum())
    return tier, hit / whole if whole > 0 else None
