"""How long before its ticket a customer's trouble usually begins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.impact.causes.settings import DelaySettings
    from caseline.protocols import Engine

_LEAST_HOURS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """How long a customer's troubles last before it writes.

    Args:
        hours: In the middle of its tickets.
        factor: That, relative to what is usual; within bounds.
        tickets: Of the customer, whose cause is known: 0 if only others tell it.
    """

    hours: float
    factor: float
    tickets: int


def shrunken(
    own: tuple[int, float], fleet: tuple[int, float], *, settings: DelaySettings
) -> tuple[float, float]:
    """Return the mean of log hours of a customer and of the fleet.

    Each stays near what is above it as long as it has few tickets: the customer near the
    fleet, the fleet near what ships.

    Args:
        own: Tickets, and the mean of their log hours.
        fleet: The same of all customers.
        settings: See ``[delay]``.
    """
    above = math.log(settings.hours)
    means = []
    for tickets, mean in (fleet, own):
        above = (tickets * mean + settings.weight * above) / (tickets + settings.weight)
        means.append(above)
    return means[1], means[0]


def read_delay(
    engine: Engine,
    customer: str,
    *,
    version: str | None,
    settings: DelaySettings,
    as_of: datetime | None,
) -> Delay:
    """Return the delay of *customer* as it was learned with the weights of *version*."""
    none = (0, 0.0)
    if version is None:
        rows: dict[str | None, tuple[int, float]] = {}
    else:
        found = engine.ask("cause_delay", as_of=as_of, version=version, customer=customer)
        rows = {row[0]: (row[1], row[2]) for row in found.rows()}
    own = rows.get(customer, none)
    mean, _ = shrunken(own, rows.get(None, none), settings=settings)
    low, high = settings.factor_bounds
    factor = min(high, max(low, math.exp(mean) / settings.hours))
    return Delay(hours=math.exp(mean), factor=factor, tickets=own[0])


def delay_rows(version: str, lags: list[tuple[str, float]]) -> pl.DataFrame:
    """Return what is kept of the *lags*: customer and hours, one of each known ticket.

    >>> delay_rows("m-1", [("c1", 1.0), ("c1", 1.0), ("c2", 1.0)])["tickets"].to_list()
    [3, 2, 1]
    """
    schema = {"customer_id": pl.String, "hours": pl.Float64}
    told = pl.DataFrame(lags, schema=schema, orient="row").with_columns(
        pl.col("hours").clip(_LEAST_HOURS).log()
    )
    counted = (pl.len().cast(pl.Int64).alias("tickets"), pl.col("hours").mean().alias("log_hours"))
    each = told.group_by("customer_id").agg(*counted).sort("customer_id")
    fleet = told.select(pl.lit(None, pl.String).alias("customer_id"), *counted)
    rows = pl.concat([fleet, each]).filter(pl.col("tickets") > 0)
    return rows.select(pl.lit(version).alias("version"), pl.all())
