"""How long reports are, and what may be told to whom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from caseline.trends.settings import read_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSettings:
    """What ``weights/README.md`` says of ``reports.toml``."""

    common_from: int
    window_days: int
    before_days: int
    shown_rows: int
    told_rows: int
    drawn_changes: int
    drawn_before: int
    first_rows: int
    costly_rows: int
    most_fixes: int
    most_falls: int
    most_had_shipped: int
    title_length: int
    warn_below: float


@cache
def report_settings() -> ReportSettings:
    """Return the settings that ship: ``weights/2026-11/reports.toml``.

    >>> report_settings().common_from
    5
    """
    return ReportSettings(**read_weights("reports"))
