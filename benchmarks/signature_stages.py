"""Where the time goes from bytes to signatures, stage by stage, beside a floor and drain3.

Run: ``python benchmarks/signature_stages.py [--lines 500000] [--drain-lines 100000]``.
All in one process, on one core, in processor time. The floor is what nothing can do
without: read the file, turn its digits into zeros, find its lines, and number the
distinct ones. A stage's time is its own, without that of the stages called within it.
Two logs: one of few distinct shapes, one where a fifth of the lines have their own.
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import argparse
import functools
import importlib
import tempfile
from collections import defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import process_time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
from drain_baseline import drain_miner
from normalize_speed import blocks_of, make_log

from caseline.normalize.headers import split_headers
from caseline.normalize.normalizer import FileNormalizer
from caseline.normalize.recognition import recognizer_for
from caseline.privacy.scrubber import Scrubber
from caseline.records.batches import PlacedBatch, Source
from caseline.signatures.book import SignatureBook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from caseline.records.batches import RawBatch, RawBlock

LINES = 500_000
DRAIN_LINES = 100_000
FLOOR_ROUNDS = 3
TOO_SHORT = 0.0005
LOGS = (("repetitive", 0.0), ("20 % distinct", 0.2))
_ZEROED = bytes.maketrans(b"123456789", b"0" * 9)
_NORMALIZER = "caseline.normalize.normalizer"
_LEARNING = "caseline.signatures.learning"


class Point(NamedTuple):
    """A function that belongs to a stage: ``owner`` is a module or ``module:Class``."""

    stage: str
    owner: str
    name: str


# In the order of a line's way; the last of each capability is what is left of it.
POINTS = (
    Point("clean bytes", _NORMALIZER, "holes_apart"),
    Point("clean bytes", _NORMALIZER, "unwrap"),
    Point("clean bytes", _NORMALIZER, "clean"),
    Point("split lines, number shapes", _NORMALIZER, "split_lines"),
    Point("recognise distinct shapes", "caseline.normalize.recognition:Recognizer", "rows"),
    Point("join records", _NORMALIZER, "join_records"),
    Point("header fields", _NORMALIZER, "header_fields"),
    Point("times", "caseline.normalize.occurred:FileClock", "read"),
    Point("message parts", _NORMALIZER, "plain_part"),
    Point("message parts", _NORMALIZER, "run_part"),
    Point("message parts", _NORMALIZER, "joined_part"),
    Point("message parts", _NORMALIZER, "json_part"),
    Point("message parts", _NORMALIZER, "combine"),
    Point("rest of normalize", f"{_NORMALIZER}:FileNormalizer", "feed"),
    Point("scrub: look at distinct shapes", "caseline.privacy.finding:Finder", "slots"),
    Point("scrub: other columns", "caseline.privacy.scrubber:Scrubber", "_columns"),
    Point("rest of scrub", "caseline.privacy.scrubber:Scrubber", "scrub"),
    Point("fit shapes to known templates", "caseline.signatures.fits:Fits", "find"),
    Point("coarsen distinct shapes", _LEARNING, "coarsened"),
    Point("digests", _LEARNING, "digest"),
    Point("tokenise new shapes", "caseline.signatures.tokens:Tokenizer", "form"),
    Point("names with digits", _LEARNING, "_refine"),
    Point("vote and merge", "caseline.signatures.miner:Miner", "learn"),
    Point("template and spans of shapes", _LEARNING, "_settle"),
    Point("follow merges", _LEARNING, "_follow"),
    Point("rest of signing shapes", "caseline.signatures.book:SignatureBook", "sign"),
    Point("cut variables", "caseline.signatures.book", "cut_variables"),
    Point("map back to rows", "caseline.signatures.book:SignatureBook", "assign"),
)


class Watch:
    """Times functions while it is on, each without those called within it.

    Args:
        points: What to time. A function that is not there is told in ``missing``.
        clock: Seconds so far.
    """

    def __init__(self, points: Sequence[Point], clock: Callable[[], float] = process_time) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.missing: list[str] = []
        self._points = points
        self._clock = clock
        self._inner: list[float] = []

    @contextmanager
    def on(self) -> Iterator[None]:
        """Time what runs inside; everything is as before afterwards."""
        before: list[tuple[Any, str, Any]] = []
        try:
            for point in self._points:
                owner = _owner(point.owner)
                function = getattr(owner, point.name, None)
                if function is None:
                    self.missing.append(f"{point.owner}.{point.name}")
                    continue
                before.append((owner, point.name, function))
                setattr(owner, point.name, self._timed(function, point.stage))
            yield
        finally:
            for owner, name, function in before:
                setattr(owner, name, function)

    def _timed(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*arguments: Any, **options: Any) -> Any:
            self._inner.append(0.0)
            started = self._clock()
            try:
                return function(*arguments, **options)
            finally:
                spent = self._clock() - started
                self.seconds[stage] += spent - self._inner.pop()
                if self._inner:
                    self._inner[-1] += spent

        return run


def floor_seconds(path: Path) -> dict[str, float]:
    """Return what each part of the floor takes, the median of some rounds."""
    laps: defaultdict[str, list[float]] = defaultdict(list)

    def lap(stage: str, work: Callable[[], Any]) -> Any:
        started = process_time()
        result = work()
        laps[stage].append(process_time() - started)
        return result

    for _ in range(FLOOR_ROUNDS):
        data = lap("read", path.read_bytes)
        zeroed = lap("digits to zeros", functools.partial(data.translate, _ZEROED))
        column = lap("find lines", functools.partial(lines_of, zeroed))
        lap("number distinct lines", column.dictionary_encode)
    return {stage: median(seconds) for stage, seconds in laps.items()}


def lines_of(data: bytes) -> pa.Array[Any]:
    r"""Return the lines of *data*, each with its newline, without a copy.

    >>> lines_of(b"a\nbc\n").to_pylist()
    [b'a\n', b'bc\n']
    """
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n")) + 1
    edges = np.concatenate([np.zeros(1, dtype=np.int32), ends.astype(np.int32)])
    buffers = [None, pa.py_buffer(edges.tobytes()), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.binary(), len(ends), buffers)


def run_own(blocks: Sequence[RawBlock]) -> tuple[int, int]:
    """Take *blocks* from bytes to signatures; return rows, and distinct messages' shapes."""
    recognizer_for.cache_clear()  # what it remembers of another run must not count
    normalizer = FileNormalizer(blocks[0].source)
    scrubber, book = Scrubber(b"0123456789abcdef"), SignatureBook()
    rows = shapes = 0
    for block in blocks:
        scrubbed = scrubber.scrub(_placed(normalizer.feed(block)))
        shapes += len(scrubbed.shapes)
        rows += book.assign(scrubbed).frame.height
    return rows, shapes


