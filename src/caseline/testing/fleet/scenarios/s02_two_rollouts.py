"""S2: two overlapping rollouts, one of them innocent, most customers in both.

The platform's new version brings an error; a new version of another component is rolled
out in the same weeks to nearly the same customers.

Trap: the louder or the later of the two is blamed.
Right answer: blame through the discordant customers, who have only one of them; with
100 % in common: "cannot separate", naming who would tell.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from caseline.testing.fleet.plan import DAY, HOUR, Change, Span, draw_some
from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan

VERSION, AGENT, INNOCENT = "8.1.0", "agent", "3.0"
FAMILY = "search_index_generation"
_START, _LENGTH = -14.0, 4.0
_REACHED, _COMMON, _TOUCHED = 0.35, 0.8, 0.85
_LAG_HOURS = (2.0, 10.0)


def roll_out_two(plan: Plan, rng: np.random.Generator, *, common: float = _COMMON) -> None:
    """Plant both rollouts and the error that the platform's version brings.

    Args:
        plan: The fleet in the making.
        rng: Draws who gets what.
        common: Share of each rollout's places that get both.
    """
    homes = plan.production()
    guilty = draw_some(rng, homes, _REACHED)
    both = draw_some(rng, guilty, common)
    others = [i for i in homes if i not in set(guilty)]
    missing = len(guilty) - len(both)
    alone = draw_some(rng, others, missing / len(others)) if missing else []
    start = plan.end + round(_START * DAY)
    _place_agents(plan)
    segments, at = [], {}
    for i in guilty:
        at[i] = start + round(rng.uniform(0, _LENGTH) * DAY)
        plan.upgrade(i, VERSION, at[i])
        rate = float(rng.lognormal(0.6, 0.6))
        hit = plan.segments_of([i], start=at[i] + HOUR, end=plan.end, per_day=rate)
        segments += [s for s in hit if rng.random() < _TOUCHED]
    for i in [*both, *alone]:
        lag = round(rng.uniform(*_LAG_HOURS) * HOUR)
        began = at[i] - lag if i in at else start + round(rng.uniform(0, _LENGTH) * DAY)
        _move_agent(plan, i, began)
    issue = plan.add_issue(FAMILY, segments, vector=("release", "platform", VERSION))
    for component, value, places in (
        ("platform", VERSION, guilty),
        (AGENT, INNOCENT, sorted([*both, *alone])),
    ):
        plan.changes.append(
            Change(
                kind="release",
                component=component,
                value=value,
                environments=tuple(places),
                starts_at=start,
                ends_at=start + round(_LENGTH * DAY),
            )
        )
    plan.facts["two_rollouts"] = {
        "family": issue.family,
        "guilty": ["version", "platform", VERSION],
        "innocent": ["version", AGENT, INNOCENT],
        "both": _names(plan, both),
        "guilty_only": _names(plan, [i for i in guilty if i not in set(both)]),
        "innocent_only": _names(plan, alone),
    }


def _place_agents(plan: Plan) -> None:
    for i, environment in enumerate(plan.environments):
        plan.spans.append(
            Span(
                environment=i,
                component=AGENT,
                kind="version",
                value="2.4",
                valid_from=environment.versions[0][1],
            )
        )


def _move_agent(plan: Plan, place: int, at: int) -> None:
    for n, span in enumerate(plan.spans):
        if span.environment == place and span.component == AGENT:
            plan.spans[n] = replace(span, valid_to=at)
    plan.spans.append(
        Span(environment=place, component=AGENT, kind="version", value=INNOCENT, valid_from=at)
    )


def _names(plan: Plan, places: list[int]) -> list[str]:
    return [plan.environments[i].environment_id for i in places]


SCENARIO = Scenario(
    name="S2",
    title="two overlapping rollouts, one innocent, 80 % common customers",
    trap="blames the louder or the later",
    answer="blame through the discordant customers; with 100 % overlap: cannot separate",
    injections=(roll_out_two,),
)
