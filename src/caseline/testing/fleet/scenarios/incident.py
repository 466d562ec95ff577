"""Incident: a quiet fleet in which a release brings a new error on the last days.

Trap: the fleet's everyday troubles are louder, and only part of the upgraded
customers use the broken function.
Right answer: the new error, its customers, the release as its vector; tickets that
speak of orders that cannot be saved belong to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.testing.fleet.plan import DAY, HOUR, Change, draw_some
from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan

VERSION = "8.1.0"
_UPGRADED, _TOUCHED = 0.3, 0.7


def release_with_new_error(plan: Plan, rng: np.random.Generator) -> None:
    """Upgrade part of the fleet shortly before the end; most of it meets a new error."""
    moved = draw_some(rng, plan.production(), _UPGRADED)
    start = max(plan.start, plan.at_day(-4.0))
    segments = []
    for environment in moved:
        at = start + round(rng.uniform(0, 0.8) * DAY)
        plan.upgrade(environment, VERSION, at)
        rate = float(rng.lognormal(1.5, 0.8))
        hit = plan.segments_of([environment], start=at + HOUR, end=plan.end, per_day=rate)
        segments += [s for s in hit if rng.random() < _TOUCHED]
    wave = Change(
        kind="release",
        component="platform",
        value=VERSION,
        environments=tuple(moved),
        starts_at=start,
        ends_at=start + DAY,
    )
    plan.changes.append(wave)
    plan.add_issue(
        "order_save_deadlock", segments, vector=("release", "platform", VERSION), ticket_rate=0.5
    )
    plan.facts["incident"] = {"issue_id": "issue-01", "version": VERSION, "upgraded": len(moved)}


SCENARIO = Scenario(
    name="incident",
    title="a new error after a release, on the last days of a quiet fleet",
    trap="everyday troubles are louder; not every upgraded customer is hit",
    answer="the new error, its customers, the release",
    injections=(release_with_new_error,),
)
