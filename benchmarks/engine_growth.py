"""How an engine grows: append rate and three questions at some sizes; for docs/scaling.md.

``python benchmarks/engine_growth.py`` measures the embedded store, ``--url`` the store on a
cluster by its URL (with ``catalog=``). Each size is 30 days of events in a fresh place; the
last part of a URL's folder, if it has one, is made anew for each: ``--steps 10000,100000``.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from harness import machine, timed
from simulated_year import Year
from year_filling import append

import caseline

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ROUNDS = 3
_KEY = "of a benchmark"
_DAYS = 30
_WEEK = timedelta(days=7)
_ALL = timedelta(days=_DAYS)


def questions(ws: caseline.Workspace, year: Year) -> dict[str, Callable[[], object]]:
    """Return what is asked: of sums, of one signature, of events."""
    signature = str(year.kinds.table()["signature_id"][37])
    customer = year.fleet.customer_ids[23]
    return {
        "top 20, 30 days": lambda: ws.signatures.top(window=_ALL),
        "series by day, 30 days": lambda: ws.trends.series(signature, by="day", window=_ALL),
        "a customer's week": lambda: ws.events(customer=customer, window=_WEEK),
    }


def place(url: str | None, events: int, folder: Path) -> str:
    """Return where the workspace of one size is."""
    if url is None:
        return str(folder / "support")
    where, _, catalog = url.partition("?catalog=")
    return f"{where}-{events}?catalog={catalog or f'duckdb://{folder}/catalog.duckdb'}"


def measure(url: str | None, events: int) -> list[str]:
    """Return the cells of one line: events, rate, upkeep, milliseconds of each question."""
    year = Year(events=events, days=_DAYS, customers=50, environments=150, signatures=200)
    with tempfile.TemporaryDirectory() as folder:
        where = place(url, events, Path(folder))
        clock = caseline.ManualClock(year.end)
        with caseline.open(where, key=_KEY if url else None, clock=clock) as ws:
            engine = ws._store
            year.fleet.load(ws, engine)
            engine.save("signatures", year.kinds.table())
            took: dict[str, float] = defaultdict(float)
            for batch in year.batches():
                append(engine, batch, took)
            merged = timed(partial(engine.compact, force=True))
            cells = [f"{events:,}", f"{took['events'] / took['seconds']:,.0f}", f"{merged:.1f}"]
            for ask in questions(ws, year).values():
                ask()
                cells.append(f"{1000 * median(timed(ask) for _ in range(_ROUNDS)):,.0f}")
            names = list(questions(ws, year))
    print("|", " | ".join(["events", "events/s", "compact s", *(f"{n}, ms" for n in names)]), "|")
    return cells


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table, one line for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="of a cluster; without it, the embedded store")
    parser.add_argument("--steps", default="10000,100000")
    options = parser.parse_args(arguments)
    print(machine())
    for step in options.steps.split(","):
        print("|", " | ".join(measure(options.url, int(step))), "|", flush=True)


if __name__ == "__main__":
    main()
