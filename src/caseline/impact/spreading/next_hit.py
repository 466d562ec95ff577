"""The customers not yet hit that what carries the issue will reach, the soonest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.impact.spreading.risk import DAY, moment_of
from caseline.impact.spreading.upcoming import (
    NEVER,
    Hazard,
    chance_within,
    hazard_of,
    unhit_before,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from caseline.impact.spreading.exposures import Vector
    from caseline.impact.spreading.ground import Ground
    from caseline.impact.spreading.settings import SpreadSettings

    Floats = NDArray[np.float64]
    Times = NDArray[np.int64]

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "customer_id": pl.String,
    "hazard": pl.Float64,
    "probability": pl.Float64,
    "expected_at": pl.Datetime("us", "UTC"),
    "planned_at": pl.Datetime("us", "UTC"),
    "environment_id": pl.String,
    "reasons": pl.List(pl.String),
}
_MOST_VECTORS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What one vector says of each place's future.

    Args:
        vector: The vector.
        weight: Its probability.
        entered: Since when, or from when on, each place is exposed, shape (n_units,).
        hazard: How soon exposed places were hit.
        chance: To be hit within the horizon, shape (n_units,).
        days: Median days until then, shape (n_units,).
        free: Whether the place was not hit while exposed, shape (n_units,).
    """

    vector: Vector
    weight: float
    entered: Times
    hazard: Hazard
    chance: Floats
    days: Floats
    free: NDArray[np.bool_]


def who_is_next(
    ground: Ground,
    weighed: Sequence[tuple[Vector, float]],
    warned: frozenset[str],
    settings: SpreadSettings,
    *,
    now: datetime,
) -> pl.DataFrame:
    """Return the customers at risk: see ``Spread.at_risk``.

    Args:
        ground: Who had what, on all days.
        weighed: Vectors with their probabilities.
        warned: Customers hit outside production only: their production is warned.
        settings: The horizon, and what is too improbable to be told.
        now: The present.
    """
    at = round(now.timestamp() * 1_000_000)
    likely = [(v, p) for v, p in weighed if p >= settings.least_posterior][:_MOST_VECTORS]
    prospects = [_prospect(ground, v, p, settings, now=at) for v, p in likely]
    risk = ground.risk
    if not risk.units.height or not risk.hit_days.size:
        return pl.DataFrame(schema=SCHEMA)
    base = _base(ground, settings)
    rest = max(0.0, 1 - sum(p.weight for p in prospects))
    chance = rest * base * np.ones(risk.units.height)
    for prospect in prospects:
        chance = chance + prospect.weight * np.maximum(prospect.chance, base * 1e-3)
    exposed = np.zeros(risk.units.height, dtype=bool)
    for prospect in prospects:
        exposed |= prospect.chance > 0
    staged = np.array([c in warned for c in risk.units["customer_id"]])
    most = max([float(p.chance.max(initial=0.0)) for p in prospects], default=base)
    chance = np.where(staged, _more(np.maximum(chance, most / 2), settings.staging_odds), chance)
    free = _free(ground, prospects)
    heard = _heard(ground, prospects, now=at)
    told = free & heard & (exposed | staged) & (chance >= settings.least_probability)
    rows = [
        _row(ground, unit, float(chance[unit]), prospects, staged=bool(staged[unit]), now=now,
             settings=settings)
        for unit in np.flatnonzero(told).tolist()
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema=SCHEMA)
    order = ["probability", "expected_at", "environment_id"]
    ranked = frame.sort(order, descending=[True, False, False], nulls_last=True)
    return ranked.unique("customer_id", keep="first", maintain_order=True)


def _prospect(
    ground: Ground, vector: Vector, weight: float, settings: SpreadSettings, *, now: int
) -> Prospect:
    risk = ground.risk
    exposed = ground.bits_of(vector)
    onset = int(risk.starts[risk.hit_days[0]]) if risk.hit_days.size else now
    entered = ground.entered(vector, now=now)
    began = ground.entered(vector, now=-NEVER)
    since_onset = np.where(entered < NEVER, np.maximum(entered, onset), NEVER)
    hazard = hazard_of(risk, exposed, np.maximum(began, onset), settings)
    days = settings.horizon / timedelta(days=1)
    chance, until = chance_within(hazard, since_onset, now=now, horizon_days=days)
    struck = risk.ever((risk.hits > 0) & exposed)
    return Prospect(
        vector=vector, weight=weight, entered=entered, hazard=hazard, chance=chance, days=until,
        free=~struck,
    )  # fmt: skip


