"""Counts what is unpacked, and says when it is too much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.collect.faults import Damage

if TYPE_CHECKING:
    from caseline.collect.limits import Limits
    from caseline.collect.reading import ByteReader


class Budget:
    """What a collection has used up so far.

    Args:
        limits: What it may use.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.packed_bytes = 0
        self.unpacked_bytes = 0
        self.members = 0
        self.exhausted = ""

    def admit(self) -> bool:
        """Count one more member; False when there are too many."""
        self.members += 1
        if self.members > self.limits.members:
            self.exhausted = f"more than {self.limits.members} members"
        return not self.exhausted

    def spend(self, size: int) -> None:
        """Count *size* unpacked bytes of any layer.

        Raises:
            Damage: the collection unpacks to too much.
        """
        limits = self.limits
        self.unpacked_bytes += size
        allowed = min(
            limits.collection_bytes,
            limits.collection_allowance_bytes + limits.ratio * self.packed_bytes,
        )
        if self.unpacked_bytes > allowed:
            self.exhausted = f"more than {allowed} bytes unpacked from {self.packed_bytes}"
        if self.exhausted:
            raise Damage("bomb", self.exhausted, final=True)


class Meter:
    """What one packed layer gives for what it takes.

    Args:
        budget: The collection's.
        source: Where the layer takes its packed bytes.
    """

    def __init__(self, budget: Budget, source: ByteReader) -> None:
        self._budget = budget
        self._source = source
        self._start = source.position
        self._given = 0

    @property
    def window_bytes(self) -> int:
        """Most memory a decoder's history may ask for."""
        return self._budget.limits.window_bytes

    def spend(self, size: int) -> None:
        """Count *size* unpacked bytes of this layer.

        Raises:
            Damage: the layer, or the collection, unpacks to too much.
        """
        limits = self._budget.limits
        self._given += size
        taken = self._source.position - self._start
        allowed = min(limits.member_bytes, limits.allowance_bytes + limits.ratio * taken)
        if self._given > allowed:
            detail = f"more than {allowed} bytes unpacked from {taken}"
            raise Damage("bomb", detail, final=True)
        self._budget.spend(size)
