"""Opens what is packed, layer by layer, down to the plain files; nothing goes to disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.collect.compression import CODECS, unpacked
from caseline.collect.faults import Damage, Faults
from caseline.collect.manifests import is_manifest
from caseline.collect.member_names import safe_name
from caseline.collect.reading import ByteReader
from caseline.collect.recognition import HEAD_BYTES, inner_name, packing
from caseline.collect.tar_members import list_tar_members
from caseline.collect.zip_directory import link_positions
from caseline.collect.zip_members import list_zip_members

if TYPE_CHECKING:
    from collections.abc import Iterator

    from caseline.collect.archives import Member
    from caseline.collect.budgets import Budget

Leaf = tuple[str, ByteReader]


class Unpacking:
    """Finds the plain files in containers.

    Args:
        budget: Counts members and bytes, and ends it all when they are too many.
        faults: Told of what is refused or damaged.
    """

    def __init__(self, budget: Budget, faults: Faults) -> None:
        self._budget = budget
        self._faults = faults

    def leaves(
        self, name: str, source: ByteReader, *, prefix: str = "", hint: str = "", depth: int = 0
    ) -> Iterator[Leaf]:
        """Yield name and content of each plain file in *source*, one after another.

        The content of one must be read before the next is asked for.

        Args:
            name: What *source* is called, in rejects and if it is a plain file.
            source: Its bytes.
            prefix: Goes before the names of its members.
            hint: Its name without the endings of layers that were opened already.
            depth: How many layers were.
        """
        hint = hint or name
        kind = packing(source.peek(HEAD_BYTES), hint)
        if kind is None:
            yield name, source
        elif depth >= self._budget.limits.depth:
            detail = f"more than {depth} layers in one another"
            self._faults.add("bomb", name, position=0, detail=detail)
        elif kind in CODECS:
            inner = unpacked(CODECS[kind], source, self._budget)
            yield from self.leaves(
                name, inner, prefix=prefix, hint=inner_name(hint), depth=depth + 1
            )
        else:
            yield from self._members(name, source, kind=kind, prefix=prefix, depth=depth)

    def manifest(self, source: ByteReader, hint: str) -> bytes | None:
        """Return the manifest of the archive in *source*, None if there is none.

        All else is passed over, unread where the format allows.
        """
        kind = packing(source.peek(HEAD_BYTES), hint)
        depth = 0
        while kind in CODECS and depth < self._budget.limits.depth:
            source, hint, depth = (
                unpacked(CODECS[kind], source, self._budget),
                inner_name(hint),
                depth + 1,
            )
            kind = packing(source.peek(HEAD_BYTES), hint)
        if kind is None or kind in CODECS:
            return None
        for member in self._entries("", source, kind):
            if is_manifest(safe_name(member.name) or "") and not member.refusal:
                return whole_of(member.content, self._budget.limits.manifest_bytes)
            self._leave(member, "")
            if not self._budget.admit():
                break
        return None

    def _members(
        self, name: str, source: ByteReader, *, kind: str, prefix: str, depth: int
    ) -> Iterator[Leaf]:
        for member in self._entries(name, source, kind):
            if not self._budget.admit():
                return
            path = safe_name(member.name)
            refusal, detail = member.refusal, member.detail
            if path is None and not member.folder:
                refusal, detail = "unsafe_path", "a name that leads out of the archive"
            shown = prefix + (path or member.name)
            if refusal:
                self._faults.add(refusal, shown, position=member.position, detail=detail)
            elif not member.folder:
                yield from self.leaves(shown, member.content, prefix=f"{shown}/", depth=depth + 1)
            self._leave(member, shown)
            if self._budget.exhausted:
                return

    def _entries(self, name: str, source: ByteReader, kind: str) -> Iterator[Member]:
        def report(damage: Damage, position: int) -> None:
            self._faults.damage(damage, name, position)

        if kind == "tar":
            return list_tar_members(source, report)
        links: frozenset[int] = frozenset()
        if source.random is not None:
            links = link_positions(source.random, self._budget.limits.members)
        return list_zip_members(source, report, self._budget, links)

    def _leave(self, member: Member, name: str) -> None:
        try:
            member.leave()
        except Damage as damage:
            if not member.content.damaged:
                self._faults.damage(damage, name, member.content.position)


def whole_of(content: ByteReader, most: int) -> bytes:
    """Return all of a small file, at most one byte more; nothing if it cannot be read."""
    try:
        return content.exactly(most + 1)
    except Damage:
        return b""
