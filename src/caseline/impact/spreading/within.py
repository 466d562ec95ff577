"""What places that had the issue before say: whether it grew where an exposure began.

An issue that many have all the time tells nothing by who is hit. Each place is its own
control then: its days with the exposure against its days without, the same days of the
others beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from caseline.estimation.twoway import Change, two_way_change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from caseline.impact.spreading.exposures import Vector
    from caseline.impact.spreading.ground import Ground
    from caseline.impact.spreading.settings import SpreadSettings

    Floats = NDArray[np.float64]


def within_evidence(ground: Ground, vectors: Sequence[Vector], settings: SpreadSettings) -> Floats:
    """Return the log evidence of each vector from places that had the issue before it.

    Args:
        ground: Who was observed and hit, and who had what.
        vectors: Those to weigh.
        settings: How many places it takes, and how large a change may be.

    Returns:
        Shape (n_vectors,): 0 where too few places tell.

    Source:
        J. Wakefield (2009), Bayes factors for genome-wide association studies, Genet.
        Epidemiol. 33, 79-86; errors clustered by place, by Student's t.
    """
    risk = ground.risk
    chronic = (risk.hits > 0).sum(axis=1) > 1
    found = np.zeros(len(vectors))
    if chronic.sum() < settings.least_chronic:
        return found
    columns = np.arange(max(0, risk.hits.shape[1] - settings.most_days), risk.hits.shape[1])
    counts = np.sqrt(risk.events[:, columns])  # a loud place must not drown the others
    struck = risk.hits[:, columns] > 0
    for n, vector in enumerate(vectors):
        exposed, same = (part[:, columns] for part in ground.steady(vector))
        observed = risk.observed[:, columns] & same
        before = (struck & ~exposed & observed).any(axis=1)
        told = before & (exposed & observed).any(axis=1)
        if told.sum() >= settings.least_chronic and _grew(
            counts[told], observed[told], exposed[told]
        ):
            change = two_way_change(counts, observed, exposed)
            found[n] = _evidence(change, settings.change_spread)
    return found


def _grew(counts: Floats, observed: NDArray[np.bool_], exposed: NDArray[np.bool_]) -> bool:
    """Return whether there is more a day with the exposure than without, taken plainly."""
    inside, outside = observed & exposed, observed & ~exposed
    return bool(counts[inside].mean() > counts[outside].mean())


def _evidence(change: Change, spread: float) -> float:
    """Return the log of the Bayes factor of an increase to none; its prior has this spread."""
    from scipy.stats import norm, t  # noqa: PLC0415 - on use: importing scipy takes time

    if not np.isfinite(change.error) or change.log_ratio <= 0:
        return 0.0 if not np.isfinite(change.error) else -np.log(1 + spread / change.error)
    tail = float(t.logsf(change.log_ratio / change.error, change.units - 1))
    z = float(norm.isf(np.exp(max(tail, -300.0))))
    if z <= 0:
        return 0.0
    error = change.log_ratio / z
    shrunk = spread**2 / (spread**2 + error**2)
    return float(0.5 * np.log(1 - shrunk) + 0.5 * z**2 * shrunk)
