"""The rate with a fix against what the same places would have had without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from caseline.estimation.rates import rate_ratio_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.trends.adoption.settings import AdoptionSettings

    Floats = NDArray[np.float64]

_MOST_FOLD = 1e4
_ROUNDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What was seen with the fix, beside what was expected without it.

    Args:
        seen: Events with the fix.
        expected: Events that the same places would have had without it.
        looks: How many events the expectation is as sure as.
        days: Customer-days with the fix.
        spread: Variance of a customer-day's events relative to Poisson's.
        ratio: Of *seen* to *expected*, with its one-sided limits *low* and *high*; NaN,
            0 and infinite where nothing was expected.
        needed: So many more customer-days with the fix, without an event, tell that the
            error is gone; 0 if it is told; None if no number of days does.
    """

    seen: float
    expected: float
    looks: float
    days: float
    spread: float
    ratio: float
    low: float
    high: float
    needed: int | None


def old_rates(
    events: Floats, days: Floats, *, spread: float, strength: float
) -> tuple[Floats, Floats]:
    """Return mean and variance of each place's rate without the fix.

    A place's rate has a Gamma distribution around the fleet's, sharpened by its own days.

    Args:
        events: Of each place without the fix, shape (n,).
        days: Its customer-days without the fix, shape (n,).
        spread: Variance of a day's events relative to Poisson's, at least 1.
        strength: How many days the fleet's rate weighs as much as.

    >>> mean, _ = old_rates(np.array([8.0, 0.0]), np.array([8.0, 0.0]), spread=1.0, strength=2.0)
    >>> mean.tolist()
    [1.0, 1.0]
    """
    fleet = float(events.sum()) / max(float(days.sum()), 1e-12)
    shape = strength * fleet + events / spread
    weight = strength + days / spread
    return shape / weight, shape / weight**2


def compare(
    seen: float,
    days: Floats,
    rates: tuple[Floats, Floats],
    *,
    course: tuple[float, float],
    spread: float,
    settings: AdoptionSettings,
) -> Compared:
    """Return how what was *seen* with a fix compares with the old rates of the same places.

    Args:
        seen: Events with the fix.
        days: Customer-days with the fix at each place, shape (n,).
        rates: Mean and variance of the old rates, each (n,): see ``old_rates``.
        course: How the rate went meanwhile where the fix does not run, and the variance of
            that relative to its square.
        spread: Variance of a day's events relative to Poisson's.
        settings: The numbers that decide.

    Source:
        Indirect standardisation, N. E. Breslow and N. E. Day (1987), IARC Sci. Publ. 82, 2.3;
        limits of the ratio as in ``rate_ratio_interval``.
    """
    mean, variance = rates
    expected = float((mean * days).sum()) * course[0]
    scatter = float((variance * days**2).sum()) * course[0] ** 2 + course[1] * expected**2
    looks = expected**2 / scatter if scatter > 0 else 0.0
    whole = float(days.sum())
    ratio, low, high = _limits(seen, expected, looks, spread, settings)
    return Compared(
        seen=seen, expected=expected, looks=looks, days=whole, spread=spread,
        ratio=ratio, low=low, high=high,
        needed=_needed(seen, expected, looks, whole, spread, settings),
    )  # fmt: skip


def _limits(
    seen: float, expected: float, looks: float, spread: float, settings: AdoptionSettings
) -> tuple[float, float, float]:
    if expected <= 0 or looks <= 0:
        return float("nan"), 0.0, float("inf")
    found = rate_ratio_interval(
        ([seen / spread], [looks]), (expected / spread, looks), level=2 * settings.sure - 1
    )
    ratio, low, high = (float(part[0]) for part in found)
    return ratio, low, high


def _needed(
    seen: float,
    expected: float,
    looks: float,
    days: float,
    spread: float,
    settings: AdoptionSettings,
) -> int | None:
    """Return how many more days without an event bring the upper limit down."""
    if expected <= 0 or days <= 0:
        return None

    def high(fold: float) -> float:
        return _limits(seen, expected * fold, looks, spread, settings)[2]

    if high(1.0) <= settings.gone_ratio:
        return 0
    if high(_MOST_FOLD) > settings.gone_ratio:
        return None
    near, far = 1.0, _MOST_FOLD
    for _ in range(_ROUNDS):
        middle = (near * far) ** 0.5
        near, far = (middle, far) if high(middle) > settings.gone_ratio else (near, middle)
    return int(np.ceil(days * (far - 1)))


def verdict_of(compared: Compared, settings: AdoptionSettings) -> tuple[str, float | None]:
    """Return what *compared* tells, and how probable that is.

    >>> from caseline.trends.adoption.settings import adoption_settings
    >>> rates = old_rates(np.array([90.0]), np.array([90.0]), spread=1.0, strength=2.0)
    >>> found = compare(0.0, np.array([60.0]), rates, course=(1.0, 0.0), spread=1.0,
    ...                 settings=adoption_settings())
    >>> verdict_of(found, adoption_settings())[0]
    'fixed'
    """
    from scipy.special import gammainc  # noqa: PLC0415 - importing scipy takes time

    if not np.isfinite(compared.high):
        return "cannot tell", None
    shape, rate = compared.seen / compared.spread + 0.5, compared.expected / compared.spread
    gone = float(gammainc(shape, settings.gone_ratio * rate))
    less = float(gammainc(shape, rate))
    if compared.high <= settings.gone_ratio:
        return "fixed", gone
    if compared.low <= settings.gone_ratio:
        return "cannot tell", gone
    if compared.high < settings.partly_below:
        return "partly", less - gone
    return ("not yet", 1 - gone) if compared.ratio > settings.inferred_below else (
        "cannot tell", gone)  # fmt: skip
