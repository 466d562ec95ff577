"""How long questions take on a year of simulated events, warm, through the public face.

The baseline is the same question put to the raw events in DuckDB's own SQL, on the same
files, by a connection of its own.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING

import duckdb
from harness import Row, Setting, entry, timed
from simulated_year import DAYS, END, Year, fill, size_bytes

import caseline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DRAWS = 20
_MONTH, _WEEK = timedelta(days=30), timedelta(days=7)
_YEAR = timedelta(days=DAYS)
_TOP = (
    "SELECT signature_id, count(DISTINCT customer_id) AS customers, count(*) AS events "
    "FROM events GROUP BY 1 ORDER BY 2 DESC, 3 DESC LIMIT 20"
)
_CUSTOMERS = (
    "SELECT customer_id, count(*), min(occurred_at), max(occurred_at), list(DISTINCT version) "
    "FROM events WHERE signature_id = $signature GROUP BY 1"
)
_SERIES = (
    "SELECT occurred_at::DATE, count(*), count(DISTINCT customer_id) FROM events "
    "WHERE signature_id = $signature GROUP BY 1 ORDER BY 1"
)
_EVENTS = (
    "SELECT * FROM events WHERE customer_id = $customer AND occurred_at >= $start "
    "ORDER BY occurred_at DESC LIMIT 1000"
)
_RAW = {
    "top 20 by customers, a year": (_TOP, ()),
    "customers of a signature": (_CUSTOMERS, ("signature",)),
    "daily series of a signature, a year": (_SERIES, ("signature",)),
    "events of a customer, 30 days": (_EVENTS, ("customer", "start")),
}


@entry("questions")
def measure_questions(setting: Setting) -> Iterator[Row]:
    """Fill a workspace with a year of events; ask; ask the raw events the same."""
    folder = Path(tempfile.mkdtemp()) / "support"
    year = Year(events=setting.events)
    try:
        with caseline.open(folder, clock=caseline.ManualClock(END)) as ws:
            engine = ws._store  # noqa: SLF001 - the append path itself, without text
            seconds = timed(lambda: fill(ws, engine, year)) + timed(engine.compact)
            yield Row(
                name="appended to the store", figures=[year.events / seconds], unit="events/s"
            )
            measured = {name: draws(ask) for name, ask in questions(ws, year).items()}
        used = size_bytes(folder) / year.events
        yield Row(name="stored", figures=[used], unit="bytes/event", better="lower")
        raw = raw_figures(folder, year)
        for name, figures in measured.items():
            yield row(name, figures, raw.get(name, []))
        together = [figure for figures in measured.values() for figure in figures]
        p95 = quantiles(together, n=20)[-1]
        yield Row(name="95 % of all questions within", figures=[p95], unit="ms", better="lower")
    finally:
        shutil.rmtree(folder.parent)


def questions(ws: caseline.Workspace, year: Year) -> dict[str, Callable[[int], object]]:
    """Return the questions by name; each takes a number that varies what is asked."""

    def signature(n: int) -> str:
        return year.signature_ids[n * 37 % year.signatures]

    def customer(n: int) -> str:
        return year.customer_ids[n * 23 % year.customers]

    return {
        "top 20 by customers, a year": lambda _: ws.signatures.top(window=_YEAR),
        "top 20 by customers, 7 days": lambda _: ws.signatures.top(window=_WEEK),
        "customers of a signature": lambda n: ws.impact.of(signature(n)),
        "customers of a signature, 30 days": lambda n: ws.impact.of(signature(n), window=_MONTH),
        "daily series of a signature, a year": lambda n: ws.trends.series(
            signature(n), by="day", window=_YEAR
        ),
        "series by version, a year": lambda n: ws.trends.series(
            signature(n), by="version", window=_YEAR
        ),
        "events of a customer, 30 days": lambda n: ws.events(customer=customer(n), window=_MONTH),
        "a word in a customer's 30 days": lambda n: ws.events(
            customer=customer(n), window=_MONTH, text=f"part {n:05}"
        ),
        "what happened at a customer": lambda n: ws.impact.context(customer(n), around=END - _WEEK),
    }


def draws(ask: Callable[[int], object]) -> list[float]:
    """Return the milliseconds of some calls, after one that does not count."""
    ask(0)
    return [1000 * timed(partial(ask, n)) for n in range(1, _DRAWS + 1)]


def row(name: str, figures: list[float], raw: list[float]) -> Row:
    """Return the row of a question."""
    return Row(
        name=name,
        figures=figures,
        unit="ms",
        better="lower",
        baseline="raw events" if raw else "",
        baseline_figures=raw,
    )


def raw_figures(folder: Path, year: Year) -> dict[str, list[float]]:
    """Return the milliseconds of the same questions put to the raw events."""
    numbers = count()
    with duckdb.connect() as connection:
        names = []
        for path in sorted((folder / "events").glob("*.duckdb")):
            name = f"month_{next(numbers)}"
            connection.execute(f"ATTACH '{path}' AS {name} (READ_ONLY)")
            names.append(name)
        union = " UNION ALL BY NAME ".join(f"SELECT * FROM {name}.events" for name in names)
        connection.execute(f"CREATE TEMP VIEW events AS {union}")

        def ask(sql: str, parameters: tuple[str, ...], n: int) -> object:
            values = {
                "signature": year.signature_ids[n * 37 % year.signatures],
                "customer": year.customer_ids[n * 23 % year.customers],
                "start": END - _MONTH,
            }
            given = {name: values[name] for name in parameters}
            return connection.execute(sql, given).arrow()

        return {name: draws(partial(ask, sql, given)) for name, (sql, given) in _RAW.items()}
