"""From which version on an error is there: on each line of versions, backports apart."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from caseline.trends.upgrades.comparing import tell
from caseline.trends.upgrades.designs import design_of
from caseline.trends.upgrades.switches import LATER, switches_of
from caseline.versions import Branches, parse_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from caseline.trends.upgrades.comparing import Compared
    from caseline.trends.upgrades.designs import Hits, Units
    from caseline.trends.upgrades.settings import UpgradeSettings

_SURE = 1.645
_LEAST = 1e-12
Step = tuple[float, float]
"""A log ratio, and its information."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Which versions are bad.

    Args:
        first_bad: The first bad version that came of a clean one; None if none did.
        fixed_in: The clean versions that came of a bad one: with the backports.
        bad: All bad versions, in order.
        clean: All that are surely not, in order.
        words: Both in one sentence, line by line.
    """

    first_bad: str | None
    fixed_in: tuple[str, ...]
    bad: tuple[str, ...]
    clean: tuple[str, ...]
    words: str


def judge_lines(
    compared: Compared,
    signature: int,
    units: Units,
    hits: Hits,
    settings: UpgradeSettings,
    *,
    branches: Branches | None = None,
) -> Lines | None:
    """Return which versions of a component are bad for one signature; None if none can be told.

    Each pair of versions that places changed between gives a step; the versions' levels
    are those that fit the steps best. Which version came of which, *branches* says; where
    it does not, the one before it by its numbers.
    """
    own = hits.of(np.array([signature]))
    runs, part, ground = compared.runs, compared.part, compared.clumping
    if ground is None:
        return None
    ground = ground.of(np.array([signature]))
    every = switches_of(runs, part.codes.shape[1], settings)
    steps: dict[tuple[str, str], Step] = {}
    for old, new in sorted(set(zip(every.old.tolist(), every.new.tolist(), strict=True))):
        if min(old, new) < 0:
            continue
        chosen = np.flatnonzero((every.old == old) & (every.new == new))
        _, once = np.unique(every.place[chosen], return_index=True)
        kept = np.zeros(every.place.size, dtype=bool)
        kept[chosen[once]] = True
        some = every.only(kept)
        none = np.zeros(some.place.size, dtype=bool)
        design = design_of(units, runs, some, none, phase=LATER)
        told = tell(own, design, ground, settings, fine=True)
        if told.signature.size:
            pair = (part.values[old], part.values[new])
            steps[pair] = (float(told.log_ratio[0]), float(told.information[0]))
    return lines_of(steps, branches)


def lines_of(
    steps: Mapping[tuple[str, str], Step], branches: Branches | None = None
) -> Lines | None:
    """Return which versions are bad by the *steps* between them (old, new).

    >>> steps = {("8.0.0", "8.0.1"): (0.0, 40.0), ("8.0.1", "8.1.0"): (1.2, 40.0),
    ...          ("8.0.0", "8.1.0"): (1.1, 40.0)}
    >>> lines_of(steps).words
    'bad from 8.1.0 on (line 8.1); clean: 8.0.0, 8.0.1'
    """
    names = sorted({name for pair in steps for name in pair})
    parsed = {name: version for name in names if (version := parse_version(name)) is not None}
    order = sorted(parsed, key=lambda name: parsed[name])
    pairs = [(pair, step) for pair, step in steps.items() if set(pair) <= parsed.keys()]
    if not pairs:
        return None
    level, spread = _levels(order, pairs)
    top, bottom = int(level.argmax()), int(level.argmin())
    middle = (level[top] + level[bottom]) / 2
    bad, clean = [], []
    for n, name in enumerate(order):
        if level[n] >= middle and level[n] - level[bottom] >= _SURE * spread[n, bottom]:
            bad.append(name)
        elif level[n] < middle and level[top] - level[n] >= _SURE * spread[n, top]:
            clean.append(name)
    if not bad or not clean:
        return None
    graph = branches or Branches()
    came_of = {name: _came_of(name, [n for n in order if n in {*bad, *clean}], graph)
               for name in order}  # fmt: skip
    return Lines(
        first_bad=next((name for name in bad if came_of[name] in clean), None),
        fixed_in=tuple(name for name in clean if came_of[name] in bad),
        bad=tuple(bad), clean=tuple(clean), words=_words(bad, clean, came_of, graph),
    )  # fmt: skip


def _came_of(name: str, told: Sequence[str], graph: Branches) -> str | None:
    """Return the last of *told* that *name* came of, by lines and cuts; None if of none."""
    above = [n for n in told if n != name and graph.has(name, [n])]
    return next((n for n in above if all(graph.has(n, [m]) for m in above)), None)


def _levels(
    order: Sequence[str], pairs: Sequence[tuple[tuple[str, str], Step]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the level of each version and the standard error of each difference."""
    index = {name: n for n, name in enumerate(order)}
    matrix, due = np.zeros((len(order), len(order))), np.zeros(len(order))
    for (old, new), (value, weight) in pairs:
        contrast = np.zeros(len(order))
        contrast[index[new]], contrast[index[old]] = 1, -1
        matrix += weight * np.outer(contrast, contrast)
        due += weight * value * contrast
    inverse = np.linalg.pinv(matrix)
    own = np.diag(inverse)
    variance = own[:, None] + own[None, :] - 2 * inverse
    linked = np.linalg.matrix_power((matrix != 0).astype(float), len(order)) > 0
    return inverse @ due, np.where(linked, np.sqrt(np.maximum(variance, _LEAST)), np.inf)


def _words(
    bad: Sequence[str], clean: Sequence[str], came_of: Mapping[str, str | None], graph: Branches
) -> str:
    told = []
    for line, members in groupby(bad, key=graph.line):
        first = next(members)
        source = came_of[first]
        if source in bad and graph.line(str(source)) != line and line in graph.cuts:
            told.append(f"bad from {first} on (line {line}, which has it from {source})")
        else:
            since = "on" if any(graph.has(first, [n]) for n in clean) else "or earlier on"
            told.append(f"bad from {first} {since} (line {line})")
    fixed = [name for name in clean if came_of[name] in bad]
    if fixed:
        told.append(f"fixed in {', '.join(fixed)}")
    return "; ".join([*told, f"clean: {', '.join(clean)}"])
