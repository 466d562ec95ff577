"""S16: some customers send nothing, others send a bundle only when they are sick.

Trap: silence is read as health; or the share of hit ones among those who send bundles,
all of them sick, is taken for the fleet's.
Right answer: unknown for the silent; a scope whose interval holds the truth; the bias
of the bundles named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.testing.fleet.plan import DAY, HOUR
from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan

_DAYS = 8.0
_HIT = (0.1, 0.35)
_SENDS = 0.7
_BEFORE, _AFTER = 3, 2


def fall_silent(plan: Plan, rng: np.random.Generator) -> None:
    """Hit customers everywhere by chance; let bundles come from sick ones only."""
    share = float(rng.uniform(*_HIT))
    start = plan.at_day(-_DAYS)
    segments = []
    sick: dict[int, list[int]] = {}
    for environment in plan.production():
        first = start + round(rng.random() * 0.5 * _DAYS * DAY)
        rate = float(rng.lognormal(1.8, 0.7))
        here = plan.segments_of([environment], start=first, end=plan.end, per_day=rate)
        hit = [s for s in here if rng.random() < share]
        segments += hit
        if plan.environments[environment].telemetry == "bundle":
            sick[environment] = [s.start for s in hit if rng.random() < _SENDS]
    for environment, firsts in sick.items():
        days = {(at + HOUR - plan.start) // DAY for at in firsts}
        plan.heard[environment] = {
            day + n
            for day in days
            for n in range(-_BEFORE, _AFTER + 1)
            if 0 <= day + n < plan.settings.days
        }
    plan.add_issue("order_save_deadlock", segments, ticket_rate=1.0)
    names = [c.customer_id for c in plan.customers]
    hears = [
        i
        for i, e in enumerate(plan.environments)
        if e.telemetry != "none" and plan.heard.get(i, {0})
    ]
    speaking = {t.customer for t in plan.tenancies if t.environment in hears}
    plan.facts["silent_customers"] = {
        "issue_id": "issue-01",
        "share": share,
        "affected": sorted({names[s.customer] for s in segments}),
        "silent": sorted(set(names) - {names[c] for c in speaking}),
        "sick_only": sorted(
            {names[t.customer] for t in plan.tenancies if plan.heard.get(t.environment)}
        ),
    }


SCENARIO = Scenario(
    name="S16",
    title="silent customers, and bundles only from sick ones",
    trap="silence = healthy; prevalence too high",
    answer="unknown; the scope interval covers the truth; bias named",
    injections=(fall_silent,),
    knobs={
        "push_share": 0.4,
        "none_share": 0.2,
        "staging_share": 0.0,
        "hybrid_share": 0.0,
        "share_multi_tenant": 0.2,
        "tenant_label_share": 1.0,
    },
)
