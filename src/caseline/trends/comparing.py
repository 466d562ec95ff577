"""What all signatures did in a window, beside the window of the same length before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.estimation.exposure import other_stages
from caseline.estimation.rates import rate_ratio_interval
from caseline.records.windows import Window
from caseline.trends.running import read_observed

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.protocols import Engine

_COLUMNS = (
    "signature_id", "template", "events", "events_before", "customers", "customers_before",
    "hit_days", "hit_days_before", "ratio", "low", "high",
)  # fmt: skip


def compare_windows(
    engine: Engine, window: Window, *, as_of: datetime | None
) -> tuple[pl.DataFrame, list[str]]:
    """Return one row for each signature seen in *window* or in the one before it, and notes.

    The ends of both are moved back to whole hours.
    """
    start, end = (
        moment.replace(minute=0, second=0, microsecond=0) for moment in (window.start, window.end)
    )
    before = Window(start=start - (end - start), end=start)
    counted = engine.ask(
        "compared_windows",
        window=Window(start=before.start, end=end),
        as_of=as_of,
        middle=start,
        other_stages=list(other_stages()),
    )
    exposures = tuple(
        _customer_days(engine, span, as_of) for span in (Window(start=start, end=end), before)
    )
    notes = [
        f"customer-days with logs: {exposures[0]}, and {exposures[1]} before",
        "the ratio is that of customer-days with the signature, per customer-day with logs",
    ]
    frame = _with_ratio(counted, exposures).join(
        engine.ask("signature_texts", as_of=as_of, signature_ids=counted["signature_id"].to_list()),
        on="signature_id",
        how="left",
    )
    ranked = (pl.col("low") - 1).clip(lower_bound=0) + (1 / pl.col("high") - 1).clip(lower_bound=0)
    order = [ranked.fill_nan(0).fill_null(0), "hit_days", "signature_id"]
    return frame.sort(order, descending=[True, True, False]).select(_COLUMNS), notes


def _with_ratio(counted: pl.DataFrame, exposures: tuple[int, ...]) -> pl.DataFrame:
    if min(exposures) == 0:
        none = pl.lit(None, pl.Float64)
        return counted.with_columns(ratio=none, low=none, high=none)
    hits = (counted["hit_days"].to_numpy(), counted["hit_days_before"].to_numpy())
    found = rate_ratio_interval(hits, (float(exposures[0]), float(exposures[1])))
    names = ("ratio", "low", "high")
    return counted.with_columns(pl.Series(n, v) for n, v in zip(names, found, strict=True))


def _customer_days(engine: Engine, window: Window, as_of: datetime | None) -> int:
    return int(read_observed(engine, window, as_of).customers()["days"].sum())
