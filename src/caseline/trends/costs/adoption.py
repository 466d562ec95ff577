"""How fast this fleet takes up a release: the share that runs it, by days since it came out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

_TIME = pl.Datetime("us", "UTC")
_DAY = 86_400e6


def upgrade_delays(
    spans: pl.DataFrame, now: datetime
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how long environments took from a version's first day anywhere to their own.

    Those that ran the component then and never took the version have not yet: their wait
    is cut off now. Versions that run from the beginning of what is known tell nothing.

    Args:
        spans: environment_id, value, valid_from of one component.
        now: The moment.

    Returns:
        (days, taken): days waited, and 1.0 where the version came, shape (n,).
    """
    begun = spans.with_columns(pl.col("valid_from").cast(_TIME)).filter(
        pl.col("valid_from").is_null() | (pl.col("valid_from") <= now)
    )
    own = begun.group_by("environment_id", "value").agg(pl.col("valid_from").min())
    there = begun.group_by("environment_id").agg(
        pl.col("valid_from").fill_null(pl.datetime(1, 1, 2, time_zone="UTC")).min().alias("since")
    )
    came = own.group_by("value").agg(pl.col("valid_from").min().alias("out"))
    if begun.is_empty():
        return np.zeros(0), np.zeros(0)
    known = came.filter(pl.col("out").is_not_null() & (pl.col("out") > there["since"].min()))
    pairs = known.join(there, how="cross").filter(pl.col("since") < pl.col("out"))
    waits = pairs.join(own, on=["environment_id", "value"], how="left").select(
        ((pl.col("valid_from").fill_null(now) - pl.col("out")).dt.total_microseconds() / _DAY)
        .alias("days"),
        pl.col("valid_from").is_not_null().cast(pl.Float64).alias("taken"),
    )  # fmt: skip
    return waits["days"].to_numpy(), waits["taken"].to_numpy()


def still_waiting(
    days: NDArray[np.float64], taken: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the share that has not taken a release so many days after it came out.

    Args:
        days: How long each waited, shape (n,).
        taken: 1.0 where it came, 0.0 where the wait was cut off.

    Returns:
        (times, shares): the share from each time on; before the first one it is 1.

    Source:
        E. L. Kaplan and P. Meier (1958), J. Am. Stat. Assoc. 53, 457-481.

    >>> times, shares = still_waiting(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 1.0]))
    >>> times.tolist(), shares.round(3).tolist()
    ([1.0, 3.0], [0.667, 0.0])
    """
    times = np.unique(days[taken > 0])
    waiting = (days[None, :] >= times[:, None]).sum(axis=1)
    came = ((days[None, :] == times[:, None]) & (taken > 0)[None, :]).sum(axis=1)
    return times, np.cumprod(1 - came / np.maximum(waiting, 1))


def draw_delays(
    days: NDArray[np.float64], taken: NDArray[np.float64], size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return *size* delays drawn from the curve; infinite where the curve does not end.

    >>> drawn = draw_delays(np.array([2.0]), np.array([1.0]), 3, np.random.default_rng(1))
    >>> drawn.tolist()
    [2.0, 2.0, 2.0]
    """
    times, shares = still_waiting(days, taken)
    level = rng.random(size)
    place = np.searchsorted(-shares, -level, side="left")
    return np.append(times, np.inf)[place]
