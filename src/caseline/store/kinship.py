"""Signatures that are counted as one, because versions worded them in several ways.

Nothing is merged: each keeps its id and its events, and a question that wants the whole
history asks for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import polars as pl

    from caseline.protocols import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """Which signatures belong together.

    Args:
        heads: For each signature that has kin, the one that came first.
        members: For each head, all of them with it, sorted.
        proposed: Heads some of whose links no person has confirmed.
    """

    heads: dict[str, str] = field(default_factory=dict)
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    proposed: frozenset[str] = frozenset()

    def head(self, name: str) -> str:
        """Return the first of the kin of *name*, itself if it has none."""
        return self.heads.get(name, name)

    def together(self, names: Iterable[str]) -> list[str]:
        """Return *names* and all their kin, sorted."""
        found = {name for one in names for name in self.members.get(self.head(one), (one,))}
        return sorted(found)

    def lists(self) -> dict[str, Any]:
        """Return the values ``$members`` and ``$heads`` of questions that read kin as one."""
        return {"members": list(self.heads), "heads": list(self.heads.values())}

    def notes(self, names: Iterable[str]) -> list[str]:
        """Return what a reader of an answer about *names* must know."""
        notes = []
        for head in sorted({self.head(name) for name in names} & self.members.keys()):
            others = [name for name in self.members[head] if name != head]
            how = "lineage not yet confirmed" if head in self.proposed else "confirmed lineage"
            notes.append(f"{head} is counted together with {', '.join(others)} ({how})")
        return notes


def read_kin(engine: Engine, *, as_of: datetime | None = None) -> Kin:
    """Return the kin of all signatures; what was decided after *as_of* is hidden."""
    return kin_of(engine.ask("kin_links", as_of=as_of))


def kin_of(links: pl.DataFrame) -> Kin:
    """Return the kin that *links* (from_id, to_id, state) make, directly or in steps.

    The head is the one that came from no other; of several, the least by name.

    >>> import polars as pl
    >>> links = pl.DataFrame(
    ...     {"from_id": ["s-1", "s-2"], "to_id": ["s-2", "s-3"], "state": ["confirmed"] * 2}
    ... )
    >>> kin_of(links).together(["s-3"])
    ['s-1', 's-2', 's-3']
    """
    beside: dict[str, set[str]] = {}
    for old, new in links.select("from_id", "to_id").iter_rows():
        beside.setdefault(old, set()).add(new)
        beside.setdefault(new, set()).add(old)
    later = set(links["to_id"])
    heads: dict[str, str] = {}
    members: dict[str, tuple[str, ...]] = {}
    for name in sorted(beside):
        if name in heads:
            continue
        group, due = {name}, [name]
        while due:
            fresh = beside[due.pop()] - group
            group |= fresh
            due += fresh
        head = min(group - later or group)
        heads |= dict.fromkeys(sorted(group), head)
        members[head] = tuple(sorted(group))
    unsure = links.filter(links["state"] != "confirmed")["from_id"]
    return Kin(heads=heads, members=members, proposed=frozenset(heads[name] for name in unsure))
