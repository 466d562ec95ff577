"""The fleet of the simulated year: customers, installations, versions and tickets.

Three in five customers have installations of their own only. The others share twenty
installations of many tenants besides, in cells: what a cell does not tell apart is
shared by its members.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    import caseline
    from caseline.protocols import Engine

    Array = NDArray[Any]

START = datetime(2025, 3, 1, tzinfo=UTC)
DAYS = 365
CELLS = 4
"""Share groups of an installation of many tenants."""
_TENANTS = 60
_SHARED_VOLUME = 0.15
_OWN_ONLY = 0.6
_VERSIONS = ("7.8.4", "7.8.5", "7.9.0", "8.0.0", "8.0.1", "8.1.0", "8.1.1", "8.1.2",
             "8.2.0", "8.2.1", "8.3.0", "8.3.1")  # fmt: skip
_REGIONS = ("eu-central", "us-east", "ap-south")
_STAGES = (("production", 0.6), ("production", 0.2), ("staging", 0.12), ("test", 0.08))
"""Stage and share of the volume of a customer's installations, one after the other."""


@dataclass(frozen=True, kw_only=True)
class YearFleet:
    """Who and what there is.

    Args:
        customers: The first ones have the largest volumes, by a power law.
        environments: Those with one customer and the *shared* ones together.
        shared: Installations of many tenants.
        seed: Start of all chance.
    """

    customers: int = 500
    environments: int = 1_500
    shared: int = 20
    seed: int = 1

    @cached_property
    def customer_ids(self) -> list[str]:
        """The customers' ids."""
        return [f"c-{n:03}" for n in range(self.customers)]

    @cached_property
    def environment_ids(self) -> list[str]:
        """The installations' ids, the shared ones last."""
        alone = self.environments - self.shared
        return [f"e-{n:04}" for n in range(alone)] + [f"pod-{n:02}" for n in range(self.shared)]

    @cached_property
    def owner(self) -> Array:
        """The number of each installation's customer; -1 where many share it."""
        alone = self.environments - self.shared
        counts = np.resize([4, 3, 3, 2], self.customers)
        _spread(counts, alone - int(counts.sum()))
        owners = np.repeat(np.arange(self.customers), counts)
        owner: Array = np.append(owners, np.full(self.shared, -1))
        return owner

    @cached_property
    def rank(self) -> Array:
        """Which of its customer's installations each is, from 0."""
        changes = np.flatnonzero(np.diff(self.owner, prepend=-2))
        starts = np.zeros(self.environments, dtype=np.int64)
        starts[changes] = changes
        return np.arange(self.environments) - np.maximum.accumulate(starts)

    @cached_property
    def stage(self) -> list[str]:
        """The stage of each installation."""
        own = self.owner >= 0
        ranks = np.where(own, self.rank, 0).tolist()
        return [_STAGES[rank % len(_STAGES)][0] for rank in ranks]

    @cached_property
    def region(self) -> list[str]:
        """The region of each installation."""
        return [_REGIONS[n % len(_REGIONS)] for n in range(self.environments)]

    @cached_property
    def hosts(self) -> Array:
        """How many hosts each installation has."""
        return np.where(self.owner >= 0, 2 + np.arange(self.environments) % 3, 12)

    @cached_property
    def volume(self) -> Array:
        """The share of all events that each installation has."""
        own = self.owner >= 0
        weights = power_law(self.customers, 0.6)
        shares = np.array([share for _, share in _STAGES])
        volume = np.where(own, weights[self.owner] * shares[self.rank % len(_STAGES)], 0.0)
        volume *= (1 - _SHARED_VOLUME) / volume.sum()
        volume[~own] = _SHARED_VOLUME * power_law(self.shared, 0.5)
        shared: Array = volume / volume.sum()
        return shared

    @cached_property
    def tenants(self) -> Array:
        """The customers of each shared installation: shape (shared, tenants)."""
        rng = np.random.default_rng([self.seed, 1])
        first = int(self.customers * _OWN_ONLY)
        several = np.arange(first, self.customers)
        size = max(CELLS, min(_TENANTS, len(several)) // CELLS * CELLS)
        drawn = [rng.permutation(several)[:size] for _ in range(self.shared)]
        return np.array(drawn)

    @cached_property
    def share_group_ids(self) -> list[str]:
        """The ids of the cells, those of the first shared installation first."""
        return [f"pod-{n:02}/cell-{cell}" for n in range(self.shared) for cell in range(CELLS)]

    def share_groups(self) -> pl.DataFrame:
        """Return the members of each cell with their weights."""
        cells = self.tenants.reshape(self.shared * CELLS, -1)
        size = cells.shape[1]
        return pl.DataFrame(
            {
                "share_group": pl.Series(self.share_group_ids).gather(
                    np.repeat(np.arange(len(cells)), size)
                ),
                "customer_id": pl.Series(self.customer_ids).gather(cells.ravel()),
                "weight": np.full(cells.size, 1 / size),
            }
        )

    @property
    def versions(self) -> Sequence[str]:
        """All versions, the oldest first."""
        return _VERSIONS

    @cached_property
    def version_on(self) -> Array:
        """The number of the version that each installation runs, by day of the year.

        A version comes out every 30 days; an installation takes every other one, some
        weeks later. Shape (environments, days).
        """
        rng = np.random.default_rng([self.seed, 2])
        shape = (self.environments, len(_VERSIONS))
        released = (np.arange(len(_VERSIONS)) - 2) * 30
        taken = released + 1 + rng.exponential(20, shape).astype(np.int64)
        taken[rng.random(shape) < 0.5] = DAYS  # noqa: PLR2004 - every other one
        taken[:, 0] = -1
        running = np.zeros((self.environments, DAYS), dtype=np.int8)
        for number in range(1, len(_VERSIONS)):
            since = np.arange(DAYS) >= taken[:, number, None]
            running[since] = number
        return running

    def spans(self) -> pl.DataFrame:
        """Return which version ran where and when."""
        running = self.version_on
        changed = np.diff(running, axis=1, prepend=-1) != 0
        places, days = np.nonzero(changed)
        next_place = np.append(places[1:], -1)
        ends = np.where(next_place == places, np.append(days[1:], 0), DAYS)
        start = pl.lit(START)
        until = start + pl.duration(days=pl.col("end"))
        return pl.DataFrame(
            {
                "environment_id": pl.Series(self.environment_ids).gather(places),
                "component": "server",
                "value": pl.Series(_VERSIONS).gather(running[places, days]),
                "kind": "version",
                "day": days,
                "end": ends,
            }
        ).select(
            "environment_id", "component", "value", "kind",
            valid_from=start + pl.duration(days=pl.col("day")),
            valid_to=pl.when(pl.col("end") < DAYS).then(until),
        )  # fmt: skip

    def tenancies(self) -> pl.DataFrame:
        """Return which customer is in which installation."""
        own = np.flatnonzero(self.owner >= 0)
        first = self.environments - self.shared
        tenants = self.tenants
        places = np.append(own, np.repeat(first + np.arange(self.shared), tenants.shape[1]))
        people = np.append(self.owner[own], tenants.ravel())
        return pl.DataFrame(
            {
                "customer_id": pl.Series(self.customer_ids).gather(people),
                "environment_id": pl.Series(self.environment_ids).gather(places),
            }
        )

    def load(self, ws: caseline.Workspace, engine: Engine) -> None:
        """Load all of it into *ws*, whose store is *engine*."""
        tiers = ("gold", "silver", "bronze")
        ws.fleet.load(
            customers=[
                {"customer_id": c, "name": f"Customer {n}", "tier": tiers[n % len(tiers)]}
                for n, c in enumerate(self.customer_ids)
            ],
            environments=pl.DataFrame(
                {
                    "environment_id": self.environment_ids,
                    "kind": np.where(self.owner >= 0, "single_tenant", "multi_tenant"),
                    "stage": self.stage,
                    "region": self.region,
                    "telemetry": "push",
                }
            ),
            tenancies=self.tenancies(),
            spans=self.spans(),
        )
        engine.save("share_groups", self.share_groups())


def power_law(kinds: int, exponent: float) -> Array:
    """Return the shares of so many *kinds*, the largest first."""
    weights: Array = np.arange(1, kinds + 1, dtype=float) ** -exponent
    shares: Array = weights / weights.sum()
    return shares


def draw(rng: np.random.Generator, shares: Array, size: int) -> Array:
    """Return so many numbers of *shares*, each as often as its share says."""
    edges = np.cumsum(shares)
    found: Array = np.searchsorted(edges, rng.random(size) * edges[-1])
    return found.clip(max=len(shares) - 1)


def moments(microseconds: Array) -> pl.Series:
    """Return the moments so long after the year's start."""
    return (pl.Series(microseconds).cast(pl.Duration("us")) + START).cast(pl.Datetime("us", "UTC"))


def day_of(number: int) -> datetime:
    """Return the start of the year's day *number*, from 0."""
    return START + timedelta(days=number)


def _spread(counts: Array, missing: int) -> None:
    """Add one to the least of *counts*, or take one from the largest, so many times."""
    step = 1 if missing > 0 else -1
    for _ in range(abs(missing)):
        counts[np.argmax(-step * counts)] += step
