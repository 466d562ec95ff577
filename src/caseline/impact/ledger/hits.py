"""Who has events of an issue, for certain or shared with others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from caseline.impact.ledger.evidence import Evidence
    from caseline.impact.settings import ImpactSettings

_LEAST_REST = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """Whose the events are.

    Args:
        customers: customer_id, probability, events, shared_events, groups, sharers,
            first_seen, last_seen, versions, severity: one row for each customer with
            events of its own or shared ones.
        unplaced: environment_id, day, events: events that name no customer and no group.
        events: All events.
        unattributed: Events that belong to no customer, weights counted.
        groups_apart: Groups of sharers none of whom has events of its own.
    """

    customers: pl.DataFrame
    unplaced: pl.DataFrame
    events: int
    unattributed: float
    groups_apart: int


def find_hits(evidence: Evidence, settings: ImpactSettings) -> Hits:
    """Return whose the events of *evidence* are.

    An event with a customer is that customer's. An event of a share group counts its
    weight for each member: that one of them was hit is certain, which one is not. n
    such events miss a member of weight w with probability (1 - w)^n if they were
    drawn one by one; they are not, so the answer is held below
    ``most_from_shared``; and below ``most_from_explained`` where lines of the same
    signature on the same days do name members: a hit one would be named as well.
    """
    own = evidence.days.filter(pl.col("customer_id").is_not_null())
    shared = evidence.days.filter(
        pl.col("customer_id").is_null(), pl.col("share_group").is_not_null()
    )
    unplaced = evidence.days.filter(
        pl.col("customer_id").is_null(), pl.col("share_group").is_null()
    )
    members = evidence.members.rename({"customer_id": "member"})
    spread = shared.join(members, on="share_group")
    named = _named_beside(own, shared, spread, settings)
    spread = spread.join(named, on=list(_PLACE), how="left").with_columns(
        pl.col("explained").fill_null(value=False)
    )
    events = int(evidence.days["events"].sum())
    placed = float(own["events"].sum()) + float((spread["events"] * spread["weight"]).sum())
    known = own["customer_id"].unique().to_list()
    apart = spread.group_by("share_group").agg(pl.col("member").is_in(known).any().alias("known"))
    return Hits(
        customers=_by_customer(own, spread, settings),
        unplaced=unplaced.group_by("environment_id", "day").agg(pl.col("events").sum()),
        events=events,
        unattributed=max(0.0, events - placed),
        groups_apart=apart.filter(~pl.col("known")).height,
    )


_PLACE = ("share_group", "signature_id", "environment_id")


def _named_beside(
    own: pl.DataFrame, shared: pl.DataFrame, spread: pl.DataFrame, settings: ImpactSettings
) -> pl.DataFrame:
    """Return the columns ``_PLACE`` and explained: where lines that name members explain the rest.

    A few lines that name somebody explain no flood that names nobody.
    """
    by_member = own.group_by(
        "signature_id", "environment_id", "day", pl.col("customer_id").alias("member")
    ).agg(pl.col("events").sum().alias("named"))
    named = (
        spread.select(*_PLACE, "day", "member")
        .unique()
        .join(by_member, on=["signature_id", "environment_id", "day", "member"])
        .group_by(_PLACE)
        .agg(pl.col("named").sum())
    )
    enough = pl.col("named") >= settings.explained_from * pl.col("events")
    return (
        shared.group_by(_PLACE)
        .agg(pl.col("events").sum())
        .join(named, on=list(_PLACE))
        .filter(enough)
        .select(*_PLACE, pl.lit(value=True).alias("explained"))
    )


def _by_customer(own: pl.DataFrame, spread: pl.DataFrame, settings: ImpactSettings) -> pl.DataFrame:
    sizes = spread.group_by("share_group").agg(pl.col("member").n_unique().alias("sharers"))
    certain = own.select(
        "customer_id",
        pl.col("events").alias("own"),
        pl.lit(0.0).alias("expected"),
        pl.lit(0.0).alias("log_miss"),
        pl.lit(0.0).alias("log_miss_explained"),
        pl.lit(None, dtype=pl.String).alias("share_group"),
        pl.lit(None, dtype=pl.UInt32).alias("sharers"),
        *_TOLD,
    )
    missed = pl.col("events") * (1 - pl.col("weight")).clip(lower_bound=_LEAST_REST).log()
    possible = spread.join(sizes, on="share_group").select(
        pl.col("member").alias("customer_id"),
        pl.lit(0, dtype=pl.Int64).alias("own"),
        (pl.col("events") * pl.col("weight")).alias("expected"),
        pl.when(~pl.col("explained")).then(missed).otherwise(0.0).alias("log_miss"),
        pl.when("explained").then(missed).otherwise(0.0).alias("log_miss_explained"),
        "share_group",
        pl.col("sharers").cast(pl.UInt32),
        *_TOLD,
    )
    grouped = (
        pl.concat([certain, possible])
        .group_by("customer_id")
        .agg(
            pl.col("own").sum().alias("events"),
            pl.col("expected").sum().round(9).alias("shared_events"),
            pl.col("log_miss", "log_miss_explained").sum(),
            pl.col("share_group").n_unique().alias("groups")
            - pl.col("share_group").is_null().any(),
            pl.col("sharers").max(),
            _best("first_at").min().alias("first_seen"),
            _best("last_at").max().alias("last_seen"),
            _best("version").drop_nulls().unique().sort().alias("versions"),
            _best("severity").max().cast(pl.Int64),
            _best("day").n_unique().alias("event_days"),
        )
    )
    by_share = pl.max_horizontal(
        _hit_chance("log_miss", settings.most_from_shared),
        _hit_chance("log_miss_explained", settings.most_from_explained),
    )
    probability = pl.when(pl.col("events") > 0).then(1.0).otherwise(by_share)
    return (
        grouped.with_columns(probability.alias("probability"))
        .drop("log_miss", "log_miss_explained")
        .sort("customer_id")
    )


def _hit_chance(log_miss: str, most: float) -> pl.Expr:
    return 1 - pl.col(log_miss).clip(lower_bound=np.log1p(-most)).exp()


def _best(column: str) -> pl.Expr:
    """Return the values of a customer's own events, or of shared ones if it has none."""
    own = pl.col("own") > 0
    return pl.col(column).filter(own | ~own.any())


_TOLD = ("day", "version", "severity", "first_at", "last_at")
