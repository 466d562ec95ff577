"""S23: a tenant moves cell in mid-incident, a customer becomes hybrid, staging runs ahead.

Trap: today's placement is taken for that of then; what struck in staging is counted as
production's.
Right answer: whoever was in the cell while it failed, for as long as it was; the
hybrid's error where it happened; stages apart; a hit in staging warns its customer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from caseline.errors import InputError
from caseline.testing.fleet.plan import DAY, HOUR, MINUTE, Segment, Tenancy
from caseline.testing.fleet.scenario import Scenario
from caseline.testing.fleet.scenarios.s03_cell_failure import cell_down, plant_outage

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan

_VERSION = "8.1.0"
_LINES = 300
_MINUTES = 90
_FAILS = -3.6
_JOINS = -6.0
_STAGED = -5.0
_FOLLOWS = -2.5


def move_tenants(plan: Plan, rng: np.random.Generator) -> None:
    """Let a cell fail; one tenant leaves it half-way, another comes when it is over."""
    house = _fullest(plan)
    plan.assured.add(house)
    tenants = plan.tenants(house)
    cells = sorted({t.placement for t in tenants})
    cell = max(cells, key=lambda c: sum(t.placement == c for t in tenants))
    inside = [t for t in tenants if t.placement == cell]
    outside = [t for t in tenants if t.placement != cell]
    if len(inside) < 2 or not outside:  # noqa: PLR2004 - one leaves, one stays
        raise _too_few(plan)
    start = plan.at_day(_FAILS) + round(rng.uniform(0, 8 * 60)) * MINUTE
    end = start + _MINUTES * MINUTE
    leaves, comes = inside[-1], outside[0]
    _move(plan, leaves, to=comes.placement, at=start + _MINUTES * MINUTE // 2)
    _move(plan, comes, to=cell, at=end + HOUR)
    name = plant_outage(plan, cell_down(house, cell, (start, end), lines=_LINES))
    names = {t.customer: plan.customers[t.customer].customer_id for t in tenants}
    plan.facts["moved_tenants"] = {
        "issue_id": "issue-01",
        "environment_id": name,
        "placement": cell,
        "affected": sorted(names[t.customer] for t in inside),
        "clear": sorted(names[t.customer] for t in outside),
        "left": names[leaves.customer],
        "came": names[comes.customer],
    }


def become_hybrid(plan: Plan, rng: np.random.Generator) -> None:
    """Give a customer a second place, in a shared environment; an error hits it there."""
    house = _fullest(plan)
    shared = {t.customer for t in plan.tenancies if _kind(plan, t) == "multi_tenant"}
    homes = [i for i in plan.production(kind="single_tenant")
             if plan.tenants(i)[0].customer not in shared
             and plan.tenants(i)[0].valid_from <= plan.start]  # fmt: skip
    if not homes:
        raise _too_few(plan)
    home = homes[int(rng.integers(len(homes)))]
    plan.assured.add(home)
    plan.environments[home].telemetry = "push"
    own = plan.tenants(home)[0]
    at = plan.at_day(_JOINS)
    cell = plan.environments[house].cells[0]
    new = Tenancy(
        customer=own.customer,
        environment=house,
        tenant_key=f"h{own.customer + 1:03d}",
        placement=cell,
        weight=own.weight,
        valid_from=at,
    )
    plan.tenancies.append(new)
    plan.environments[house].weight += own.weight
    hit = Segment(
        environment=house,
        customer=own.customer,
        placement=cell,
        start=at + HOUR,
        end=plan.end,
        per_day=12.0,
    )
    plan.add_issue("token_clock_drift", [hit], ticket_rate=0.5)
    plan.facts["new_hybrid"] = {
        "issue_id": "issue-02",
        "customer_id": plan.customers[own.customer].customer_id,
        "environment_id": plan.environments[house].environment_id,
        "home": plan.environments[home].environment_id,
    }


def run_staging_ahead(plan: Plan, rng: np.random.Generator) -> None:
    """Upgrade stagings first: a new error hits them, and later some of their productions."""
    staged = [i for i, e in enumerate(plan.environments) if e.stage == "staging"]
    segments, hit, warned = [], [], []
    for number, staging in enumerate(staged):
        customer = plan.tenants(staging)[0].customer
        home = next(
            i
            for i in plan.production(kind="single_tenant")
            if plan.tenants(i)[0].customer == customer
        )
        for place in (staging, home):
            plan.environments[place].telemetry = "push"
            plan.assured.add(place)
        at = plan.at_day(_STAGED) + round(rng.uniform(0, 1) * DAY)
        segments += _errors(plan, staging, at)
        name = plan.customers[customer].customer_id
        if number % 2:
            warned.append(name)
        else:
            segments += _errors(plan, home, plan.at_day(_FOLLOWS))
            hit.append(name)
    plan.add_issue(
        "order_save_deadlock", segments, vector=("release", "platform", _VERSION), ticket_rate=0.5
    )
    plan.facts["staging_ahead"] = {
        "issue_id": "issue-03",
        "version": _VERSION,
        "affected": sorted(hit),
        "warned": sorted(warned),
    }


def _errors(plan: Plan, place: int, at: int) -> list[Segment]:
    plan.upgrade(place, _VERSION, at)
    return plan.segments_of([place], start=at + HOUR, end=plan.end, per_day=15.0)


def _fullest(plan: Plan) -> int:
    """Return the shared environment with the most tenants."""
    shared = plan.production(kind="multi_tenant")
    if not shared:
        raise _too_few(plan)
    return max(shared, key=lambda i: len(plan.tenants(i)))


def _too_few(plan: Plan) -> InputError:
    return InputError(
        f"customers is {plan.settings.customers}; S23 needs a shared environment with two full "
        "cells and customers with a place of their own: give more"
    )


def _kind(plan: Plan, tenancy: Tenancy) -> str:
    return plan.environments[tenancy.environment].kind


def _move(plan: Plan, tenancy: Tenancy, *, to: str, at: int) -> None:
    """Let a tenant live in the cell *to* from a moment on."""
    moved = replace(tenancy, placement=to, valid_from=at)
    tenancy.valid_to = at
    plan.tenancies.append(moved)


SCENARIO = Scenario(
    name="S23",
    title="a tenant moves cell in mid-incident, one becomes hybrid, staging runs ahead",
    trap="today's placement; staging counted as production",
    answer="follows the interval; stages apart; a hit in staging warns the same customer",
    injections=(move_tenants, become_hybrid, run_staging_ahead),
    knobs={
        "share_multi_tenant": 0.4,
        "staging_share": 0.3,
        "hybrid_share": 0.0,
        "tenant_label_share": 1.0,
    },
)
