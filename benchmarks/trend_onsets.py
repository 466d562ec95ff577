"""Shifts of level in real series that five people marked: the Turing Change Point Dataset.

Scored by covering and F1 with a margin of five steps, as its authors do: G. J. J. van den
Burg and C. K. I. Williams (2020), arXiv:2003.06222. Beside: no shifts at all, and optimal
partitioning by level alone with the penalty that statistics packages have by default.
Only the series that may be kept with the dataset are there; none was used to set the
penalty but to choose between 15 and the usual 4, once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from harness import Row, Setting, entry

from caseline.estimation.shifts import level_shifts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_MARGIN = 5


@entry("trend-onsets")
def measure_onsets(setting: Setting) -> Iterator[Row]:
    """Measure covering and F1 of shifts of level on series marked by people."""
    folder = setting.folder("tcpd")
    marks = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    series = {path.stem: _read(path) for path in sorted(folder.glob("datasets/*/*.json"))}
    ways: dict[str, Callable[[Floats], list[int]]] = {
        "level and scatter": level_shifts,
        "no shift": lambda _: [],
        "level alone, usual penalty": _level_alone,
    }
    scores = {
        name: [_scores(way(x), marks[key], len(x)) for key, x in series.items()]
        for name, way in ways.items()
    }
    for n, what in enumerate(("covering", "F1")):
        means = {name: [float(np.mean([s[n] for s in found]))] for name, found in scores.items()}
        for rival in ("no shift", "level alone, usual penalty"):
            yield Row(
                name=f"{what}, {len(series)} series",
                figures=means["level and scatter"],
                unit="",
                baseline=rival,
                baseline_figures=means[rival],
            )


def _read(path: Path) -> Floats:
    told = json.loads(path.read_text(encoding="utf-8"))
    values = np.array([s["raw"] for s in told["series"]], dtype=np.float64).T
    for column in values.T:  # a gap is bridged
        gap = np.isnan(column)
        column[gap] = np.interp(np.flatnonzero(gap), np.flatnonzero(~gap), column[~gap])
    return values


def _level_alone(values: Floats) -> list[int]:
    """Return the shifts by squared distance to the level, 3 log n for each."""
    x = (values - values.mean(axis=0)) / values.std(axis=0)
    size = len(x)
    sums, squares = (np.vstack([np.zeros(x.shape[1]), v.cumsum(axis=0)]) for v in (x, x**2))
    best, cut = np.zeros(size + 1), np.zeros(size + 1, dtype=int)
    best[0] = -3 * np.log(size)
    for end in range(1, size + 1):
        start = np.arange(end)
        length = (end - start)[:, np.newaxis]
        cost = (squares[end] - squares[start] - (sums[end] - sums[start]) ** 2 / length).sum(axis=1)
        cost += best[:end] + 3 * np.log(size)
        best[end], cut[end] = cost.min(), int(cost.argmin())
    found, at = [], int(cut[size])
    while at:
        found.append(at)
        at = int(cut[at])
    return found[::-1]


def _scores(found: list[int], marks: dict[str, list[int]], size: int) -> tuple[float, float]:
    covering = [_covering(sorted(own), found, size) for own in marks.values()]
    return float(np.mean(covering)), _f1(found, list(marks.values()))


def _covering(true: list[int], found: list[int], size: int) -> float:
    parts, own = (list(zip([0, *c], [*c, size], strict=True)) for c in (found, true))
    return sum((b - a) * max(_overlap((a, b), part) for part in parts) for a, b in own) / size


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> float:
    common = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return common / (max(one[1], other[1]) - min(one[0], other[0]))


def _f1(found: list[int], marks: list[list[int]]) -> float:
    told = {0, *found}
    of_all = {0}.union(*marks)
    precision = _hits(of_all, told) / len(told)
    recall = float(np.mean([_hits({0, *own}, told) / len({0, *own}) for own in marks]))
    return 2 * precision * recall / (precision + recall)


def _hits(true: set[int], told: set[int]) -> int:
    left, hits = set(told), 0
    for mark in sorted(true):
        near = sorted((abs(mark - t), t) for t in left if abs(mark - t) <= _MARGIN)
        if near:
            left.remove(near[0][1])
            hits += 1
    return hits
