"""Which share of a place's lines reaches us, told by lines that come as steadily as a clock.

A heartbeat comes equally often wherever it comes. Where all of them come at a tenth of
the usual rate, one line in ten is kept, whatever the place's own business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from caseline.impact.settings import ImpactSettings
    from caseline.store.coverage import CoveredDays


def kept_lines(
    widespread: pl.DataFrame, covered: CoveredDays, settings: ImpactSettings
) -> pl.DataFrame:
    """Return environment_id, shows (1), kept, why: places that send a part of their lines.

    Args:
        widespread: signature_id, environment_id, events of signatures that many places have.
        covered: On which days logs were there.
        settings: How steady a line must be, and how much fewer count.

    >>> from datetime import date
    >>> from caseline.impact.settings import shipped_settings
    >>> from caseline.store.coverage import CoveredDays
    >>> places = [f"e{n}" for n in range(10)]
    >>> days = CoveredDays.of(pl.DataFrame(
    ...     {"environment_id": places, "day": [date(2026, 3, 1)] * 10}))
    >>> beats = pl.DataFrame({"signature_id": ["beat"] * 10, "environment_id": places,
    ...                       "events": [1440] * 9 + [144]})
    >>> kept_lines(beats, days, shipped_settings()).rows()
    [('e9', 1.0, 0.1, 'about 1 in 10 of its lines arrive, told by its most regular lines')]
    """
    days = pl.DataFrame(
        {"environment_id": covered.environments, "days": covered.bits.sum(axis=1)},
        schema={"environment_id": pl.String, "days": pl.Int64},
    ).filter(pl.col("days") > 0)
    rates = widespread.join(days, on="environment_id").with_columns(
        (pl.col("events") / pl.col("days")).alias("rate")
    )
    rate = pl.col("rate")
    usual = (
        rates.group_by("signature_id")
        .agg(
            pl.len().alias("places"),
            rate.median().alias("usual"),
            (rate.quantile(0.75) / rate.quantile(0.25)).alias("spread"),
        )
        .filter(
            pl.col("places") >= settings.steady_places,
            pl.col("usual") >= settings.steady_daily,
            pl.col("spread") <= settings.steady_spread,
        )
    )
    found = (
        rates.join(usual, on="signature_id")
        .group_by("environment_id")
        .agg(
            (rate / pl.col("usual")).median().alias("kept"),
            (pl.col("usual") * pl.col("days")).sum().alias("expected"),
        )
        .filter(
            pl.col("kept") < settings.thinned_below,
            pl.col("expected") >= settings.thinned_lines,
        )
    )
    times = (1 / pl.col("kept")).round(1).cast(pl.String).str.strip_suffix(".0")
    why = pl.format("about 1 in {} of its lines arrive, told by its most regular lines", times)
    return found.sort("environment_id").select(
        "environment_id", pl.lit(1.0).alias("shows"), pl.col("kept").round(4), why.alias("why")
    )
