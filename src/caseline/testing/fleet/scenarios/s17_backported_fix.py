"""S17: an error is fixed in 8.1.0 and backported to 8.0.1; a second one only in part.

Both are there since 7.4.0. Customers upgrade slowly: some to a version with the fix, some
from one affected version to another, some are in the middle of it, some only plan it; of
some nobody knows what they run. One environment that stayed on 8.0.0 shows the first error
again shortly before the end, after weeks of silence.

Trap: what is quiet is called fixed; the late event of 8.0.0 is called a regression; the
later one of two versions is called the fixed one, so that 8.0.1 or 8.1.0 is judged wrongly.
Right answer: who is still vulnerable, exactly; the late event is none of a regression; the
second error's fix is partial: 8.1.0 still shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from caseline.testing.fleet.plan import DAY, HOUR, Change, Segment, Span
from caseline.testing.fleet.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np

    from caseline.testing.fleet.plan import Plan

FAMILY, PARTIAL = "calendar_parse", "payment_duplicate"
FIXED, BACKPORT, SINCE = "8.1.0", "8.0.1", "7.4.0"
_STARTS = (("7.3.2", 0.1), ("7.4.0", 0.2), ("7.4.1", 0.25), ("8.0.0", 0.45))
_FATES = (
    ("fixed", 0.34),
    ("useless", 0.1),
    ("rolling", 0.06),
    ("planned", 0.1),
    ("lost", 0.06),
    ("stays", 0.34),
)
_RELEASED = 0.35
_ROLL = 12 * HOUR
_TOUCHED, _STILL, _REST = 0.75, 0.5, 0.4
_QUIET_TAIL = 3 * DAY


@dataclass(frozen=True, slots=True)
class _Course:
    """What becomes of an environment: its versions, and until when it is affected."""

    start: str
    fate: str
    at: int
    to: str
    until: int


def fix_and_backport(plan: Plan, rng: np.random.Generator) -> None:
    """Plant both errors, their fixes, and how the fleet takes them up."""
    plan.changes.clear()
    courses = {i: _draw_course(plan, rng) for i in plan.production()}
    for i, course in courses.items():
        _run(plan, i, course)
    for i, environment in enumerate(plan.environments):
        if i not in courses:  # other stages try the fix first
            released = plan.start + round(_RELEASED * plan.settings.days * DAY)
            environment.versions[:] = [("8.0.0", plan.start - 90 * DAY), (FIXED, released)]
    whole, part = [], []
    for i, course in courses.items():
        if rng.random() < _TOUCHED:
            whole += _struck(plan, i, course, float(rng.lognormal(0.2, 0.8)))
        if rng.random() < _TOUCHED:
            rate = float(rng.lognormal(0.4, 0.8))
            part += _struck(plan, i, course, rate)
            if _half_fixed(course) and rng.random() < _STILL:
                part += plan.segments_of(
                    [i], start=course.until, end=plan.end, per_day=rate * _REST
                )
    late = _late(plan, courses)
    first = plan.add_issue(FAMILY, [*whole, *late], vector=("version", "platform", SINCE))
    second = plan.add_issue(PARTIAL, part, vector=("version", "platform", SINCE))
    states = {plan.environments[i].environment_id: _state(c) for i, c in courses.items()}
    plan.facts["fix"] = {
        "family": first.family,
        "partial": second.family,
        "component": "platform",
        "fixed_in": [FIXED, BACKPORT],
        "affected_from": [SINCE],
        "states": states,
        "vulnerable": _customers(plan, states, "vulnerable"),
        "late": [plan.environments[s.environment].environment_id for s in late],
    }


def _half_fixed(course: _Course) -> bool:
    return (course.fate, course.to) == ("fixed", FIXED) and course.start != "7.3.2"


def _draw_course(plan: Plan, rng: np.random.Generator) -> _Course:
    starts, fates = ([name for name, _ in table] for table in (_STARTS, _FATES))
    start = starts[int(rng.choice(len(starts), p=[share for _, share in _STARTS]))]
    fate = fates[int(rng.choice(len(fates), p=[share for _, share in _FATES]))]
    released = plan.start + round(_RELEASED * plan.settings.days * DAY)
    at = released + round(float(rng.beta(1.0, 1.4)) * (plan.end - DAY - released))
    backport = start == "8.0.0" and rng.random() < 0.5  # noqa: PLR2004 - the nearer one, or the newer
    to = BACKPORT if backport else FIXED
    if start == "7.3.2":
        return _Course(start, "stays" if fate == "useless" else fate, at, FIXED, plan.start)
    if fate == "useless":
        return _Course(start, fate if start != "8.0.0" else "stays", at, "8.0.0", plan.end)
    if fate == "rolling":
        return _Course(start, fate, plan.end - 5 * HOUR, to, plan.end)
    return _Course(start, fate, at, to, at + _ROLL if fate == "fixed" else plan.end)


def _run(plan: Plan, place: int, course: _Course) -> None:
    environment = plan.environments[place]
    environment.versions[:] = [(course.start, plan.start - 60 * DAY)]
    if course.fate in ("fixed", "useless", "rolling"):
        plan.upgrade(place, course.to, course.at)
        plan.spans.append(  # the old one runs on while the upgrade rolls
            Span(
                environment=place,
                component="platform",
                kind="version",
                value=course.start,
                valid_from=course.at,
                valid_to=course.at + _ROLL,
            )
        )
    elif course.fate == "lost":
        plan.upgrade(place, "unknown", course.at)
    elif course.fate == "planned":
        start = plan.end + 2 * DAY
        plan.changes.append(
            Change(
                kind="release",
                component="platform",
                value=course.to,
                environments=(place,),
                starts_at=start,
                ends_at=start + DAY,
            )
        )


def _struck(plan: Plan, place: int, course: _Course, rate: float) -> list[Segment]:
    if course.start == "7.3.2":
        return []
    return plan.segments_of([place], start=plan.start, end=course.until, per_day=rate)


def _late(plan: Plan, courses: dict[int, _Course]) -> list[Segment]:
    """Return the segment of one that stays on 8.0.0 and shows the error at the very end."""
    staying = [i for i, c in courses.items() if (c.start, c.fate) == ("8.0.0", "stays")]
    place = next((i for i in staying if plan.tenants(i)), None)
    if place is None:
        return []
    plan.assured.add(place)
    start = plan.end - _QUIET_TAIL
    return plan.segments_of([place], start=start, end=plan.end, per_day=4.0)[:1]


def _state(course: _Course) -> str:
    if course.fate == "lost":
        return "unknown"
    if course.start == "7.3.2" or course.fate == "fixed":
        return "protected"
    return "upgrading" if course.fate in ("rolling", "planned") else "vulnerable"


def _customers(plan: Plan, states: dict[str, str], wanted: str) -> list[str]:
    return sorted(
        {
            plan.customers[t.customer].customer_id
            for t in plan.tenancies
            if states.get(plan.environments[t.environment].environment_id) == wanted
        }
    )


SCENARIO = Scenario(
    name="S17",
    title="fixed in 8.1.0, backported to 8.0.1; slow adoption; a late event; a partial fix",
    trap="regression alarm by a late event of 8.0.0; quiet is called fixed",
    answer="not a regression; still-vulnerable list exact; the partial fix found",
    injections=(fix_and_backport,),
    knobs={"everyday_issues": 3},
)
