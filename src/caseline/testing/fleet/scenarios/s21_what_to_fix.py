"""S21: A is loud at few customers, B quiet at many with long tickets, C fixed but not taken up.

All places run 8.0.0 at first. 8.1.0, which has the fix of C, comes after a third of the
history; half of the places take it up, each after a while of its own.

Trap: ranked by events, A comes first, and C is fixed again.
Right answer: B first, by the support hours that a fix avoids; C needs no fix but upgrades.
Had the fix of B shipped with 8.1.0, the tickets after each place's upgrade had not been.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.testing.fleet.plan import DAY, HOUR, Change, draw_some, moment
from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan

LOUD, WIDE, FIXED = "chunk_checksum", "export_timeout", "payment_duplicate"
OLD, NEW = "8.0.0", "8.1.0"
_RELEASED, _TAKEN_UP, _DELAY_DAYS = 0.33, 0.5, 10.0
_FEW, _MANY, _FIXED_AT = 0.04, 0.5, 0.4
_LOUD_LINES = 600.0


def plant_three_costs(plan: Plan, rng: np.random.Generator) -> None:
    """Plant A, B and C, and the release that fixes C."""
    plan.changes.clear()
    released = plan.start + round(_RELEASED * (plan.end - plan.start))
    for environment in plan.environments:
        environment.versions[:] = [(OLD, plan.start - 60 * DAY)]
    taken: dict[int, int] = {}
    for place in draw_some(rng, plan.production(), _TAKEN_UP):
        at = released + HOUR + round(rng.exponential(_DELAY_DAYS) * DAY)
        if at < plan.end - DAY:
            taken[place] = at
            plan.upgrade(place, NEW, at)
    plan.changes.append(
        Change(
            kind="release",
            component="platform",
            value=NEW,
            environments=tuple(taken),
            starts_at=released,
            ends_at=plan.end,
        )
    )
    _plant(plan, rng, LOUD, (_FEW, _LOUD_LINES), {}, ticket_rate=0.5)
    _plant(plan, rng, WIDE, (_MANY, 1.5), {}, ticket_rate=0.9, every_days=12.0, effort_scale=4.0)
    _plant(plan, rng, FIXED, (_FIXED_AT, 1.0), taken, ticket_rate=0.6, every_days=25.0)
    plan.facts["costs"] = {
        "loud": LOUD,
        "wide": WIDE,
        "fixed": FIXED,
        "component": "platform",
        "fixed_in": [NEW],
        "affected_from": [OLD],
        "shipped_on": moment(released).isoformat(),
        "taken_up": {
            plan.environments[i].environment_id: moment(at).isoformat() for i, at in taken.items()
        },
    }


def _plant(
    plan: Plan,
    rng: np.random.Generator,
    family: str,
    course: tuple[float, float],
    until: dict[int, int],
    **options: float,
) -> None:
    """Plant *family* at a share of places with so many lines a day, until some moments."""
    share, lines = course
    segments = []
    for place in draw_some(rng, plan.production(), share):
        rate = lines * float(rng.lognormal(0, 0.3))
        end = until.get(place, plan.end)
        segments += plan.segments_of([place], start=plan.start, end=end, per_day=rate)
    plan.add_issue(family, segments, vector=("version", "platform", OLD), **options)


SCENARIO = Scenario(
    name="S21",
    title="A loud with few customers, B quiet with many and long tickets, C fixed, not adopted",
    trap="ranks by events",
    answer="order by avoidable support hours; the ledger adds up; C is to be taken up",
    injections=(plant_three_costs,),
    knobs={"everyday_issues": 3},
)
