"""Incidents and fixes, over many seeds, beside what is usual.

Two incidents within four hours (S8): kept apart, beside one incident for each window;
their tickets, beside giving each to the louder one. How soon a batch's incident is told.
A backported fix (S17): who is still vulnerable, as recorded and as read off the logs,
beside calling fixed what has been quiet for two weeks.
"""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from fleet_feed import append_day, fed, signature_of
from harness import Row, Setting, entry, timed

from caseline.testing.fleet import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    import caseline
    from caseline.testing.fleet import Simulation

_SEEDS = range(100, 120)
_SMALL = {"customers": 40, "days": 18, "events_per_day": 100}
_ROLLED = {"customers": 50, "days": 24, "events_per_day": 100}
_LARGE = {"customers": 500, "days": 16, "events_per_day": 100}
_WINDOW = timedelta(hours=4)
_QUIET = timedelta(days=14)


def _mean(rows: list[dict[str, float]], name: str) -> list[float]:
    values = [row[name] for row in rows if name in row]
    return [sum(values) / len(values)] if values else [0.0]


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


@entry("impact-incidents")
def measure_incidents(setting: Setting) -> Iterator[Row]:
    """Two incidents at once, their tickets, and how soon they are told."""
    found = [_two_incidents(seed) for seed in _SEEDS]
    name = f"two incidents within 4 h ({len(found)} seeds)"
    for key, what, baseline in (
        ("apart", "kept apart", "one for each window"),
        ("whole", "both found, each in one piece", ""),
        ("precision", "tickets linked, rightly", "all to the louder one"),
        ("recall", "tickets of customers seen hit, linked", ""),
        ("unlinked", "vague or foreign tickets of others, unlinked", ""),
    ):
        yield Row(
            name=f"{name}: {what}",
            figures=_mean(found, key),
            unit="share",
            baseline=baseline,
            baseline_figures=_mean(found, f"{key} baseline") if baseline else (),
        )
    yield from _latency(setting.rounds)


def _two_incidents(seed: int) -> dict[str, float]:
    fleet = simulate("S8", seed=seed, **_SMALL)
    with (
        tempfile.TemporaryDirectory() as folder,
        fed(fleet, Path(folder) / "ws", by_template=True) as ws,
    ):
        ws.tickets.load(fleet.tickets, messages=fleet.messages)
        detected = list(ws.impact.detect(since=fleet.settings.end - timedelta(days=3)))
        mine = [{signature_of(i, k) for k in range(2)} for i in range(2)]
        rows = [[row for row in detected if set(row.signature_ids) & ids] for ids in mine]
        mixed = any(set(row.signature_ids) & mine[0] and set(row.signature_ids) & mine[1]
                    for row in detected)  # fmt: skip
        whole = all(len(part) == 1 and set(part[0].signature_ids) == ids
                    for part, ids in zip(rows, mine, strict=True))  # fmt: skip
        scores = {"apart": float(not mixed and all(rows)), "whole": float(whole and not mixed)}
        scores["apart baseline"] = float(_onset(fleet, 1) - _onset(fleet, 0) > _WINDOW)
        return scores | _tickets(fleet, ws, [part[0].issue_id for part in rows if part])


def _onset(fleet: Simulation, issue: int) -> datetime:
    onset: datetime = fleet.truth.issues["onset"][issue]
    return onset


def _tickets(fleet: Simulation, ws: caseline.Workspace, issues: list[str]) -> dict[str, float]:
    """Return how many tickets are linked rightly, and how many of those that could be are."""
    true = dict(fleet.truth.tickets.select("ticket_id", "issue_id").iter_rows())
    visible = set(fleet.truth.impact.filter(pl.col("events_visible") > 0)
                  .select("issue_id", "customer_id").iter_rows())  # fmt: skip
    owner = dict(fleet.tickets.select("ticket_id", "customer_id").iter_rows())
    names = ("issue-01", "issue-02")
    linked = [(t.ticket_id, names[i]) for i, issue in enumerate(issues)
              for t in ws.impact.tickets(issue)]  # fmt: skip
    right = sum(true[ticket] == name for ticket, name in linked)
    could = [t for t, name in true.items() if name in names and (name, owner[t]) in visible]
    got = {ticket for ticket, name in linked if true[ticket] == name}
    start = min(_onset(fleet, i) for i in range(2))
    near = fleet.tickets.filter(pl.col("opened_at") >= start)["ticket_id"].to_list()
    foreign = [t for t in near if true[t] not in names]
    all_linked = {ticket for ticket, _ in linked}
    loud = max(names, key=lambda n: fleet.truth.issues.filter(pl.col("issue_id") == n)
               ["events_visible"][0])  # fmt: skip
    return {
        "precision": _share(right, len(linked)),
        "recall": _share(len(got & set(could)), len(could)),
        "unlinked": _share(sum(t not in all_linked for t in foreign), len(foreign)),
        "precision baseline": _share(sum(true[t] == loud for t in near), len(near)),
    }


