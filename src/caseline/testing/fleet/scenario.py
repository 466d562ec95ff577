"""What a scenario is: injections into a quiet fleet, its trap and its right answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from caseline.errors import NotFoundError

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan

Injection = Callable[["Plan", "np.random.Generator"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A fleet with something planted in it.

    Args:
        name: Short name, such as ``S1``.
        title: What happens, in a few words.
        trap: What a naive reader concludes.
        answer: What is right.
        injections: What changes the quiet fleet, in order.
        knobs: Settings that differ from the usual ones; a caller's own come after.

    >>> from caseline.testing.fleet import simulate
    >>> def two_bad_days(plan, rng):
    ...     hit = plan.segments_of(
    ...         plan.production()[:3], start=plan.at_day(1), end=plan.at_day(3), per_day=40
    ...     )
    ...     plan.add_issue("chunk_checksum", hit)
    >>> own = Scenario(name="own", title="two bad days", injections=(two_bad_days,))
    >>> fleet = simulate(own, customers=20, days=4, events_per_day=500, everyday_issues=0)
    >>> fleet.truth.issues["family"].to_list()
    ['chunk_checksum']
    """

    name: str
    title: str
    trap: str = ""
    answer: str = ""
    injections: tuple[Injection, ...] = ()
    knobs: Mapping[str, Any] = field(default_factory=dict)


def find_scenario(name: str | Scenario) -> Scenario:
    """Return the scenario of a *name*; a scenario is its own.

    Raises:
        NotFoundError: no scenario of that name.

    >>> find_scenario("S1").title
    'bad release rolled out in 4 waves over 3 weeks'
    """
    if isinstance(name, Scenario):
        return name
    # The scenarios' modules import this one.
    from caseline.testing.fleet.scenarios import SCENARIOS  # noqa: PLC0415

    if name not in SCENARIOS:
        raise NotFoundError.of("scenario", name, SCENARIOS)
    found: Scenario = SCENARIOS[name]
    return found
