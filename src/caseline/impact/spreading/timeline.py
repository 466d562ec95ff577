"""The spread day by day, and wave by wave of the release that brings it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.impact.spreading.upcoming import NEVER

if TYPE_CHECKING:
    from datetime import timedelta

    from numpy.typing import NDArray

    from caseline.impact.spreading.exposures import Vector
    from caseline.impact.spreading.ground import Ground

_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "day": pl.Date,
    "wave": pl.String,
    "new": pl.Int64,
    "total": pl.Int64,
    "exposed": pl.Int64,
    "observed": pl.Int64,
}


def timeline_of(ground: Ground, vector: Vector | None, *, day: timedelta) -> pl.DataFrame:
    """Return day, wave, new, total, exposed, observed: customers, from the first hit on.

    A customer belongs to the first wave of the release that reached it; null is none.

    Args:
        ground: Who had what.
        vector: What is likely to carry the issue; None if nothing is.
        day: The length of a day.
    """
    risk = ground.risk
    if not risk.hit_days.size:
        return pl.DataFrame(schema=_SCHEMA)
    waves, number = _waves(ground, vector)
    names, customer = np.unique(risk.units["customer_id"].to_numpy(), return_inverse=True)
    struck = _by_customer(risk.hits > 0, customer, len(names))
    seen = _by_customer(risk.observed, customer, len(names))
    bits = ground.bits_of(vector) if vector is not None else np.zeros_like(risk.observed)
    exposed = _by_customer(bits, customer, len(names))
    first = np.where(struck.any(axis=1), struck.argmax(axis=1), -1)
    wave_of = np.full(len(names), len(waves))
    np.minimum.at(wave_of, customer, number)
    start, end = int(risk.hit_days[0]), risk.hits.shape[1]
    rows = []
    for wave, name in enumerate([*waves, None]):
        mine = wave_of == wave
        new = np.bincount(first[mine & (first >= 0)], minlength=end)
        total = new.cumsum()
        mine_exposed, mine_seen = exposed[mine].sum(axis=0), seen[mine].sum(axis=0)
        days = np.arange(start, end)
        rows.append(
            pl.DataFrame(
                {
                    "day": [risk.first_day + int(at) * day for at in days],
                    "wave": [name] * len(days),
                    "new": new[days],
                    "total": total[days],
                    "exposed": mine_exposed[days],
                    "observed": mine_seen[days],
                },
                schema=_SCHEMA,
            )
        )
    frame = pl.concat(rows)
    return frame.filter(
        pl.col("exposed").sum().over("wave") + pl.col("total").max().over("wave") > 0
    )


def _waves(ground: Ground, vector: Vector | None) -> tuple[list[str], NDArray[np.int64]]:
    """Return the waves that bring *vector*, by their start, and the wave of each place."""
    told = [] if vector is None else [v for v in (vector, *vector.parts) if v.kind == "version"]
    brought = {f"{v.attribute} {v.value}" for v in told}
    own = [] if vector is None else [v for v in (vector, *vector.parts) if v.kind == "wave"]
    brought |= {v.attribute for v in own}
    waves = [v for v in ground.vectors if v.kind == "wave" and v.attribute in brought]
    starts = [ground.entered(v, now=-NEVER) for v in waves]
    order = sorted(range(len(waves)), key=lambda i: (int(starts[i].min()), waves[i].value or ""))
    number = np.full(ground.risk.units.height, len(waves), dtype=np.int64)
    for rank, i in reversed(list(enumerate(order))):
        number[starts[i] < NEVER] = rank
    return [waves[i].value or "" for i in order], number


def _by_customer(
    bits: NDArray[np.bool_], customer: NDArray[np.int64], count: int
) -> NDArray[np.bool_]:
    found = np.zeros((count, bits.shape[1]), dtype=bool)
    np.logical_or.at(found, customer, bits)
    return found