def _latency(rounds: int) -> Iterator[Row]:
    """Append the day that shows the incidents at 500 customers, and ask what is new."""
    fleet = simulate("S8", seed=_SEEDS[0], **_LARGE)
    taken = [_once(fleet) for _ in range(rounds)]
    figures = dict(zip(("append", "detect"), zip(*taken, strict=True), strict=True))
    for what, seconds in figures.items():
        name = f"500 customers, the day of the incidents: {what}"
        yield Row(name=name, figures=seconds, unit="s", better="lower")


def _once(fleet: Simulation) -> tuple[float, float]:
    """Return the seconds of an append, and of asking what is new after it."""
    last, since = fleet.settings.days - 2, fleet.settings.end - timedelta(days=3)
    with (
        tempfile.TemporaryDirectory() as folder,
        fed(fleet, Path(folder) / "ws", by_template=True, last_day=last) as ws,
    ):
        ws.impact.detect(since=since)
        append = timed(lambda: append_day(ws, fleet, last, by_template=True))
        found: list[Any] = []
        detect = timed(lambda: found.extend(ws.impact.detect(since=since)))
        if not found:
            raise AssertionError("the batch showed nothing")
        return append, detect


@entry("impact-fixes")
def measure_fixes(_: Setting) -> Iterator[Row]:
    """Who still runs what has the error."""
    found = [_backport(seed) for seed in _SEEDS]
    name = f"a backported fix ({len(found)} seeds)"
    for key, what, baseline in (
        ("exact", "vulnerable list exact, as recorded", "quiet for 14 days"),
        ("states", "states of environments right, as recorded", "quiet for 14 days"),
        ("inferred", "states of environments right, read off the logs", "quiet for 14 days"),
        ("calm", "no regression told of the late event", ""),
        ("partial", "partial fix found, where logs show it", ""),
    ):
        yield Row(
            name=f"{name}: {what}",
            figures=_mean(found, key),
            unit="share",
            baseline=baseline,
            baseline_figures=_mean(found, "exact baseline" if key == "exact" else "states baseline")
            if baseline
            else (),
        )


def _backport(seed: int) -> dict[str, float]:
    fleet = simulate("S17", seed=seed, **_ROLLED)
    fact = fleet.truth.facts["fix"]
    ranges: dict[str, Any] = {"component": fact["component"], "fixed_in": fact["fixed_in"],
                              "affected_from": fact["affected_from"], "by": "bench"}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, fed(fleet, Path(folder) / "ws") as ws:
        whole, part = signature_of(0), signature_of(1)
        read = {row.environment_id: row.state for row in ws.impact.fix_state(whole)}
        ws.impact.record_fix(whole, **ranges)
        ws.impact.record_fix(part, **ranges)
        states = ws.impact.fix_state(whole)
        told = {row.environment_id: row.state for row in states}
        partial = ws.impact.fix_state(part).contradictions
        calm = not any(row.version == "8.0.0" for row in states.contradictions) and not any(
            row.kind == "regression" for row in states.contradictions
        )
    true = {place: fact["states"][place] for place in told}
    quiet = _quiet_states(fleet, list(told))
    vulnerable = {place for place, state in true.items() if state == "vulnerable"}
    shown = _shown_on_fixed(fleet)
    scores = {
        "exact": float({p for p, s in told.items() if s == "vulnerable"} == vulnerable),
        "exact baseline": float({p for p, s in quiet.items() if s == "vulnerable"} == vulnerable),
        "states": _share(sum(told[p] == true[p] for p in true), len(true)),
        "inferred": _share(sum(read[p] == true[p] for p in true), len(true)),
        "states baseline": _share(sum(quiet[p] == true[p] for p in true), len(true)),
        "calm": float(calm),
    }
    if shown:
        scores["partial"] = float(any((r.version, r.kind) == ("8.1.0", "partial fix")
                                      for r in partial))  # fmt: skip
    return scores


def _quiet_states(fleet: Simulation, places: list[str]) -> dict[str, str]:
    """Return what a reader says who calls fixed what has been quiet for two weeks."""
    plan = fleet._plan
    day = fleet.settings.days - _QUIET.days
    counted = fleet._counted.filter((pl.col("issue") == 0) & (pl.col("visible") > 0))
    loud = set(counted.filter(pl.col("day") >= day)["environment"])
    names = {plan.environments[i].environment_id for i in loud}
    return {place: "vulnerable" if place in names else "protected" for place in places}


def _shown_on_fixed(fleet: Simulation) -> bool:
    """Return whether logs that arrive show the second error on 8.1.0, more than in passing."""
    plan = fleet._plan
    issue = plan.issues[1]
    counted = fleet._counted.filter((pl.col("issue") == 1) & (pl.col("visible") > 0))
    later = [i for i, s in enumerate(issue.segments) if s.start > plan.start]
    return bool(counted.filter(pl.col("segment").is_in(later))["visible"].sum() > 0)
