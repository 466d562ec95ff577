"""What decides how bytes become records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from caseline.errors import InputError

if TYPE_CHECKING:
    from caseline.normalize.lineformats import LineFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalizeSettings:
    """How lines are recognised and joined.

    Args:
        formats: The dated folder of ``normalize/formats`` to read lines by.
        words: The dated folder of ``normalize/words``.
        record_lines: A record has at most this many lines; what follows is a new one.
        record_bytes: And at most this many bytes.
        remembered_shapes: Line shapes kept in memory for each process.
        own: Formats of the user's own, tried before those that ship.
        headed_share: From this share of lines with a header on, a line without one
            belongs to the record before it.

    >>> NormalizeSettings().record_lines
    1000
    """

    formats: str = "2026-11"
    words: str = "2026-11"
    record_lines: int = 1_000
    record_bytes: int = 256 * 1024
    remembered_shapes: int = 100_000
    headed_share: float = 0.5
    own: tuple[LineFormat, ...] = ()

    def __post_init__(self) -> None:
        for name in ("record_lines", "record_bytes", "remembered_shapes"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; give at least 1")
        if not 0 <= self.headed_share <= 1:
            raise InputError(f"headed_share is {self.headed_share}; give a share from 0 to 1")
