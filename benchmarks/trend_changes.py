"""Changes told by a workspace, over simulated fleets with a known truth.

Quiet fleets with a full calendar (S10, S11): every change that is told is false. A bad
release, an upgrade's lasting error, a fix that is taken up: whether the right signature
is told, as what, and since when. Beside it, what a threshold on events says: a signature
whose last week has twice the events of the week before.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import polars as pl
from fleet_feed import fed, signature_of
from fleet_filling import filled
from harness import Row, Setting, entry

from caseline.testing.fleet import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import caseline

_SEEDS, _QUIET_SEEDS = range(40, 45), range(40, 42)
_DAYS = 84
_QUIET = {"customers": 80, "days": _DAYS, "events_per_day": 2_000}
_PLANTED = {"customers": 120, "days": _DAYS, "events_per_day": 100}
_RISING = ("emerging", "escalating")
_TWICE = 2.0


@entry("trend-changes")
def measure_changes(_setting: Setting) -> Iterator[Row]:
    """Measure false changes of quiet fleets, and planted ones that are found."""
    for name in ("S10", "S11"):
        found = [_quiet(name, seed) for seed in _QUIET_SEEDS]
        years = [row["signatures"] * _DAYS / 365 for row in found]
        yield Row(
            name=f"{name}: false changes per signature-year, {sum(years):.0f} years",
            figures=[sum(row["told"] for row in found) / sum(years)],
            unit="",
            better="lower",
            baseline="twice the events of a week before",
            baseline_figures=[sum(row["naive"] for row in found) / sum(years)],
        )
    for name, wanted in (("S1", _RISING), ("S5", _RISING), ("S17", ("resolving", "gone"))):
        planted = [_planted(name, seed, wanted) for seed in _SEEDS]
        right = [row["right"] for row in planted]
        yield Row(name=f"{name}: told as {wanted[0]}", figures=[sum(right) / len(right)], unit="")
        days = [row["days"] for row in planted if row["right"]]
        yield Row(
            name=f"{name}: of signatures told, planted ones",
            figures=[sum(row["planted"] for row in planted) / sum(row["told"] for row in planted)],
            unit="",
        )
        if name != "S17":  # a fix is taken up bit by bit: no day is the first
            yield Row(
                name=f"{name}: days from the release to the notice",
                figures=days or [float("nan")],
                unit="d",
                better="lower",
            )
    yield Row(
        name="changes, 120 customers, second asking",
        figures=[row["ms"] for row in planted],
        unit="ms",
        better="lower",
    )


def _quiet(name: str, seed: int) -> dict[str, int]:
    fleet = simulate(name, seed=seed, **_QUIET)
    with tempfile.TemporaryDirectory() as folder:
        ws = filled(fleet, Path(folder))
        told = ws.trends.changes(window=timedelta(days=_DAYS))
        names = {row.signature_id for row in ws.signatures.top(by="customers", limit=10_000)}
        naive = _doubled(ws, fleet.settings.start)
        ws.close()
    return {"told": len(told), "signatures": len(names), "naive": naive}


def _doubled(ws: caseline.Workspace, start: datetime) -> int:
    """Return how often a week has twice the events of the week before, and five more."""
    count = 0
    for week in range(2, _DAYS // 7):
        end = start + timedelta(days=7 * (week + 1))
        frame = ws.trends.compare(window=(end - timedelta(days=7), end)).to_frame()
        more = pl.col("events") >= _TWICE * pl.col("events_before")
        count += frame.filter(more, pl.col("events") - pl.col("events_before") >= 5).height  # noqa: PLR2004
    return count


def _planted(name: str, seed: int, wanted: tuple[str, ...]) -> dict[str, Any]:
    fleet = simulate(name, seed=seed, everyday_issues=3, **_PLANTED)
    with tempfile.TemporaryDirectory() as folder:
        ws = fed(fleet, Path(folder) / "ws")
        ws.trends.changes(window=timedelta(days=_DAYS))
        began = perf_counter()
        told = ws.trends.changes(window=timedelta(days=_DAYS))
        ms = 1000 * (perf_counter() - began)
        ws.close()
    first = signature_of(0)
    hits = [row for row in told if row.signature_id == first and row.kind in wanted]
    vectors = dict(fleet.truth.issues.select("issue_id", "vector_kind").iter_rows())
    planted = {
        signature_of(i) for i, kind in enumerate(vectors.values()) if kind not in ("none", "")
    }
    begun = min((c["starts_at"] for c in fleet.changes.to_dicts() if _of_release(c)), default=None)
    return {
        "right": bool(hits),
        "told": len(told),
        "planted": sum(row.signature_id in planted for row in told),
        "days": (hits[0].noticed - begun).days if hits and begun else 0.0,
        "ms": ms,
    }


def _of_release(change: dict[str, Any]) -> bool:
    return bool(change["kind"] == "release" and change["value"] == "8.1.0")
