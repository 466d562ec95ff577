"""S12: logs come late, usage later than errors; a release goes out two days before the end.

Places hand over each day's logs after hours, after days, or once a week on a day of their
own. Files that show the planted error are sent at once by a crash reporter. The error has
one unchanging rate at each place, whatever version runs there.

Trap: the last days look as if the error went away where its lines are still to come; and
the new release looks terrible, because its errors are there and its usage is not.
Right answer: the now-cast's interval covers what comes in the end; no verdict on the last
days, and none on the new release yet.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from caseline.testing.fleet.bundles import Bundle, Parcel, intact
from caseline.testing.fleet.plan import DAY, HOUR, Change, draw_some
from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from caseline.testing.fleet.plan import Plan

FAMILY, VERSION = "payment_duplicate", "8.1.0"
HABITS = ("hours", "days", "weekly")
_SHARES = (0.4, 0.35, 0.25)
_RELEASED, _UPGRADED = 2, 0.4
_PROMPT_HOURS = 1.5
_MEDIAN_HOURS = {"hours": 4.0, "days": 40.0}
_WEEK = 7


class LateCourier:
    """Hands over what shows an error at once, and all else by the habit of the place.

    Args:
        rng: Start of all chance.
        markers: Fixed parts of the error's lines.
    """

    def __init__(self, rng: np.random.Generator, markers: tuple[str, ...] = ()) -> None:
        self._seed = int(rng.integers(2**31))
        self._markers = tuple(marker.encode() for marker in markers)

    def habit(self, environment_id: str) -> str:
        """Return how *environment_id* sends its logs: ``hours``, ``days`` or ``weekly``."""
        return str(self._rng(environment_id).choice(HABITS, p=_SHARES))

    def usage_at(self, environment_id: str, collected_at: datetime) -> datetime:
        """Return when the logs that were collected at a moment arrive."""
        habit = self.habit(environment_id)
        rng = self._rng(environment_id, collected_at)
        if habit != "weekly":
            hours = _MEDIAN_HOURS[habit] * float(rng.lognormal(0, 0.6))
            return collected_at + timedelta(hours=hours)
        weekday = int(self._rng(environment_id, "weekday").integers(_WEEK))
        wait = (weekday - collected_at.weekday()) % _WEEK
        return collected_at + timedelta(days=wait, hours=float(rng.uniform(6, 12)))

    def error_at(self, environment_id: str, collected_at: datetime) -> datetime:
        """Return when the files that show the error arrive, of logs collected at a moment."""
        rng = self._rng(environment_id, collected_at, "error")
        prompt = collected_at + timedelta(hours=_PROMPT_HOURS * float(rng.lognormal(0, 0.6)))
        return min(prompt, self.usage_at(environment_id, collected_at))

    def deliver(self, bundle: Bundle) -> Iterator[Parcel]:
        """Yield the members of *bundle* that show the error, and then the others."""
        where, when = bundle.environment_id, bundle.collected_at
        shown = {path: data for path, data in bundle.members.items()
                 if any(marker in data for marker in self._markers)}  # fmt: skip
        rest = {path: data for path, data in bundle.members.items() if path not in shown}
        if shown:
            told = replace(bundle, members=shown, received_at=self.error_at(where, when))
            yield intact(told, path=f"bundles/{where}/{bundle.name}-errors.{bundle.kind}")
        if rest:
            yield intact(replace(bundle, members=rest, received_at=self.usage_at(where, when)))

    def _rng(self, *what: object) -> np.random.Generator:
        words = "/".join(map(str, what)).encode()
        return np.random.default_rng([self._seed, *words])


def plant_flat_error(plan: Plan, rng: np.random.Generator) -> None:
    """Give each place its own unchanging rate of the error, and all places their lateness."""
    segments = []
    for place in plan.production():
        rate = float(rng.lognormal(-0.7, 0.7))
        segments += plan.segments_of([place], start=plan.start, end=plan.end, per_day=rate)
    issue = plan.add_issue(FAMILY, segments, ticket_rate=0.05)
    markers = tuple(template.marker for template in issue.templates)
    plan.courier = lambda chance: LateCourier(chance, markers)
    plan.facts["late"] = {"family": FAMILY, "version": VERSION, "expected_changes": 0}


def release_at_the_end(plan: Plan, rng: np.random.Generator) -> None:
    """Upgrade a good part of the fleet within the last two days."""
    moved = draw_some(rng, plan.production(), _UPGRADED)
    begin = plan.end - _RELEASED * DAY
    for place in moved:
        plan.upgrade(place, VERSION, begin + round(rng.uniform(0, 12) * HOUR))
    plan.changes.append(
        Change(
            kind="release",
            component="platform",
            value=VERSION,
            environments=tuple(moved),
            starts_at=begin,
            ends_at=plan.end,
        )
    )


SCENARIO = Scenario(
    name="S12",
    title="late channels, usage later than errors, a release at the end",
    trap="'improving' at the right edge; the new release looks terrible",
    answer="the now-cast's interval covers the final count; no verdict yet",
    injections=(plant_flat_error, release_at_the_end),
    knobs={"push_share": 0.0, "none_share": 0.05, "bundle_days": 1, "missing_share": 0.02,
           "everyday_issues": 0},
)  # fmt: skip
