"""How often the watch would call in quiet history: its limits are raised if too often.

Nobody knows which history is quiet. But weeks in another order have no onset that the
days before or after explain, and all else: scatter, weekdays, how signatures go together.
The signatures that are told of nothing in the true order are watched over shuffled weeks;
what is then called is false.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from caseline.estimation.rates import poisson_interval
from caseline.trends.changes.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from caseline.trends.changes.reading import Watched

    Floats = NDArray[np.float64]

_WEEK = 7
_YEAR = 365.0


def raised_limits(
    watched: Watched, watch: Watch, settings: Mapping[str, Any], *, seed: int = 0
) -> tuple[Mapping[str, Any], str]:
    """Return the settings with limits that keep to the budget, and what was found.

    Args:
        watched: The days.
        watch: That looked at them, with these settings.
        settings: The tables of ``changes.toml``.
        seed: Of the order of the weeks.
    """
    rules = settings["quiet"]
    weeks = watched.days // _WEEK
    if weeks < rules["least_weeks"]:
        return settings, f"limits as shipped: {weeks} weeks are too few to try them on"
    counts, exposure = watched.daily.counts.T[: weeks * _WEEK], watched.exposure[: weeks * _WEEK]
    steady = quiet_signatures(counts, watch)
    order = np.random.default_rng(seed).permutation(weeks)
    days = (order[:, np.newaxis] * _WEEK + np.arange(_WEEK)).ravel()
    first = watched.daily.first.weekday()
    shuffled = len(Watch.over(counts[days][:, steady], exposure[days], first, settings).episodes)
    years = steady.sum() * weeks * _WEEK / _YEAR
    low = float(poisson_interval(shuffled, level=0.9)[0])
    budget = settings["budget"]["episodes"]
    told = f"{shuffled} false changes in {years:.0f} signature-years of shuffled weeks"
    if low <= budget * years:
        return settings, f"limits as shipped: {told}"
    raised = float(np.log(shuffled / (budget * years)) / rules["fall_by_score"])
    limits = {
        name: values if name == "volume" else [limit + raised for limit in values]
        for name, values in settings["limits"].items()
    }
    return {**settings, "limits": limits}, f"limits raised by {raised:.1f}: {told}"


def quiet_signatures(counts: Floats, watch: Watch) -> NDArray[np.bool_]:
    """Return which signatures are seen, and told of nothing, shape (n_signatures,)."""
    steady: NDArray[np.bool_] = (counts > 0).max(axis=0)
    steady[[e.signature for e in watch.episodes]] = False
    return steady
