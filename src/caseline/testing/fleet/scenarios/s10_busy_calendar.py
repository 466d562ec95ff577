"""S10: a month's end, weekdays, a holiday and 40 % more customers; nothing changes.

Trap: counts rise and fall with the calendar and with the number of customers.
Right answer: no change; the rate per exposed customer is flat; alarms stay within the
stated budget.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan

_FAMILIES = ("payment_duplicate", "search_index_generation", "job_pool_starved")
_HOLIDAY = 0.55


def declare_holiday(plan: Plan, _rng: np.random.Generator) -> None:
    """Make a working day in the second half of the history a holiday."""
    day = plan.settings.start + timedelta(days=int(_HOLIDAY * plan.settings.days))
    while day.weekday() > 3:  # noqa: PLR2004 - Monday to Thursday
        day -= timedelta(days=1)
    plan.settings = replace(plan.settings, holidays=(*plan.settings.holidays, day.date()))
    plan.facts["holiday"] = day.date().isoformat()


def plant_flat_rates(plan: Plan, rng: np.random.Generator) -> None:
    """Give every customer its own unchanging rate of three known errors."""
    for family in _FAMILIES:
        segments = []
        for environment in plan.production():
            rate = float(rng.lognormal(-1.5, 0.8))
            segments += plan.segments_of(
                [environment], start=plan.start, end=plan.end, per_day=rate
            )
        plan.add_issue(family, segments, steady=True, ticket_rate=0.05)
    plan.facts["expected_changes"] = 0
    plan.facts["steady_families"] = list(_FAMILIES)


SCENARIO = Scenario(
    name="S10",
    title="month end, weekdays, a holiday and 40 % more customers",
    trap="counts rise",
    answer="no change: the rate per exposed customer is flat",
    injections=(declare_holiday, plant_flat_rates),
    knobs={"customer_growth": 0.4, "everyday_issues": 0, "month_end": 1.8},
)
