"""S9: the database's sessions run out, the API answers 500, the page gives up waiting.

Each hit is one call through three services; their lines share the id of its trace, the
cause first. Customers see the page and speak of nothing else.

Trap: tickets are linked to the line of the page, whose words they use; or cause and
symptom are reversed.
Right answer: the ticket's cause is the line of the database; order and direction right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.testing.fleet.plan import HOUR, MINUTE, draw_some
from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan

FAMILY = "checkout_chain"
_FORMAT = "json_otel"
_DAY = -6.0
_SHARE = 0.4
_HOURS = 3.0
_PER_HOUR = 12.0


def exhaust_the_pool(plan: Plan, rng: np.random.Generator) -> None:
    """Plant some hours of the chain at a part of the installations, a few a day."""
    homes = plan.production(kind="single_tenant")
    hit = draw_some(rng, homes, _SHARE)
    templates = plan.catalog.families[FAMILY].templates
    segments = []
    for i in hit:
        plan.assured.add(i)
        for template in templates:
            plan.formats[i, template.service] = _FORMAT
        start = plan.at_day(_DAY) + round(float(rng.uniform(0, 4 * 24 * 60))) * MINUTE
        length = float(rng.uniform(1.0, _HOURS))
        segments += plan.segments_of(
            [i], start=start, end=start + round(length * HOUR), per_day=_PER_HOUR * 24
        )
    plan.add_issue(FAMILY, segments, kind="outage", ticket_rate=0.9, chained=True)
    plan.facts["hidden_cause"] = {
        "environments": [plan.environments[i].environment_id for i in hit],
        "chain": [t.masked for t in templates],
    }


SCENARIO = Scenario(
    name="S9",
    title="database pool exhausted, API 500, UI time-out; tickets speak of the UI only",
    trap="links to the UI error; cause reversed",
    answer="ticket linked to the database cause; order and direction right",
    injections=(exhaust_the_pool,),
)
