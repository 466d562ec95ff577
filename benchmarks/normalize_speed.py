"""Lines per second of normalize alone, on lines it makes itself, and where the time goes.

uv run python benchmarks/normalize_speed.py [--lines 1000000] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import random
import string
from datetime import UTC, datetime, timedelta
from time import process_time

from caseline.normalize.normalizer import FileNormalizer
from caseline.records.batches import RawBlock, Source

_BLOCK_BYTES = 8 * 1024 * 1024
_START = datetime(2026, 11, 20, tzinfo=UTC)
_LEVELS = ("INFO ", "INFO ", "INFO ", "WARN ", "ERROR")


def make_log(lines: int, *, distinct: float, seed: int = 7) -> bytes:
    """Return a log whose share of distinct shapes is about *distinct*."""
    rng = random.Random(seed)
    words = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(3, 9))) for _ in range(400)]
    texts = [" ".join(rng.choices(words, k=rng.randint(5, 11))) + " %d ms" for _ in range(60)]
    out = []
    for i in range(lines):
        at = _START + timedelta(milliseconds=i * 37)
        text = rng.choice(texts) % rng.randint(100, 999)
        if rng.random() < distinct:
            text += " for " + "".join(rng.choices(string.ascii_lowercase, k=10))
        stamp = at.strftime("%Y-%m-%d %H:%M:%S,") + f"{at.microsecond // 1000:03d}"
        thread, logger = rng.randint(10, 99), rng.choice(words[:12])
        out.append(f"{stamp} {rng.choice(_LEVELS)} [exec-{thread}] com.example.{logger} - {text}\n")
    return "".join(out).encode()


def make_json(lines: int, seed: int = 7) -> bytes:
    """Return JSON lines, each with a trace id of its own."""
    rng = random.Random(seed)
    out = []
    for i in range(lines):
        at = (_START + timedelta(milliseconds=i * 37)).isoformat(timespec="milliseconds")
        trace = f"{rng.getrandbits(128):032x}"
        out.append(
            f'{{"@timestamp":"{at}","log.level":"info","message":"order {i} accepted",'
            f'"service.name":"orders","host.name":"web-{i % 7}","trace.id":"{trace}",'
            f'"labels":{{"tenant":"t-{i % 50}"}},"took_ms":{rng.randint(1, 99)}}}\n'
        )
    return "".join(out).encode()


def blocks_of(data: bytes, source: Source) -> list[RawBlock]:
    """Return *data* as blocks that end at a line's end."""
    blocks: list[RawBlock] = []
    start = 0
    while start < len(data):
        cut = data.rfind(b"\n", start, start + _BLOCK_BYTES) + 1
        end = cut if start + _BLOCK_BYTES < len(data) and cut > start else len(data)
        last = end == len(data)
        blocks.append(
            RawBlock(
                source=source,
                data=data[start:end],
                offset_bytes=start,
                index=len(blocks),
                last=last,
            )
        )
        start = end
    return blocks


def measure(name: str, data: bytes, *, profile: bool) -> None:
    """Print lines per second for *data*."""
    source = Source(
        name=f"{name}.log", collection_id="bench", origin="bench", received_at=_START + timedelta(9)
    )
    blocks = blocks_of(data, source)
    normalizer = FileNormalizer(source)
    profiler = cProfile.Profile()
    if profile:
        profiler.enable()
    watch = process_time()
    shapes = records = 0
    for block in blocks:
        batch = normalizer.feed(block)
        shapes += len(batch.shapes)
        records += batch.frame.height
    seconds = process_time() - watch
    profiler.disable()
    lines = data.count(b"\n")
    print(
        f"{name:22} {lines / seconds / 1e6:6.2f} M lines/s  {len(data) / seconds / 1e6:6.0f} MB/s"
        f"  {records} records, {shapes / records:.1%} message shapes"
    )
    if profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(14)


def main() -> None:
    """Measure repetitive lines, lines with many distinct shapes, and JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=500_000)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    measure("warm-up", make_log(1_000, distinct=0.0), profile=False)
    for distinct in (0.0, 0.2):
        data = make_log(options.lines, distinct=distinct)
        measure(f"text, {distinct:.0%} distinct", data, profile=options.profile)
    measure("json", make_json(options.lines // 5), profile=options.profile)


if __name__ == "__main__":
    main()
