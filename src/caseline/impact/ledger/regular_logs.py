"""Whose logs come whether or not anything is wrong: only they can stand for the fleet.

Customers that send a bundle when they have a ticket are no random sample: more of them
are hit than of the others, and a share taken from them is too high.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.estimation.exposure import in_production

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.estimation.observed import Observed
    from caseline.impact.ledger.evidence import Evidence
    from caseline.impact.settings import ImpactSettings

_NAMES = {"customer_id": pl.String, "regular": pl.Boolean, "sick_only": pl.Boolean}


def regularity(evidence: Evidence, settings: ImpactSettings) -> pl.DataFrame:
    """Return customer_id, regular, sick_only: for every customer with a production place.

    regular: some place of it pushes its logs, or they are there on at least
    ``regular_share`` of the days. sick_only: they are not, and nearly all of the days
    that are there lie around its own tickets, which most days do not.
    """
    observed = evidence.observed
    if observed.pairs.is_empty():
        return pl.DataFrame(schema=_NAMES)
    length = max(1, observed.bits.shape[1])
    told = evidence.tenancies.filter(in_production()).select(
        "customer_id", "environment_id", (pl.col("telemetry") == "push").alias("push")
    )
    pushed = told.group_by("customer_id", "environment_id").agg(pl.col("push").any())
    days = pl.col("days")
    regular = pl.col("push").fill_null(value=False) | (days >= settings.regular_share * length)
    customers = (
        observed.places()
        .join(pushed, on=["customer_id", "environment_id"], how="left")
        .group_by("customer_id")
        .agg((regular & (days > 0)).any().alias("regular"), days.sum())
    )
    doubtful = customers.filter(~pl.col("regular") & (days > 0))["customer_id"]
    sick = _speaking_when_sick(observed, doubtful, evidence, settings)
    return customers.select(
        "customer_id", "regular", pl.col("customer_id").is_in(sick.implode()).alias("sick_only")
    ).sort("customer_id")


def _speaking_when_sick(
    observed: Observed, doubtful: pl.Series, evidence: Evidence, settings: ImpactSettings
) -> pl.Series:
    """Return those of the *doubtful* customers whose logs came only around their tickets."""
    if doubtful.is_empty():
        return doubtful
    asked = observed.pairs["customer_id"].is_in(doubtful.implode()).to_numpy()
    pairs, bits = observed.pairs.filter(pl.Series(asked)), observed.bits[asked]
    near = _near_tickets(replace(observed, pairs=pairs, bits=bits), evidence, settings)
    found = pairs.select(
        "customer_id",
        pl.Series("days", bits.sum(axis=1)),
        pl.Series("around", (bits & near).sum(axis=1)),
        pl.Series("usual", near.mean(axis=1)),
    )
    summed = found.group_by("customer_id").agg(
        pl.col("days", "around").sum(), pl.col("usual").mean()
    )
    return summed.filter(
        pl.col("around") >= settings.sick_share * pl.col("days"),
        pl.col("usual") <= settings.sick_usual,
    )["customer_id"]


def _near_tickets(
    observed: Observed, evidence: Evidence, settings: ImpactSettings
) -> NDArray[np.bool_]:
    """Return which days lie around a ticket of each pair's customer, shape (n_pairs, n_days)."""
    pairs, days = observed.bits.shape
    marks = np.zeros((pairs, days + 1), dtype=np.int64)
    opened = evidence.around.openings.join(
        observed.pairs.with_row_index("pair"), on="customer_id", suffix="_of_pair"
    )
    first = pl.lit(observed.first_day)
    day = (opened["opened_at"].dt.date().to_frame().select(pl.first() - first)).to_series()
    number = day.dt.total_days().to_numpy()
    pair = opened["pair"].to_numpy()
    low = np.clip(number - settings.ticket_days_before, 0, days)
    high = np.clip(number + settings.ticket_days_after + 1, 0, days)
    np.add.at(marks, (pair, low), 1)
    np.add.at(marks, (pair, high), -1)
    found: NDArray[np.bool_] = marks.cumsum(axis=1)[:, :days] > 0
    return found
