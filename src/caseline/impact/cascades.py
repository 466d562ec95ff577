"""Which signature of an issue brings which: its cascade, causes first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.impact.detection import detection_settings
from caseline.impact.ordering import causal_order, order_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.records.windows import Window

CASCADE: dict[str, pl.DataType | type[pl.DataType]] = {
    "issue_id": pl.String,
    "upstream_id": pl.String,
    "downstream_id": pl.String,
    "evidence": pl.String,
    "together": pl.Int64,
    "first": pl.Int64,
    "probability": pl.Float64,
}
_TIME = pl.Datetime("us", "UTC")


def with_order(
    engine: Engine,
    rows: Sequence[dict[str, Any]],
    hits: pl.DataFrame,
    *,
    window: Window,
    as_of: datetime | None,
) -> tuple[list[dict[str, Any]], pl.DataFrame]:
    """Return the issues with their signatures in causal order, and the pairs that say so.

    Args:
        engine: Where traces are.
        rows: Issues: issue_id, signature_ids, reasons and more.
        hits: signature_id, unit, first (hours since 1970): when each began where.
        window: Where to look for traces.
        as_of: Hide what was received later.

    Returns:
        The issues; and ``CASCADE``: one row for each pair of an issue's signatures that
        traces, or onsets at the same customers, put into an order.
    """
    rules = detection_settings()["cascade"]
    several = [row for row in rows if len(row["signature_ids"]) > 1]
    ids = sorted({name for row in several for name in row["signature_ids"]})
    found = pl.DataFrame(schema=CASCADE)
    if not several:
        return list(rows), found
    moments = engine.ask(
        "trace_firsts", window=window, as_of=as_of, signature_ids=ids, limit=rules["traces"]
    )
    onsets = hits.select(
        "unit",
        "signature_id",
        (pl.col("first") * 3_600_000_000).round().cast(pl.Int64).cast(_TIME).alias("first_at"),
    )
    ordered = []
    for row in rows:
        mine = pl.col("signature_id").is_in(row["signature_ids"])
        within = timedelta(hours=rules["within_hours"])
        pairs = order_pairs(moments.filter(mine), onsets.filter(mine), within=within)
        sure = pairs.filter(pl.col("probability") >= rules["sure_from"])
        found = pl.concat([found, _told(row["issue_id"], pairs)])
        names = causal_order(row["signature_ids"], pairs)
        ordered.append(row | {"signature_ids": names, "reasons": [*row["reasons"], *_said(sure)]})
    return ordered, found


def _told(issue_id: str, pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.select(
        pl.lit(issue_id).alias("issue_id"),
        pl.col("upstream").alias("upstream_id"),
        pl.col("downstream").alias("downstream_id"),
        "evidence",
        "together",
        "first",
        "probability",
    )


def _said(sure: pl.DataFrame) -> list[str]:
    """Say of the surest pair what comes before what."""
    places = {"traces": "traces", "onsets": "places that both struck"}
    return [
        f"{row['upstream']} comes before {row['downstream']} in {row['first']} of "
        f"{row['together']} {places[row['evidence']]}"
        for row in sure.head(1).iter_rows(named=True)
    ]
