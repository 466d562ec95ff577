"""Appends batches one after another until its time is up: run by test_crash.py.

The kernel ends it in the middle of whatever it does when its CPU time has run out:
no exit handler, no clean close.
"""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from caseline.records.batches import Part, SignedBatch, Source
from caseline.store.embedded import EmbeddedStore

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
ROWS = 400
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


def batch(number: int) -> SignedBatch:
    """Return batch *number*: rows on both sides of a month's end."""
    minutes = pl.int_range(ROWS, eager=True)
    frame = pl.DataFrame(
        {
            "occurred_at": pl.select(
                pl.lit(START + timedelta(seconds=number)) + pl.duration(minutes=minutes * 4)
            ).to_series().cast(pl.Datetime("us", "UTC")),
        }
    ).with_columns(
        time_quality=pl.lit("exact"),
        severity=pl.lit(17, pl.UInt8),
        severity_text=pl.lit("ERROR"),
        service=pl.lit("api"),
        host=pl.lit("h1"),
        trace_id=pl.lit(None, pl.String),
        environment_id=pl.lit("e1"),
        customer_id=pl.lit("c1"),
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
        received_at=START + timedelta(days=9),
        environment_id="e1",
    )
    parts = (Part(source=source, batch_id=f"b{number}"),)
    return SignedBatch(source=source, frame=frame, minted=MINTED, parts=parts)


def write(folder: Path, *, batches: int) -> None:
    """Append all batches, telling each one that is safe; compact now and then."""
    store = EmbeddedStore(folder)
    store.save("signatures", MINTED)
    for number in range(batches):
        store.append(batch(number))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        if number % 5 == 4:
            store.compact(force=True)
    store.close()


if __name__ == "__main__":
    signal.setitimer(signal.ITIMER_PROF, float(sys.argv[2]))
    write(Path(sys.argv[1]), batches=int(sys.argv[3]))
