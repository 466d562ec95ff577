"""How right signatures are, and how fast: beside drain3 with its defaults.

Run: ``python benchmarks/signature_accuracy.py`` for the table per system. The same
figures stand in ``make bench``, there also for raw lines, whose headers are unknown.
Groups are judged on the template text of the corrected labels, as published.
"""

from __future__ import annotations

import logging
import os
import random
from dataclasses import astuple
from datetime import UTC, datetime
from time import perf_counter

os.environ.setdefault("POLARS_MAX_THREADS", "1")

from typing import TYPE_CHECKING

import polars as pl
from drain3 import TemplateMiner
from drain3.template_miner_config import TemplateMinerConfig
from harness import Row, Setting, SkippedError, entry
from signature_scores import Scores, mean, score

from caseline.normalize.headers import split_headers
from caseline.records.batches import ScrubbedBatch, Source
from caseline.signatures.book import SignatureBook
from caseline.signatures.mining import mine_messages, shapes_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

LINES = 100_000


Lines = list[str]


def systems(folder: Path) -> Iterator[tuple[str, Lines, Lines, Lines]]:
    """Yield name, messages, whole lines and labels of each system."""
    for path in sorted(folder.glob("*/*_structured_corrected.csv")):
        table = pl.read_csv(path, infer_schema_length=0).fill_null("")
        messages, labels = (table[name].to_list() for name in ("Content", "EventTemplate"))
        raw = next(path.parent.glob("*.log")).read_bytes().decode("utf-8", "replace")
        lines = raw.replace("\r\n", "\n").split("\n")[: len(messages)]
        yield path.parent.name, messages, lines, labels


def own_scores(messages: Sequence[str], labels: Sequence[str]) -> Scores:
    """Return the scores of Caseline's signatures."""
    mined = mine_messages(messages)
    return score(labels, mined.signature_ids, [mined.templates[n] for n in mined.signature_ids])


def drain_scores(messages: Sequence[str], labels: Sequence[str]) -> Scores:
    """Return the scores of drain3 with its defaults."""
    miner = _drain()
    found = [str(miner.add_log_message(text)["cluster_id"]) for text in messages]
    texts = {str(one.cluster_id): one.get_template() for one in miner.drain.clusters}
    return score(labels, found, [texts[name] for name in found])


@entry("signatures")
def signatures(setting: Setting) -> Iterator[Row]:
    """Mean scores over the labelled systems, and lines a second of mining."""
    try:
        known, raw = [], []
        for _, messages, lines, labels in systems(setting.folder("loghub2k")):
            known.append((own_scores(messages, labels), drain_scores(messages, labels)))
            texts = split_headers(lines)
            raw.append((own_scores(texts, labels), drain_scores(lines, labels)))
        yield from accuracy("header known", known, ("ga", "fga", "pa", "fta"))
        yield from accuracy("raw lines", raw, ("ga", "fga"))
    finally:
        yield from speeds(setting.rounds)


def accuracy(
    what: str, pairs: Sequence[tuple[Scores, Scores]], names: Sequence[str]
) -> Iterator[Row]:
    """Yield the mean over the systems of each score in *names*: ours, and drain3's."""
    own, drain = (mean(list(column)) for column in zip(*pairs, strict=True))
    for name in names:
        yield Row(
            name=f"signatures {name.upper()}, {what}",
            figures=[getattr(own, name)],
            unit="share",
            baseline="drain3 defaults",
            baseline_figures=[getattr(drain, name)],
        )


def speeds(rounds: int) -> Iterator[Row]:
    """Yield lines a second of ``SignatureBook.assign`` beside drain3's mining."""
    for name, lines in (("repetitive", repetitive(LINES)), ("20 % distinct", mixed(LINES, 0.22))):
        batch = _batch(lines)
        share = len(batch.shapes) / len(lines)
        yield Row(
            name=f"signatures, {name} ({share:.1%} shapes)",
            figures=[_lines_per_second(batch) for _ in range(rounds)],
            unit="lines/s",
            baseline="drain3 defaults",
            baseline_figures=[_drain_lines_per_second(lines[:20_000])],
        )


