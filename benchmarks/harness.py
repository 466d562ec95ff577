"""The bench: entries that measure, a table that tells.

An entry is a function with a name; it takes a Setting and yields Rows. A Row holds the
figures of each round and, where there is one, those of a baseline measured in the same
run. The table shows medians with their range, and how many times better than the
baseline the median is: above 1 is better, whatever the unit.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any, Literal

ROOT = Path(__file__).resolve().parents[1]
Direction = Literal["higher", "lower"]


class SkippedError(Exception):
    """An entry that cannot run here; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all entries are told.

    Args:
        rounds: How often a figure is taken.
        events: Size of the simulated store that questions are put to.
        days: How many days of the simulated year it holds.
        stops: Days at which its questions are asked while it grows.
        batch: Events of the simulated year that are appended at once, at the most.
        keep: Folder that the simulated store stays in, or is found in; a passing one if None.
        lines: Size of the simulated logs that are ingested.
        data: Folder of real data, which may be absent.
    """

    rounds: int = 3
    events: int = 10_000_000
    days: int = 365
    stops: tuple[int, ...] = ()
    batch: int = 250_000
    keep: Path | None = None
    lines: int = 300_000
    data: Path = field(
        default_factory=lambda: Path(
            os.environ.get("CASELINE_DATA") or ROOT.parent / "shared" / "data"
        )
    )

    def folder(self, name: str) -> Path:
        """Return a folder of the real data.

        Raises:
            SkippedError: it is absent.
        """
        found = self.data / name
        if not found.is_dir():
            raise SkippedError(f"no real data {name}/ here: set CASELINE_DATA to its folder")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    Args:
        name: What was measured.
        figures: One figure for each round; at least one.
        unit: Such as ``lines/s``, ``ms``, ``GA``.
        better: Which direction is better.
        baseline: What it is compared with; empty for nothing.
        baseline_figures: Its figures, in the same unit.
    """

    name: str
    figures: Sequence[float]
    unit: str
    better: Direction = "higher"
    baseline: str = ""
    baseline_figures: Sequence[float] = ()

    @property
    def ratio(self) -> float | None:
        """How many times better than the baseline; None without one."""
        if not self.baseline_figures:
            return None
        own, other = median(self.figures), median(self.baseline_figures)
        high, low = (own, other) if self.better == "higher" else (other, own)
        return high / low if low else None

    @property
    def tail(self) -> float | None:
        """The figure that 95 % are within; None of fewer than 20."""
        if len(self.figures) < 20:  # noqa: PLR2004 - one of twenty is above it
            return None
        return quantiles(self.figures, n=20, method="inclusive")[-1]

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "name": self.name,
            "figure": median(self.figures),
            "low": min(self.figures),
            "high": max(self.figures),
            "p95": self.tail,
            "rounds": len(self.figures),
            "unit": self.unit,
            "better": self.better,
            "baseline": self.baseline or None,
            "baseline_figure": median(self.baseline_figures) if self.baseline_figures else None,
            "ratio": self.ratio,
        }


Entry = Callable[[Setting], Iterable[Row]]
ENTRIES: dict[str, Entry] = {}


def entry(name: str) -> Callable[[Entry], Entry]:
    """Enter the decorated function under *name*, which is what ``--only`` takes."""

    def enter(function: Entry) -> Entry:
        if name in ENTRIES:
            raise ValueError(f"there are two entries named {name!r}")
        ENTRIES[name] = function
        return function

    return enter


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that *work* takes, once."""
    start = perf_counter()
    work()
    return perf_counter() - start


def run_entry(function: Entry, setting: Setting) -> tuple[list[Row], str]:
    """Return the rows of an entry and, if it was skipped, why."""
    rows: list[Row] = []
    try:
        rows.extend(function(setting))
    except SkippedError as skipped:
        return rows, str(skipped)
    return rows, ""


HEADINGS = ("what", "figure", "range", "unit", "baseline", "figure", "ratio")


def as_table(rows: Sequence[Row]) -> str:
    """Return *rows* as an aligned table: text to the left, numbers to the right."""
    cells = [HEADINGS, *map(_cells_of, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    numbers = {1, 5, 6}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def as_json(rows: Sequence[Row], skipped: dict[str, str]) -> str:
    """Return *rows*, what was skipped and the machine as JSON."""
    told = {"machine": machine(), "rows": [row.to_dict() for row in rows], "skipped": skipped}
    return json.dumps(told, indent=2)


def machine() -> str:
    """Return what the figures were taken on, in one line."""
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def _cells_of(row: Row) -> tuple[str, ...]:
    low, high = min(row.figures), max(row.figures)
    tail = f", 95 % within {shown(row.tail)}" if row.tail is not None else ""
    return (
        row.name,
        shown(median(row.figures)),
        f"{shown(low)} to {shown(high)}{tail}" if len(row.figures) > 1 else "",
        row.unit,
        row.baseline,
        shown(median(row.baseline_figures)) if row.baseline_figures else "",
        f"{row.ratio:.2f}" if row.ratio is not None else "",
    )


def shown(figure: float) -> str:
    """Return *figure* with the digits that mean something.

    >>> shown(1234567.8), shown(42.31), shown(0.97249)
    ('1,234,568', '42.3', '0.972')
    """
    size = abs(figure)
    return f"{figure:,.0f}" if size >= 1000 else f"{figure:.1f}" if size >= 10 else f"{figure:.3f}"  # noqa: PLR2004 - where digits stop to matter
