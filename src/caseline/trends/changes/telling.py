"""The changes as rows, each with its evidence in words and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.trends.changes.judging import Change
    from caseline.trends.changes.reading import Watched
    from caseline.trends.changes.witnesses import Witnesses

_TIME = pl.Datetime("us", "UTC")
FRAME: dict[str, Any] = {
    "signature_id": pl.String,
    "kind": pl.String,
    "since": _TIME,
    "since_low": _TIME,
    "since_high": _TIME,
    "until": _TIME,
    "noticed": _TIME,
    "ratio": pl.Float64,
    "ratio_low": pl.Float64,
    "ratio_high": pl.Float64,
    "customers": pl.Int64,
    "new_customers": pl.Int64,
    "customers_before": pl.Int64,
    "events": pl.Int64,
    "shape": pl.String,
    "evidence": pl.List(pl.String),
}
_HALF = 0.5


def frame_of(
    engine: Engine,
    watched: Watched,
    changes: Sequence[tuple[Change, Witnesses]],
    *,
    as_of: datetime | None,
) -> pl.DataFrame:
    """Return the rows, those that go on and hit most customers first: see ``Trends.changes``."""
    rows = [_row(watched, change, seen) for change, seen in changes]
    frame = pl.DataFrame(rows, schema=FRAME, orient="row")
    texts = engine.ask(
        "signature_texts", as_of=as_of, signature_ids=frame["signature_id"].to_list()
    )
    joined = frame.join(
        texts.select("signature_id", "template", "severity"), on="signature_id", how="left"
    )
    falling = pl.col("kind").is_in(["resolving", "gone"])
    return joined.sort(
        pl.col("until").is_not_null(), falling, "customers", "since", "signature_id",
        descending=[False, False, True, True, False],
    )  # fmt: skip


def _row(watched: Watched, change: Change, seen: Witnesses) -> dict[str, Any]:
    return {
        "signature_id": watched.daily.signatures["signature_id"][change.signature],
        "kind": change.kind,
        "since": watched.day(change.since),
        "since_low": watched.day(change.low),
        "since_high": watched.day(change.high),
        "until": None if change.until is None else watched.day(change.until),
        "noticed": watched.day(change.alarm),
        "ratio": change.ratio,
        "ratio_low": change.ratio_low,
        "ratio_high": change.ratio_high,
        "customers": seen.customers,
        "new_customers": seen.fresh,
        "customers_before": seen.before,
        "events": seen.events,
        "shape": "ramp" if change.ramp > _HALF else "step",
        "evidence": list(_evidence(watched, change, seen)),
    }


def _evidence(watched: Watched, change: Change, seen: Witnesses) -> list[str]:
    days = change.end - change.since
    limits = f"{change.ratio_low:.2g} to {change.ratio_high:.2g}"
    counted = f"{change.observed:.0f} customer-days with it on {days} days"
    told = [
        f"{counted}; {change.expected:.1f} expected at the rate before",
        f"rate ratio {change.ratio:.2g}, 90 % within {limits}",
    ]
    if change.kind == "emerging":
        told.append("not seen before")
    if change.kind in ("emerging", "escalating", "pulse"):
        told.append(
            f"{seen.customers} customers, {seen.fresh} of them without it in the weeks before; "
            f"the most events of one are {seen.most:.0%}"
        )
        if change.ramp > _HALF:
            told.append(f"it came bit by bit (probability {change.ramp:.2f})")
    else:
        told.append(
            f"of {seen.before} customers who had it, {seen.customers} still do; their logs are "
            f"there on {seen.heard:.0%} of the days that they were before"
        )
    told += [f"it rose further from {watched.day(day).date()} on" for day in change.again]
    if change.kind == "pulse" and change.until is None:
        told.append("one day so far: it may go on")
    told.append(
        f"noticed on {watched.day(change.alarm).date()}, log likelihood ratio {change.score:.1f}"
    )
    return told
