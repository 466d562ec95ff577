"""Whether an issue struck all its places at one date, whatever else they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from caseline.impact.spreading.exposures import Vector
from caseline.impact.spreading.risk import moment_of

if TYPE_CHECKING:
    from caseline.impact.spreading.risk import Risk
    from caseline.impact.spreading.settings import SpreadSettings

CALENDAR = "calendar"
"""The attribute of a date that is the same at all places."""
_MICROSECONDS = 3_600_000_000
_LEAST_PLACES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """A short time in which most places were hit for the first time.

    Args:
        vector: kind date, attribute calendar, value the day it began.
        places: How many were hit first within it.
        share: Of all hit places.
        p_value: Chance of so many by accident, if hits fell evenly over the days.
    """

    vector: Vector
    places: int
    share: float
    p_value: float


def find_gathering(risk: Risk, settings: SpreadSettings) -> Gathering | None:
    """Return the short time in which most places were hit first, if there is one.

    Args:
        risk: Who was observed and hit, on all days.
        settings: How short, how many, how unlikely by chance.

    Source:
        J. I. Naus (1965), The distribution of the size of the maximum cluster of points on
        a line, J. Am. Stat. Assoc. 60, 532-538: bounded by one test for each first hit.
    """
    from scipy.stats import binom  # noqa: PLC0415 - on use: importing scipy takes time

    moments = np.where(risk.hits > 0, risk.first, np.iinfo(np.int64).max)
    firsts = np.sort(moments.min(axis=1, initial=np.iinfo(np.int64).max))
    firsts = firsts[firsts < np.iinfo(np.int64).max]
    days = int(risk.observed.any(axis=0).sum())
    if firsts.size < _LEAST_PLACES or not days:
        return None
    length = round(settings.calendar_hours * _MICROSECONDS)
    inside = np.searchsorted(firsts, firsts + length, side="right") - np.arange(firsts.size)
    at = int(inside.argmax())
    places, share = int(inside[at]), float(inside[at]) / firsts.size
    part = min(1.0, settings.calendar_hours / 24 / days)
    p_value = min(1.0, firsts.size * float(binom.sf(places - 2, firsts.size - 1, part)))
    if share < settings.calendar_share or p_value > settings.calendar_level:
        return None
    day = moment_of(int(firsts[at])).date()
    vector = Vector(kind="date", attribute=CALENDAR, value=day.isoformat())
    return Gathering(vector=vector, places=places, share=share, p_value=p_value)
