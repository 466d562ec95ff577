"""S8: two independent incidents within the same four hours, some customers have both.

The first has two lines, an error and the warning that comes of it; the second has two
lines as well. A part of the fleet uses the one function, a part the other, some use both.
Many write tickets, some of them vague; some who have neither write as well.

Trap: what began in one window is called one incident; tickets are counted with the louder.
Right answer: two; each ticket with its own; vague tickets of customers who are not hit
stay unlinked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.testing.fleet.plan import HOUR, MINUTE, Segment, draw_some
from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan

FAMILIES = ("order_save_deadlock", "job_pool_starved")
_DAY = -1.4
_APART_HOURS = 4.0
_SHARE, _COMMON = 0.22, 0.25
_TICKETS = 0.7


def strike_twice(plan: Plan, rng: np.random.Generator) -> None:
    """Plant two incidents that have nothing to do with each other."""
    homes = plan.production()
    first = draw_some(rng, homes, _SHARE)
    both = draw_some(rng, first, _COMMON)
    others = [i for i in homes if i not in set(first)]
    second = sorted([*both, *draw_some(rng, others, _SHARE * (1 - _COMMON) / (1 - _SHARE))])
    start = plan.at_day(_DAY) + round(float(rng.uniform(0, 6 * 60))) * MINUTE
    begins = (start, start + round(float(rng.uniform(0.3, _APART_HOURS)) * HOUR))
    issues = []
    for family, places, begin in zip(FAMILIES, (first, second), begins, strict=True):
        segments = _strike(plan, rng, places, begin)
        issues.append(plan.add_issue(family, segments, kind="outage", ticket_rate=_TICKETS))
    plan.facts["two_incidents"] = {
        "families": list(FAMILIES),
        "customers": [_names(plan, issue.segments) for issue in issues],
        "hours_apart": (begins[1] - begins[0]) / HOUR,
    }


def _strike(plan: Plan, rng: np.random.Generator, places: list[int], begin: int) -> list[Segment]:
    segments = []
    for place in places:
        at = begin + round(float(rng.uniform(0, 40))) * MINUTE
        until = min(plan.end, at + round(float(rng.uniform(6, 20)) * HOUR))
        rate = 24 * float(rng.lognormal(1.2, 0.6))
        segments += plan.segments_of([place], start=at, end=until, per_day=rate)
    return segments


def _names(plan: Plan, segments: list[Segment]) -> list[str]:
    return sorted({plan.customers[s.customer].customer_id for s in segments})


SCENARIO = Scenario(
    name="S8",
    title="two independent incidents in the same 4 hours",
    trap="merged into one",
    answer="two; tickets go to the right one; vague tickets stay unlinked",
    injections=(strike_twice,),
)
