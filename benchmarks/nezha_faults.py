"""A day of a real microservice system with injected faults: its lines, its faults.

Each line's message is what stands behind its time and the ids of trace and span; a
candidate is a signature at a service.
"""

from __future__ import annotations

import csv
import json
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import TextIOWrapper
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

import caseline
from caseline.impact.causes.delays import Delay
from caseline.impact.causes.evidence import Evidence
from caseline.impact.causes.features import FleetCounts
from caseline.impact.causes.recall import NO_LORE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINUTE = 1 / 60
WINDOW = timedelta(minutes=3)
"""Lines of each fault are there for the minute of its injection and two more."""
_POD = r"^(.*?)-[0-9a-f]{6,}-\w+$"
_CLOCK = r"^\d\d:\d\d:\d\d\.\d+ "
_IDS = r"TraceID: \w* SpanID: \w* ?"
_HASTY = Delay(hours=MINUTE, factor=MINUTE, tickets=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One injection."""

    at: datetime
    service: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """All of it.

    Args:
        lines: at, service, trace_id, severity, signature_id (with its service before it).
        faults: By time.
        templates: Of the signatures.
    """

    lines: pl.DataFrame
    faults: tuple[Fault, ...]
    templates: dict[str, str]


def read_day(folder: Path) -> Day:
    """Return the day in *folder*'s archive, its lines mined into signatures."""
    rows: list[tuple[int, str, str, str]] = []
    faults: list[Fault] = []
    with tarfile.open(next(folder.glob("*.tar.xz"))) as archive:
        for member in archive:
            opened = archive.extractfile(member) if member.isfile() else None
            if opened is None:
                continue
            text = TextIOWrapper(opened, encoding="utf-8", newline="")
            if member.name.endswith("fault_list.json"):
                faults += _faults(text)
            elif member.name.endswith("_log.csv"):
                rows += [
                    (int(r["TimeUnixNano"]), r["PodName"], r["TraceID"], _logged(r["Log"]))
                    for r in csv.DictReader(text)
                ]
    schema = ["nanos", "pod", "trace_id", "text"]
    frame = pl.DataFrame(rows, schema=schema, orient="row").unique(maintain_order=True)
    message = pl.col("text").str.replace(_CLOCK, "").str.replace(_IDS, "")
    level = pl.col("message").str.extract(r"^(\w+)")
    lines = frame.select(
        pl.from_epoch(pl.col("nanos") // 1000, time_unit="us")
        .dt.replace_time_zone("UTC").alias("at"),
        pl.col("pod").str.extract(_POD).fill_null(pl.col("pod")).alias("service"),
        "trace_id",
        message.alias("message"),
    ).with_columns(
        level.replace_strict({"ERROR": 17.0, "WARN": 13.0}, default=9.0).alias("severity")
    )  # fmt: skip
    mined = caseline.mine(lines["message"].to_list())
    names = pl.col("service") + " " + pl.Series("mined", mined.signature_ids)
    return Day(
        lines=lines.with_columns(names.alias("signature_id")).drop("message").sort("at"),
        faults=tuple(sorted(faults, key=lambda f: f.at)),
        templates=dict(mined.templates),
    )


def _logged(log: str) -> str:
    try:
        return str(json.loads(log)["log"]).strip()
    except (ValueError, KeyError, TypeError):
        return log.strip()


def _faults(text: TextIOWrapper) -> Iterator[Fault]:
    for listed in json.load(text).values():
        for fault in listed:
            at = datetime.strptime(fault["inject_time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            service = fault["inject_pod"].rsplit("-", 2)[0]
            yield Fault(at=at, service=service, kind=fault["inject_type"])


def evidence_of(day: Day, fault: Fault) -> Evidence:
    """Return what was known when a fault had lasted for its minutes: nothing of later.

    The system stands for the customer, the lines of earlier that day for its past:
    earlier faults are in it.
    """
    opened = fault.at.replace(second=0) + WINDOW
    now = pl.col("at")
    window = day.lines.filter(now >= fault.at, now < opened)
    earlier = day.lines.filter(now < fault.at)
    minutes = max(1, earlier["at"].dt.truncate("1m").n_unique())
    hours = (
        window.group_by("signature_id", pl.col("at").dt.truncate("1m").alias("hour"))
        .agg(
            pl.len().cast(pl.Float64).alias("seen"),
            pl.col("at").min().alias("first_at"),
            pl.col("at").max().alias("last_at"),
            pl.col("severity").sum().alias("graveness"),
            pl.len().cast(pl.Float64).alias("graded"),
        )
        .sort("signature_id", "hour")
    )
    past = earlier.group_by("signature_id").agg(
        pl.len().cast(pl.Float64).alias("before"),
        pl.col("severity").mean().alias("usual_severity"),
    )
    long_ago = day.lines["at"][0]
    return Evidence(
        opened_at=opened,
        text="",
        hours=hours,
        past=past,
        covered_days=minutes / (24 * 60),
        logged=(-(opened - fault.at) / timedelta(hours=1), 0.0),
        usual=[],
        lore=NO_LORE,
        named=(),
        spread=lambda ids: _spread(day, ids, long_ago),
        traces=lambda ids: _traces(pl.concat([earlier.tail(30_000), window]), ids),
        delay=_HASTY,
        spans=((3 * MINUTE, 0.0),),
        step_hours=MINUTE,
    )


def _spread(day: Day, ids: list[str], first_seen: datetime) -> FleetCounts:
    """Return that there is no fleet: one system, which has them all."""
    texts = pl.DataFrame(
        {
            "signature_id": ids,
            "template": [day.templates[name.split(" ", 1)[1]] for name in ids],
            "kind": ["log"] * len(ids),
            "first_seen": [first_seen] * len(ids),
        },
        schema_overrides={"first_seen": pl.Datetime("us", "UTC")},
    )
    none = pl.DataFrame({"signature_id": ids, "events": [0] * len(ids), "units": [1] * len(ids)})
    return FleetCounts(texts=texts, near=none, past=none, customers=1, share=1.0)


def _traces(lines: pl.DataFrame, ids: list[str]) -> pl.DataFrame:
    """Return in which order traces show signatures, as ``trace_order.sql`` does."""
    firsts = (
        lines.filter(pl.col("signature_id").is_in(ids), pl.col("trace_id") != "")
        .group_by("trace_id", "signature_id")
        .agg(pl.col("at").min())
    )
    pairs = firsts.join(firsts, on="trace_id", suffix="_other").filter(
        pl.col("signature_id") <= pl.col("signature_id_other")
    )
    earlier = pl.col("at") < pl.col("at_other")
    later = pl.col("at") > pl.col("at_other")
    return pairs.group_by("signature_id", "signature_id_other").agg(
        pl.len().cast(pl.Int64).alias("together"),
        earlier.sum().cast(pl.Int64).alias("ahead"),
        later.sum().cast(pl.Int64).alias("behind"),
    ).rename({"signature_id": "one_id", "signature_id_other": "other_id"})  # fmt: skip


def rank_of(service: str, scores: dict[str, float]) -> int:
    """Return the place of *service* among all that have a score, the middle one of equals."""
    own = scores.get(service)
    if own is None:
        return len(scores) + 1
    values = np.array(list(scores.values()))
    return int((values > own).sum() + (np.isclose(values, own).sum() + 1) / 2)
