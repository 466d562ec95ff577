"""How much an environment writes on a day: seasons, growth, silence."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from caseline.testing.fleet.plan import DAY

if TYPE_CHECKING:
    from datetime import date

    from caseline.testing.fleet.plan import Environment, Plan
    from caseline.testing.fleet.settings import Settings

_SATURDAY, _SUNDAY = 5, 6
_HOURS = (1, 1, 1, 1, 1, 2, 3, 6, 10, 12, 12, 11, 9, 11, 12, 11, 10, 8, 5, 4, 3, 2, 2, 1)


class Volume:
    """Expected lines of each environment on each day.

    Attributes:
        season: Shape (environments, days): the calendar's factor, 1 on a working day.
        delivered: Shape (environments, days): False where no log reaches support.
        lines: Shape (environments, days): expected background lines, 0 if undelivered.
    """

    def __init__(self, plan: Plan, rng: np.random.Generator) -> None:
        settings = plan.settings
        self.season = np.array([_season(e, settings) for e in plan.environments])
        self.delivered = _delivered(plan, rng)
        self.delivered[sorted(plan.assured)] = True
        present = _present(plan)
        sends = np.array([e.telemetry != "none" for e in plan.environments])
        weights = np.array([e.weight for e in plan.environments])
        whole = float(weights[sends].sum()) or 1.0
        expected = settings.events_per_day * plan.ordinary_share * present / whole
        self.lines = expected * self.season * self.delivered


def hour_quantiles(bins: int = 4096) -> np.ndarray:
    """Return the time of day, in seconds local time, at evenly spaced quantiles.

    Shape (bins + 1,); rising from 0 to 86400.
    """
    edges = np.concatenate([[0.0], np.cumsum(_HOURS) / sum(_HOURS)])
    quantiles: np.ndarray = np.interp(np.linspace(0, 1, bins + 1), edges, np.arange(25) * 3600.0)
    return quantiles


def _season(environment: Environment, settings: Settings) -> list[float]:
    return [
        _factor(environment, settings, (settings.start + timedelta(days=d)).date())
        for d in range(settings.days)
    ]


def _factor(environment: Environment, settings: Settings, day: date) -> float:
    depth = settings.weekend_depth * environment.calm
    if day.weekday() == _SUNDAY or day in settings.holidays:
        return max(0.02, 1 - depth)
    if day.weekday() == _SATURDAY:
        return max(0.02, 1 - 0.85 * depth)
    late = (day + timedelta(days=2)).month != day.month
    return settings.month_end if late else 1.0


def _present(plan: Plan) -> np.ndarray:
    """Return the weight of the tenants present, shape (environments, days)."""
    weights = np.zeros((len(plan.environments), plan.settings.days))
    middle = plan.start + np.arange(plan.settings.days) * DAY + DAY // 2
    for t in plan.tenancies:
        here = (middle >= t.valid_from) & (middle < (t.valid_to or plan.end))
        weights[t.environment] += t.weight * here
    return weights


def _delivered(plan: Plan, rng: np.random.Generator) -> np.ndarray:
    days, share = plan.settings.days, plan.settings.missing_share
    arrives = np.ones((len(plan.environments), days), dtype=bool)
    periods = np.arange(days) // plan.settings.bundle_days
    for i, environment in enumerate(plan.environments):
        lost = rng.random(days) < share
        match environment.telemetry:
            case "none":
                arrives[i] = False
            case "bundle":
                arrives[i] = ~lost[periods]
            case _:
                arrives[i] = ~lost
    for i, heard in plan.heard.items():
        arrives[i] = np.isin(np.arange(days), sorted(heard))
    return arrives
