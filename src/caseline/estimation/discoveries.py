"""Many tests at once: how many of the findings are chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def q_values(p_values: ArrayLike, *, tests: int | None = None) -> NDArray[np.float64]:
    """Return for each p-value the share of false findings if it is the last one taken.

    Args:
        p_values: Shape (n,), each in [0, 1].
        tests: How many tests there were, if more than the p-values given; the others
            found nothing.

    Returns:
        q-values, shape (n,): taking all with q <= 0.05 keeps the expected share of
        false findings at 5 %.

    Source:
        Y. Benjamini and Y. Hochberg (1995), J. R. Stat. Soc. B 57, 289-300.

    >>> q_values([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.size == 0:
        return p
    order = np.argsort(p, kind="stable")[::-1]
    ranks = np.arange(p.size, 0, -1)
    scaled = p[order] * max(tests or 0, p.size) / ranks
    q = np.empty_like(p)
    q[order] = np.minimum(1.0, np.minimum.accumulate(scaled))
    return q