def _placed(batch: RawBatch) -> PlacedBatch:
    """Return *batch* as if one customer owned all of it: placing is not measured here."""
    nothing = pl.lit(None, pl.String)
    frame = batch.frame.with_columns(
        environment_id=pl.lit("e-1"),
        customer_id=pl.lit("c-1"),
        share_group=nothing,
        version=nothing,
        stage=nothing,
        region=nothing,
    )
    return PlacedBatch(source=batch.source, frame=frame, shapes=batch.shapes, index=batch.index)


def drain_rates(data: bytes, most: int) -> tuple[float, int]:
    """Return drain3's seconds for a line, header off already, and on how many lines."""
    messages = split_headers(data.splitlines()[:most])
    miner = drain_miner()
    started = process_time()
    for message in messages:
        miner.add_log_message(message)
    return (process_time() - started) / len(messages), len(messages)


def measure(name: str, data: bytes, drain_lines: int) -> None:
    """Print the table of one log."""
    source = _source()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.log"
        path.write_bytes(data)
        floor = floor_seconds(path)
    lines = data.count(b"\n")
    base = sum(floor.values())
    watch = Watch(POINTS)
    started = process_time()
    with watch.on():
        rows, shapes = run_own(blocks_of(data, source))
    watched = process_time() - started
    started = process_time()
    run_own(blocks_of(data, source))
    whole = process_time() - started
    print(f"\n{name}: {lines:,} lines, {len(data) / 1e6:.0f} MB, {shapes / rows:.1%} shapes\n")
    print(f"{'stage':<36}{'seconds':>9}{'lines/s':>13}{'x floor':>9}")

    def row(what: str, seconds: float) -> None:
        rate = f"{lines / seconds:,.0f}" if seconds > TOO_SHORT else ""
        print(f"{what:<36}{seconds:>9.3f}{rate:>13}{seconds / base:>9.2f}")

    for stage, seconds in floor.items():
        row(f"  {stage}", seconds)
    row("floor", base)
    for stage in dict.fromkeys(point.stage for point in POINTS):
        row(f"  {stage}", watch.seconds[stage])
    row("  outside of stages", watched - sum(watch.seconds.values()))
    row("bytes to signatures, watched", watched)
    row("the same again, not watched", whole)
    each, taken = drain_rates(data, drain_lines)
    row(f"drain3 mining alone ({taken:,} lines)", each * lines)
    if watch.missing:
        print("not there any more:", ", ".join(watch.missing))


def _owner(place: str) -> Any:
    module, _, name = place.partition(":")
    found = importlib.import_module(module)
    return getattr(found, name, found) if name else found


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--drain-lines", type=int, default=DRAIN_LINES)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    run_own(blocks_of(make_log(1_000, distinct=0.1), _source()))
    for name, distinct in LOGS:
        measure(name, make_log(options.lines, distinct=distinct), options.drain_lines)


def _source() -> Source:
    return Source(
        name="bench.log",
        collection_id="bench",
        origin="bench",
        received_at=datetime(2026, 12, 1, tzinfo=UTC),
    )


if __name__ == "__main__":
    main()
