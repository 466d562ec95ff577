"""Adds up: hours by what caused them, and the rest that nothing explains."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import polars as pl

from caseline.trends.costs.settings import cost_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

UNEXPLAINED = "unexplained"
LEDGER: dict[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.String,
    "kind": pl.String,
    "hours": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "share": pl.Float64,
    "tickets": pl.Float64,
    "customers": pl.Int64,
    "open_tickets": pl.Int64,
    "recorded_hours": pl.Float64,
    "assumed_hours": pl.Float64,
    "cost": pl.Float64,
    "cost_low": pl.Float64,
    "cost_high": pl.Float64,
    "reasons": pl.List(pl.String),
}


def add_up(tickets: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """Return the ledger: rows by hours, then what is unexplained; see ``LEDGER``.

    The rows' hours sum to the hours of all tickets. A row's variance is that of links that
    are right or wrong each by itself, share (1 - share) hours², and of hours that were
    assumed; its interval stays between what is certain and all that might be its.

    Args:
        tickets: See ``Books``; and rate: money for an hour, null for none.
        shares: ticket_id, kind, id, share, sure.
    """
    rest = tickets.join(
        shares.group_by("ticket_id").agg(pl.col("share").sum().alias("told")),
        on="ticket_id",
        how="left",
    ).select(
        "ticket_id",
        pl.lit(UNEXPLAINED).alias("kind"),
        pl.lit(UNEXPLAINED).alias("id"),
        (1 - pl.col("told").fill_null(0.0)).clip(lower_bound=0.0).alias("share"),
        pl.col("told").is_null().alias("sure"),
    )
    left = rest.filter(pl.col("share") > 1e-12)  # noqa: PLR2004 - what floats leave over
    joined = pl.concat([shares.select(rest.columns), left]).join(tickets, on="ticket_id")
    frame = _intervals(joined.group_by("kind", "id").agg(*_sums()))
    total = max(float(tickets["hours"].sum()), 1e-300)
    frame = frame.with_columns((pl.col("hours") / total).alias("share"))
    told = frame.with_columns(_reasons().alias("reasons"), *_money())
    last = pl.col("kind") == UNEXPLAINED
    return told.sort([last, -pl.col("hours"), "id"]).select(*LEDGER).cast(LEDGER)  # type: ignore[arg-type]


def _sums() -> list[pl.Expr]:
    share, hours = pl.col("share"), pl.col("hours")
    common = (share * pl.col("common_error")).sum()
    assumed = (share * pl.col("assumed_hours")).sum()
    variance = (
        share * (1 - share) * hours**2 + share**2 * pl.col("own_variance")
    ).sum() + common**2
    certain = share > 1 - 1e-9
    return [
        (share * hours).sum().alias("hours"),
        variance.alias("variance"),
        pl.when(certain).then(hours - pl.col("assumed_hours")).otherwise(0.0).sum().alias("least"),
        (hours + 3 * pl.col("own_variance").sqrt() + 3 * pl.col("common_error")).sum()
        .alias("most"),
        share.sum().alias("tickets"),
        pl.col("sure").sum().alias("confirmed"),
        pl.len().alias("linked"),
        pl.col("customer_id").n_unique().cast(pl.Int64).alias("customers"),
        pl.col("resolved_at").is_null().sum().cast(pl.Int64).alias("open_tickets"),
        assumed.alias("assumed_hours"),
        ((share * hours).sum() - assumed).alias("recorded_hours"),
        (share * hours * pl.col("rate")).sum().alias("money"),
        pl.col("rate").is_null().any().alias("free"),
    ]  # fmt: skip


def _intervals(frame: pl.DataFrame) -> pl.DataFrame:
    reach = NormalDist().inv_cdf(0.5 + cost_settings().level / 2) * pl.col("variance").sqrt()
    hours = pl.col("hours")
    return frame.with_columns(
        pl.min_horizontal(hours, pl.max_horizontal(hours - reach, "least")).alias("low"),
        pl.max_horizontal(hours, pl.min_horizontal(hours + reach, "most")).alias("high"),
    )


def _money() -> list[pl.Expr]:
    rate = pl.col("money") / pl.col("hours")
    priced = ~pl.col("free") & (pl.col("hours") > 0)
    return [
        pl.when(~pl.col("free")).then("money").alias("cost"),
        pl.when(priced).then(pl.col("low") * rate).alias("cost_low"),
        pl.when(priced).then(pl.col("high") * rate).alias("cost_high"),
    ]


def _reasons() -> pl.Expr:
    one = pl.col("linked") == 1
    tickets = pl.when(one).then(pl.lit("ticket")).otherwise(pl.lit("tickets"))
    linked = pl.format("{} {}, {} of them certainly its own", "linked", tickets, "confirmed")
    rest = pl.format("{} {} whose hours no link explains in full", "linked", tickets)
    assumed = pl.format("{} hours are assumed, not recorded", pl.col("assumed_hours").round(1))
    opened = pl.format("{} still open: only hours so far", "open_tickets")
    parts: Mapping[str, pl.Expr] = {
        "told": pl.when(pl.col("kind") == UNEXPLAINED).then(rest).otherwise(linked),
        "assumed": pl.when(pl.col("assumed_hours") > 0).then(assumed),
        "open": pl.when(pl.col("open_tickets") > 0).then(opened),
    }
    return pl.concat_list(list(parts.values())).list.drop_nulls()
