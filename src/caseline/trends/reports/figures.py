"""What of a report can be drawn, each with what it shows in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.records.figures import Figure
from caseline.trends.costs.ledger import UNEXPLAINED
from caseline.trends.reports.voice import hours

if TYPE_CHECKING:
    from caseline.trends.reports.daily import Course
    from caseline.trends.reports.material import Material
    from caseline.trends.reports.voice import Voice

_LABEL = 24


def figures_of(material: Material, voice: Voice) -> tuple[Figure, ...]:
    """Return the figures; those whose numbers could tell a customer are for the house only."""
    found = [_cost(material, voice)]
    drawn = material.courses[: voice.settings.drawn_changes]
    if voice.internal:
        found += [_course(n, course, voice) for n, course in enumerate(drawn, 1)]
    found.append(_adoption(material, voice))
    return tuple(figure for figure in found if figure is not None)


def _course(number: int, course: Course, voice: Voice) -> Figure:
    title = f"{voice.title(course.signature_id) or course.signature_id}: customers a day"
    known = [level for level in course.level if level is not None]
    marks: tuple[tuple[int, str], ...] = ()
    since = course.since.date()
    if course.days[0] <= since <= course.days[-1]:
        marks = ((course.days.index(since), f"{course.kind} since {since}"),)
    seen = [value for value in course.customers if value is not None]
    levels = list(dict.fromkeys(round(level, 1) for level in known))
    alt = (
        f"Customers a day with {voice.name(course.signature_id)}, {course.days[0]} to "
        f"{course.days[-1]}: {course.kind} since {since}; level "
        f"{', then '.join(f'{level:g}' for level in levels) or 'unknown'}; at most "
        f"{max(seen, default=0):.0f} on one day"
    )
    return Figure(
        name=f"change-{number}",
        title=title,
        labels=tuple(str(day) for day in course.days),
        series=(("customers with it", course.customers),),
        unit="customers",
        alt=alt,
        style="lines",
        levels=(("level", course.level),),
        marks=marks,
    )


def _cost(material: Material, voice: Voice) -> Figure | None:
    if not material.cost.total_hours:
        return None
    frame = material.cost.to_frame()
    causes = frame.filter(pl.col("kind") != UNEXPLAINED)
    shown = causes.head(voice.settings.costly_rows)
    rows = [(_short(voice, i), value) for i, value in shown.select("id", "hours").iter_rows()]
    others = float(causes["hours"].slice(voice.settings.costly_rows).sum())
    rows += [("other causes", others)] if others > 0 else []
    rows.append(("not explained", material.cost.unexplained_hours))
    words = "; ".join(f"{name} {hours(value)}" for name, value in rows)
    return Figure(
        name="cost",
        title="Support hours by cause",
        labels=tuple(name for name, _ in rows),
        series=(("hours", tuple(float(value) for _, value in rows)),),
        unit="hours",
        alt=f"Support hours by cause: {words}",
    )


def _adoption(material: Material, voice: Voice) -> Figure | None:
    uptake, period = material.uptake, material.period
    if uptake is None or period.release is None:
        return None
    daily = uptake.daily
    least = voice.settings.common_from
    known, running = daily["known"].to_list(), daily["running"].to_list()
    if not voice.internal:  # rounded down, so that no single customer's day can be told
        known, running = ([n // least * least for n in values] for values in (known, running))
    first, last = voice.count(running[0]), voice.of_all(running[-1], known[-1])
    return Figure(
        name="adoption",
        title=f"Customers that run {period.release}",
        labels=tuple(str(day) for day in daily["day"]),
        series=(
            ("run it", tuple(float(n) for n in running)),
            ("whose version is known", tuple(float(n) for n in known)),
        ),
        unit="customers",
        alt=f"Customers that run {period.release}: {first} on {daily['day'][0]}, {last} on "
        f"{daily['day'][-1]}",
        style="lines",
    )


def _short(voice: Voice, wanted: str) -> str:
    words = voice.title(wanted) or wanted
    return words if len(words) <= _LABEL else f"{words[: _LABEL - 1]}…"
