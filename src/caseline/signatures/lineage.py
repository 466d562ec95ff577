"""The same trouble in the words of another version: reworded, split, merged, moved.

A pair of signatures is one in two versions' words when places stop saying the old and
begin to say the new at their own upgrade, when the words are near, and when the rate
stays. Any one of these alone is chance: a release fixes one error and brings another.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from caseline.signatures.switching import compare
from caseline.text import Likeness

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from caseline.signatures.catalog import Signature
    from caseline.signatures.lineage_numbers import LineageRules
    from caseline.signatures.presence import Presence, Seen
    from caseline.signatures.switching import Switch

_MOST_NEAR = 12
"""Of an old signature, the new ones nearest in wording that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One signature became another, or changed its own way.

    Args:
        from_id: The old one.
        to_id: The new one; the same for ``level_changed`` and ``sampled``.
        kind: ``reworded``, ``split``, ``merged``, ``moved``, ``level_changed``, ``sampled``.
        confidence: From 0 to 1.
        ratio: Daily rate after, relative to the rate before.
        since_version: The version that brought it.
        since: When it was first seen.
        environments: How many places show it.
        events_before: In these places.
        events_after: In these places.
        reasons: One sentence each.
    """

    from_id: str
    to_id: str
    kind: str
    confidence: float
    ratio: float
    since_version: str
    since: datetime
    environments: int
    events_before: int
    events_after: int
    reasons: tuple[str, ...]


class _Group(NamedTuple):
    """Old signatures and new ones that may be the same."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    switch: Switch
    wording: float
    confidence: float


def find_links(
    presence: Presence, signatures: Mapping[str, Signature], rules: LineageRules
) -> list[Link]:
    """Return which signatures became which, each at the most once old and once new."""
    search = _Search(presence, signatures, rules)
    taken_old: set[str] = set()
    taken_new: set[str] = set()
    links: list[Link] = []
    for group in sorted(search.groups(), key=lambda g: (-g.confidence, g.old, g.new)):
        free = taken_old.isdisjoint(group.old) and taken_new.isdisjoint(group.new)
        if free and group.confidence >= rules.bounds["proposed"]:
            taken_old.update(group.old)
            taken_new.update(group.new)
            links += _links_of(group, signatures)
    return sorted(links, key=lambda link: (link.from_id, link.to_id))


class _Search:
    def __init__(
        self, presence: Presence, signatures: Mapping[str, Signature], rules: LineageRules
    ) -> None:
        self._runs = presence.runs
        self._signatures = signatures
        self._rules = rules
        ended, begun = _candidates(presence, rules)
        known = {name for name, one in signatures.items() if one.kind in ("log", "trace")}
        self._ended, self._begun = sorted(ended & known), sorted(begun & known)
        self._seen = presence.seen({*self._ended, *self._begun})

    def groups(self) -> list[_Group]:
        """Return all groups worth comparing, with their confidence."""
        near = self._near()
        by_old: dict[str, list[str]] = defaultdict(list)
        by_new: dict[str, list[str]] = defaultdict(list)
        pairs: list[_Group] = []
        for (old, new), wording in near.items():
            switch = self._switch((old,), (new,))
            if switch is None or not self._one_holds_the_other(switch):
                continue
            pairs.append(self._group((old,), (new,), switch, wording))
            by_old[old].append(new)
            by_new[new].append(old)
        wide: list[_Group] = []
        for old, several in by_old.items():
            wide += self._widest((old,), sorted(several, key=lambda n: -near[old, n]), near)
        for new, several in by_new.items():
            order = sorted(several, key=lambda o: -near[o, new])
            wide += self._widest((new,), order, near, flip=True)
        within = {(old, new) for group in wide for old in group.old for new in group.new}
        alone = [pair for pair in pairs if (pair.old[0], pair.new[0]) not in within]
        low, high = self._rules.between
        return [group for group in (*wide, *alone) if low <= group.switch.ratio <= high]

    def _near(self) -> dict[tuple[str, str], float]:
        """Return the pairs near in wording, with how near."""
        if not self._ended or not self._begun:
            return {}
        names = sorted(self._signatures)
        rows = {name: row for row, name in enumerate(names)}
        like = Likeness([self._signatures[name].template for name in names])
        begun = np.array([rows[name] for name in self._begun])
        near: dict[tuple[str, str], float] = {}
        for old in self._ended:
            scores = like.to(self._signatures[old].template)[begun]
            for n in np.argsort(-scores, kind="stable")[:_MOST_NEAR]:
                new = self._begun[int(n)]
                if scores[n] >= self._rules.wording["least"] and self._may_be(old, new):
                    near[old, new] = float(scores[n])
        return near

    def _may_be(self, old: str, new: str) -> bool:
        one, other = self._signatures[old], self._signatures[new]
        if old == new or one.kind != other.kind:
            return False
        return one.kind == "log" or _raised(one) == _raised(other)

    def _one_holds_the_other(self, switch: Switch) -> bool:
        held = max(
            switch.switched / (switch.switched + switch.only_new),
            switch.switched / (switch.switched + switch.only_old),
        )
        return held >= self._rules.wording["contained"]

    def _widest(
        self,
        one: tuple[str, ...],
        several: Sequence[str],
        near: Mapping[tuple[str, str], float],
        *,
        flip: bool = False,
    ) -> list[_Group]:
        """Return the group of *one* with as many of *several* as bring its places together."""
        chosen: tuple[str, ...] = ()
        best: _Group | None = None
        for name in several:
            wider = (*chosen, name)
            old, new = (wider, one) if flip else (one, wider)
            switch = self._switch(old, new)
            if switch is None:
                continue
            wording = float(np.mean([near[o, n] for o in old for n in new]))
            group = self._group(old, new, switch, wording)
            if best is None or _fits_better(group.switch, best.switch):
                chosen, best = wider, group
        return [best] if best is not None and len(chosen) > 1 else []

    def _switch(self, old: Iterable[str], new: Iterable[str]) -> Switch | None:
        return compare(self._together(old), self._together(new), self._runs, self._rules)

    def _together(self, names: Iterable[str]) -> dict[tuple[str, str], Seen]:
        total: dict[tuple[str, str], Seen] = {}
        for name in names:
            for key, seen in self._seen[name].items():
                before = total.get(key)
                total[key] = seen if before is None else _added(before, seen)
        return total

    def _group(
        self, old: tuple[str, ...], new: tuple[str, ...], switch: Switch, wording: float
    ) -> _Group:
        weights = self._rules.weights
        kinds = np.mean(
            [_same_kinds(self._signatures[o], self._signatures[n]) for o in old for n in new]
        )
        odds = (
            weights["bias"]
            + weights["wording"] * (wording - weights["half"])
            + weights["switches"] * math.log1p(switch.switched)
            + weights["agreement"] * (switch.agreement - weights["agreeing"])
            + weights["rate"] * switch.surplus
            + weights["kinds"] * (float(kinds) - 0.5)
            + weights["severity"] * _level_differs(switch, self._rules)
        )
        return _Group(old, new, switch, wording, 1 / (1 + math.exp(-odds)))


