"""S18: a new version rewords and splits messages, lowers a level, begins to sample.

Trap: by their words one error is gone and another one is new; where only every tenth is
logged, an error seems nearly fixed. Beside them one error is truly fixed by the version,
and an unrelated one truly comes with it.
Right answer: the same issues by lineage, and no drop; the fixed one and the new one are
two.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from caseline.testing.fleet.plan import DAY, Change, draw_some
from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan, Segment

VERSION = "8.1.0"
REWORDED, SPLIT, MOVED, LEVEL, SAMPLED = (
    "chunk_checksum",
    "label_printer_reject",
    "export_timeout",
    "payment_duplicate",
    "pool_exhausted",
)
FIXED, NEW = "job_pool_starved", "calendar_parse"
_UPGRADED, _TOUCHED, _LOGGED = 0.6, 0.6, 0.1


def upgrade_in_the_middle(plan: Plan, rng: np.random.Generator) -> None:
    """Upgrade most of the fleet; the new version says some things in other words."""
    moved = draw_some(rng, plan.production(), _UPGRADED)
    length = plan.end - plan.start
    upgrades = {i: plan.start + round(rng.uniform(0.35, 0.65) * length) for i in moved}
    for environment, at in upgrades.items():
        plan.upgrade(environment, VERSION, at)
    plan.changes.append(
        Change(
            kind="release",
            component="platform",
            value=VERSION,
            environments=tuple(moved),
            starts_at=min(upgrades.values()),
            ends_at=max(upgrades.values()) + DAY,
        )
    )
    for family in (REWORDED, SPLIT, MOVED, LEVEL):
        _plant(plan, rng, family, upgrades, later=True)
    _plant(plan, rng, SAMPLED, upgrades, rates=(1.0, _LOGGED))
    _plant(plan, rng, FIXED, upgrades, rates=(1.0, 0.0))
    _plant(plan, rng, NEW, upgrades, rates=(0.0, 1.0))
    plan.facts["lineage"] = _facts(plan)


def _plant(
    plan: Plan,
    rng: np.random.Generator,
    family: str,
    upgrades: dict[int, int],
    *,
    later: bool = False,
    rates: tuple[float, float] = (1.0, 1.0),
) -> None:
    """Plant a trouble that goes on; *rates* scale its lines before upgrades and after."""
    known = plan.catalog.families[family]
    first, second = (0, len(known.templates)), (len(known.templates), len(known.later))
    segments: list[Segment] = []
    before, logged = rates
    for i in draw_some(rng, plan.production(), _TOUCHED):
        rate = float(rng.lognormal(1.6, 0.6))
        at = upgrades.get(i, plan.end)
        if before:
            segments += plan.segments_of([i], start=plan.start, end=at, per_day=rate * before)
        if i in upgrades and logged:
            new = plan.segments_of([i], start=at, end=plan.end, per_day=rate * logged)
            segments += [replace(s, said=second if later else None) for s in new]
    if later:
        segments = [s if s.said else replace(s, said=first) for s in segments]
    plan.add_issue(family, segments, steady=True, reworded=later, ticket_rate=0.2)


def _facts(plan: Plan) -> dict[str, object]:
    families = plan.catalog.families
    pairs = {
        kind: {
            "family": family,
            "from": [t.template_id for t in families[family].templates],
            "to": [t.template_id for t in families[family].later],
        }
        for kind, family in (("reworded", REWORDED), ("split", SPLIT), ("moved", MOVED))
    }
    return {
        "version": VERSION,
        **pairs,
        "level_changed": {"family": LEVEL},
        "sampled": {"family": SAMPLED, "ratio": _LOGGED},
        "coincidence": {"fixed": FIXED, "new": NEW},
    }


SCENARIO = Scenario(
    name="S18",
    title="messages reworded, split and moved, a level lowered, sampling begun by a version",
    trap="one gone and one new; a false drop",
    answer="the same issue by lineage; no drop claimed",
    injections=(upgrade_in_the_middle,),
    knobs={"everyday_issues": 2, "clock_skew_share": 0.0},
)
