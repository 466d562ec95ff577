"""From what came when to what will have come: by channel and day, then put together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.estimation.tails import common_dispersion
from caseline.trends.nowcasting.delays import Lots, shares
from caseline.trends.nowcasting.finals import still_to_come

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from caseline.trends.nowcasting.settings import NowcastSettings

    Floats = NDArray[np.float64]

_EPOCH = date(1970, 1, 1)
_DAY_SECONDS = 86_400
_WEEK = 7
_SURE = 1e6
CAST: dict[str, pl.DataType | type[pl.DataType]] = {
    "group": pl.String,
    "day": pl.Date,
    "there": pl.Float64,
    "more": pl.Float64,
    "variance": pl.Float64,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """How much of each day has come, by channel.

    Args:
        last_day: The day of the last column: today.
        shares: Share that has come of each day, shape (n_days,), for each channel; one
            that no channel's past tells is absent.
        sizes: How sure each share is: a + b of a Beta distribution.
    """

    last_day: date
    shares: dict[str, Floats]
    sizes: dict[str, Floats]


def learn_delays(
    sources: Sequence[tuple[pl.DataFrame, int]],
    *,
    now: datetime,
    spread: float,
    settings: NowcastSettings,
) -> Arrived:
    """Return how much of each day has come by *now*.

    Args:
        sources: Units, and how many of them tell a channel's delays; the first one that
            has so many of a channel tells it. See ``UNITS``.
        now: The moment that is asked for.
        spread: How much wider than Poisson counts scatter.
        settings: The numbers that decide.

    Returns:
        See ``Arrived``; columns are the ``history_days`` up to today.
    """
    days, ages = _columns(now, settings.history_days)
    arrived = Arrived(last_day=now.date(), shares={}, sizes={})
    names = sorted({name for units, _ in sources for name in units["channel"].unique()})
    for name in names:
        lots = _best_lots(sources, name, now=now, settings=settings)
        if lots is None:
            continue
        share, size = np.ones(days.size), np.full(days.size, _SURE)
        young = ages < settings.horizon_days
        share[young], size[young] = shares(
            lots,
            days[young],
            ages[young],
            spread=spread,
            weekday_days=settings.share_weekday_days,
            least_size=settings.share_least_size,
        )
        arrived.shares[name], arrived.sizes[name] = share, size
    return arrived


def _best_lots(
    sources: Sequence[tuple[pl.DataFrame, int]],
    channel: str,
    *,
    now: datetime,
    settings: NowcastSettings,
) -> Lots | None:
    """Return what tells the delays of *channel*: its own past first, then that of all."""
    told = (pl.col("delay") <= settings.horizon_days) & ~pl.col("backfill")
    for mine in (pl.col("channel") == channel, pl.lit(value=True)):
        for units, least in sources:
            found = units.filter(told & mine)
            if found["day"].n_unique() < settings.least_days or found["weight"].sum() < least:
                continue
            day = found["day"].cast(pl.Int32).to_numpy().astype(np.int64)
            seconds = now.timestamp() - day * _DAY_SECONDS
            delay = found["delay"].to_numpy()
            return Lots(
                delay=delay,
                age=np.maximum(seconds / _DAY_SECONDS, delay),
                weight=found["weight"].to_numpy(),
                day=day,
            )
    return None


def _columns(now: datetime, count: int) -> tuple[NDArray[np.int64], Floats]:
    """Return the numbers of the *count* days up to today, and their ages."""
    last = (now.date() - _EPOCH).days
    days = np.arange(last - count + 1, last + 1, dtype=np.int64)
    ages: Floats = np.float64(now.timestamp() / _DAY_SECONDS) - days.astype(np.float64)
    return days, ages


def cast_days(
    units: pl.DataFrame,
    arrived: Arrived,
    *,
    spread: float,
    most_size: float,
    settings: NowcastSettings,
    since: date | None = None,
) -> pl.DataFrame:
    """Return for each group and day what is there and what is still to come.

    Args:
        units: group, channel, day, weight: what came.
        arrived: How much of each day has come, by channel.
        spread: How much wider than Poisson counts scatter, at the most.
        most_size: Shape of the scatter of a day's mean, at the most.
        settings: The numbers that decide.
        since: First day that counts for the usual level; each group's first one if None.

    Returns:
        See ``CAST``: a row for each group and day of the history. *more* and *variance*
        are null where a channel's delays are not known.
    """
    count = settings.history_days
    first = arrived.last_day - timedelta(days=count - 1)
    recent = units.filter(pl.col("day").is_between(first, arrived.last_day))
    groups = recent["group"].unique().sort()
    there = np.zeros((len(groups), count))
    more, variance = np.zeros_like(there), np.zeros_like(there)
    for channel in recent["channel"].unique().sort():
        mine = recent.filter(pl.col("channel") == channel)
        held = _dense(mine, groups, first, count)
        there += held
        if channel not in arrived.shares:
            more += np.nan
            continue
        share, size = arrived.shares[channel], arrived.sizes[channel]
        begin = None if since is None else max(0, (since - first).days)
        usual, scatter, day_spread = _usual(held, share, begin, spread, most_size, settings)
        young = np.flatnonzero(share < 1)
        for row in range(len(groups)):
            mean, var = still_to_come(
                held[row, young],
                share[young],
                size[young],
                usual[row, young],
                scatter=scatter,
                spread=day_spread,
            )
            more[row, young] += mean
            variance[row, young] += var
    days = pl.date_range(first, arrived.last_day, eager=True)
    return pl.DataFrame(
        {
            "group": groups.gather(np.repeat(np.arange(len(groups)), count)),
            "day": days.gather(np.tile(np.arange(count), len(groups))),
            "there": there.ravel(),
            "more": more.ravel(),
            "variance": np.where(np.isnan(more), np.nan, variance).ravel(),
        },
        schema=CAST,
    ).fill_nan(None)


def _dense(units: pl.DataFrame, groups: pl.Series, first: date, count: int) -> Floats:
    """Return the weight of *units*, shape (n_groups, n_days)."""
    numbered = units.join(groups.to_frame("group").with_row_index("row"), on="group",
                          nulls_equal=True)  # fmt: skip
    found = np.zeros((len(groups), count))
    column = (numbered["day"] - pl.Series([first])).dt.total_days().to_numpy()
    np.add.at(found, (numbered["row"].to_numpy(), column), numbered["weight"].to_numpy())
    return found


def _usual(
    held: Floats,
    share: Floats,
    begin: int | None,
    spread: float,
    most_size: float,
    settings: NowcastSettings,
) -> tuple[Floats, float, float]:
    """Return the usual total of each day, shape of *held*, and how days scatter around it.

    What customers differ by every day alike widens *spread*, but not how days scatter: where
    whole days scatter less than *spread* says, they are believed.
    """
    count = held.shape[1]
    starts = (held > 0).argmax(axis=1) if begin is None else np.full(held.shape[0], begin)
    known = np.arange(count) >= starts[:, None]
    factor = _weekday_factors(held.sum(axis=0), share, int(starts.min(initial=count)), settings)
    age = np.arange(count)[::-1]
    faced = known * (share * factor * 0.5 ** (age / settings.half_life_days))
    weighed = held * 0.5 ** (age / settings.half_life_days) * known
    level = weighed.sum(axis=1) / np.maximum(faced.sum(axis=1), 1e-12)
    ripe = known & (share >= settings.complete_from)
    mean = (held * ripe).sum(axis=1) / np.maximum((ripe * factor).sum(axis=1), 1e-12)
    expected = mean[:, None] * factor * ripe
    left = float(((held - expected)[ripe] ** 2).sum()) / max(float(expected.sum()), 1e-12)
    spread = float(np.clip(left, min(1.0, spread), spread))
    scattered = common_dispersion(held[ripe] / spread, expected[ripe] / spread)
    scatter = float(np.clip(1 / max(scattered, 1e-9), 1.0, most_size))
    return level[:, None] * factor * np.ones((held.shape[0], 1)), scatter, spread


def _weekday_factors(total: Floats, share: Floats, start: int, settings: NowcastSettings) -> Floats:
    """Return how each day's weekday differs from the mean of all, by days as good as complete."""
    place = np.arange(total.size) % _WEEK
    ripe = (share >= settings.complete_from) & (np.arange(total.size) >= start)
    if not total[ripe].sum() > 0:
        return np.ones(total.size)
    mean = float(total[ripe].mean())
    sums = np.bincount(place[ripe], weights=total[ripe], minlength=_WEEK)
    counts = np.bincount(place[ripe], minlength=_WEEK)
    mixed = settings.weekday_days
    factors: Floats = (sums / mean + mixed) / (counts + mixed)
    return factors[place]