def _candidates(presence: Presence, rules: LineageRules) -> tuple[set[str], set[str]]:
    """Return the signatures that some version ended, and those that some version began."""
    across, evidence = presence.across(), rules.evidence
    totals = presence.frame.group_by("signature_id").agg(pl.col("events").sum())
    enough = set(totals.filter(pl.col("events") >= evidence["least_events"])["signature_id"])
    found = []
    for seen, due, version in (
        ("events_after", "expected_after", "after"),
        ("events_before", "expected_before", "before"),
    ):
        absent = (
            across.group_by("signature_id", version)
            .agg(pl.col(seen).sum(), pl.col(due).sum())
            .filter(pl.col(due) >= evidence["expected"])
            .filter(pl.col(seen) <= evidence["stray"] * pl.col(due))
        )
        found.append(set(absent["signature_id"]) & enough)
    return found[0], found[1]


def _links_of(group: _Group, signatures: Mapping[str, Signature]) -> list[Link]:
    switch = group.switch
    return [
        Link(
            from_id=old,
            to_id=new,
            kind=_kind(group, signatures[old], signatures[new]),
            confidence=round(group.confidence, 4),
            ratio=round(switch.ratio, 4),
            since_version=switch.since_version,
            since=switch.since,
            environments=switch.switched,
            events_before=switch.events_before,
            events_after=switch.events_after,
            reasons=_reasons(group),
        )
        for old in group.old
        for new in group.new
    ]


def _kind(group: _Group, old: Signature, new: Signature) -> str:
    if len(group.new) > 1:
        return "split"
    if len(group.old) > 1:
        return "merged"
    return "moved" if old.kind == new.kind == "trace" else "reworded"


def _reasons(group: _Group) -> tuple[str, ...]:
    switch = group.switch
    against = switch.only_old + switch.only_new
    switched = f"{switch.switched} environments ceased one and began the other at their upgrade"
    rate = f"daily rate after the upgrade: {switch.ratio:.2f} of that before"
    reasons = [
        f"{switched} to {switch.since_version}; {against} speak against it",
        f"words alike: {group.wording:.2f}",
        f"{rate} ({switch.events_before} and {switch.events_after} events)",
    ]
    if len(group.new) > 1 or len(group.old) > 1:
        reasons.append(f"{len(group.old)} became {len(group.new)}")
    before, after = switch.severity
    if before is not None and after is not None and abs(before - after) > 1:
        reasons.append(f"mean severity {before:.1f} before, {after:.1f} after")
    return tuple(reasons)


def _fits_better(one: Switch, other: Switch) -> bool:
    """Return whether *one* explains more places, or as many with a rate nearer to before."""
    if one.agreement != other.agreement:
        return one.agreement > other.agreement
    return abs(math.log(one.ratio)) < abs(math.log(other.ratio)) - 0.05


def _added(one: Seen, other: Seen) -> Seen:
    events = one.events + other.events
    severity = one.severity
    if severity is not None and other.severity is not None:
        severity = (severity * one.events + other.severity * other.events) / events
    return one._replace(
        events=events, first_at=min(one.first_at, other.first_at), severity=severity
    )


def _same_kinds(one: Signature, other: Signature) -> float:
    """Return how many of the variables' kinds two signatures share, from 0 to 1."""
    mine, others = sorted(one.rules), sorted(other.rules)
    if not mine and not others:
        return 1.0
    shared = sum(min(mine.count(kind), others.count(kind)) for kind in {*mine, *others})
    return 2 * shared / (len(mine) + len(others))


def _raised(signature: Signature) -> tuple[str, ...]:
    """Return the exceptions that a trace's template names."""
    return tuple(part.split(" at ")[0] for part in signature.template.split(", then "))


def _level_differs(switch: Switch, rules: LineageRules) -> bool:
    before, after = switch.severity
    known = before is not None and after is not None
    return known and abs((before or 0.0) - (after or 0.0)) >= rules.level["step"]
