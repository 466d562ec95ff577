"""S5: every upgrade makes half an hour of noise; one real error comes with the release.

Trap: the noise, which follows each upgrade, is called a regression of the release.
Right answer: the noise is transient; the planted error, quieter and lasting, is found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.testing.fleet.plan import DAY, HOUR, MINUTE, Change, draw_some
from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan, Segment

VERSION = "8.1.0"
NOISE, ERROR = "upgrade_noise", "calendar_parse"
_LINES = 60
_MINUTES = 30
_UPGRADED = 0.5


def upgrade_half_the_fleet(plan: Plan, rng: np.random.Generator) -> None:
    """Upgrade half of the fleet in the middle of the history, some meet a lasting error."""
    moved = draw_some(rng, plan.production(), _UPGRADED)
    lasting: list[Segment] = []
    for environment in moved:
        at = plan.start + round(rng.uniform(0.3, 0.8) * (plan.end - plan.start))
        plan.upgrade(environment, VERSION, at)
        rate = float(rng.uniform(1, 4))
        lasting += plan.segments_of([environment], start=at + HOUR, end=plan.end, per_day=rate)
    plan.changes.append(
        Change(
            kind="release",
            component="platform",
            value=VERSION,
            environments=tuple(moved),
            starts_at=plan.start + round(0.3 * (plan.end - plan.start)),
            ends_at=plan.start + round(0.8 * (plan.end - plan.start)) + DAY,
        )
    )
    plan.add_issue(ERROR, lasting, vector=("release", "platform", VERSION))
    plan.facts["upgrade_noise"] = {"transient": NOISE, "persistent": ERROR, "version": VERSION}


def make_noise_at_upgrades(plan: Plan, _rng: np.random.Generator) -> None:
    """Let every upgrade in the history, of whatever version, be noisy for a while."""
    segments = [
        segment
        for i, environment in enumerate(plan.environments)
        for _, at in environment.versions[1:]
        for segment in plan.segments_of(
            [i], start=at, end=at + _MINUTES * MINUTE, per_day=_per_tenant(plan, i)
        )
    ]
    plan.add_issue(
        NOISE, segments, vector=("upgrade", "platform", ""), kind="noise", ticket_rate=0.02
    )


def _per_tenant(plan: Plan, environment: int) -> float:
    return _LINES * (DAY / MINUTE) / _MINUTES / max(1, len(plan.tenants(environment)))


SCENARIO = Scenario(
    name="S5",
    title="30 minutes of noise at each upgrade and one lasting error",
    trap="the noise is flagged as a regression",
    answer="the noise is transient; the planted error of the same release is found",
    injections=(upgrade_half_the_fleet, make_noise_at_upgrades),
)