def repetitive(count: int, seed: int = 1) -> list[str]:
    """Return lines of few shapes: a storage system at work."""
    rng = random.Random(seed)
    lines = []
    for _ in range(count):
        block, host = rng.randrange(10**18, 10**19), rng.randrange(10, 100)
        lines.append(
            rng.choice(
                (
                    f"Receiving block blk_{block} src: /10.25.{host}.7:5{host}10 dest: /10.25.1.7",
                    f"PacketResponder {host % 3} for block blk_{block} terminating",
                    f"Deleting block blk_{block} file /data/current/dir{host}/blk_{block}",
                )
            )
        )
    return lines


def mixed(count: int, share: float, seed: int = 2) -> list[str]:
    """Return lines of which *share* have words as values, so that few shapes repeat."""
    rng = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(rng.choices(letters, k=rng.randrange(3, 9))) for _ in range(5000)]
    lines = repetitive(count - int(count * share), seed)
    for n in range(int(count * share)):
        verb, what, why = words[n % 50], words[n % 50 + 50], words[n % 50 + 100]
        lines.append(
            f"request {verb} for tenant {rng.choice(words)}-{rng.choice(words)} path "
            f"/api/{rng.choice(words)}/{rng.randrange(10 ** rng.randrange(1, 9))} took "
            f"{rng.randrange(1000)}ms status={rng.choice((200, 404, 500))} "
            f"user={rng.choice(words)} {what} {why}"
        )
    rng.shuffle(lines)
    return lines


def _batch(lines: Sequence[str]) -> ScrubbedBatch:
    messages = pl.Series("message", lines)
    rows, shapes = shapes_of(messages)
    source = Source(
        name="bench.log",
        collection_id="bench",
        origin="bench",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    frame = pl.DataFrame({"message": messages, "shape": pl.Series(rows)})
    return ScrubbedBatch(source=source, frame=frame, shapes=shapes)


def _lines_per_second(batch: ScrubbedBatch) -> float:
    book = SignatureBook()
    started = perf_counter()
    book.assign(batch)
    return batch.frame.height / (perf_counter() - started)


def _drain_lines_per_second(lines: Sequence[str]) -> float:
    miner = _drain()
    started = perf_counter()
    for line in lines:
        miner.add_log_message(line)
    return len(lines) / (perf_counter() - started)


def _drain() -> TemplateMiner:
    logging.getLogger("drain3").setLevel(logging.ERROR)
    return TemplateMiner(config=TemplateMinerConfig())


def main() -> None:
    """Print the scores of each system, then the speeds."""
    setting = Setting()
    print(scores_line("GA FGA PA FTA", "caseline", "drain3"))
    pairs = []
    try:
        for name, messages, _, labels in systems(setting.folder("loghub2k")):
            pairs.append((own_scores(messages, labels), drain_scores(messages, labels)))
            print(scores_line(name, *pairs[-1]))
        print(scores_line("mean", *(mean(list(column)) for column in zip(*pairs, strict=True))))
    except SkippedError as reason:
        print(f"skipped: {reason}")
    for row in speeds(setting.rounds):
        print(row.name, f"{max(row.figures):,.0f} lines/s; drain3 {row.baseline_figures[0]:,.0f}")


def scores_line(name: str, *scores: Scores | str) -> str:
    """Return one line of a table: GA, FGA, PA, FTA of each of *scores*, or a heading."""
    blocks = [
        one if isinstance(one, str) else " ".join(f"{figure:5.3f}" for figure in astuple(one))
        for one in scores
    ]
    return f"{name:<20}" + "".join(f"  {block:<23}" for block in blocks).rstrip()


if __name__ == "__main__":
    main()
