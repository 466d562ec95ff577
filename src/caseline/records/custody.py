"""What became of data that was taken out of a workspace for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from caseline.records.answers import plain

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.records.answers import Table


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Erasure:
    """What went with a customer.

    Args:
        subject: What the audit log calls the customer from now on.
        at: When.
        by: Who asked for it.
        counts: How much went: events, tickets, messages, environments, collections,
            sources, signatures, words.
        share_groups: The groups of customers that lost a member, and so the only numbers
            of others that changed: share_group (its name from now on), members (that are
            left), weight (the lost one; the others share it), events.
        unmerged: Signatures that a person had merged into one that went; they stand alone.
        files: The files that were written anew.
    """

    subject: str
    at: datetime
    by: str
    counts: dict[str, int]
    share_groups: Table
    unmerged: tuple[str, ...]
    files: tuple[str, ...]

    @property
    def as_of(self) -> datetime:
        """The moment the answer speaks for."""
        return self.at

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        return {
            "subject": self.subject,
            "at": plain(self.at),
            "by": self.by,
            "counts": dict(self.counts),
            "share_groups": self.share_groups.to_dicts(),
            "unmerged": list(self.unmerged),
            "files": list(self.files),
        }

    def __repr__(self) -> str:
        """Return one line of counts."""
        told = ", ".join(f"{number} {name}" for name, number in self.counts.items() if number)
        return f"Erasure({told or 'nothing but the customer'}, at {self.at.isoformat()})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Expiry:
    """What went because it was too old.

    Args:
        before: Months that ended by then went.
        at: When.
        by: Who asked for it.
        months: Which: ``2026-03``.
        counts: How much went: events, collections, sources, signatures.
    """

    before: datetime
    at: datetime
    by: str
    months: tuple[str, ...]
    counts: dict[str, int]

    @property
    def as_of(self) -> datetime:
        """The moment the answer speaks for."""
        return self.at

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        return {
            "before": plain(self.before),
            "at": plain(self.at),
            "by": self.by,
            "months": list(self.months),
            "counts": dict(self.counts),
        }

    def __repr__(self) -> str:
        """Return one line of counts."""
        told = ", ".join(f"{number} {name}" for name, number in self.counts.items() if number)
        return f"Expiry({len(self.months)} months, {told or 'nothing'}, at {self.at.isoformat()})"
