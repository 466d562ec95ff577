"""S7: a plug-in and a version that only break together, at six customers.

Trap: one of the two is blamed.
Right answer: the interaction; at risk is who has the plug-in and has the upgrade planned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.testing.fleet.plan import DAY, HOUR, Change, Span, draw_some
from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan

VERSION, PLUGIN, PLUGIN_VERSION = "8.1.0", "tax-bridge", "2.2"
FAMILY = "tax_bridge_mismatch"
_HIT, _AHEAD, _SPARED = 6, 4, 8
_UPGRADED = 0.35
_START, _PLANNED = -12.0, 3.0


def break_together(plan: Plan, rng: np.random.Generator) -> None:
    """Plant the plug-in, the rollout, and the error where both meet."""
    homes = plan.production(kind="single_tenant")
    order = [int(i) for i in rng.permutation(homes)]
    hit, ahead = order[:_HIT], order[_HIT : _HIT + _AHEAD]
    spared = order[_HIT + _AHEAD : _HIT + _AHEAD + _SPARED]
    rest = order[_HIT + _AHEAD + _SPARED :]
    upgraded = draw_some(rng, rest, _UPGRADED) if rest else []
    start = plan.end + round(_START * DAY)
    plan.assured.update(hit)
    segments = []
    for i in [*hit, *upgraded]:
        at = start + round(rng.uniform(0, 5) * DAY)
        plan.upgrade(i, VERSION, at)
        if i in set(hit):
            rate = float(rng.lognormal(1.4, 0.5))
            segments += plan.segments_of([i], start=at + HOUR, end=plan.end, per_day=rate)
    for i in [*hit, *ahead, *spared]:
        plan.spans.append(
            Span(
                environment=i,
                component=PLUGIN,
                kind="plugin",
                value=PLUGIN_VERSION,
                valid_from=plan.environments[i].versions[0][1],
            )
        )
    coming = plan.end + round(_PLANNED * DAY)
    for places, at in (([*hit, *upgraded], start), (ahead, coming)):
        plan.changes.append(
            Change(
                kind="release",
                component="platform",
                value=VERSION,
                environments=tuple(sorted(places)),
                starts_at=at,
                ends_at=at + 5 * DAY,
            )
        )
    issue = plan.add_issue(
        FAMILY,
        segments,
        vector=("interaction", f"{PLUGIN} x platform", f"{PLUGIN_VERSION} x {VERSION}"),
        owner="interaction",
    )
    plan.facts["interaction"] = {
        "family": issue.family,
        "plugin": PLUGIN,
        "version": VERSION,
        "hit": _customers(plan, hit),
        "at_risk": _customers(plan, ahead),
        "plugin_only": _customers(plan, spared),
        "version_only": _customers(plan, upgraded),
    }


def _customers(plan: Plan, places: list[int]) -> list[str]:
    found = {plan.customers[t.customer].customer_id for i in places for t in plan.tenants(i)}
    return sorted(found)


SCENARIO = Scenario(
    name="S7",
    title="plug-in x version interaction at 6 customers",
    trap="blames one of the two",
    answer="the interaction; at risk = has the plug-in and has the upgrade planned",
    injections=(break_together,),
)
