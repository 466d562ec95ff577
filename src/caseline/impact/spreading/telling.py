"""Who would tell vectors apart that all hit places have together."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.impact.spreading.risk import moment_of
from caseline.impact.spreading.upcoming import NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from caseline.impact.spreading.exposures import Vector
    from caseline.impact.spreading.ground import Ground

_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "customer_id": pl.String,
    "environment_id": pl.String,
    "has": pl.String,
    "lacks": pl.String,
    "when": pl.Datetime("us", "UTC"),
    "reason": pl.String,
}
_RECENT_DAYS = 7


def who_would_tell(ground: Ground, vectors: Sequence[Vector], *, now: int) -> pl.DataFrame:
    """Return the places that have, or will have, one of the *vectors* without the other.

    Args:
        ground: Who had what.
        vectors: Those that cannot be separated.
        now: The present, in microseconds.

    Returns:
        customer_id, environment_id, has, lacks, when (it will; null if it has), reason:
        silent ones first, then those still to come, then those that were observed.
    """
    risk = ground.risk
    hit = risk.ever(risk.hits > 0)
    heard = risk.ever(risk.observed[:, -_RECENT_DAYS:])
    entered = {vector: ground.entered(vector, now=now) for vector in vectors}
    customers, places = risk.units["customer_id"], risk.units["environment_id"]
    rows = []
    for one, other in permutations(vectors, 2):
        mine, theirs = entered[one], entered[other]
        apart = ~hit & (mine < NEVER) & (theirs > mine)
        for unit in np.flatnonzero(apart).tolist():
            ahead = mine[unit] > now
            if not ahead and theirs[unit] < NEVER and theirs[unit] <= now:
                continue
            when = moment_of(int(mine[unit])) if ahead else None
            said = (
                "it will have one without the other"
                if ahead
                else "it has one without the other; not hit while observed"
                if heard[unit]
                else "it has one without the other, but is silent: its logs would tell"
            )
            rows.append((customers[unit], places[unit], str(one), str(other), when, said))
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    order = (
        pl.when(pl.col("reason").str.contains("silent")).then(0).when(pl.col("when").is_not_null())
    )
    return frame.sort(order.then(1).otherwise(2), "when", "customer_id", "has", nulls_last=True)
