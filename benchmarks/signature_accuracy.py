"""How right signatures are, and how fast: beside drain3.

Run: ``python benchmarks/signature_accuracy.py`` for the tables per system: beside drain3
with its defaults, its example's settings and the published ones for each system; and on
raw lines, whose headers are unknown, on shuffled ones, on each line twice, and on the
lines with the same after them with fresh digits. The means stand in ``make bench``.
Groups are judged on the template text of the corrected labels, as published.
"""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from datetime import UTC, datetime
from time import perf_counter

os.environ.setdefault("POLARS_MAX_THREADS", "1")

from typing import TYPE_CHECKING

import polars as pl
from drain_baseline import drain_miner, drain_scores, read_settings
from harness import Row, Setting, SkippedError, entry
from signature_scores import Scores, mean, score
from signature_variants import doubled, refreshed, shuffled

from caseline.normalize.headers import split_headers
from caseline.records.batches import ScrubbedBatch, Source
from caseline.signatures.book import SignatureBook
from caseline.signatures.mining import mine_messages, shapes_of

if TYPE_CHECKING:
    from pathlib import Path

LINES = 100_000
SHUFFLES = (1, 2, 3)
SCORES = ("ga", "fga", "pa", "fta")

Lines = list[str]
System = tuple[str, Lines, Lines, Lines]
Conditions = Iterator[tuple[str, Lines, Lines, Lines]]


def systems(folder: Path) -> Iterator[System]:
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


def conditions(messages: Lines, lines: Lines, labels: Lines) -> Conditions:
    """Yield each way the lines of a system are given: its name, messages for us and for
    drain3, and labels.
    """
    yield "header known", messages, messages, labels
    yield "raw lines", split_headers(lines), lines, labels
    for seed in SHUFFLES:
        texts, names = shuffled(messages, labels, seed)
        yield "shuffled", texts, texts, names
    for what, (texts, names) in (
        ("each line twice", doubled(messages, labels)),
        ("fresh digits", refreshed(messages, labels)),
    ):
        yield what, texts, texts, names


@entry("signatures")
def signatures(setting: Setting) -> Iterator[Row]:
    """Mean scores over the labelled systems, and lines a second of mining."""
    try:
        pairs: dict[str, list[tuple[Scores, Scores]]] = defaultdict(list)
        tuned: dict[str, list[tuple[Scores, Scores]]] = defaultdict(list)
        example, published = read_settings()
        for name, messages, lines, labels in systems(setting.folder("loghub2k")):
            for what, own, theirs, true in conditions(messages, lines, labels):
                pairs[what].append((own_scores(own, true), drain_scores(theirs, true)))
            known = pairs["header known"][-1][0]
            tuned["drain3 example"].append((known, drain_scores(messages, labels, example)))
            tuned["drain3 as published"].append(
                (known, drain_scores(messages, labels, published.get(name)))
            )
        for what, found in pairs.items():
            yield from accuracy(what, found)
        for baseline, found in tuned.items():
            yield from accuracy("header known", found, baseline)
    finally:
        yield from speeds(setting.rounds)


def accuracy(
    what: str, pairs: Sequence[tuple[Scores, Scores]], baseline: str = "drain3 defaults"
) -> Iterator[Row]:
    """Yield the mean over the systems of each score: ours, and drain3's."""
    own, drain = (mean(list(column)) for column in zip(*pairs, strict=True))
    for name in SCORES:
        yield Row(
            name=f"signatures {name.upper()}, {what}",
            figures=[getattr(own, name)],
            unit="share",
            baseline=baseline,
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
    customers = pl.Series(["c-1"]).new_from_index(0, len(lines))
    frame = pl.DataFrame({"message": messages, "shape": pl.Series(rows), "customer_id": customers})
    return ScrubbedBatch(source=source, frame=frame, shapes=shapes)


def _lines_per_second(batch: ScrubbedBatch) -> float:
    book = SignatureBook()
    started = perf_counter()
    book.assign(batch)
    return batch.frame.height / (perf_counter() - started)


def _drain_lines_per_second(lines: Sequence[str]) -> float:
    miner = drain_miner()
    started = perf_counter()
    for line in lines:
        miner.add_log_message(line)
    return len(lines) / (perf_counter() - started)


def main() -> None:
    """Print the scores of each system in each condition, then the speeds."""
    setting = Setting()
    try:
        data = list(systems(setting.folder("loghub2k")))
        tables(data)
    except SkippedError as reason:
        print(f"skipped: {reason}")
    for row in speeds(setting.rounds):
        print(row.name, f"{max(row.figures):,.0f} lines/s; drain3 {row.baseline_figures[0]:,.0f}")


def tables(data: Sequence[System]) -> None:
    """Print two tables: beside drain3 in its three settings, and in each condition."""
    example, published = read_settings()
    rows = [
        (
            own_scores(messages, labels),
            *(drain_scores(messages, labels, one) for one in (None, example, published.get(name))),
        )
        for name, messages, _, labels in data
    ]
    headings = ("caseline", "drain3 defaults", "drain3 example", "drain3 as published")
    _table(headings, [name for name, *_ in data], rows)
    for title, pick in (("caseline", 0), ("drain3 defaults", 1)):
        print(f"\n{title}, the same lines otherwise; shuffled: mean of {len(SHUFFLES)} orders")
        found, rows = _conditions_of(data, pick)
        _table(found, [name for name, *_ in data], rows)


def _conditions_of(
    data: Sequence[System], pick: int
) -> tuple[tuple[str, ...], list[tuple[Scores, ...]]]:
    rows: list[tuple[Scores, ...]] = []
    names: tuple[str, ...] = ()
    for _, messages, lines, labels in data:
        found: dict[str, list[Scores]] = defaultdict(list)
        for what, own, theirs, true in conditions(messages, lines, labels):
            found[what].append(drain_scores(theirs, true) if pick else own_scores(own, true))
        names = tuple(found)
        rows.append(tuple(mean(scores) for scores in found.values()))
    return names, rows


def _table(
    headings: Sequence[str], names: Sequence[str], rows: Sequence[tuple[Scores, ...]]
) -> None:
    print(scores_line("GA FGA PA FTA", *headings))
    for name, row in zip(names, rows, strict=True):
        print(scores_line(name, *row))
    print(scores_line("mean", *(mean(column) for column in zip(*rows, strict=True))))


def scores_line(name: str, *scores: Scores | str) -> str:
    """Return one line of a table: GA, FGA, PA, FTA of each of *scores*, or a heading."""
    blocks = [
        one if isinstance(one, str) else " ".join(f"{figure:5.3f}" for figure in astuple(one))
        for one in scores
    ]
    return f"{name:<20}" + "".join(f"  {block:<23}" for block in blocks).rstrip()


if __name__ == "__main__":
    main()
