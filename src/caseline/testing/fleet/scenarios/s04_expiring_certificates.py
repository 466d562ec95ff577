"""S4: certificates expire, at each site on a date of its own.

Trap: it looks like random spread, or like the release that runs at the same time.
Right answer: the vector is the date; the next sites and their dates; no version effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.testing.fleet.plan import DAY, MINUTE, Change
from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan

FAMILY = "certificate_expired"
COMPONENT = "ingress-certificate"
_SHARE = 0.7
_VALID_DAYS = 365
_AHEAD, _BEHIND = 20.0, 18.0
_REPAIR_DAYS = (0.2, 2.5)


def expire_certificates(plan: Plan, rng: np.random.Generator) -> None:
    """Give most single-tenant sites a certificate that ends on a day of its own."""
    dates: dict[int, int] = {}
    segments = []
    for i in plan.production(kind="single_tenant"):
        if rng.random() > _SHARE:
            continue
        ends = plan.end + round(rng.uniform(-_BEHIND, _AHEAD) * DAY)
        dates[i] = ends
        plan.changes.append(
            Change(
                kind="certificate",
                component=COMPONENT,
                value="expiry",
                environments=(i,),
                starts_at=ends,
                ends_at=ends,
            )
        )
        if ends < plan.end:
            repaired = min(plan.end, ends + round(rng.uniform(*_REPAIR_DAYS) * DAY))
            segments += plan.segments_of(
                [i], start=ends + MINUTE, end=repaired, per_day=float(rng.uniform(20, 80))
            )
    issue = plan.add_issue(FAMILY, segments, vector=("date", COMPONENT, "expiry"), ticket_rate=0.6)
    coming = sorted((at, i) for i, at in dates.items() if at >= plan.end)
    plan.facts["certificates"] = {
        "family": issue.family,
        "component": COMPONENT,
        "expired": [
            plan.environments[i].environment_id for i, at in dates.items() if at < plan.end
        ],
        "next": [
            {
                "environment_id": plan.environments[i].environment_id,
                "customer_id": plan.customers[plan.tenants(i)[0].customer].customer_id,
                "at": at / 1_000_000,
            }
            for at, i in coming
        ],
    }


SCENARIO = Scenario(
    name="S4",
    title="certificate expiry on a different date at each site",
    trap="looks like random spread or a release",
    answer="vector = date; next sites and dates; no version effect",
    injections=(expire_certificates,),
)
