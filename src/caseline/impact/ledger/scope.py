"""How many customers an issue hits, silent ones counted in."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from caseline.estimation.shares import wilson_interval

if TYPE_CHECKING:
    import polars as pl

    from caseline.impact.ledger.hits import Hits
    from caseline.impact.settings import ImpactSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The number of customers hit.

    Args:
        point: Expected number: the sum of all probabilities.
        low: Those hit for certain (and one of each group whose lines name none of them).
        high: Upper end at *level*: silent customers may be hit more often than the
            observed ones.
        unknown: Customers of whom the logs do not tell.
        customers: Customers of the fleet.
        level: Of the interval.
    """

    point: float
    low: int
    high: int
    unknown: int
    customers: int
    level: float

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def estimate_scope(judged: pl.DataFrame, hits: Hits, settings: ImpactSettings) -> Scope:
    """Return the scope of the verdicts in *judged*.

    The upper end takes the highest share of hit customers that agrees with the
    observed ones (Wilson), multiplies its odds for the others by ``silent_odds``
    (silence is no accident: an installation that is down sends nothing), lets all
    sharers be hit, and as many tenants as there are events that name nobody, and adds
    z standard deviations of chance.
    """
    probability = judged["probability"].to_numpy()
    power = judged["detection_power"].to_numpy()
    near = (judged["unplaced_events"] > 0).to_numpy()
    by_events = ((judged["events"] > 0) | (judged["shared_events"] > 0)).to_numpy() | near
    certain = int((judged["events"] > 0).sum())
    point = float(probability.sum())
    _, most = wilson_interval(certain, certain + float(power[~by_events].sum()), z=settings.z)
    odds = settings.silent_odds * most / max(1 - most, 1e-9) * (1 - power[~by_events])
    rest = odds / (1 + odds)
    possible = int(by_events.sum()) - max(0, int(near.sum()) - int(hits.unplaced["events"].sum()))
    high = possible + rest.sum() + settings.z * sqrt(float((rest * (1 - rest)).sum()))
    return Scope(
        point=round(point, 2),
        low=min(certain + hits.groups_apart, int(np.floor(point + 1e-9))),
        high=min(judged.height, max(ceil(point - 1e-9), ceil(high - 1e-9))),
        unknown=int((judged["status"] == "unknown").sum()),
        customers=judged.height,
        level=settings.level,
    )
