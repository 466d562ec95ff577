"""S6: one customer's own plug-in emits 90 % of all lines.

Trap: it heads every list that counts lines.
Right answer: scope 1, owner the customer's plug-in, low in the ranking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.testing.fleet.plan import Span
from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan

PLUGIN = "custom-pricing"
_SHARE = 0.9


def flood_from_one_plugin(plan: Plan, rng: np.random.Generator) -> None:
    """Give one small customer a plug-in of its own that floods the logs."""
    homes = plan.production(kind="single_tenant")
    present = [i for i in homes if plan.tenants(i)[0].valid_from <= plan.start]
    house = present[int(rng.integers(len(present)))]
    environment = plan.environments[house]
    environment.telemetry, environment.calm = "push", 1.0
    plan.assured.add(house)
    plan.ordinary_share = 1 - _SHARE
    plan.spans.append(
        Span(
            environment=house,
            component=PLUGIN,
            kind="plugin",
            value="0.9",
            valid_from=environment.versions[0][1],
        )
    )
    flood = plan.segments_of(
        [house], start=plan.start, end=plan.end, per_day=_SHARE * plan.settings.events_per_day
    )
    plan.add_issue(
        "plugin_flood", flood, vector=("plugin", PLUGIN, "0.9"), steady=True, ticket_rate=0.2
    )
    plan.facts["loud_plugin"] = {
        "plugin": PLUGIN,
        "share": _SHARE,
        "environment_id": environment.environment_id,
        "customer_id": plan.customers[plan.tenants(house)[0].customer].customer_id,
    }


SCENARIO = Scenario(
    name="S6",
    title="one customer's plug-in emits 90 % of all lines",
    trap="top of the list by volume",
    answer="scope 1, owner = customer plug-in, low in the ranking",
    injections=(flood_from_one_plugin,),
)
