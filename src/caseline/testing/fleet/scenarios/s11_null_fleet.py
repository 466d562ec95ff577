"""S11, the null fleet: some 500 kinds of lines, many versions, 12 plug-ins, nothing happens.

Trap: with so many signatures, versions and plug-ins, chance alone makes findings.
Right answer: no more findings than the stated level allows. Every finding is false.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan


def expect_nothing(plan: Plan, _rng: np.random.Generator) -> None:
    """Note that nothing is planted."""
    plan.facts["expected_findings"] = 0


SCENARIO = Scenario(
    name="S11",
    title="null fleet: nothing happens",
    trap="chance alone makes findings among so many signatures, versions and plug-ins",
    answer="false findings within the stated level",
    injections=(expect_nothing,),
    knobs={"everyday_issues": 0, "live_versions": 40},
)
