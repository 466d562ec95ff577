"""Everyday troubles: known errors at a few customers all the time, and harmless bursts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.testing.fleet.plan import HOUR, MINUTE, PlannedIssue, draw_some

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan

_EVERYDAY = (
    "invoice_rounding_overflow",
    "token_clock_drift",
    "spool_full",
    "search_index_generation",
    "chunk_checksum",
    "job_pool_starved",
    "label_printer_reject",
    "payment_duplicate",
    "pool_exhausted",
    "calendar_parse",
    "export_timeout",
)
_REACH = 4


def plant_everyday_issues(plan: Plan, rng: np.random.Generator) -> None:
    """Plant ``settings.everyday_issues`` of the families that are still free."""
    taken = {issue.family for issue in plan.issues}
    free = [name for name in _EVERYDAY if name not in taken]
    homes = plan.production()
    for name in free[: plan.settings.everyday_issues]:
        daily = plan.settings.affected_per_day * float(rng.lognormal(0, 0.6))
        reach = min(max(1, round(daily * _REACH)), len(homes))
        where = draw_some(rng, homes, reach / len(homes))
        rate = daily / reach
        segments = plan.segments_of(where, start=plan.start, end=plan.end, per_day=rate)
        chosen = draw_some(rng, list(range(len(segments))), min(1.0, reach / max(1, len(segments))))
        plan.add_issue(name, [segments[i] for i in chosen], steady=True, ticket_rate=0.15)


def plant_bursts(plan: Plan, rng: np.random.Generator) -> None:
    """Plant harmless loud hours: one customer repeats one ordinary line."""
    rate = plan.settings.bursts_per_customer_month * plan.settings.days / 30
    homes = plan.production(kind="single_tenant")
    ordinary = [t for t in plan.catalog.background["api"] if not t.trace]
    for _ in range(int(rng.poisson(rate * len(homes)))):
        start = plan.start + round(rng.random() * (plan.end - plan.start - HOUR))
        minutes, lines = float(rng.uniform(5, 60)), float(rng.lognormal(4, 0.7))
        segments = plan.segments_of(
            [homes[int(rng.integers(len(homes)))]],
            start=start,
            end=start + round(minutes * MINUTE),
            per_day=lines * 24 * 60 / minutes,
        )
        plan.bursts.append(
            PlannedIssue(
                family="",
                kind="noise",
                owner="vendor",
                vector=("none", "", ""),
                templates=(ordinary[int(rng.integers(len(ordinary)))],),
                segments=segments,
            )
        )
