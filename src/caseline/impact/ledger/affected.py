"""How long customers were affected: hours with lines of the issue, and their worst stretches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from datetime import date

    from caseline.impact.ledger.evidence import Evidence
    from caseline.impact.settings import ImpactSettings

_DAY_HOURS = 24.0
_SCHEMA = {"customer_id": pl.String, "day": pl.Date, "hours": pl.Float64}


def affected_hours(evidence: Evidence, judged: pl.DataFrame) -> pl.DataFrame:
    """Return customer_id, day, hours: in how many hours of a day the issue showed.

    So many events, spread by chance over the time from the first to the last one of a
    day, fall into so many different hours. Lines that several customers share count for
    each by its probability of being hit.

    Args:
        evidence: The events.
        judged: customer_id, probability.
    """
    own = evidence.days.filter(pl.col("customer_id").is_not_null())
    shared = (
        evidence.days.filter(pl.col("customer_id").is_null(), pl.col("share_group").is_not_null())
        .drop("customer_id")
        .join(evidence.members.select("share_group", "customer_id"), on="share_group")
    )
    chance = judged.select("customer_id", pl.col("probability").cast(pl.Float64))
    return (
        pl.concat([_by_day(own, whole=True), _by_day(shared, whole=False)])
        .join(chance, on="customer_id")
        .with_columns(
            (pl.col("hours") * pl.when("whole").then(1.0).otherwise("probability")).alias("hours")
        )
        .group_by("customer_id", "day")
        .agg(pl.col("hours").max())
        .sort("customer_id", "day")
    )


def _by_day(rows: pl.DataFrame, *, whole: bool) -> pl.DataFrame:
    grouped = rows.group_by("customer_id", "day").agg(
        pl.col("events").sum(), pl.col("first_at").min(), pl.col("last_at").max()
    )
    length = (pl.col("last_at") - pl.col("first_at")).dt.total_seconds() / 3600 + 1
    slots = length.clip(1.0, _DAY_HOURS)
    hours = slots * (1 - (1 - 1 / slots) ** pl.col("events"))
    return grouped.select("customer_id", "day", hours.alias("hours"), pl.lit(whole).alias("whole"))


def worst_stretches(
    hours: pl.DataFrame, evidence: Evidence, settings: ImpactSettings
) -> dict[int, float]:
    """Return the share of covered customer-time that was affected in the worst stretch.

    For stretches of so many days each: the complement of windowed uptime, of customers.
    One that is longer than all days together is as long as these.

    Args:
        hours: customer_id, day, hours.
        evidence: Which customers were covered on which days.
        settings: The lengths of the stretches.

    Source:
        T. Hauer, P. Hoffmann, J. Lunney, D. Ardelean, A. Diwan (2020), Meaningful
        Availability, NSDI '20, 545-557.
    """
    seen = evidence.observed.by_day()
    by_day: dict[date, float] = {day: float(count) for day, count in seen.items()}
    hit = hours.group_by("day").agg(pl.len().alias("customers"), pl.col("hours").sum())
    bad = {row["day"]: row for row in hit.iter_rows(named=True)}
    if not bad:
        return dict.fromkeys(settings.stretches, 0.0)
    days = sorted({*by_day, *bad})
    first = days[0].toordinal()
    customers = np.zeros(days[-1].toordinal() - first + 1)
    lost = np.zeros_like(customers)
    for day in days:
        struck = bad.get(day, {"customers": 0, "hours": 0.0})
        customers[day.toordinal() - first] = max(by_day.get(day, 0.0), struck["customers"])
        lost[day.toordinal() - first] = struck["hours"]
    return {length: _worst(lost, customers, length) for length in settings.stretches}


def _worst(lost: np.ndarray, customers: np.ndarray, length: int) -> float:
    window = np.ones(min(length, lost.size))
    bad, there = (np.convolve(values, window, mode="valid") for values in (lost, customers))
    share = bad / np.maximum(_DAY_HOURS * there, _DAY_HOURS)
    return round(float(min(1.0, share.max())), 6)
