"""How soon events can be asked for: a batch each second, while questions run beside.

The baseline of an append, and of a question, is the same one in a store where nothing
else happens.
"""

from __future__ import annotations

import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from harness import Row, Setting, entry, timed

from caseline.records.batches import Part, SignedBatch, Source
from caseline.store.embedded import EmbeddedStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SIZES = (1_000, 10_000, 50_000)
_SECONDS = 8
_EVERY = 1.0
_START = datetime(2026, 3, 20, tzinfo=UTC)
_SIGNATURES, _CUSTOMERS = 500, 200
_LATE = (timedelta(days=7), timedelta(days=60))


@entry("freshness")
def measure_freshness(setting: Setting) -> Iterator[Row]:
    """Append batches of each size, alone and beside questions; then late ones."""
    for size in _SIZES:
        with tempfile.TemporaryDirectory() as folder:
            yield from _measure(Path(folder), size, setting)


def _measure(folder: Path, size: int, setting: Setting) -> Iterator[Row]:
    store = EmbeddedStore(folder)
    try:
        store.save("signatures", _signatures())
        feed = Feed(store, size)
        for _ in range(3):
            feed.append()
        alone = [feed.append() for _ in range(_SECONDS)]
        asked_alone = [timed(lambda: _ask(store)) * 1000 for _ in range(_SECONDS)]
        appended, visible, asked = _beside(store, feed)
        name = f"{size:,} events each second"
        for what, figures, idle in (
            ("append", appended, alone),
            ("append and see", visible, [a + q for a, q in zip(alone, asked_alone, strict=True)]),
            ("question beside", asked, asked_alone),
        ):
            for share, figure in _summary(figures).items():
                yield Row(
                    name=f"{name}: {what}, {share}",
                    figures=[figure],
                    unit="ms",
                    better="lower",
                    baseline="nothing else",
                    baseline_figures=[_summary(idle)[share]],
                )
        for late in _LATE:
            yield Row(
                name=f"{size:,} events {late.days} days late: append",
                figures=[feed.append(late=late) for _ in range(setting.rounds)],
                unit="ms",
                better="lower",
                baseline="events of now, nothing else",
                baseline_figures=alone,
            )
    finally:
        store.close()


def _beside(store: EmbeddedStore, feed: Feed) -> tuple[list[float], list[float], list[float]]:
    """Return milliseconds of appends, of appends until seen, and of questions beside them."""
    asked: list[float] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            asked.append(timed(lambda: _ask(store)) * 1000)

    appended, visible = [], []
    asker = threading.Thread(target=ask)
    asker.start()
    pause = threading.Event()
    for _ in range(_SECONDS):
        begun = monotonic()
        before = feed.events
        appended.append(feed.append())
        seen = timed(lambda: _ask(store))
        if feed.events <= before:
            raise AssertionError("the batch brought nothing")
        visible.append(appended[-1] + seen * 1000)
        pause.wait(max(0.0, _EVERY - (monotonic() - begun)))
    over.set()
    asker.join()
    return appended, visible, asked


class Feed:
    """Batches of *size*, each of another second and source, appended to *store*."""

    def __init__(self, store: EmbeddedStore, size: int) -> None:
        self._store = store
        self._size = size
        self._number = 0
        self._rng = np.random.default_rng(7)
        self.events = 0

    def append(self, *, late: timedelta = timedelta(0)) -> float:
        """Append the next batch, of moments *late* before now; return its milliseconds."""
        self._number += 1
        batch = self._batch(_START + timedelta(seconds=self._number) - late)
        return timed(self._taker(batch)) * 1000

    def _taker(self, batch: SignedBatch) -> Callable[[], None]:
        def take() -> None:
            self.events += self._store.append(batch)[0]

        return take

    def _batch(self, at: datetime) -> SignedBatch:
        size, rng = self._size, self._rng
        moments = pl.Series(np.sort(rng.integers(0, 1_000_000, size)), dtype=pl.Duration("us"))
        customers = pl.Series(rng.integers(0, _CUSTOMERS, size)).cast(pl.String)
        frame = pl.DataFrame(
            {
                "occurred_at": pl.Series([at], dtype=pl.Datetime("us", "UTC")).extend_constant(
                    at, size - 1
                )
                + moments,
                "environment_id": "e" + customers,
                "customer_id": "c" + customers,
                "signature_id": "s" + pl.Series(rng.zipf(1.3, size) % _SIGNATURES).cast(pl.String),
                "value": pl.Series(rng.integers(0, 10**9, size)).cast(pl.String),
            }
        ).with_columns(_CONSTANT)
        frame = frame.with_columns(
            variables=pl.concat_list("value"), text=pl.format("took {} ms", "value")
        ).drop("value")
        source = Source(
            name=f"{self._number}.log",
            collection_id="stream",
            origin=str(self._number),
            received_at=_START + timedelta(days=1),
            environment_id=None,
        )
        parts = (Part(source=source, batch_id=f"b{self._number}"),)
        return SignedBatch(source=source, frame=frame, minted=_signatures().clear(), parts=parts)


_CONSTANT = [
    pl.lit("exact").alias("time_quality"),
    pl.lit(17, pl.UInt8).alias("severity"),
    pl.lit("ERROR").alias("severity_text"),
    pl.lit("api").alias("service"),
    pl.lit("h1").alias("host"),
    pl.lit(None, pl.String).alias("trace_id"),
    pl.lit(None, pl.String).alias("share_group"),
    pl.lit("8.1").alias("version"),
    pl.lit("production").alias("stage"),
    pl.lit("eu").alias("region"),
    pl.lit(1, pl.UInt32).alias("lines"),
    pl.lit(1, pl.UInt32).alias("repeats"),
    pl.lit(None, pl.String).alias("message"),
    pl.lit(0, pl.UInt32).alias("part"),
]


def _signatures() -> pl.DataFrame:
    ids = [f"s{number}" for number in range(_SIGNATURES)]
    return pl.DataFrame({"signature_id": ids}).with_columns(
        scheme=pl.lit("t"),
        kind=pl.lit("log"),
        template=pl.lit("took <*> ms"),
        parts=pl.concat_list(pl.lit("took "), pl.lit(" ms")),
        rules=pl.concat_list(pl.lit("number")),
    )


def _ask(store: EmbeddedStore) -> None:
    store.ask("top_signatures_ever", by="customers", limit=20)


def _summary(figures: list[float]) -> dict[str, float]:
    ways = quantiles(figures, n=20, method="inclusive")
    return {"p50": ways[9], "p95": ways[18], "max": max(figures)}
