"""How sure a share is."""

from __future__ import annotations

from math import sqrt


def wilson_interval(hits: float, trials: float, *, z: float = 1.96) -> tuple[float, float]:
    """Return the interval for a share when *hits* of *trials* succeeded.

    Unlike hits/trials plus or minus z standard errors, it stays within [0, 1].

    Args:
        hits: Successes, 0 <= hits <= trials. Fractions are allowed: trials that count
            for less than one.
        trials: Tries, at least 0; with none nothing is known: (0, 1).
        z: Normal quantile; 1.96 gives 95 % two-sided.

    Returns:
        (low, high), each in [0, 1], low <= hits / trials <= high.

    Raises:
        ValueError: *hits* or *trials* out of range; the message shows both.

    Source:
        E. B. Wilson (1927), J. Am. Stat. Assoc. 22, 209-212.

    >>> low, high = wilson_interval(3, 20)
    >>> round(low, 3), round(high, 3)
    (0.052, 0.36)
    """
    if not 0 <= hits <= trials:
        raise ValueError(f"hits is {hits}, trials is {trials}; give 0 <= hits <= trials")
    if trials == 0:
        return 0.0, 1.0
    share, weight = hits / trials, z * z / trials
    middle = (share + weight / 2) / (1 + weight)
    half = z * sqrt(share * (1 - share) / trials + weight / (4 * trials)) / (1 + weight)
    return min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half))
