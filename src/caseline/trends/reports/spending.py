"""What it cost, what is fixed, what that saved, and what to fix first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.records.reports import Section
from caseline.trends.costs.ledger import UNEXPLAINED
from caseline.trends.reports.voice import between, hours, ratio

if TYPE_CHECKING:
    from caseline.trends.costs.answers import Counterfactual
    from caseline.trends.reports.material import Material
    from caseline.trends.reports.mending import Gain, Mended
    from caseline.trends.reports.voice import Voice

_VERDICTS = ("fixed", "partly", "not yet", "cannot tell")


def cost_section(material: Material, voice: Voice) -> Section:
    """Return what the tickets of the period cost, with the rest that nothing explains."""
    ledger = material.cost
    frame = ledger.to_frame()
    title = "What it cost"
    if not ledger.total_hours:
        return Section(title=title, sentences=("No ticket was opened in the period.",))
    tickets = float(frame["tickets"].sum())
    told = [
        (
            f"{hours(ledger.total_hours)} support hours on {voice.count(tickets, 'tickets')}, "
            f"{hours(material.cost_before)} in the stretch as long before."
        ),
        (
            f"{hours(ledger.unexplained_hours)} of them "
            f"({ledger.unexplained_hours / ledger.total_hours:.0%}) no link explains."
        ),
    ]
    if ledger.assumed_hours > 0:
        told.append(f"{hours(ledger.assumed_hours)} hours are assumed: nobody recorded them.")
    waiting = int(frame["open_tickets"].sum())
    if waiting:
        told.append("Tickets that are still open count with their hours so far only.")
    priced = frame["cost"].null_count() == 0
    told.append(_money(frame) if priced else "No price of an hour was given: hours only.")
    told += [_had_it_shipped(c, voice) for c in material.had_shipped]
    return Section(
        title=title,
        sentences=tuple(told),
        columns=("cause", "hours", "90 %", "share", "tickets", *(("money",) if priced else ())),
        rows=_ledger_rows(frame, voice, priced=priced),
    )


def _had_it_shipped(found: Counterfactual, voice: Voice) -> str:
    told = f"Had a fix of {voice.name(found.issue_id)} shipped on {found.fixed_on:%Y-%m-%d}, "
    if found.hours is None or found.high is None:
        return f"{told}nobody can tell what it would have avoided{_because(found, voice)}."
    return (
        f"{told}{hours(found.hours)} hours (90 %: {hours(found.low)} to {hours(found.high)}) of "
        f"{hours(found.spent_hours)} would have been avoided until now{_because(found, voice)}."
    )


def _because(found: Counterfactual, voice: Voice) -> str:
    reasons = voice.reasons(found.reasons)
    return f" ({'; '.join(reasons)})" if reasons else ""


def _money(frame: pl.DataFrame) -> str:
    return f"In money {frame['cost'].sum():,.0f}, at the given price of an hour."


def _ledger_rows(frame: pl.DataFrame, voice: Voice, *, priced: bool) -> tuple[tuple[Any, ...], ...]:
    """Return the costliest causes, then all others together, then what is unexplained."""
    causes = frame.filter(pl.col("kind") != UNEXPLAINED)
    shown = causes.head(voice.settings.costly_rows)
    others = causes.slice(voice.settings.costly_rows)
    rows = [_ledger_row(row, voice.name(row["id"]), voice) for row in shown.to_dicts()]
    if others.height:
        sums = others.select(pl.col("hours", "share", "tickets", "cost").sum()).row(0, named=True)
        rows.append(
            _ledger_row({**sums, "low": None, "high": None}, f"{others.height} other causes", voice)
        )
    rest = frame.filter(pl.col("kind") == UNEXPLAINED).to_dicts()
    rows += [_ledger_row(row, "no link explains it", voice) for row in rest]
    return tuple(row if priced else row[:-1] for row in rows)


def _ledger_row(row: dict[str, Any], name: str, voice: Voice) -> tuple[Any, ...]:
    limits = None if row["low"] is None else f"{hours(row['low'])} to {hours(row['high'])}"
    money = None if row["cost"] is None else f"{row['cost']:,.0f}"
    tickets = voice.count(row["tickets"], "tickets")
    return (name, hours(row["hours"]), limits, f"{row['share']:.0%}", tickets, money)


def fix_section(material: Material, voice: Voice) -> Section:
    """Return what is fixed, partly or not yet, what cannot be told, and what was gained."""
    title = "What is fixed, and what that gained"
    if not material.fixes:
        none = "Nobody recorded a fix, and nothing that faded asks for one."
        return Section(title=title, sentences=(none,))
    counts = fix_counts(material)
    told = [f"{', '.join(f'{n} {verdict}' for verdict, n in counts.items() if n)}."]
    told += [
        _gained(mended, mended.gain, voice)
        for mended in material.fixes
        if mended.gain is not None and mended.gain.hours > 0
    ]
    told += [
        f"{voice.name(m.verdict.issue_id)} came back with "
        f"{', '.join(voice.value(material.period.product, v) for v in m.verdict.regressed_in)}."
        for m in material.fixes
        if m.verdict.regressed_in
    ]
    for mended in material.fixes[: voice.settings.told_rows]:
        reasons = voice.reasons(mended.verdict.reasons)
        told += [f"{voice.name(mended.verdict.issue_id)}: {'; '.join(reasons)}."] if reasons else []
    columns = ("error", "verdict", "probability", "of the old rate", "running the fix",
               "customer-days needed", "fix known by")  # fmt: skip
    return Section(
        title=title,
        sentences=tuple(told),
        columns=columns,
        rows=tuple(_fix_row(m, voice, material.heard.covered) for m in material.fixes),
    )


def fix_counts(material: Material) -> dict[str, int]:
    """Return how many fixes have which verdict."""
    found = [m.verdict.verdict for m in material.fixes]
    return {verdict: found.count(verdict) for verdict in _VERDICTS}


def _fix_row(mended: Mended, voice: Voice, covered: int) -> tuple[Any, ...]:
    told = mended.verdict
    limits = None if told.ratio is None else f"{ratio(told.ratio)} ({between(told.low, told.high)})"
    until = f", about {told.needed_until}" if told.needed_until is not None else ""
    source = {"recorded": "a record", "inferred": "its logs", "none": "nobody"}[told.source]
    return (
        voice.name(told.issue_id),
        told.verdict,
        told.probability,
        limits,
        None if told.adoption is None else voice.share(told.adoption * covered, covered),
        f"{told.needed}{until}" if told.needed else None,
        source + (", in this release" if mended.in_release else ""),
    )


def _gained(mended: Mended, gain: Gain, voice: Voice) -> str:
    name = voice.name(mended.verdict.issue_id)
    limits = f"90 %: {hours(gain.low)} to {hours(gain.high)}"
    return (
        f"The fix of {name} saved {hours(gain.hours)} support hours ({limits}) on {gain.days} "
        f"customer-days, if tickets had come on as without it: {hours(gain.spent)} hours on "
        f"{gain.days_without} customer-days."
    )


_ACTIONS = {
    "fix": "fix",
    "adopt": "adopt: it is fixed, get customers to upgrade",
    "watch": "watch: it fell on nobody of late",
}


def first_section(material: Material, voice: Voice) -> Section:
    """Return what to do next, with what it avoids and why."""
    title = "What to fix first"
    rows = material.priorities.to_frame().to_dicts()
    notes = material.priorities.notes
    if not rows:
        return Section(title=title, sentences=("Nothing that asks for a fix is known.", *notes))
    told = [
        f"{row['rank']}. {_ACTIONS[row['action']]}: {voice.name(row['id'])}: {'; '.join(reasons)}."
        for row in rows[: voice.settings.told_rows]
        if (reasons := voice.reasons(row["reasons"]))
    ]
    priced = any(row["cost"] is not None for row in rows)
    columns = ("rank", "what to do", "error", "hours avoided", "90 %", "customers", "growth")
    table = tuple(_first_row(row, voice, priced=priced) for row in rows)
    return Section(
        title=title,
        sentences=(*told, *notes),
        columns=(*columns, "money") if priced else columns,
        rows=table,
    )


def _first_row(row: dict[str, Any], voice: Voice, *, priced: bool) -> tuple[Any, ...]:
    told = (
        row["rank"],
        row["action"],
        voice.name(row["id"]),
        hours(row["avoidable_hours"]),
        f"{hours(row['low'])} to {hours(row['high'])}",
        voice.count(row["customers"]),
        row["growth"],
    )
    return (*told, f"{row['cost']:,.0f}") if priced else told
