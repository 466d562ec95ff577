"""How well it is told whether something is fixed, while a fleet takes up the fix.

Fleets of S17: one error is fixed in 8.1.0 and backported to 8.0.1, another one only in part.
They are asked while adoption goes on. A baseline calls fixed what was quiet for a week.
The method's constants were chosen by theory and looked at on seeds 1 and 2.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from fleet_feed import append_day, fed, signature_of
from harness import Row, Setting, entry

from caseline.testing.fleet import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEEDS = range(21, 26)
_SIZE: dict[str, Any] = {"customers": 100, "days": 60, "events_per_day": 100}
_FIRST, _EVERY, _QUIET = 24, 4, 7


@entry("trend-fixed")
def measure_fixed(_: Setting) -> Iterator[Row]:
    """Ask every few days, and look what each verdict was worth."""
    found: dict[str, list[float]] = defaultdict(list)
    for seed in _SEEDS:
        for key, values in _watch(seed).items():
            if values:
                found[key].append(float(np.mean(values)))
    name = f"is it fixed? ({len(_SEEDS)} seeds)"
    for key, what, baseline in (
        ("whole end", "the whole fix is called fixed at the end", "quiet end"),
        ("part end", "the partial fix is called partly at the end", ""),
        ("part not fixed", "the partial fix is never called fixed", "quiet part not fixed"),
        ("whole not accused", "the whole fix is never called partly or not yet, once it runs", ""),
        ("needed", "after the days said to be needed it is called fixed", ""),
        ("no regression", "no regression told of the late event", ""),
    ):
        if found[key]:
            yield Row(
                name=f"{name}: {what}",
                figures=found[key],
                unit="share",
                baseline="fixed when quiet" if baseline else "",
                baseline_figures=found[baseline] if baseline else (),
            )


def _watch(seed: int) -> dict[str, list[float]]:
    fleet = simulate("S17", seed=seed, **_SIZE)
    fact = fleet.truth.facts["fix"]
    ranges: dict[str, Any] = {"component": fact["component"], "fixed_in": fact["fixed_in"],
                              "affected_from": fact["affected_from"], "by": "bench"}  # fmt: skip
    whole, part = signature_of(0), signature_of(1)
    got: dict[str, list[float]] = defaultdict(list)
    due: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        fed(fleet, Path(folder) / "ws", now=fleet.settings.start, last_day=0) as ws,
    ):
        ws.impact.record_fix(whole, **ranges)
        ws.impact.record_fix(part, **ranges)
        ws._clock.advance(timedelta(days=_FIRST))  # type: ignore[attr-defined]
        for day in range(fleet.settings.days):
            append_day(ws, fleet, day)
            if day < _FIRST:
                continue
            ws._clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
            last = day == fleet.settings.days - 1
            if not last and (day - _FIRST) % _EVERY:
                continue
            one, other = ws.trends.fixed(whole), ws.trends.fixed(part)
            days = sum(r.customer_days for r in one.versions if r.has_fix)
            got["whole not accused"].append(one.verdict != "partly" and not (
                one.verdict == "not yet" and days > 0))  # fmt: skip
            got["part not fixed"].append(other.verdict != "fixed")
            got["quiet part not fixed"].append(not _quiet(ws, part, day, fleet))
            got["no regression"].append(not one.regressed_in)
            got["needed"] += [one.verdict == "fixed" for wanted in due if wanted <= days]
            due = [wanted for wanted in due if wanted > days]
            if one.verdict == "cannot tell" and one.needed:
                due.append(days + one.needed)
        got["whole end"].append(one.verdict == "fixed")
        got["part end"].append(other.verdict == "partly")
        got["quiet end"].append(_quiet(ws, whole, day, fleet))
    return got


def _quiet(ws: Any, name: str, day: int, fleet: Any) -> bool:
    """Return what a reader says who calls fixed what was quiet for a week."""
    end = fleet.settings.start + timedelta(days=day + 1)
    rows = ws.trends.series(name, by="customer", window=(end - timedelta(days=_QUIET), end))
    return sum(row.events or 0 for row in rows) == 0
