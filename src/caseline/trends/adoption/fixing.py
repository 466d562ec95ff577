"""From an issue to the verdict on its fix."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.records.answers import Table
from caseline.records.windows import Window
from caseline.store.kinship import read_kin
from caseline.trends.adoption.answers import FixVerdict
from caseline.trends.adoption.comparing import verdict_of
from caseline.trends.adoption.judging import (
    Ground,
    adoption_speed,
    infer_ranges,
    regressed,
    versions_table,
)
from caseline.trends.adoption.reading import read_ranges, read_run, severe_days
from caseline.trends.adoption.settings import adoption_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from caseline.protocols import Engine
    from caseline.trends.adoption.comparing import Compared
    from caseline.trends.adoption.settings import AdoptionSettings

_BEFORE = timedelta(days=28)


def judge_fix(
    engine: Engine,
    signature_ids: Sequence[str],
    *,
    wanted: str,
    component: str | None,
    now: datetime,
    as_of: datetime | None,
) -> FixVerdict:
    """Return whether *wanted*, an issue or signature made of *signature_ids*, is fixed."""
    settings = adoption_settings()
    kin = read_kin(engine, as_of=as_of)
    members = kin.together(tuple(signature_ids))
    recorded = read_ranges(engine, wanted, component=component, as_of=as_of)
    if recorded is not None:
        component = recorded[1]
    run = read_run(engine, members, component=component, as_of=as_of)
    notes = list(kin.notes(members))
    ranges = recorded[0] if recorded else infer_ranges(run.days, settings)
    if recorded:
        source = "recorded"
        notes.append(f"versions of {recorded[1]} with the fix as recorded by {recorded[2]}")
    else:
        source = "none" if ranges is None else "inferred"
        notes.append("nobody recorded a fix" + _inferred(source, ranges))
    judge = ranges.judge if ranges else lambda _: "affected"
    ground = Ground(run.days, judge, settings)
    ground, silent = _without_silent(engine, ground, judge, as_of=as_of, settings=settings)
    notes += silent
    if run.stray:
        notes.append(f"{run.stray} events are left out: on their day the version that they name "
                     "did not run there, or not alone")  # fmt: skip
    sampled = engine.ask("sampled_signatures", as_of=as_of, signature_ids=members)
    return _answer(
        wanted, ground, source, now=now, notes=notes, sampled=sampled.height > 0, settings=settings
    )


def _inferred(source: str, ranges: Any) -> str:
    if source == "none":
        return ", and no version is told apart by its logs as one that has it"
    return f"; by the logs it came with {ranges.fixed_in[0]}"


def _without_silent(
    engine: Engine,
    ground: Ground,
    judge: Any,
    *,
    as_of: datetime | None,
    settings: AdoptionSettings,
) -> tuple[Ground, list[str]]:
    """Leave out places that log nothing severe any more since they run the fix."""
    if ground.fixed.is_empty() or ground.affected.is_empty():
        return ground, []
    first: Any = ground.fixed["day"].min()
    last: Any = ground.fixed["day"].max()
    start = datetime.combine(first, time(), UTC) - _BEFORE
    window = Window(start=start, end=datetime.combine(last, time(), UTC) + timedelta(days=1))
    severe = severe_days(engine, window, settings.silent_severity, as_of=as_of)
    own = ground.days.group_by("environment_id", "day").agg(
        pl.col("events").sum(), pl.col("state").first()
    )
    told = (
        own.filter(pl.col("day") >= start.date())
        .join(severe, on=["environment_id", "day"], how="left")
        .with_columns((pl.col("severe").fill_null(0) - pl.col("events")).clip(lower_bound=0))
    )
    fixed = pl.col("state") == "fixed"
    places = told.group_by("environment_id").agg(
        pl.col("severe").filter(~fixed).mean().alias("rate"),
        pl.col("severe").filter(fixed).sum().alias("seen"),
        fixed.sum().alias("days"),
        pl.col("events").filter(fixed).sum().alias("own"),
    )
    silent = places.filter(
        pl.col("rate") * pl.col("days") >= settings.silent_expected,
        pl.col("seen") == 0,
        pl.col("own") == 0,
    )["environment_id"]
    if silent.is_empty():
        return ground, []
    left = ground.days.filter(
        ~((pl.col("state") == "fixed") & pl.col("environment_id").is_in(silent.implode()))
    ).drop("state")
    words = f"{len(silent)} places log nothing severe any more since they run the fix: left out"
    return Ground(left, judge, settings), [words]


def _answer(  # noqa: PLR0913 - what an answer is made of
    wanted: str,
    ground: Ground,
    source: str,
    *,
    now: datetime,
    notes: list[str],
    sampled: bool,
    settings: AdoptionSettings,
) -> FixVerdict:
    found = ground.compared(ground.fixed)
    table = versions_table(ground, settings)
    back = regressed(table)
    verdict, probability, reasons = _decided(ground, found, table, back, sampled, settings)
    speed, adoption = adoption_speed(ground, now, settings)
    needed = found.needed if verdict in ("cannot tell", "fixed") and source != "none" else None
    until = None
    if needed:
        reasons.insert(0, f"{needed} more customer-days with the fix are needed, without an event")
        if speed > 0:
            until = now.date() + timedelta(days=int(np.ceil(needed / speed)))
            reasons.append(f"at {speed:.1f} customer-days a day that is about {until}")
    finite = np.isfinite(found.high)
    return FixVerdict(
        issue_id=wanted, verdict=verdict, probability=probability,
        ratio=found.ratio if finite else None, low=found.low if finite else None,
        high=found.high if finite else None, needed=needed, needed_until=until,
        adoption=adoption, source=source, regressed_in=back,
        versions=Table("versions", table, as_of=now), reasons=tuple(reasons), as_of=now,
        notes=tuple(notes + ground.told),
    )  # fmt: skip


def _decided(
    ground: Ground,
    found: Compared,
    table: pl.DataFrame,
    back: tuple[str, ...],
    sampled: bool,  # noqa: FBT001 - one of several facts
    settings: AdoptionSettings,
) -> tuple[str, float | None, list[str]]:
    if "fixed" not in ground.states.values() or ground.fixed.is_empty():
        running = "no version with a fix is known to run" if ground.days.height else "nothing runs"
        seen = int(ground.affected["events"].sum())
        if seen == 0:
            return "cannot tell", None, [f"{running}, and no event was seen: silence is no fix"]
        return "not yet", 1.0, [f"{running} anywhere with logs; {seen} events without it"]
    if float(ground.affected["events"].sum()) < settings.least_before:
        return "cannot tell", None, ["too few events before the fix to compare with"]
    verdict, probability = verdict_of(found, settings)
    without = f"where {found.expected:.1f} were expected without it"
    reasons = [
        f"{found.seen:.0f} events on {found.days:.0f} customer-days with the fix, {without}",
        f"up to {min(found.high, 1.0):.0%} of the old rate could go on unseen",
    ]
    shown = table.filter(pl.col("has_fix"), pl.col("verdict").is_in(["partly", "not yet"]))
    if back:
        reasons.insert(0, f"it came back with {', '.join(back)}")
    if shown.height and verdict != "not yet":
        some = table.filter(pl.col("has_fix"))["verdict"].is_in(["fixed", "partly"]).any()
        verdict = "partly" if some or verdict in ("fixed", "partly") else "not yet"
        names = ", ".join(shown["version"])
        reasons.insert(0, f"{names} should have the fix, and shows the error still")
        one = [
            verdict_of(ground.compared(ground.fixed.filter(pl.col("version") == name)), settings)[1]
            for name in shown["version"]
        ]
        probability = max((p for p in one if p is not None), default=probability)
    if verdict == "fixed" and sampled:
        return "cannot tell", None, ["a version logs only a sample: a drop is no fix", *reasons]
    return verdict, probability, reasons
