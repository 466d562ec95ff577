"""Fills a folder with the simulated year, some days at a time, in a process of its own.

``python benchmarks/year_filling.py FOLDER EVENTS DAYS BATCH TO_DAY`` goes on where the
folder stands and prints what the appending took. Only the store's own work is timed,
not the drawing of the events.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from simulated_year import Year, collection_of, sources_of
from year_fleet import day_of
from year_tickets import tickets_of

import caseline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from caseline.records.batches import SignedBatch
    from caseline.store.cluster.engine import ClusterEngine
    from caseline.store.embedded import EmbeddedStore

_NOTE = "year.json"
_TOLD_EVERY = 60
"""Seconds between two lines that tell how far the filling is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A folder that holds a year, or the beginning of one.

    Args:
        folder: Its ``support`` is the workspace, its ``year.json`` what was filled in.
    """

    folder: Path

    @property
    def workspace(self) -> Path:
        """The workspace's folder."""
        return self.folder / "support"

    def note(self) -> dict[str, Any]:
        """Return what was filled in: events, days, batch, filled (days); empty if nothing was."""
        path = self.folder / _NOTE
        if not path.exists():
            return {}
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def write(self, year: Year, *, filled: int) -> None:
        """Keep what was filled in."""
        note = {"events": year.events, "days": year.days, "batch": year.batch, "filled": filled}
        (self.folder / _NOTE).write_text(json.dumps(note), encoding="utf-8")

    @property
    def filled(self) -> int:
        """The days that are filled."""
        return int(self.note().get("filled", 0))

    @property
    def year(self) -> Year:
        """The year that it is filled with."""
        note = self.note()
        return Year(events=note["events"], days=note["days"], batch=note["batch"])


def fill_to(kept: Kept, year: Year, day: int) -> dict[str, float]:
    """Fill *kept* up to *day* in a new process; return what it took.

    Returns:
        events; seconds and cpu_seconds of appending and compaction; drawing_seconds;
        loading_seconds of fleet and tickets; closing_seconds; peak_bytes of the process.
    """
    size = [str(n) for n in (year.events, year.days, year.batch, day)]
    done = subprocess.run(
        [sys.executable, __file__, str(kept.folder), *size],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    if done.returncode:
        raise RuntimeError(f"filling {kept.folder} up to day {day} failed")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def fill(kept: Kept, year: Year, day: int) -> dict[str, float]:
    """Fill *kept* up to *day* here: see ``fill_to``. If killed, it goes on from the last day."""
    first = kept.filled
    told = perf_counter()
    took: dict[str, float] = defaultdict(float)
    clock = caseline.ManualClock(day_of(day))
    ws = caseline.open(kept.workspace, clock=clock)
    engine = ws._store
    with _adding(took, "loading_seconds"):
        if not first:
            year.fleet.load(ws, engine)
            engine.save("signatures", year.kinds.table())
        ws.tickets.load(tickets_of(year, first=first, last=day))
    for number in range(first, day):
        for batch in _drawn(year.batches(first=number, last=number + 1), took):
            append(engine, batch, took)
        kept.write(year, filled=number + 1)
        if perf_counter() - told > _TOLD_EVERY:
            told = perf_counter()
            rate = took["events"] / took["seconds"]
            print(f"day {number + 1}, {rate:,.0f} events a second", file=sys.stderr)
    with _adding(took, "seconds", "cpu_seconds"):
        engine.compact(force=True)
    with _adding(took, "closing_seconds"):
        ws.close()
    took["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return dict(took)


def append(
    engine: EmbeddedStore | ClusterEngine, batch: SignedBatch, took: dict[str, float]
) -> None:
    """Append *batch* as an ingest does; add to *took* what appending took."""
    source = batch.source
    engine.save("collections", collection_of(source, batch.frame.height, source.received_at))
    engine.save("sources", sources_of(batch))
    with _adding(took, "seconds", "cpu_seconds"):
        events, _ = engine.append(batch)
        engine.compact()
    took["events"] += events


class _adding:  # noqa: N801 - reads as a verb: with _adding(took, "seconds")
    """Adds to *took* how long what is inside took, and how much of the processor."""

    def __init__(self, took: dict[str, float], wall: str, cpu: str = "") -> None:
        self._took, self._wall, self._cpu = took, wall, cpu

    def __enter__(self) -> None:
        self._start = perf_counter(), process_time()

    def __exit__(self, *_: object) -> None:
        self._took[self._wall] += perf_counter() - self._start[0]
        if self._cpu:
            self._took[self._cpu] += process_time() - self._start[1]


def _drawn(batches: Iterable[SignedBatch], took: dict[str, float]) -> Iterator[SignedBatch]:
    """Yield *batches*; add to *took* how long drawing them took."""
    found = iter(batches)
    while True:
        with _adding(took, "drawing_seconds"):
            batch = next(found, None)
        if batch is None:
            return
        yield batch


def main(folder: str, *size: str) -> None:
    """Fill *folder* and print what it took as JSON."""
    events, days, batch, day = map(int, size)
    kept = Kept(folder=Path(folder))
    year = Year(events=events, days=days, batch=batch)
    print(json.dumps(fill(kept, year, day)))


if __name__ == "__main__":
    main(*sys.argv[1:])
