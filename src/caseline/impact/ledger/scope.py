"""How many customers an issue hits, silent ones counted in."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.estimation.shares import wilson_interval
from caseline.impact.ledger.verdicts import standing_for_all

if TYPE_CHECKING:
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
        standing: Customers that the share of hit ones was taken from: those whose logs
            come regularly, if there are enough of them.
        sick_only: Customers whose logs came only around their tickets: no random
            sample, so nothing is taken from them but their own hits.
        share: The share of hit ones among those standing for all; None if none does.
    """

    point: float
    low: int
    high: int
    unknown: int
    customers: int
    level: float
    standing: int = 0
    sick_only: int = 0
    share: float | None = None

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
    own = (judged["events"] > 0).to_numpy()
    by_events = own | (judged["shared_events"] > 0).to_numpy() | near
    speaking = standing_for_all(judged, settings)
    certain, point = int(own.sum()), float(probability.sum())
    struck = int((own & speaking).sum())
    trials = struck + float(power[~by_events & speaking].sum())
    _, most = wilson_interval(struck, trials, z=settings.z)
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
        standing=int(speaking.sum()),
        sick_only=int(judged["sick_only"].fill_null(value=False).sum()),
        share=round(float(probability[speaking].mean()), 4) if speaking.any() else None,
    )


def scope_notes(judged: pl.DataFrame, scope: Scope, settings: ImpactSettings) -> list[str]:
    """Return what a reader of the scope must know of the sample that it stands on."""
    seen = judged.filter(pl.col("covered_days") > 0)
    irregular = seen.filter(~pl.col("regular").fill_null(value=False)).height
    if not irregular:
        return []
    regular = int(judged["regular"].fill_null(value=False).sum())
    bias = f"the logs of {irregular} customers come irregularly"
    if scope.sick_only:
        bias += f", of {scope.sick_only} only around their tickets"
    bias += ": they are no random sample, more of them are hit than of all"
    if regular >= settings.least_regular:
        share = f"{100 * (scope.share or 0):.0f} %"
        rest = f"the share of silent ones that are hit is taken from {regular} others ({share})"
    else:
        rest = f"only {regular} others have regular logs: the expected number may be too high"
    return [f"{bias}; {rest}"]
