"""Which fixes fit into so many engineering days and avoid the most hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

_STEPS = 4
_LARGEST = 50_000_000


def choose(hours: Sequence[float], days: Sequence[float], budget: float) -> tuple[list[int], bool]:
    """Return the positions of those to do, and whether no choice is better.

    Exact by dynamic programming over quarters of a day, efforts rounded up; by hours per
    day, the best first, where that would take too long.

    Args:
        hours: What each avoids, at least 0.
        days: What each takes, above 0.
        budget: Days there are.

    Source:
        R. Bellman (1957), Dynamic Programming: the 0/1 knapsack.

    >>> choose([10.0, 9.0, 9.0], [5.0, 3.0, 3.0], 6.0)
    ([1, 2], True)
    """
    sizes = [max(1, int(np.ceil(d * _STEPS - 1e-9))) for d in days]
    room = min(int(np.floor(budget * _STEPS + 1e-9)), sum(sizes))
    if room * len(sizes) > _LARGEST:
        return _greedy(hours, sizes, room), False
    best = np.zeros(room + 1)
    took = np.zeros((len(sizes), room + 1), dtype=bool)
    for n, (size, gain) in enumerate(zip(sizes, hours, strict=True)):
        if size > room or gain <= 0:
            continue
        other = best[: room + 1 - size] + gain
        took[n, size:] = other > best[size:]
        best[size:] = np.maximum(best[size:], other)
    chosen, left = [], room
    for n in reversed(range(len(sizes))):
        if took[n, left]:
            chosen.append(n)
            left -= sizes[n]
    return chosen[::-1], True


def _greedy(hours: Sequence[float], sizes: Sequence[int], room: int) -> list[int]:
    order = sorted(range(len(sizes)), key=lambda n: (-hours[n] / sizes[n], n))
    chosen = []
    for n in order:
        if hours[n] > 0 and sizes[n] <= room:
            chosen.append(n)
            room -= sizes[n]
    return sorted(chosen)
