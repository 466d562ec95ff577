"""How long readers take to open and refresh, and what appends notice of them.

``python benchmarks/readers.py --events 5000000 --batches 200 --rows 1000``: a month of so
many events, folded in; then batches of so many rows, appended alone and beside a reader in
another process that refreshes once a second.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.records.batches import Part, SignedBatch, Source
from caseline.store.opening import open_reader, open_writer

if TYPE_CHECKING:
    from caseline.store.embedded import EmbeddedStore

START = datetime(2026, 3, 1, tzinfo=UTC)
KINDS = 500


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--read", type=Path, help="be the reader of this workspace")
    options = parser.parse_args()
    if options.read:
        read(options.read)
        return
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "support"
        home.mkdir()
        store, _ = open_writer(home, key=None)
        fill(store, options.events)
        print(f"{options.events:,} events, {_size(home) / 1e6:.0f} MB")
        print_reader(home, "nothing in the log")
        print_appends(store, options.batches, options.rows, first=1_000_000, name="alone")
        print_reader(home, f"{options.batches} batches in the log")
        reader = subprocess.Popen([sys.executable, __file__, "--read", str(home)])
        print_appends(store, options.batches, options.rows, first=2_000_000, name="beside a reader")
        reader.terminate()
        reader.wait()
        print_reader(home, f"{2 * options.batches} batches in the log")
        store.close()
        print_reader(home, "no writer")


def fill(store: EmbeddedStore, events: int) -> None:
    """Append *events* in batches of 100,000, and fold the log in."""
    names = pl.DataFrame({"signature_id": [f"s-{n}" for n in range(KINDS)]})
    store.save(
        "signatures",
        names.with_columns(
            scheme=pl.lit("t"),
            kind=pl.lit("log"),
            template=pl.lit("took <*> ms"),
            parts=pl.concat_list(pl.lit("took "), pl.lit(" ms")),
            rules=pl.concat_list(pl.lit("number")),
        ),
    )
    rows = min(events, 100_000)
    for number in range(events // rows):
        store.append(batch(number, rows))
    store.compact(force=True)
    store.desk.fold(store.hub, limit=1)  # type: ignore[union-attr]


def print_appends(store: EmbeddedStore, batches: int, rows: int, *, first: int, name: str) -> None:
    """Append *batches* and print how long they took."""
    seconds = []
    busy = 0.0
    for number in range(first, first + batches):
        made = batch(number, rows)
        begun, worked = time.perf_counter(), time.process_time()
        store.append(made)
        seconds.append(time.perf_counter() - begun)
        busy += time.process_time() - worked
    p50, p95, most = np.quantile(seconds, [0.5, 0.95, 1]) * 1e3
    print(
        f"append of {rows:,} {name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms, most {most:.0f} ms; "
        f"{busy / batches * 1e3:.0f} ms of processor time each"
    )


def print_reader(home: Path, state: str) -> None:
    """Open a reader, ask it, refresh it; print how long that took."""
    begun, worked = time.perf_counter(), time.process_time()
    reader, _ = open_reader(home, key=None)
    opened = time.perf_counter()
    reader.ask("signature", signature="s-1")
    asked = time.perf_counter()
    reader.refresh()
    done, busy = time.perf_counter(), time.process_time() - worked
    reader.close()
    print(
        f"reader, {state}: opened in {(opened - begun) * 1e3:.0f} ms, first answer after "
        f"{(asked - opened) * 1e3:.0f} ms more, refreshed in {(done - asked) * 1e3:.0f} ms; "
        f"{busy * 1e3:.0f} ms of processor time in all"
    )


def read(home: Path) -> None:
    """Refresh once a second until ended."""
    reader, _ = open_reader(home, key=None)
    while True:
        reader.ask("signature", signature="s-1")
        reader.refresh()
        time.sleep(1)


def batch(number: int, rows: int) -> SignedBatch:
    """Return batch *number* of *rows* rows."""
    rng = np.random.default_rng(number)
    at = np.sort(rng.integers(0, 30 * 86_400_000_000, rows))
    kinds = np.minimum(rng.zipf(1.3, rows), KINDS) - 1
    took = pl.Series(rng.integers(0, 10**9, rows)).cast(pl.String)
    hosts = pl.Series(rng.integers(0, 100, rows)).cast(pl.String)
    customers = pl.Series(rng.integers(0, 200, rows)).cast(pl.String)
    frame = pl.DataFrame({"signature_id": pl.Series(kinds).cast(pl.String)}).with_columns(
        pl.format("s-{}", "signature_id").alias("signature_id"),
        occurred_at=pl.lit(START) + pl.Series(at).cast(pl.Duration("us")),
        written_at=pl.lit(None, pl.Datetime("us", "UTC")),
        time_quality=pl.lit("exact"),
        severity=pl.lit(17, pl.UInt8),
        severity_text=pl.lit("ERROR"),
        service=pl.lit("api"),
        host="h" + hosts,
        trace_id=pl.lit(None, pl.String),
        environment_id="e" + customers,
        customer_id="c" + customers,
        share_group=pl.lit(None, pl.String),
        version=pl.lit("8.1"),
        stage=pl.lit("production"),
        region=pl.lit("eu"),
        lines=pl.lit(1, pl.UInt32),
        repeats=pl.lit(1, pl.UInt32),
        variables=pl.concat_list(took),
        message=pl.lit(None, pl.String),
        part=pl.lit(0, pl.UInt32),
        text="took " + took + " ms",
    )
    source = Source(
        name=f"{number}.log",
        collection_id="col",
        origin=str(number),
        received_at=START + timedelta(days=40),
        environment_id="e1",
    )
    return SignedBatch(
        source=source,
        frame=frame,
        minted=pl.DataFrame(),
        parts=(Part(source=source, batch_id=f"b{number}"),),
    )


def _size(home: Path) -> int:
    return sum(path.stat().st_size for path in home.rglob("*.duckdb*"))


if __name__ == "__main__":
    main()
