"""The report in one paragraph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.trends.costs.ledger import UNEXPLAINED
from caseline.trends.reports.growing import cause, hit, passing
from caseline.trends.reports.releases import of_release
from caseline.trends.reports.spending import fix_counts
from caseline.trends.reports.voice import hours, many

if TYPE_CHECKING:
    from caseline.trends.reports.material import Material
    from caseline.trends.reports.voice import Voice

_RISING = ("emerging", "escalating")
_FALLING = ("resolving", "gone")


def summarize(material: Material, voice: Voice) -> str:
    """Return the report in one paragraph: words with numbers."""
    heard = material.heard
    if not heard.covered and not material.cost.total_hours:
        return (
            "There is nothing to tell, because no logs of production and no tickets are there for "
            "these days: that is silence, not health."
        )
    logs = f"Logs of {voice.of_all(heard.covered, heard.customers)} are there"
    told = [f"{logs}, over {heard.days} days."]
    if material.period.release is not None:
        told.append(_released(material, voice))
    told += [*_changed(material, voice), *_spent(material, voice), *_fixed(material)]
    told += _first(material, voice)
    return " ".join(told)


def _released(material: Material, voice: Voice) -> str:
    period, rows = material.period, of_release(material)
    counts = {v: rows.filter(pl.col("verdict") == v).height
              for v in ("persistent", "improved", "transient", "undetermined")}  # fmt: skip
    runs = ""
    if material.uptake is not None:
        daily = material.uptake.daily
        runs = f" runs at {voice.of_all(daily['running'][-1], daily['known'][-1])};"
    if rows.is_empty():
        return f"{period.release}{runs} what it brought cannot be told: too few upgrades with logs."
    worse, noise = (many(counts[v], "error") for v in ("persistent", "transient"))
    return (
        f"{period.release}{runs} it made {worse} worse lastingly, {noise} in the first days only, "
        f"and {many(counts['improved'], 'error')} "
        f"better; of {counts['undetermined']} it cannot be told yet."
    )


def _changed(material: Material, voice: Voice) -> list[str]:
    frame = material.changes
    if not material.heard.covered:
        return []
    kinds = {kind: frame.filter(pl.col("kind") == kind).height for kind in frame["kind"].unique()}
    n = {kind: kinds.get(kind, 0) for kind in (*_RISING, "pulse", *_FALLING)}
    if frame.is_empty():
        return ["No error is known to have emerged, grown, faded or gone."]
    emerged, grew = many(n["emerging"], "error"), many(n["escalating"], "error")
    other = f"{n['pulse']} came and went, {n['resolving']} faded, {n['gone']} are gone"
    told = [f"{emerged} emerged and {grew} grew; {other}."]
    rising = frame.filter(pl.col("kind").is_in(_RISING))
    if rising.height:
        rows: list[dict[str, Any]] = rising.to_dicts()
        row = min(rows, key=lambda row: (passing(material, row), -hit(material, row)))
        whole = material.heard.covered
        since = f"since {row['since']:%Y-%m-%d}"
        why = cause(material, voice, row)[0]
        by = "" if why in ("none", "cannot tell", "not tested") else f", since {why}"
        told.append(
            f"The widest of these is {voice.name(row['signature_id'])}: at "
            f"{voice.of_all(hit(material, row), whole)} {since}{by}."
        )
    return told


def _spent(material: Material, voice: Voice) -> list[str]:
    ledger = material.cost
    if not ledger.total_hours:
        return ["No tickets were opened."]
    rest = ledger.unexplained_hours / ledger.total_hours
    spent, before = hours(ledger.total_hours), hours(material.cost_before)
    unexplained = f"of which {rest:.0%} nothing explains"
    told = [f"Support spent {spent} hours ({before} in the stretch before), {unexplained}."]
    frame = ledger.to_frame()
    if not frame["cost"].null_count():
        told[0] += f" That is {frame['cost'].sum():,.0f} in money."
    causes = frame.filter(pl.col("kind") != UNEXPLAINED)
    if causes.height:
        top = causes.row(0, named=True)
        told.append(
            f"The costliest cause is {voice.name(top['id'])} with {hours(top['hours'])} hours "
            f"({hours(top['low'])} to {hours(top['high'])})."
        )
    return told


def _fixed(material: Material) -> list[str]:
    counts = fix_counts(material)
    if not material.fixes:
        return []
    words = ", ".join(f"{n} {verdict}" for verdict, n in counts.items() if n)
    saved = [m.gain for m in material.fixes if m.gain is not None and m.gain.hours > 0]
    gained = f"; they saved {hours(sum(g.hours for g in saved))} support hours" if saved else ""
    return [f"Fixes: {words}{gained}."]


def _first(material: Material, voice: Voice) -> list[str]:
    rows = material.priorities.to_frame()
    if rows.is_empty():
        return []
    top = rows.row(0, named=True)
    avoids = f"{hours(top['avoidable_hours'])} hours ({hours(top['low'])} to {hours(top['high'])})"
    verb = {"fix": "fix", "adopt": "get customers to take up the fix of", "watch": "watch"}
    return [f"First {verb[top['action']]} {voice.name(top['id'])}: {avoids} in 90 days."]
