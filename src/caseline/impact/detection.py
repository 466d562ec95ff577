"""Which signatures stand out: the new ones, and those that jumped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.estimation.discoveries import q_values
from caseline.impact.jumps import Jumps, find_jumps
from caseline.impact.newness import with_chance
from caseline.impact.settings import read_weights

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.impact.history import History

_TIME = pl.Datetime("us", "UTC")


@cache
def detection_settings() -> dict[str, Any]:
    """Return the tables of ``weights/2026-11/detection.toml``."""
    return read_weights("detection")


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Signatures that stand out, and what could not be judged.

    Args:
        frame: signature_id, kind, severity, since, observed, expected, q_value.
        notes: One sentence each.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...]


def stand_out(history: History, *, since: datetime) -> Findings:
    """Return the signatures of *history* that are new since *since*, or jumped."""
    settings = detection_settings()
    budget = settings["budget"]
    notes = [f"at most {budget:.0%} of the new and of the jumps are expected to be false"]
    before, within = history.exposure[: history.past], history.exposure[history.past :]
    if (before > 0).sum() < settings["least_baseline_days"]:
        days = int((before > 0).sum())
        notes.append(f"only {days} days of logs before since: nothing to compare with")
        return Findings(frame=_no_findings(), notes=tuple(notes))
    new = _new(history, since=since, share=within.sum() / history.exposure.sum(), settings=settings)
    ratio = within[within > 0].mean() / before[before > 0].mean() if within.any() else 1.0
    low, high = settings["jump"]["exposure_bounds"]
    if not low <= ratio <= high:
        notes.append(f"customers with logs changed by a factor of {ratio:.2f}: jumps not judged")
        return Findings(frame=new, notes=tuple(notes))
    jumped = _jumped(history, since=since, settings=settings)
    return Findings(frame=pl.concat([new, jumped]), notes=tuple(notes))


_FOUND: dict[str, pl.DataType | type[pl.DataType]] = {
    "signature_id": pl.String,
    "kind": pl.String,
    "severity": pl.Int64,
    "first_seen": _TIME,
    "since": _TIME,
    "observed": pl.Float64,
    "expected": pl.Float64,
    "q_value": pl.Float64,
}


def _no_findings() -> pl.DataFrame:
    return pl.DataFrame(schema=_FOUND)


def _new(
    history: History, *, since: datetime, share: float, settings: dict[str, Any]
) -> pl.DataFrame:
    rules = settings["new"]
    severity = pl.col("severity").fill_null(rules["harmless_below"])
    grade = (severity >= rules["harmless_below"]).cast(pl.Int8) + (
        severity >= rules["severe_from"]
    ).cast(pl.Int8)
    budgets = [rules["harmless_budget"], settings["budget"], rules["severe_budget"]]
    totals = history.signatures.with_columns(
        pl.Series("customer_days", history.counts.sum(axis=1).astype(np.int64)),
        pl.Series("events", history.events),
        (pl.col("first_seen") >= since).alias("born"),
        grade.alias("class"),
    ).filter(pl.col("customer_days") > 0)
    budget = pl.col("class").replace_strict([0, 1, 2], budgets, return_dtype=pl.Float64)
    told = with_chance(totals, share=float(share)).filter(pl.col("born"), pl.col("q") <= budget)
    return told.select(
        "signature_id",
        pl.lit("new").alias("kind"),
        pl.col("severity").cast(pl.Int64),
        "first_seen",
        pl.col("first_seen").alias("since"),
        pl.col("customer_days").cast(pl.Float64).alias("observed"),
        pl.lit(0.0).alias("expected"),
        pl.col("q").alias("q_value"),
    ).cast(_FOUND)  # type: ignore[arg-type]


def _jumped(history: History, *, since: datetime, settings: dict[str, Any]) -> pl.DataFrame:
    old = (history.signatures["first_seen"] < since).to_numpy()
    active = old & (history.counts.sum(axis=1) >= settings["jump"]["least_total"])
    if not active.any():
        return _no_findings()
    found: Jumps = find_jumps(
        history.counts[active],
        history.exposure,
        past=history.past,
        weekday=history.days[0].weekday(),
        settings=settings["jump"],
    )
    frame = history.signatures.filter(pl.Series(active)).with_columns(
        pl.lit("jump").alias("kind"),
        pl.col("severity").cast(pl.Int64),
        pl.Series("since", [history.day(int(i)) for i in found.first], dtype=_TIME),
        pl.Series("observed", found.observed),
        pl.Series("expected", found.expected),
        pl.Series("q_value", q_values(found.p_values)),
    )
    return frame.filter(pl.col("q_value") <= settings["budget"]).select(
        pl.col(name).cast(dtype) for name, dtype in _FOUND.items()
    )
