"""From an issue to the fix state of every environment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.impact.fixes.answers import FixStates
from caseline.impact.fixes.contradictions import (
    CONTRADICTIONS,
    days_by_version,
    find_contradictions,
)
from caseline.impact.fixes.judging import judge_by_logs, judge_by_record
from caseline.impact.fixes.reading import Running, chosen_component, read_running
from caseline.impact.fixes.recording import RecordedFix, read_fixes
from caseline.impact.fixes.settings import fix_settings
from caseline.impact.fixes.states import judge_places
from caseline.records.answers import Table
from caseline.store.kinship import read_kin

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from caseline.protocols import Engine


def track_fix(  # noqa: PLR0913 - the parts of the question
    engine: Engine,
    signature_ids: Sequence[str],
    *,
    wanted: str,
    component: str | None,
    now: datetime,
    as_of: datetime | None,
    recorded_in: Engine | None = None,
) -> FixStates:
    """Return the fix states of *wanted*, an issue or signature made of *signature_ids*.

    Where *engine* is a viewer's eyes, *recorded_in* may be those that see every record: a
    fix is the product's, whoever has met the error.
    """
    settings = fix_settings()
    kin = read_kin(engine, as_of=as_of)
    members = list(kin.together(tuple(signature_ids)))
    everywhere = read_running(engine, members, now=now, as_of=as_of)
    records = [
        fix
        for fix in read_fixes(recorded_in or engine, wanted, as_of=as_of)
        if component in (None, fix.component)
    ]
    fix = records[0] if records else None
    component = fix.component if fix else component or chosen_component(everywhere)
    running = _of_component(everywhere, component)
    versions = {*running.spans["value"], *running.changes["value"].drop_nulls()}
    notes = [*kin.notes(members), *_notes(records, component)]
    found = pl.DataFrame(schema=CONTRADICTIONS)
    exposed, struck, hits = days_by_version(running, now=now, settings=settings)
    if fix is None:
        judged = judge_by_logs(exposed, struck, settings)
        judged = pl.concat([judged, _unseen(versions - set(judged["version"]), judged)])
    else:
        judged = judge_by_record(versions | set(hits["version"]), fix.ranges)
        found = find_contradictions(running, judged, now=now, settings=settings)
        notes += _late(hits, judged, found)
    frame = judge_places(running, judged, now=now, settings=settings)
    return FixStates(
        _with_contradictions(frame, found),
        issue_id=wanted,
        component=component,
        fix=fix,
        versions=Table("versions", judged.sort("version"), as_of=now),
        contradictions=Table("contradictions", found, as_of=now),
        as_of=now,
        notes=notes,
    )


def _of_component(running: Running, component: str | None) -> Running:
    """Return what concerns *component* only; events whose version is none of its own are not."""
    mine = pl.col("component") == pl.lit(component, dtype=pl.String)
    spans = running.spans.filter(mine)
    own = spans.select("environment_id", pl.col("value").alias("version")).unique()
    return replace(
        running,
        spans=spans,
        changes=running.changes.filter(mine),
        hits=running.hits.join(own, on=["environment_id", "version"], how="semi"),
    )


def _unseen(versions: set[str], judged: pl.DataFrame) -> pl.DataFrame:
    """Return ``unknown`` for versions that nobody ran so far, such as planned ones."""
    rows = [(v, "unknown", None, f"{v} has not run anywhere yet") for v in sorted(versions)]
    return pl.DataFrame(rows, schema=judged.schema, orient="row")


def _notes(records: Sequence[RecordedFix], component: str | None) -> list[str]:
    if not records:
        if component is None:
            return ["no version of anything is known to run anywhere"]
        return [f"nobody recorded a fix: versions of {component} are judged by their logs"]
    others = sorted({fix.component for fix in records} - {component})
    more = [f"a fix is recorded for {name} as well: ask with component=" for name in others]
    by = f"recorded by {records[0].author} on {records[0].recorded_at.date().isoformat()}"
    return [f"fixed versions of {component} as {by}", *more]


def _late(hits: pl.DataFrame, judged: pl.DataFrame, found: pl.DataFrame) -> list[str]:
    """Say of events that came after the fix first ran where they are from."""
    told = hits.join(judged.select("version", "verdict"), on="version")
    notes = [reasons[0] for reasons in found["reasons"].to_list()]
    affected = told.filter(pl.col("verdict") == "affected")
    if affected.height and not notes:
        last: Any = affected["last_at"].max()
        notes.append(
            f"all events are of affected versions, the last one of {last:%Y-%m-%d}: no regression"
        )
    return notes


def _with_contradictions(frame: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Let each protected environment on a doubtful version say so."""
    if found.is_empty():
        return frame
    doubtful = found.select(
        pl.col("environments").alias("environment_id"),
        pl.col("version").alias("shown_on"),
        pl.col("kind").alias("doubt"),
        pl.col("probability").alias("seen"),
    ).explode("environment_id")
    joined = frame.join(
        doubtful,
        left_on=["environment_id", "version"],
        right_on=["environment_id", "shown_on"],
        how="left",
    )
    words = pl.format("{}: the error was seen here on {}", "doubt", "version")
    more = pl.concat_list(pl.when(pl.col("doubt").is_not_null()).then(words)).list.drop_nulls()
    return joined.with_columns(
        pl.col("reasons").list.concat(more),
        pl.max_horizontal("probability", "seen").alias("probability"),
    ).select(frame.columns)  # fmt: skip
