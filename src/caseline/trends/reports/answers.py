"""The report on a release or a stretch of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from caseline.records.answers import plain
from caseline.records.reports import Report

if TYPE_CHECKING:
    from caseline.records.windows import Window

Audience = Literal["internal", "partner"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TrendReport(Report):
    """What grew, faded, cost and was mended, for one audience.

    Args:
        release: The version it is about; None for a stretch of time.
        product: The component whose versions count; None if no version is known.
        window: The stretch of time.
        summary: One paragraph.
    """

    release: str | None
    product: str | None
    window: Window
    summary: str

    @property
    def about(self) -> str:
        """The release, or the days."""
        return self.release or f"{self.window.start:%Y-%m-%d} to {self.window.end:%Y-%m-%d}"

    @property
    def opening(self) -> tuple[str, ...]:
        """Its first paragraphs: of when it speaks, and the summary."""
        days = f"{self.window.start:%Y-%m-%d %H:%M} to {self.window.end:%Y-%m-%d %H:%M} UTC"
        return (f"{days}, as of {self.as_of:%Y-%m-%d %H:%M} UTC.", self.summary)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        own = {
            "release": self.release,
            "product": self.product,
            "window": [plain(self.window.start), plain(self.window.end)],
            "summary": self.summary,
        }
        return own | Report.to_dict(self)
