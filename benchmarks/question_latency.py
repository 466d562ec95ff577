"""How long questions take on a year of simulated events, through the public face.

Warm: in a process that has asked each question once. Cold: the first question of a new
process, with the workspace's files put out of the page cache, where the system can; the
time to open is a row of its own. The baseline is the raw scan of the columns of the
events that the question needs, warm, by a connection of its own, on as many threads.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any

import duckdb
from harness import Row, Setting, entry, timed
from simulated_year import Year
from year_filling import Kept, fill_to
from year_fleet import day_of
from year_questions import Question, Targets, questions_of

import caseline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DRAWS, RAW_DRAWS = 20, 3
_BATCHED = ("events", "months")


@entry("questions")
def measure_questions(setting: Setting) -> Iterator[Row]:
    """Ask what stands in the folder to keep, or fill one with a year of events first."""
    with kept_or_new(setting) as kept:
        if kept.filled < 1:
            year = Year(events=setting.events, days=setting.days, batch=setting.batch)
            fill_to(kept, year, year.days)
        yield from opening(kept, setting.rounds)
        warm = asked(kept)
        yield from warm
        together = [figure for row in warm for figure in row.figures]
        p95 = quantiles(together, n=20)[-1]
        yield Row(name="95 % of all questions within", figures=[p95], unit="ms", better="lower")
        yield from cold(kept, setting.rounds)


@contextmanager
def kept_or_new(setting: Setting) -> Iterator[Kept]:
    """Give the folder to keep, made if it is absent, or one that goes away."""
    if setting.keep is not None:
        setting.keep.mkdir(parents=True, exist_ok=True)
        yield Kept(folder=setting.keep)
        return
    folder = Path(tempfile.mkdtemp())
    try:
        yield Kept(folder=folder)
    finally:
        shutil.rmtree(folder)


def asked(kept: Kept, *, suffix: str = "") -> list[Row]:
    """Return a row for each question, warm, beside its raw scan; tell what was skipped."""
    warm, raw = in_process("warm", kept), in_process("raw", kept)
    for name, why in warm["skipped"].items():
        print(f"skipped {name}: {why}", file=sys.stderr)
    return [
        Row(
            name=name + suffix,
            figures=figures,
            unit="ms",
            better="lower",
            baseline="raw scan",
            baseline_figures=raw[name],
        )
        for name, figures in warm["figures"].items()
    ]


def opening(kept: Kept, rounds: int) -> Iterator[Row]:
    """Yield how long it takes to open the workspace, warm and cold."""
    in_process("open", kept)
    for name, prepare in (("warm", lambda _: True), ("cold", put_out)):
        figures, done = [], True
        for _ in range(rounds):
            done = prepare(kept.workspace)
            figures.append(in_process("open", kept))
        told = f"opened, {name}" if done else f"opened, new process, page cache not {name}"
        yield Row(name=told, figures=figures, unit="ms", better="lower")


def cold(kept: Kept, rounds: int) -> Iterator[Row]:
    """Yield how long each question takes as the first of a process."""
    for number, name in enumerate(in_process("names", kept)):
        figures, done = [], True
        for turn in range(rounds):
            done = put_out(kept.workspace)
            figures.append(in_process("cold", kept, str(number), str(turn)))
        if None in figures:
            continue
        told = f"{name}, cold" if done else f"{name}, new process, page cache as it was"
        yield Row(name=told, figures=figures, unit="ms", better="lower")


def put_out(folder: Path) -> bool:
    """Put the files of *folder* out of the page cache; return whether the system can."""
    if not hasattr(os, "posix_fadvise"):
        return False
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return True


def in_process(what: str, kept: Kept, *more: str) -> Any:
    """Return what *what* found in a new process."""
    done = subprocess.run(
        [sys.executable, __file__, what, str(kept.folder), *more],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    if done.returncode:
        raise RuntimeError(f"asking {what} of {kept.folder} failed")
    return json.loads(done.stdout.splitlines()[-1])


# What runs in a process of its own ------------------------------------------------


def open_kept(kept: Kept) -> caseline.Workspace:
    """Return the workspace of *kept* at the end of what is filled."""
    clock = caseline.ManualClock(day_of(kept.filled))
    return caseline.open(kept.workspace, read_only=True, clock=clock)


def time_to_open(kept: Kept) -> float:
    """Return the milliseconds that opening takes."""
    opened: list[caseline.Workspace] = []
    clock = caseline.ManualClock(day_of(kept.filled))
    took = timed(lambda: opened.append(caseline.open(kept.workspace, clock=clock)))
    opened[0].close()
    return 1000 * took


def warm_figures(kept: Kept) -> dict[str, dict[str, Any]]:
    """Return the milliseconds of some calls of each question, and what was skipped."""
    targets = targets_of(kept)
    figures: dict[str, Any] = {}
    skipped: dict[str, Any] = {}
    with open_kept(kept) as ws:
        for question in questions_of(targets):
            why = question.missing(ws)
            if why:
                skipped[question.name] = why
            else:
                figures[question.name] = draws(partial(question.ask, ws), DRAWS)
    return {"figures": figures, "skipped": skipped}


def cold_figure(kept: Kept, number: str, turn: str) -> float | None:
    """Return the milliseconds of one question, the first of this process; None if skipped."""
    targets = targets_read(kept)
    question = questions_of(targets)[int(number)]
    with open_kept(kept) as ws:
        if question.missing(ws):
            return None
        return 1000 * timed(lambda: question.ask(ws, int(turn)))


def raw_figures(kept: Kept) -> dict[str, list[float]]:
    """Return the milliseconds of the raw scans."""
    targets = targets_of(kept)
    with attached(kept) as connection:

        def scan(question: Question, n: int) -> object:
            return connection.execute(question.sql, targets.values(n, question)).arrow()

        return {q.name: draws(partial(scan, q), RAW_DRAWS) for q in questions_of(targets)}


def draws(ask: Callable[[int], object], times: int) -> list[float]:
    """Return the milliseconds of some calls, after one that does not count."""
    ask(0)
    return [1000 * timed(partial(ask, n)) for n in range(1, times + 1)]


def targets_of(kept: Kept) -> Targets:
    """Return what questions of *kept* are about, and keep it for the cold ones."""
    with attached(kept) as connection:
        targets = Targets.of(kept, connection)
    targets.write(kept.folder / "targets.json")
    return targets


def targets_read(kept: Kept) -> Targets:
    """Return what was kept by ``targets_of``: no file of the workspace is read for it."""
    return Targets.read(kept.folder / "targets.json")


@contextmanager
def attached(kept: Kept) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection that reads the months' tables as one, and the catalog."""
    numbers = count()
    with duckdb.connect() as connection:
        catalog = kept.workspace / "catalog.duckdb"
        connection.execute(f"ATTACH '{catalog}' AS catalog (READ_ONLY)")
        names = []
        for path in sorted((kept.workspace / "events").glob("*.duckdb")):
            names.append(f"month_{next(numbers)}")
            connection.execute(f"ATTACH '{path}' AS {names[-1]} (READ_ONLY)")
        for table in _BATCHED:
            union = " UNION ALL ".join(f"SELECT * FROM {name}.{table}" for name in names)
            connection.execute(f"CREATE TEMP VIEW {table} AS {union}")
        yield connection


def main(what: str, folder: str, *more: str) -> None:
    """Print what was found as JSON."""
    kept = Kept(folder=Path(folder))
    found: dict[str, Callable[..., Any]] = {
        "open": time_to_open,
        "warm": warm_figures,
        "raw": raw_figures,
        "cold": cold_figure,
        "names": lambda kept: [q.name for q in questions_of(targets_of(kept))],
    }
    print(json.dumps(found[what](kept, *more)))


if __name__ == "__main__":
    main(*sys.argv[1:])
