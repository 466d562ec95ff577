"""What people recorded of fixes: every record is kept, the latest one counts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.errors import InputError, ReadOnlyError
from caseline.records.answers import plain
from caseline.versions import Branches, Ranges

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from caseline.protocols import Engine

_LISTS = ("fixed_in", "affected_from", "affected")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFix:
    """Which versions of a component have an issue and which its fix, as somebody said.

    Args:
        issue_id: The issue or signature.
        component: What the versions are of.
        ranges: Which have it, and which the fix.
        author: Who said so.
        recorded_at: When.
        position: How many records of this issue and component came before.
    """

    issue_id: str
    component: str
    ranges: Ranges
    author: str
    recorded_at: datetime
    position: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        return {
            "issue_id": self.issue_id,
            "component": self.component,
            **{name: list(getattr(self.ranges, name)) for name in _LISTS},
            "branches": dict(self.ranges.branches.cuts),
            "author": self.author,
            "recorded_at": plain(self.recorded_at),
            "position": self.position,
        }


def save_fix(engine: Engine, fix: RecordedFix) -> RecordedFix:
    """Keep *fix* beside those recorded before; return it with its position.

    Raises:
        ReadOnlyError: the workspace cannot be written to.
    """
    if not engine.writable:
        raise ReadOnlyError("a fix is recorded in the workspace; open it for writing")
    with engine.transaction():
        held = read_fixes(engine, fix.issue_id, as_of=None)
        position = sum(one.component == fix.component for one in held)
        row = {
            "issue_id": fix.issue_id,
            "component": fix.component,
            "position": position,
            **{name: json.dumps(getattr(fix.ranges, name)) for name in _LISTS},
            "branches": json.dumps(dict(fix.ranges.branches.cuts)),
            "author": fix.author,
            "recorded_at": fix.recorded_at,
        }
        engine.save("fixes", pl.DataFrame([row]))
    return RecordedFix(
        issue_id=fix.issue_id,
        component=fix.component,
        ranges=fix.ranges,
        author=fix.author,
        recorded_at=fix.recorded_at,
        position=position,
    )


def read_fixes(engine: Engine, issue_id: str, *, as_of: datetime | None) -> list[RecordedFix]:
    """Return what was recorded of an issue until *as_of*, the latest first."""
    found = engine.ask("recorded_fixes", as_of=as_of, issue_id=issue_id)
    if as_of is not None:
        found = found.filter(pl.col("recorded_at") <= as_of)
    return [
        RecordedFix(
            issue_id=row["issue_id"],
            component=row["component"],
            ranges=Ranges(
                **{name: tuple(json.loads(row[name])) for name in _LISTS},
                branches=Branches(cuts=json.loads(row["branches"])),
            ),
            author=row["author"],
            recorded_at=row["recorded_at"],
            position=row["position"],
        )
        for row in found.iter_rows(named=True)
    ]


def listed_versions(value: Sequence[str] | str, name: str) -> tuple[str, ...]:
    """Return the versions that a caller gave under *name*: one, or several.

    Raises:
        InputError: something else than texts.

    >>> listed_versions("8.1.0", "fixed_in"), listed_versions(["8.1.0", "8.0.1"], "fixed_in")
    (('8.1.0',), ('8.1.0', '8.0.1'))
    """
    versions: tuple[Any, ...] = (value,) if isinstance(value, str) else tuple(value)
    for version in versions:
        if not (isinstance(version, str) and version.strip()):
            raise InputError(f"{name} holds a {type(version).__name__}; give versions as str")
    return versions
