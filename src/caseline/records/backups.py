"""What a backup holds, and what of it was new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReport:
    """A backup, or the workspace that was made of it.

    Args:
        taken_at: When the state it holds was the newest, in UTC.
        files: How many files it has.
        size_bytes: How long they are together.
        copied_files: How many of them were copied this time; the others stood there.
        copied_bytes: How long those are together.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 3, 16, 12, tzinfo=UTC)
    >>> BackupReport(taken_at=noon, files=3, size_bytes=9000, copied_files=1, copied_bytes=1000)
    BackupReport(3 files, 9,000 bytes, 1,000 of them copied, taken 2026-03-16T12:00:00+00:00)
    """

    taken_at: datetime
    files: int
    size_bytes: int
    copied_files: int
    copied_bytes: int

    def __repr__(self) -> str:
        """Return one line."""
        return (
            f"BackupReport({self.files} files, {self.size_bytes:,} bytes, "
            f"{self.copied_bytes:,} of them copied, taken {self.taken_at.isoformat()})"
        )
