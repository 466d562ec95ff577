"""How fast releases are taken up: by each place's own habits, and by those of the fleet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

_TIME = pl.Datetime("us", "UTC")
_DAY = 86_400e6
_WAITS = {
    "environment_id": pl.String, "value": pl.String, "days": pl.Float64, "taken": pl.Boolean,
}  # fmt: skip


def upgrade_waits(spans: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Return how long places took from a release's first day anywhere to it or a later one.

    A release is a version that some place changed to. Each place that ran the component
    before the release came out waits; where nothing as new came by now, or by the end of
    what is known of the place, the wait is cut off.

    Args:
        spans: environment_id, value, valid_from, valid_to of one component.
        now: The moment.

    Returns:
        environment_id, value (the release), days (at least 0), taken (False: cut off).

    >>> from datetime import UTC, datetime
    >>> rows = {"environment_id": ["a", "a", "b"], "value": ["1", "2", "1"],
    ...         "valid_from": [None, datetime(2026, 3, 1), None], "valid_to": [None] * 3}
    >>> upgrade_waits(pl.DataFrame(rows), datetime(2026, 3, 9, tzinfo=UTC))["days"].to_list()
    [0.0, 8.0]
    """
    begun = spans.with_columns(pl.col("valid_from", "valid_to").cast(_TIME)).filter(
        pl.col("valid_from").is_null() | (pl.col("valid_from") <= now)
    )
    if begun.is_empty():
        return pl.DataFrame(schema=_WAITS)
    long_ago = pl.datetime(1, 1, 2, time_zone="UTC")
    since = pl.col("valid_from").fill_null(long_ago)
    told = begun.with_columns(
        since.alias("since"), since.min().over("environment_id").alias("there")
    )
    told = told.with_columns(pl.col("since").min().over("value").alias("out"))
    switched = pl.col("since") > pl.col("there")
    releases = (
        told.filter(switched & (pl.col("out") > told["there"].min()))
        .select("value", pl.col("out").alias("released"))
        .unique()
    )
    ends = pl.when(pl.col("valid_to").is_null().any()).then(now).otherwise(pl.col("valid_to").max())
    places = told.group_by("environment_id").agg(
        pl.col("there").first(), pl.min_horizontal(ends, pl.lit(now)).alias("cut")
    )
    pairs = releases.join(places, how="cross").filter(
        (pl.col("there") < pl.col("released")) & (pl.col("released") <= pl.col("cut"))
    )
    newer = (pl.col("out") >= pl.col("released")) & (pl.col("since") >= pl.col("released"))
    came = pairs.join(told.select("environment_id", "since", "out"), on="environment_id")
    first = came.filter(newer).group_by("environment_id", "value").agg(pl.col("since").min())
    waited = pl.coalesce("since", "cut") - pl.col("released")
    return (
        pairs.join(first, on=["environment_id", "value"], how="left")
        .select(
            "environment_id", "value",
            (waited.dt.total_microseconds() / _DAY).alias("days"),
            pl.col("since").is_not_null().alias("taken"),
        )
        .sort("environment_id", "value")
    )  # fmt: skip


