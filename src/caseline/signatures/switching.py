"""Whether places that stop saying one thing begin to say another at their upgrade."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from caseline.signatures.lineage_numbers import LineageRules
    from caseline.signatures.presence import Run, Seen

Where = "Mapping[tuple[str, str], Seen]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """How well an old and a new signature complement one another.

    Args:
        switched: Places that had the old one before and have the new one after.
        only_old: Places that had the old one and lack the new one, though it was due.
        only_new: Places that have the new one and lacked the old one, though it was due.
        ratio: Daily rate after, relative to the rate before, over all these places.
        surplus: Logarithm of the ratio beyond what chance makes.
        events_before: Of the old one, in these places.
        events_after: Of the new one, in these places.
        since_version: The first version with the new one.
        since: When it was first seen there.
        severity: Mean severity before and after, where it is known.
    """

    switched: int
    only_old: int
    only_new: int
    ratio: float
    surplus: float
    events_before: int
    events_after: int
    since_version: str
    since: datetime
    severity: tuple[float | None, float | None]

    @property
    def agreement(self) -> float:
        """Of the places that tell anything, those that switched."""
        return self.switched / (self.switched + self.only_old + self.only_new)


class _Sides(NamedTuple):
    old: frozenset[str]
    new: frozenset[str]


def compare(
    old: Mapping[tuple[str, str], Seen],
    new: Mapping[tuple[str, str], Seen],
    runs: Mapping[str, list[Run]],
    rules: LineageRules,
) -> Switch | None:
    """Return how *new* takes the place of *old*; None where it does not.

    Args:
        old: What was seen of the old one, by place and version.
        new: The same of the new one.
        runs: For each place its versions in order.
        rules: The numbers.
    """
    sides = _sides(old, new, rules.evidence["stray"])
    if sides is None:
        return None
    tally = _Tally(rules)
    for place in sorted({place for place, _ in (*old, *new)}):
        stretch = _stretch(runs[place], sides, rules.evidence["least_days"])
        if stretch is not None:
            before, after = stretch
            tally.add(
                (_sum(old, place, before), _sum(new, place, after)),
                (sum(run.days for run in before), sum(run.days for run in after)),
            )
    if not tally.switched or not tally.expected:
        return None
    first = min(((s.first_at, v) for (_, v), s in new.items() if v in sides.new), default=None)
    if first is None:
        return None
    ratio = tally.after / tally.expected
    noise = 2 * math.sqrt(1 / max(1, tally.before) + 1 / max(1, tally.after))
    return Switch(
        switched=tally.switched,
        only_old=tally.only_old,
        only_new=tally.only_new,
        ratio=ratio,
        surplus=max(0.0, abs(math.log(max(ratio, 1e-9))) - noise),
        events_before=tally.before,
        events_after=tally.after,
        since_version=first[1],
        since=first[0],
        severity=(_severity(old.values()), _severity(new.values())),
    )


class _Tally:
    """Counts places by what they say; one where nothing was due says nothing."""

    def __init__(self, rules: LineageRules) -> None:
        self._due = rules.evidence["expected"]
        self.switched = self.only_old = self.only_new = 0
        self.before = self.after = 0
        self.expected = 0.0

    def add(self, events: tuple[int, int], days: tuple[float, float]) -> None:
        before, after = events
        expected_after = before / days[0] * days[1]
        expected_before = after / days[1] * days[0]
        if before and after:
            self.switched += 1
        elif before and expected_after >= self._due:
            self.only_old += 1
        elif after and expected_before >= self._due:
            self.only_new += 1
        self.before += before
        self.after += after
        self.expected += expected_after


def _sides(
    old: Mapping[tuple[str, str], Seen], new: Mapping[tuple[str, str], Seen], stray: float
) -> _Sides | None:
    """Return the versions that say the old and those that say the new; None if both do."""
    shares = [_shares(old), _shares(new)]
    versions = {*shares[0], *shares[1]}
    newer = {v for v in versions if shares[1].get(v, 0.0) > shares[0].get(v, 0.0)}
    older = versions - newer
    wrong_old = sum(shares[0].get(v, 0.0) for v in newer)
    wrong_new = sum(shares[1].get(v, 0.0) for v in older)
    if not newer or not older or max(wrong_old, wrong_new) > stray:
        return None
    return _Sides(frozenset(older), frozenset(newer))


def _shares(seen: Mapping[tuple[str, str], Seen]) -> dict[str, float]:
    total = sum(one.events for one in seen.values())
    shares: dict[str, float] = {}
    for (_, version), one in seen.items():
        shares[version] = shares.get(version, 0.0) + one.events / total
    return shares


def _stretch(
    runs: list[Run], sides: _Sides, least_days: float
) -> tuple[list[Run], list[Run]] | None:
    """Return a place's runs of the old side and, right after them, of the new side."""
    told = [run for run in runs if run.days >= least_days]
    start = next((n for n, run in enumerate(told) if run.version in sides.new), None)
    if not start or told[start - 1].version not in sides.old:
        return None
    before = [run for run in told[:start] if run.version in sides.old]
    after = [run for run in told[start:] if run.version in sides.new]
    return before, after


def _sum(seen: Mapping[tuple[str, str], Seen], place: str, runs: list[Run]) -> int:
    found = (seen.get((place, run.version)) for run in runs)
    return sum(one.events for one in found if one is not None)


def _severity(seen: Iterable[Seen]) -> float | None:
    graded = [(one.severity, one.events) for one in seen if one.severity is not None]
    events = sum(n for _, n in graded)
    return sum(s * n for s, n in graded) / events if events else None
