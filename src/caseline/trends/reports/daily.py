"""How many customers had an error on each day, and where its level shifted."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.estimation.exposure import in_production
from caseline.estimation.shifts import level_shifts
from caseline.records.windows import Window
from caseline.store.rollups import read_days
from caseline.trends.running import read_observed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from caseline.protocols import Engine
    from caseline.store.kinship import Kin
    from caseline.trends.reports.periods import Period
    from caseline.trends.reports.settings import ReportSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One signature's days.

    Args:
        signature_id: Which.
        days: All days of the period, and some before.
        customers: Distinct customers with it; None on days without anybody's logs.
        covered: Distinct customers with logs.
        level: Of the customers, between shifts; None where there is none.
        since: When the change began.
        kind: Of which kind it is.
        whom: customer_id of those who had it in the period.
    """

    signature_id: str
    days: tuple[date, ...]
    customers: tuple[float | None, ...]
    covered: tuple[int, ...]
    level: tuple[float | None, ...]
    since: datetime
    kind: str
    whom: tuple[str, ...]


def read_courses(
    engine: Engine,
    period: Period,
    changes: pl.DataFrame,
    kin: Kin,
    *,
    as_of: datetime | None,
    settings: ReportSettings,
) -> tuple[Course, ...]:
    """Return the days of the signatures that changed most, each once, and some days before."""
    first = changes.unique("signature_id", keep="first", maintain_order=True)
    chosen = first.head(settings.shown_rows)
    if chosen.is_empty():
        return ()
    before = timedelta(days=settings.drawn_before)
    window = Window(start=period.window.start - before, end=period.window.end)
    heads = chosen["signature_id"].to_list()
    members = {name: head for head in heads for name in kin.together([head])}
    rows = (
        read_days(engine, sorted(members), window=window, as_of=as_of)
        .filter(in_production(), pl.col("customer_id").is_not_null(), pl.col("events") > 0)
        .with_columns(pl.col("signature_id").replace(members).alias("head"))
    )
    first_day = window.start.date()
    last_day = (window.end - timedelta(microseconds=1)).date()
    days = tuple(first_day + timedelta(days=n) for n in range((last_day - first_day).days + 1))
    by_day = read_observed(engine, window, as_of).by_day()
    covered = tuple(by_day.get(day, 0) for day in days)
    return tuple(
        _course(row, days, covered, rows.filter(pl.col("head") == row["signature_id"]), period)
        for row in chosen.iter_rows(named=True)
    )


def _course(
    row: dict[str, Any],
    days: tuple[date, ...],
    covered: tuple[int, ...],
    rows: pl.DataFrame,
    period: Period,
) -> Course:
    daily = rows.group_by("day").agg(pl.col("customer_id").n_unique())
    counts = dict(daily.iter_rows())
    seen = [
        float(counts.get(day, 0)) if there or day in counts else None
        for day, there in zip(days, covered, strict=True)
    ]
    mine = rows.filter(pl.col("day") >= period.window.start.date())["customer_id"]
    return Course(
        signature_id=row["signature_id"],
        days=days,
        customers=tuple(seen),
        covered=covered,
        level=tuple(levels(seen)),
        since=row["since"],
        kind=row["kind"],
        whom=tuple(mine.unique().sort()),
    )


def levels(seen: Sequence[float | None]) -> list[float | None]:
    """Return the mean of the stretch that each value stands in; None where there is no value.

    >>> levels([1.0, 2.0, None, 1.0, 2.0] * 4 + [9.0, 8.0, 9.0, 10.0] * 4)[-1]
    9.0
    """
    known = np.array([i for i, value in enumerate(seen) if value is not None], dtype=np.int64)
    if not known.size:
        return [None] * len(seen)
    values = np.array([seen[i] for i in known.tolist()], dtype=np.float64)
    found: list[float | None] = [None] * len(seen)
    edges = [0, *level_shifts(values), len(values)]
    for low, high in itertools.pairwise(edges):
        mean = float(values[low:high].mean())
        for index in known[low:high].tolist():
            found[index] = mean
    return found
