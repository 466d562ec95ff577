"""S3: a cell of a shared environment fails; the lines of the failure carry no tenant.

Trap: all tenants of the environment are called affected, or none is, or the version
that most of them run is blamed.
Right answer: the tenants placed in that cell at that time, with weights; the
unattributed rest reported; tenants in other cells clear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.testing.fleet.plan import DAY, MINUTE, NOBODY, Segment
from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan

_LINES = 400
_MINUTES = 45
_FAILS = -1.6


def cell_down(house: int, cell: str, when: tuple[int, int], *, lines: int) -> Segment:
    """Return the time in which a cell of a shared environment is down, saying so many lines."""
    start, end = when
    return Segment(
        environment=house,
        customer=NOBODY,
        placement=cell,
        start=start,
        end=end,
        per_day=lines * DAY / (end - start),
    )


def plant_outage(plan: Plan, down: Segment) -> str:
    """Plant the failure of a cell; return the id of its environment."""
    name = plan.environments[down.environment].environment_id
    plan.add_issue(
        "cell_quorum_lost",
        [down],
        vector=("placement", name, down.placement),
        kind="outage",
        ticket_rate=0.6,
    )
    return name


def fail_one_cell(plan: Plan, rng: np.random.Generator) -> None:
    """Let the fullest cell of one shared environment fail for three quarters of an hour."""
    houses = [i for i in plan.production(kind="multi_tenant") if plan.tenants(i)]
    house = houses[int(rng.integers(len(houses)))]
    plan.assured.add(house)
    tenants = plan.tenants(house)
    cells = sorted({t.placement for t in tenants})
    cell = max(cells, key=lambda c: sum(t.placement == c for t in tenants))
    start = plan.at_day(_FAILS) + round(rng.uniform(0, 8 * 60)) * MINUTE
    end = start + _MINUTES * MINUTE
    name = plant_outage(plan, cell_down(house, cell, (start, end), lines=_LINES))
    inside = [plan.customers[t.customer].customer_id for t in tenants if t.placement == cell]
    elsewhere = [plan.customers[t.customer].customer_id for t in tenants if t.placement != cell]
    plan.facts["cell_failure"] = {
        "environment_id": name,
        "placement": cell,
        "affected": sorted(inside),
        "clear": sorted(elsewhere),
        "start": start / 1_000_000,
        "end": end / 1_000_000,
    }


SCENARIO = Scenario(
    name="S3",
    title="a cell of a shared environment fails, lines carry no tenant",
    trap="all tenants, or none, or the version",
    answer="the tenants placed there at that time, with weights; the rest reported",
    injections=(fail_one_cell,),
    knobs={"share_multi_tenant": 0.6},
)
