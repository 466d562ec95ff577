"""What an ingest tells of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from caseline.records.answers import Table, plain

if TYPE_CHECKING:
    from datetime import datetime


_TABLES = ("coverage", "clocks", "reject_details")


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What became of the lines of one collection.

    A record of several lines (a stack trace) is one line in the sense of the sum
    ``lines = events + duplicates + rejects``; ``physical_lines`` counts them as the
    file has them.

    Args:
        collection_id: Identity of the bundle, file or stream slice, by its content.
        environment_id: The installation it was taken for.
        lines: Records that were read and lines that were rejected, counted as they are read.
        events: Records stored now.
        duplicates: Records that were known already.
        rejects: Lines that could not become records.
        physical_lines: Lines as the files have them.
        signatures_new: Signatures seen for the first time.
        coverage: environment_id, host, starts_at, ends_at, events: the time it speaks for.
        clocks: The clocks that were found wrong in it, as ``ws.fleet.clocks`` has them.
        formats: Lines by the format they were read as.
        reject_details: reason, name, position, lines, detail: one row for each reject.
        replaced: Values made pseudonymous, by kind.
        unattributed: Events that belong to no single customer and no group of them.
        seconds: How long it took.
        bytes_read: Bytes taken from the files, archives unpacked.
    """

    collection_id: str
    environment_id: str | None
    received_at: datetime
    lines: int
    events: int
    duplicates: int
    rejects: int
    physical_lines: int
    signatures_new: int
    coverage: Table
    clocks: Table
    formats: Mapping[str, int]
    reject_details: Table
    replaced: Mapping[str, int] = field(default_factory=dict)
    unattributed: int = 0
    seconds: float = 0.0
    bytes_read: int = 0

    @property
    def lines_per_second(self) -> float:
        """Physical lines read in a second of this ingest; 0 for an empty one."""
        return self.physical_lines / self.seconds if self.seconds else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        names = (n for n in self.__dataclass_fields__ if n not in _TABLES)
        return {
            **{name: plain(getattr(self, name)) for name in names},
            "lines_per_second": self.lines_per_second,
            **{name: getattr(self, name).to_dicts() for name in _TABLES},
        }

    def __repr__(self) -> str:
        """Return one line of counts."""
        return (
            f"IngestReport({self.lines} lines = {self.events} events + {self.duplicates} "
            f"duplicates + {self.rejects} rejects, {self.signatures_new} new signatures, "
            f"{self.lines_per_second:,.0f} lines/s)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an ingest is: what its callback gets after each block."""

    name: str
    bytes_read: int
    events: int
    duplicates: int
    rejects: int


ProgressCallback = Callable[[Progress], None]
