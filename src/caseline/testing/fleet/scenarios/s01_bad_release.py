"""S1: a bad release rolled out in 4 waves over 3 weeks.

An error that every version has becomes several times as frequent with the release.
Waves go region by region, so that time, region and version grow together; the
fourth wave is planned and has not begun.

Trap: the region, or the passing of time, explains the growth as well.
Right answer: the vector is the release; a 90 % interval of the rate ratio covers the
truth in 85 to 95 % of seeds; customers of the next wave head the at-risk list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.errors import InputError
from caseline.testing.fleet.plan import DAY, Change
from caseline.testing.fleet.scenario import Scenario
from caseline.testing.fleet.world import REGIONS

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan

VERSION = "8.1.0"
FAMILY = "export_timeout"
_STARTS = (-20.0, -13.0, -6.0, 1.0)
_SPREAD_DAYS = 3.0
_STAYS = 0.15
_STRAYS = 0.2


def roll_out_bad_release(plan: Plan, rng: np.random.Generator) -> None:
    """Plant the release and the error that it makes more frequent."""
    if plan.settings.days < 22:  # noqa: PLR2004 - three waves and a day before them
        raise InputError(f"days is {plan.settings.days}; S1 needs at least 22")
    ratio = round(float(rng.uniform(3, 8)), 2)
    waves = _draw_waves(plan, rng)
    base = {i: float(rng.lognormal(-1.2, 0.7)) for i in plan.production()}
    upgraded = {
        i: plan.end + round(day * DAY) + round(rng.uniform(0, _SPREAD_DAYS) * DAY)
        for day, wave in zip(_STARTS, waves, strict=True)
        for i in wave
    }
    segments = []
    for i, rate in base.items():
        at = min(upgraded.get(i, plan.end), plan.end)
        segments += plan.segments_of([i], start=plan.start, end=at, per_day=rate)
        segments += plan.segments_of([i], start=at, end=plan.end, per_day=rate * ratio)
        if at < plan.end:
            plan.upgrade(i, VERSION, at)
    issue = plan.add_issue(FAMILY, segments, vector=("release", "platform", VERSION), steady=True)
    _announce(plan, waves)
    plan.facts["bad_release"] = {
        "family": issue.family,
        "version": VERSION,
        "rate_ratio": ratio,
        "waves": [_told(plan, wave) for wave in waves],
        "next_wave": _told(plan, waves[-1]),
    }


def _draw_waves(plan: Plan, rng: np.random.Generator) -> list[list[int]]:
    """Return the environments of each wave: mostly by region, some out of turn."""
    waves: list[list[int]] = [[] for _ in _STARTS]
    for i in plan.production():
        if rng.random() < _STAYS:
            continue
        turn = min(REGIONS.index(plan.environments[i].region), len(waves) - 1)
        stray = rng.random() < _STRAYS
        waves[int(rng.integers(len(waves))) if stray else turn].append(i)
    return waves


def _announce(plan: Plan, waves: list[list[int]]) -> None:
    for day, wave in zip(_STARTS, waves, strict=True):
        start = plan.end + round(day * DAY)
        plan.changes.append(
            Change(
                kind="release",
                component="platform",
                value=VERSION,
                environments=tuple(wave),
                starts_at=start,
                ends_at=start + round(_SPREAD_DAYS * DAY),
            )
        )


def _told(plan: Plan, wave: list[int]) -> dict[str, list[str]]:
    inside = set(wave)
    customers = {
        plan.customers[t.customer].customer_id for t in plan.tenancies if t.environment in inside
    }
    return {
        "environments": [plan.environments[i].environment_id for i in wave],
        "customers": sorted(customers),
    }


SCENARIO = Scenario(
    name="S1",
    title="bad release rolled out in 4 waves over 3 weeks",
    trap="time and region grow with the wave",
    answer="vector = the release; the interval of the rate ratio covers the truth; "
    "next-wave customers head the at-risk list before they are hit",
    injections=(roll_out_bad_release,),
)
