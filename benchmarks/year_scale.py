"""A year at scale: how fast it is appended, what it takes, and how questions grow with it.

``make bench BENCH="--only year --events 365000000 --keep DIR --stops 1 10 100 365"``: one
fill, stopped on the way to ask; the store stays in DIR, and goes on from there if killed.
What was measured is kept in ``DIR/figures.json`` as well.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from harness import Row, Setting, as_json, entry, shown
from question_latency import asked, kept_or_new, opening
from simulated_year import Year, size_bytes
from year_filling import Kept, fill_to
from year_sizes import sizes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MB = 10**6


@entry("year")
def measure_year(setting: Setting) -> Iterator[Row]:
    """Fill a workspace up to each stop; ask there; tell what the whole takes."""
    year = Year(events=setting.events, days=setting.days, batch=setting.batch)
    with kept_or_new(setting) as kept:
        rows: list[Row] = []
        for stop in sorted({*setting.stops, year.days}):
            if stop > year.days or stop <= kept.filled:
                continue
            rows += appended(fill_to(kept, year, stop), stop)
            rows += taken(kept, stop)
            if stop in setting.stops:
                rows += [*opening(kept, setting.rounds), *asked(kept, suffix=f", day {stop}")]
            save(rows, kept.folder / "figures.json")
        print(growth(rows), file=sys.stderr)
        yield from rows


def appended(took: Mapping[str, float], stop: int) -> Iterator[Row]:
    """Yield how fast the events up to *stop* were appended."""
    events = took["events"]
    day = f"up to day {stop}"
    yield Row(name=f"appended {day}", figures=[events / took["seconds"]], unit="events/s")
    per_cpu = events / took["cpu_seconds"]
    yield Row(name=f"appended {day}, processor", figures=[per_cpu], unit="events/CPU s")
    drawn = events / took["drawing_seconds"]
    yield Row(name=f"drawn {day}, not counted", figures=[drawn], unit="events/s")
    for name in ("loading", "closing"):
        yield Row(name=f"{name} {day}", figures=[took[f"{name}_seconds"]], unit="s", better="lower")
    peak = took["peak_bytes"] / _MB
    yield Row(name=f"memory {day}, with drawing", figures=[peak], unit="MB", better="lower")


def taken(kept: Kept, stop: int) -> Iterator[Row]:
    """Yield what the store takes on disk at *stop*: whole, and by table and columns."""
    year = kept.year
    events = year.events / year.days * stop
    whole = size_bytes(kept.workspace)
    at = f"at day {stop}"
    yield Row(name=f"stored {at}", figures=[whole / _MB], unit="MB", better="lower")
    each = whole / events
    yield Row(name=f"stored {at}", figures=[each], unit="bytes/event", better="lower")
    parts = sorted(sizes(kept.workspace).items(), key=lambda part: -part[1])
    for name, size in parts:
        yield Row(
            name=f"stored {at}, {name}",
            figures=[size / events],
            unit="bytes/event",
            better="lower",
        )


def growth(rows: list[Row]) -> str:
    r"""Return how each question's median grows from stop to stop, as a table.

    >>> rows = [Row(name=f"top, day {d}", figures=[d], unit="ms") for d in (1, 10)]
    >>> growth(rows)
    'ms           day 1     day 10\ntop          1.000       10.0'
    """
    cells: dict[str, dict[int, str]] = {}
    for row in rows:
        name, found, day = row.name.rpartition(", day ")
        if found and row.unit == "ms":
            median = row.to_dict()["figure"]
            cells.setdefault(name, {})[int(day)] = shown(median)
    days = sorted({day for row in cells.values() for day in row})
    width = max((len(name) for name in cells), default=0) + 4
    lines = ["ms".ljust(width) + "".join(f"day {day}".rjust(11) for day in days)]
    lines += [
        name.ljust(width) + "".join(row.get(day, "").rjust(11) for day in days)
        for name, row in cells.items()
    ]
    return "\n".join(lines)


def save(rows: list[Row], path: Path) -> None:
    """Add *rows* to what was measured before of the same folder."""
    before = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []
    new = json.loads(as_json(rows, {}))
    key = {(row["name"], row["unit"]) for row in new["rows"]}
    new["rows"] = [r for r in before if (r["name"], r["unit"]) not in key] + new["rows"]
    path.write_text(json.dumps(new, indent=1), encoding="utf-8")