def _base(ground: Ground, settings: SpreadSettings) -> float:
    """Return the chance of any place to be hit within the horizon, whatever it has."""
    risk = ground.risk
    struck = risk.hits > 0
    watched = risk.observed & unhit_before(struck)
    watched[:, : int(risk.hit_days[0])] = False
    rate = float((struck & watched).sum() + 0.5) / (float(watched.sum()) + 1)
    return float(1 - np.exp(-rate * (settings.horizon / timedelta(days=1))))


def _free(ground: Ground, prospects: Sequence[Prospect]) -> NDArray[np.bool_]:
    """Return the places not hit by what carries the issue; by nothing at all if that is open."""
    if prospects and prospects[0].weight >= 0.5:  # noqa: PLR2004 - more likely than not
        return prospects[0].free
    found: NDArray[np.bool_] = ~ground.risk.ever(ground.risk.hits > 0)
    return found


def _heard(ground: Ground, prospects: Sequence[Prospect], *, now: int) -> NDArray[np.bool_]:
    """Return the places whose exposure is still to come, or that were observed since it began.

    Whether a silent place was hit already cannot be told: it is unknown, not next.
    """
    risk = ground.risk
    found = np.zeros(risk.units.height, dtype=bool)
    for prospect in prospects:
        ahead = (prospect.entered >= now) & (prospect.entered < NEVER)
        since = risk.starts[np.newaxis] + DAY > prospect.entered[:, np.newaxis]
        found |= ahead | risk.ever(risk.observed & since)
    return found | (risk.ever(risk.observed) if not prospects else found)


def _more(chance: Floats, odds: float) -> Floats:
    raised = odds * chance / np.maximum(1 - chance, 1e-9)
    found: Floats = raised / (1 + raised)
    return found


def _row(  # noqa: PLR0913 - one fact each
    ground: Ground,
    unit: int,
    chance: float,
    prospects: Sequence[Prospect],
    *,
    staged: bool,
    now: datetime,
    settings: SpreadSettings,
) -> dict[str, object]:
    mine = [p for p in prospects if p.chance[unit] > 0]
    best = max(mine, key=lambda p: p.weight * p.chance[unit], default=None)
    reasons = [_said(p, unit, now=now) for p in mine]
    if best is not None:
        reasons.append(_taught(best))
    if staged:
        reasons.append("hit outside production: its own staging or test shows the issue")
    expected = None
    if best is not None and best.days[unit] * timedelta(days=1) <= settings.farthest:
        expected = now + float(best.days[unit]) * timedelta(days=1)
    planned = None
    if best is not None and best.entered[unit] > round(now.timestamp() * 1_000_000):
        planned = moment_of(int(best.entered[unit]))
    return {
        "customer_id": ground.risk.units["customer_id"][unit],
        "hazard": -float(np.log1p(-min(chance, 1 - 1e-9))) / (settings.horizon / timedelta(days=1)),
        "probability": round(chance, 4),
        "expected_at": expected,
        "planned_at": planned,
        "environment_id": ground.risk.units["environment_id"][unit],
        "reasons": reasons,
    }


def _said(prospect: Prospect, unit: int, *, now: datetime) -> str:
    entered = int(prospect.entered[unit])
    if entered <= -NEVER:
        return f"has {prospect.vector}, not hit yet"
    moment = moment_of(entered)
    verb = "will have" if moment > now else "has"
    word = "from" if moment > now else "since"
    return f"{verb} {prospect.vector} {word} {moment.date().isoformat()}, not hit yet"


def _taught(prospect: Prospect) -> str:
    hazard = prospect.hazard
    return (
        f"places with {prospect.vector} had {hazard.hits:.0f} first hits in "
        f"{hazard.exposure_days:.0f} observed days"
    )
