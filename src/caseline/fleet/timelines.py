"""Many step functions of time, looked up for a whole batch in two searches."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt

    Codes = npt.NDArray[np.int64]

Item = TypeVar("Item")
Interval = tuple[int, int, Item]
"""Start, end (half-open, in microseconds) and what holds in between."""

ALWAYS = -(2**63)
"""Start of an interval that has none."""
FOREVER = 2**63 - 1
"""End of an interval that has none."""


class Timelines:
    """Step functions from a moment to a label; both are whole numbers.

    Timeline 0 is always there and always says 0.

    >>> timelines = Timelines()
    >>> code = timelines.add([(10, 20, "a"), (15, 30, "b")], lambda active: len(active))
    >>> timelines.look_up(np.array([code] * 4), np.array([9, 10, 15, 29])).tolist()
    [0, 1, 2, 1]
    """

    def __init__(self) -> None:
        self._steps: list[list[tuple[int, int]]] = [[(ALWAYS, 0)]]
        self._flat: tuple[Codes, Codes, Codes] | None = None

    def add(
        self, intervals: Iterable[Interval[Item]], label: Callable[[frozenset[Item]], int]
    ) -> int:
        """Add the function that says *label* of what holds at a moment; return its code."""
        self._steps.append(_steps(list(intervals), label))
        self._flat = None
        return len(self._steps) - 1

    def look_up(self, codes: Codes, moments: Codes) -> Codes:
        """Return what each timeline of *codes* says at its moment, both shape (n,)."""
        if self._flat is None:
            self._flat = self._flattened()
        marks, keys, labels = self._flat
        key = codes * (len(marks) + 1) + np.searchsorted(marks, moments, side="right")
        return labels[np.searchsorted(keys, key, side="right") - 1]

    def _flattened(self) -> tuple[Codes, Codes, Codes]:
        """Return all moments of change; then (timeline, rank of moment) keys and labels."""
        moments = {at for steps in self._steps for at, _ in steps if at != ALWAYS}
        marks = np.array(sorted(moments), dtype=np.int64)
        code = np.array([i for i, s in enumerate(self._steps) for _ in s], dtype=np.int64)
        start = np.array([at for s in self._steps for at, _ in s], dtype=np.int64)
        labels = np.array([label for s in self._steps for _, label in s], dtype=np.int64)
        rank = np.searchsorted(marks, start, side="right")
        return marks, code * (len(marks) + 1) + rank, labels


def _steps(
    intervals: list[Interval[Item]], label: Callable[[frozenset[Item]], int]
) -> list[tuple[int, int]]:
    """Return (moment, label from then on), the first at ALWAYS, equal neighbours merged."""
    starts = sorted(intervals, key=lambda i: i[0])
    ends = sorted(intervals, key=lambda i: i[1])
    moments = sorted({ALWAYS, *(i[0] for i in intervals), *(i[1] for i in intervals)} - {FOREVER})
    active: Counter[Item] = Counter()
    steps: list[tuple[int, int]] = []
    opened = closed = 0
    for moment in moments:
        while opened < len(starts) and starts[opened][0] <= moment:
            active[starts[opened][2]] += 1
            opened += 1
        while closed < len(ends) and ends[closed][1] <= moment:
            active[ends[closed][2]] -= 1
            closed += 1
        said = label(frozenset(item for item, count in active.items() if count > 0))
        if not steps or steps[-1][1] != said:
            steps.append((moment, said))
    return steps
