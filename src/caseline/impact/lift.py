"""What is unusual at a customer: counts in a window against its own past and the fleet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from caseline.estimation.tails import lower_tail, upper_tail
from caseline.impact.settings import read_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftSettings:
    """What ``weights/README.md`` says of ``lift.toml``."""

    baseline_days: int
    dispersion: float
    usual: float
    least_expected: float
    activity_from: float
    activity_signatures: int
    activity_bounds: tuple[float, float]


@cache
def lift_settings() -> LiftSettings:
    """Return the settings that ship: ``weights/2026-11/lift.toml``.

    >>> lift_settings().baseline_days
    28
    """
    found = read_weights("lift")
    low, high = found.pop("activity_bounds")
    return LiftSettings(**found, activity_bounds=(low, high))


def expected_counts(
    seen: pl.Series, before: pl.Series, *, share: float, settings: LiftSettings
) -> pl.Series:
    """Return how many events were to be expected in the window.

    The past's count, scaled to the window's length and to how busy it is: the median
    over the frequent signatures of seen to expected, so that noon is compared with
    noon and a single burst moves nothing.

    Args:
        seen: Events in the window by signature, shape (n,).
        before: Events of the past, shape (n,).
        share: Length of the window relative to the past that logs were there for.
        settings: What frequent means, and the bounds of the factor.
    """
    plain = before.cast(pl.Float64) * share
    frequent = plain >= settings.activity_from
    if frequent.sum() < settings.activity_signatures:
        return plain
    low, high = settings.activity_bounds
    busy = float(np.median((seen.filter(frequent) / plain.filter(frequent)).to_numpy()))
    return plain * min(high, max(low, busy))


def with_lift(counts: pl.DataFrame, *, share: float, settings: LiftSettings) -> pl.DataFrame:
    """Add expected, lift, p_more and p_less to *counts*.

    Args:
        counts: seen, before: events in the window and in the past, shared ones by
            weight; one row for each signature.
        share: Length of the window relative to the past, in covered time.
        settings: Dispersion and what is usual.

    >>> frame = pl.DataFrame({"seen": [9.0, 1.0], "before": [28.0, 28.0]})
    >>> told = with_lift(frame, share=1 / 28, settings=lift_settings())
    >>> told["lift"].round(2).to_list()
    [6.33, 1.0]
    """
    expected = expected_counts(counts["seen"], counts["before"], share=share, settings=settings)
    # The unseen past of a signature is no proof that it cannot be: half an event over it.
    mean = expected.to_numpy() + settings.usual * min(1.0, share)
    seen, spread = counts["seen"].to_numpy(), settings.dispersion
    return counts.with_columns(
        expected.alias("expected"),
        ((counts["seen"] + settings.usual) / (expected + settings.usual)).alias("lift"),
        pl.Series("p_more", upper_tail(np.ceil(seen), mean, dispersion=spread)),
        pl.Series("p_less", lower_tail(np.floor(seen), mean, dispersion=spread)),
    )
