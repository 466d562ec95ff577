"""Which share of the days ahead those hit run a fix: by their own habits of upgrading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.trends.costs.adoption import Habits, upgrade_waits
from caseline.trends.costs.placing import homes_at, main_component
from caseline.trends.costs.settings import cost_settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from caseline.protocols import Engine
    from caseline.trends.ranking.fixed import Released

    Floats = NDArray[np.float64]
    Share = tuple[Floats, Floats]

_DAY = 86_400e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Who is where, and what ran there.

    Args:
        homes: customer_id, environment_id: places in production now.
        spans: environment_id, component, value, valid_from, valid_to.
        now: The moment.
    """

    homes: pl.DataFrame
    spans: pl.DataFrame
    now: datetime

    @classmethod
    def read(cls, engine: Engine, now: datetime, as_of: datetime | None) -> Fleet:
        """Return it as known at *as_of*."""
        return cls(
            homes=homes_at(engine.ask("tenancy_stages", as_of=as_of), now),
            spans=engine.ask("version_spans", as_of=as_of),
            now=now,
        )

    def habits(self, component: str | None = None) -> Habits:
        """Return how fast versions of *component*, or of the main one, were taken up."""
        chosen = component or main_component(self.spans)
        mine = self.spans.filter(pl.col("component") == pl.lit(chosen, pl.String))
        weight = cost_settings().habit_weight
        return Habits(
            waits=upgrade_waits(mine, self.now), weight=weight,
            component=chosen if mine.height else None,
        )  # fmt: skip

    @property
    def places(self) -> list[str]:
        """The environments in production now."""
        return self.homes["environment_id"].unique().sort().to_list()


def fix_shares(
    fleet: Fleet, habits: Habits, falls: csr_matrix, horizon_days: float, rng: np.random.Generator
) -> Share:
    """Return for which share of the days ahead a fix that ships runs where errors fall.

    Args:
        fleet: Who is where.
        habits: How fast releases are taken up.
        falls: Which share of each candidate falls on which place: see ``where_it_falls``.
        horizon_days: How many days from the one it ships on.
        rng: Draws.

    Returns:
        (mean, variance) over draws, shape (n_candidates,).
    """
    delays = habits.draw(fleet.places, cost_settings().adoption_draws, rng)
    return _over(falls, delays, horizon_days)


def left_shares(
    fleet: Fleet,
    fixes: dict[int, Released],
    falls: csr_matrix,
    horizon_days: float,
    rng: np.random.Generator,
) -> dict[int, tuple[float, float]]:
    """Return for which share of the days ahead a fix that is out does not run yet.

    Those that have waited since it came out go on by their habits: see ``Habits.draw``.

    Args:
        fleet: Who is where.
        fixes: The released fix of each candidate.
        falls: As for ``fix_shares``.
        horizon_days: How many days from now.
        rng: Draws.

    Returns:
        (mean, variance) of each of *fixes*.
    """
    places = fleet.places
    drawn: dict[tuple[str, datetime | None], Floats] = {}
    found = {}
    for n, fix in fixes.items():
        key = (fix.component, fix.since)
        if key not in drawn:
            waited = 0.0 if fix.since is None else (fleet.now - fix.since).total_seconds() / 86_400
            drawn[key] = fleet.habits(fix.component).draw(
                places, cost_settings().adoption_draws, rng, waited=np.full(len(places), waited)
            )
        there = np.array([name in fix.running for name in places], dtype=bool)
        mean, variance = _over(falls[[n]], np.where(there, 0.0, drawn[key]), horizon_days)
        found[n] = (1 - float(mean[0]), float(variance[0]))
    return found


def _over(falls: csr_matrix, delays: Floats, horizon_days: float) -> Share:
    running = np.clip(1 - delays / horizon_days, 0.0, 1.0)
    anywhere = running.mean(axis=1) if running.size else np.zeros(len(running))
    shares = falls @ np.column_stack([running, anywhere]).T
    return shares.mean(axis=1), shares.var(axis=1)


def where_it_falls(
    ids: Sequence[str], units: pl.DataFrame, homes: pl.DataFrame, places: Sequence[str]
) -> csr_matrix:
    """Return which share of each candidate falls on each place; the last column is anywhere.

    What falls on a customer is spread evenly over its places in production.

    Args:
        ids: The candidates.
        units: id, unit (customer or place), weight.
        homes: customer_id, environment_id.
        places: The columns.

    Returns:
        Rows sum to 1, shape (n_ids, n_places + 1).
    """
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - importing scipy takes time

    columns = pl.DataFrame(
        {"environment_id": list(places), "column": range(len(places))},
        schema={"environment_id": pl.String, "column": pl.Int64},
    )
    rows = pl.DataFrame(
        {"id": list(ids), "row": range(len(ids))}, schema={"id": pl.String, "row": pl.Int64}
    )
    own = pl.concat([
        homes.join(columns, on="environment_id").select(
            pl.col("customer_id").alias("unit"), "column",
            (1 / pl.len().over("customer_id")).alias("part"),
        ),
        columns.select(pl.col("environment_id").alias("unit"), "column", part=pl.lit(1.0)),
    ])  # fmt: skip
    placed = (
        rows.join(units, on="id", how="left")
        .join(own, on="unit", how="left")
        .select(
            "row", pl.col("column").fill_null(len(places)),
            (pl.col("weight").fill_null(0.0) * pl.col("part").fill_null(1.0)).alias("weight"),
        )
    )  # fmt: skip
    total = pl.col("weight").sum().over("row")
    anywhere = pl.when(pl.col("row").is_first_distinct()).then(1.0).otherwise(0.0)
    none = pl.lit(len(places), pl.Int64)
    told = placed.with_columns(
        pl.when(total > 0).then("column").otherwise(none).alias("column"),
        pl.when(total > 0).then(pl.col("weight") / total).otherwise(anywhere).alias("weight"),
    )
    where = (told["row"].to_numpy(), told["column"].to_numpy())
    return csr_matrix((told["weight"].to_numpy(), where), shape=(len(ids), len(places) + 1))