def still_waiting(
    days: Floats, taken: Floats, weights: Floats | None = None
) -> tuple[Floats, Floats]:
    """Return the share that has not taken a release so many days after it came out.

    Args:
        days: How long each waited, shape (n,).
        taken: 1.0 where it came, 0.0 where the wait was cut off.
        weights: What each counts for; 1 if None.

    Returns:
        (times, shares): the share from each time on; before the first one it is 1.

    Source:
        E. L. Kaplan and P. Meier (1958), J. Am. Stat. Assoc. 53, 457-481.

    >>> times, shares = still_waiting(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 1.0]))
    >>> times.tolist(), shares.round(3).tolist()
    ([1.0, 3.0], [0.667, 0.0])
    """
    heavy = np.ones(days.size) if weights is None else weights
    every, place = np.unique(days, return_inverse=True)
    at = np.bincount(place, weights=heavy, minlength=every.size)
    came = np.bincount(place, weights=heavy * taken, minlength=every.size)
    waiting = np.cumsum(at[::-1])[::-1]
    some = np.bincount(place, weights=taken, minlength=every.size) > 0
    left = np.cumprod(np.where(some, 1 - came / np.maximum(waiting, 1e-300), 1.0))
    return every[some], np.clip(left[some], 0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How long places took for releases.

    Args:
        waits: environment_id, value, days, taken: see ``upgrade_waits``.
        weight: So many upgrades of its own weigh as much as the fleet's habit.
        component: Whose versions they are; None if no version is known.
    """

    waits: pl.DataFrame
    weight: float
    component: str | None

    @property
    def upgrades(self) -> int:
        """How many upgrades are known."""
        return int(self.waits["taken"].sum())

    @property
    def releases(self) -> int:
        """How many releases they were of."""
        return self.waits.filter(pl.col("taken"))["value"].n_unique()

    def of_their_own(self, places: Sequence[str]) -> int:
        """Return how many of *places* have upgrades or waits of their own."""
        return len(set(places) & set(self.waits["environment_id"]))

    def draw(
        self,
        places: Sequence[str],
        draws: int,
        rng: np.random.Generator,
        *,
        waited: Floats | None = None,
    ) -> Floats:
        """Return the days until each place runs what ships now; infinite if it never does.

        A place takes one of its own waits, or, the more seldom the more it has, one of the
        fleet's curve; so does a wait that was cut off, beyond where it was cut. The curve
        itself is unsure: in each draw places and releases weigh at random.

        Args:
            places: Environments; unknown ones do as the fleet does.
            draws: How many.
            rng: Draws.
            waited: Days that each has waited already; the answer counts from now.

        Returns:
            Days, shape (draws, places).

        Source:
            V. Susarla and J. Van Ryzin (1976), J. Am. Stat. Assoc. 71, 897-902 (own waits
            beside a prior curve); A. B. Owen and D. Eckles (2012), Ann. Appl. Stat. 6,
            895-927 (weights by row and column).
        """
        from_day = np.zeros(len(places)) if waited is None else waited
        if not self.upgrades:
            return np.full((draws, len(places)), np.inf)
        days, taken, own, release = self._columns()
        index = {name: n for n, name in enumerate(dict.fromkeys(self.waits["environment_id"]))}
        mine = np.array([index.get(name, len(index)) for name in places], dtype=np.int64)
        chosen, after = self._own(mine, from_day, (draws, len(places)), rng)
        found = np.empty((draws, len(places)))
        for n in range(draws):
            heavy = (
                rng.exponential(size=len(index))[own]
                * rng.exponential(size=int(release.max()) + 1)[release]
            )
            times, shares = still_waiting(days, taken, heavy)
            steps = np.append(1.0, shares)
            reached = np.searchsorted(times, after[n], side="right")
            beyond = np.where(after[n] > 0, steps[reached], 1.0)
            level = beyond * rng.random(len(places))
            at = np.searchsorted(-shares, -level, side="left")
            drawn = np.append(times, np.inf)[at]
            found[n] = np.where(np.isnan(chosen[n]), drawn, chosen[n])
        return np.maximum(found - from_day, 0.0)

    def _columns(self) -> tuple[Floats, Floats, Whole, Whole]:
        ranks = self.waits.select(
            pl.col("days"), pl.col("taken").cast(pl.Float64),
            (pl.col("environment_id").rank("dense") - 1).cast(pl.Int64).alias("own"),
            (pl.col("value").rank("dense") - 1).cast(pl.Int64).alias("release"),
        )  # fmt: skip
        days, taken, own, release = (ranks[name].to_numpy() for name in ranks.columns)
        return days, taken, own, release

    def _own(
        self, mine: Whole, waited: Floats, shape: tuple[int, int], rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """Return own waits chosen (NaN: the fleet's) and after which day the fleet's counts."""
        days, taken, own, _ = self._columns()
        counts = np.append(np.bincount(own), 0)
        starts = np.append(np.cumsum(counts[:-1]) - counts[:-1], 0)
        many = counts[mine]
        by_own = rng.random(shape) * (many + self.weight) < many
        pick = starts[mine] + np.floor(rng.random(shape) * many).astype(np.int64)
        pick = np.minimum(pick, days.size - 1)
        later = (days[pick] > waited) | (waited <= 0)
        chosen = np.where(by_own & later & (taken[pick] > 0), days[pick], np.nan)
        cut = np.where(by_own & (taken[pick] == 0), days[pick], 0.0)
        return chosen, np.maximum(cut, np.broadcast_to(waited, shape))
