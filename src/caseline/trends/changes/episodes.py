"""One stretch of days on which a signature came at another rate than before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

How = Literal["level", "day"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The days around an episode, as they were seen: what it is dated by.

    Args:
        first: The day of the first one.
        counts: Distinct customers, shape (n_days,).
        means: What the days before made expected; 0 where nothing was concluded.
        size: Of the negative binomials.
    """

    first: int = 0
    counts: Floats = field(default_factory=lambda: np.zeros(0))
    means: Floats = field(default_factory=lambda: np.zeros(0))
    size: float = 1.0

    def between(self, low: int, high: int) -> tuple[Floats, Floats]:
        """Return counts and means of the days from *low* to *high*, that one excluded."""
        part = slice(max(0, low - self.first), max(0, high - self.first))
        return self.counts[part], self.means[part]


@dataclass(slots=True, kw_only=True)
class Episode:
    """A stretch at another rate; days are counted from the first one watched.

    Args:
        signature: Index of the signature.
        rising: Whether the rate is above the one before.
        onset: Its first day, by the sums.
        alarm: The day on which it was noticed.
        how: By the level of several days, or by one day that stands out.
        score: Log likelihood ratio then, or minus the log of the day's p-value.
        rate: Per observed customer, before it.
        after: The day on which an earlier episode ended or became usual, 0 if there was none.
        until: The day after its last one; None while it lasts.
        lasting: Whether it lasted so long that its rate became the expected one.
        seen: The days around it, once it ended or became usual.
    """

    signature: int
    rising: bool
    onset: int
    alarm: int
    how: How
    score: float
    rate: float
    after: int = 0
    until: int | None = None
    lasting: bool = False
    seen: Days = field(default_factory=Days)
