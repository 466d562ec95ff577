"""On how many customers each signature fell on each day: one matrix, read month by month."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.records.windows import Window
from caseline.store.kinship import Kin, read_kin
from caseline.store.monthly import months_between, next_month

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from caseline.protocols import Engine

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """What signatures did in production, day by day.

    Args:
        first: The day of the first column.
        signatures: signature_id, first_seen, severity: one row for each that was ever seen.
        counts: Distinct customers (or groups of them), shape (n_signatures, n_days).
        events: In all these days, shape (n_signatures,).
        kin: Which signatures are counted as another one: only that one is in the rows.
    """

    first: date
    signatures: pl.DataFrame
    counts: NDArray[np.float64]
    events: NDArray[np.int64]
    kin: Kin = field(default_factory=Kin)


def read_daily(
    engine: Engine,
    first: date,
    end: date,
    *,
    as_of: datetime | None,
    other_stages: Sequence[str],
) -> Daily:
    """Return the days from *first* to *end*, that one excluded.

    Months that nothing was added to since the last asking are not read again.

    Args:
        engine: Where the rollups are.
        first: The first day.
        end: The one after the last.
        as_of: Hide what was received later.
        other_stages: The stages that are not production.
    """
    kin = read_kin(engine, as_of=as_of)
    values: dict[str, Any] = {"other_stages": list(other_stages), **kin.lists()}
    births = engine.ask("signature_births", as_of=as_of, **values)
    months = months_between(first, max(first, end - _DAY))
    told = pl.concat([_month(engine, month, as_of, values) for month in months])
    rows = (
        births.with_row_index("index")
        .join(told, on="signature_id")
        .filter(pl.col("day") >= first, pl.col("day") < end)
    )
    counts = np.zeros((births.height, max(0, (end - first).days)))
    offsets = rows.select((pl.col("day") - pl.lit(first)).dt.total_days()).to_series()
    counts[rows["index"].to_numpy(), offsets.to_numpy()] = rows["units"].to_numpy()
    events = np.bincount(rows["index"], weights=rows["events"], minlength=births.height)
    return Daily(
        first=first, signatures=births, counts=counts, events=events.astype(np.int64), kin=kin
    )


def _month(
    engine: Engine, month: date, as_of: datetime | None, values: dict[str, Any]
) -> pl.DataFrame:
    window = Window(start=_midnight(month), end=_midnight(next_month(month)))
    ask = partial(
        engine.ask,
        "daily_units",
        window=window,
        as_of=as_of,
        first_day=window.start,
        last_day=window.end,
        **values,
    )
    if as_of is not None:
        return ask()
    key = f"daily units of {month:%Y-%m} {values}"
    return engine.remember(key, (f"months of {month:%Y-%m}", "signature_aliases"), ask)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
