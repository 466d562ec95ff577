"""What a report cannot say, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.records.reports import Section
from caseline.trends.reports.voice import many, sentence

if TYPE_CHECKING:
    from caseline.trends.reports.material import Material
    from caseline.trends.reports.settings import ReportSettings
    from caseline.trends.reports.voice import Voice


def unknown_section(material: Material, voice: Voice) -> Section:
    """Return what is not known: silence, days that do not count, what more days would tell."""
    told = [
        *_silence(material, voice),
        *_running(material, voice),
        *_late(material, voice.settings),
        *_undetermined(material, voice),
        *_apart(material),
        *(f"Changes: {note}." for note in material.changes_notes),
    ]
    if material.period.planned_end > material.now:
        told.insert(0, f"The period goes on until {material.period.planned_end:%Y-%m-%d}: what "
                       "comes until then is not in here.")  # fmt: skip
    return Section(title="What is not known", sentences=tuple(told))


def _silence(material: Material, voice: Voice) -> list[str]:
    heard = material.heard
    if not heard.customers:
        return ["No customer has a place in production in the period."]
    told = []
    if heard.silent:
        silent = voice.of_all(len(heard.silent), heard.customers)
        named = (
            f": {', '.join(heard.silent[: voice.settings.shown_rows])}" if voice.internal else ""
        )
        told.append(sentence(f"{silent} sent no logs in the period: silent, not healthy{named}."))
    if heard.seldom:
        seldom = voice.of_all(heard.seldom, heard.covered)
        told.append(sentence(f"{seldom} with logs have them on less than half of the days."))
    return told


def _running(material: Material, voice: Voice) -> list[str]:
    uptake = material.uptake
    if uptake is None:
        return ["No version is known to run anywhere: nothing can be told of versions."]
    if not uptake.unknown:
        return []
    return [f"Of {voice.count(uptake.unknown)} no version is known at the end of the period."]


def _late(material: Material, settings: ReportSettings) -> list[str]:
    """Return which days are not complete."""
    frame = material.reported
    blind = frame.filter(pl.col("reported").is_null())
    if blind.height and blind.height == frame.height:
        days = many(frame.height, "day")
        return [f"How late logs come is not known: the last {days} may not be complete yet."]
    low = frame.filter(pl.col("reported") < settings.warn_below)
    if low.is_empty():
        return []
    first, last = low.row(0, named=True), low.row(-1, named=True)
    words = f"of {last['day']} {last['reported']:.0%} of the logs that will come"
    span = f"{first['day']} to {last['day']}"
    told = f"{many(low.height, 'day')} not complete ({span}; {words} are there)"
    return [f"{told}: do not trust a fall in them yet."]


def _undetermined(material: Material, voice: Voice) -> list[str]:
    rows = material.versions.filter(pl.col("verdict") == "undetermined")
    told = []
    if rows.height:
        pairs = many(rows.height, "pair")
        errors = many(rows["signature_id"].n_unique(), "error")
        told.append(
            f"Of {pairs} of a change and an error ({errors}) too few customers or days tell "
            "whether one did the other."
        )
    for row in rows.sort("events", descending=True).head(voice.settings.told_rows).to_dicts():
        reasons = voice.reasons(row["reasons"])
        pair = (
            f"{voice.value(row['component'], row['value'])} and {voice.name(row['signature_id'])}"
        )
        told += [f"{sentence(pair)}: {'; '.join(reasons)}."] if reasons else []
    for mended in material.fixes:
        verdict = mended.verdict
        if verdict.verdict == "cannot tell" and verdict.needed:
            when = f", about {verdict.needed_until}" if verdict.needed_until is not None else ""
            told.append(
                f"Whether {voice.name(verdict.issue_id)} is fixed takes {verdict.needed} more "
                f"customer-days with the fix and without an event{when}."
            )
    return told


def _apart(material: Material) -> list[str]:
    if material.apart:
        return [f"{material.apart} changes are of services of other products: left out."]
    return []
