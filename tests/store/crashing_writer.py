"""Works through a plan of changes until it is killed: run by test_crash.py.

It says what it has begun and what is safe, a line each. Nothing of it ends cleanly when
it is killed: no exit handler, no close. Done again from its start, the plan is completed.
"""

from __future__ import annotations

import random
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from caseline.records.batches import Part, SignedBatch, Source
from caseline.store.embedded import EmbeddedStore

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
KINDS = {"append": 8, "new_month": 2, "late": 2, "later": 2, "compact": 3, "save": 3}
"""What a plan is made of, and how often."""
STEPS, ROWS, MANY = 12, 200, 125_000
"""From 122,880 rows on the engine writes them to their place at once, not to its log."""
DAYS = {"append": 0, "many": 0, "new_month": 31, "late": -60, "later": -7}
MINTED = pl.DataFrame(
    {
        "signature_id": ["s-took"],
        "scheme": ["t"],
        "kind": ["log"],
        "template": ["took <*> ms"],
        "parts": [["took ", " ms"]],
        "rules": [["number"]],
    }
)


def plan(seed: int) -> list[str]:
    """Return the steps of plan *seed*: kinds of changes, in order."""
    rng = random.Random(seed)
    steps = rng.choices(list(KINDS), weights=list(KINDS.values()), k=STEPS)
    if seed % 4 == 3:
        steps[rng.randrange(STEPS)] = "many"
    return steps


def batch(number: int, kind: str = "append") -> SignedBatch:
    """Return the batch of step *number*: most have rows on both sides of a month's end."""
    rows = MANY if kind == "many" else ROWS
    minutes = pl.int_range(rows, eager=True) % ROWS
    start = START + timedelta(days=DAYS[kind], seconds=number)
    apart = 8 if DAYS[kind] == 0 else 1
    frame = pl.DataFrame(
        {
            "occurred_at": pl.select(
                pl.lit(start) + pl.duration(minutes=minutes * apart)
            ).to_series().cast(pl.Datetime("us", "UTC")),
        }
    ).with_columns(
        time_quality=pl.lit("exact"),
        severity=pl.lit(17, pl.UInt8),
        severity_text=pl.lit("ERROR"),
        service=pl.lit("api"),
        host=pl.lit("h1"),
        trace_id=pl.lit(f"t{number}"),
        environment_id=pl.lit("e1"),
        customer_id=pl.lit(f"c{number % 5}"),
        share_group=pl.lit(None, pl.String),
        version=pl.lit("8.1"),
        stage=pl.lit("production"),
        region=pl.lit("eu"),
        lines=pl.lit(1, pl.UInt32),
        repeats=pl.lit(1, pl.UInt32),
        signature_id=pl.lit("s-took"),
        variables=pl.concat_list(pl.lit(str(number))),
        message=pl.lit(None, pl.String),
        part=pl.lit(0, pl.UInt32),
        text=pl.lit(f"took {number} ms"),
    )  # fmt: skip
    source = Source(
        name=f"{number}.log",
        collection_id="col",
        origin=str(number),
        received_at=START + timedelta(days=99),
        environment_id="e1",
    )
    parts = (Part(source=source, batch_id=f"b{number}"),)
    return SignedBatch(source=source, frame=frame, minted=MINTED, parts=parts)


def append(store: EmbeddedStore, number: int, kind: str) -> None:
    """Take in the batch of a step as an ingest does: what it refers to, then its events."""
    made = batch(number, kind)
    names = ("source_id", "collection_id", "name", "origin", "received_at")
    with store.transaction():
        store.save("signatures", MINTED)
        store.save("sources", pl.DataFrame([{n: getattr(made.source, n) for n in names}]))
    store.append(made)


def words(number: int) -> pl.DataFrame:
    """Return what a step writes into the catalog: all of it or nothing is there."""
    customers = [f"c{n}" for n in range(200)]
    return pl.DataFrame({"word": [f"w{number}"] * 200, "customer_id": customers})


def work(folder: Path, steps: list[str]) -> None:
    """Work through *steps*, telling what is safe."""
    say("opening")
    store = EmbeddedStore(folder)
    say("open")
    for number, kind in enumerate(steps):
        if kind == "compact":
            store.compact(force=True)
        elif kind == "save":
            store.save("vocabulary", words(number))
        else:
            append(store, number, kind)
        say(str(number))
    say("closing")
    store.close()
    say("closed")


def say(word: str) -> None:
    """Tell the parent."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if float(sys.argv[3]):
        signal.setitimer(signal.ITIMER_PROF, float(sys.argv[3]))
    work(Path(sys.argv[1]), plan(int(sys.argv[2])))
