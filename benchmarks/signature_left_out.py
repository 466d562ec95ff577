"""Are the numbers of the signature rules fitted to the systems they are judged on?

Run: ``python benchmarks/signature_left_out.py [--written] [--seconds 240]``. Leave one
out: the numbers that do best on all systems but one are judged on that one. Candidates
are drawn from a grid around the shipped numbers, by chance and without a preference for
these. Where several do best, their mean counts. Besides: what one number changed alone
does to the mean. ``--written`` takes the styles of ``written/`` for systems.
"""

from __future__ import annotations

import argparse
from dataclasses import fields, is_dataclass, replace
from statistics import fmean
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
from harness import Row, Setting, SkippedError, entry
from signature_accuracy import systems
from signature_scores import Scores, score
from written_corpus import corpus

from caseline.signatures.book import SignatureBook
from caseline.signatures.mining import shapes_of
from caseline.signatures.rulebook import read_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from caseline.signatures.rulebook import Rulebook

# What each number may be; the shipped one is added where it is not among them.
GRID: dict[str, tuple[Any, ...]] = {
    "limits.plain": (1, 2, 3, 4),
    "limits.capitals": (2, 4, 6, 9),
    "limits.first": (3, 8, 15, 30),
    "limits.names": (1, 2, 3, 5),
    "crowds.frequencies": ([3], [3, 8, 24], [2, 4, 8], [5, 20]),
    "crowds.rows": (4, 8, 16),
    "crowds.distinct": (3, 6, 10),
    "crowds.constants": (1, 2, 4),
    "crowds.share": (0.3, 0.5, 0.7),
    "merges.list_lengths": (2, 3, 5),
    "merges.list_items": (6, 12, 24),
    "merges.quoted": (1, 2, 4, 8),
    "tokens.most_variants": (4, 16, 64),
}
DRAWS = 60
FEWEST = 8
SECONDS = 240.0
SEARCH_SHARE = 0.6
SEED = 5


class System(NamedTuple):
    """A labelled system, its shapes told once: they do not depend on the numbers."""

    name: str
    labels: Sequence[str]
    texts: pl.Series
    rows: NDArray[np.uint32]
    shapes: list[bytes]


class Judged(NamedTuple):
    """A candidate: what it changes, and its figure on each system."""

    changes: dict[str, Any]
    figures: list[float]


class Held(NamedTuple):
    """One system held out: the figure of the numbers chosen without it, and the shipped."""

    name: str
    chosen: float
    shipped: float
    tied: int


def with_changes(rules: Rulebook, changes: dict[str, Any]) -> Rulebook:
    """Return *rules* with some numbers changed, named ``part.number``.

    Raises:
        KeyError: there is no such number.
    """
    for path, value in changes.items():
        part, _, name = path.partition(".")
        holder: Any = getattr(rules, part, None)
        if not is_dataclass(holder) or name not in {one.name for one in fields(holder)}:
            raise KeyError(path)
        changed: dict[str, Any] = {part: replace(holder, **{name: value})}  # type: ignore[type-var]
        rules = replace(rules, **changed)
    return rules


def shipped_value(rules: Rulebook, path: str) -> Any:
    """Return the number that ships."""
    part, _, name = path.partition(".")
    return getattr(getattr(rules, part), name)


def judge(system: System, rules: Rulebook) -> Scores:
    """Return the scores on one system under *rules*."""
    book = SignatureBook(rules)
    signed = book.sign(system.texts, system.rows, system.shapes)
    minted = signed.signature_ids.gather(signed.rows).to_list()
    canonical = {name: book.canonical(name) for name in set(minted)}
    ids = [canonical[name] for name in minted]
    texts = {name: found.template for name in set(ids) if (found := book.signature(name))}
    return score(system.labels, ids, [texts[name] for name in ids])


def figure(scores: Scores) -> float:
    """Return what is compared: the mean of GA and FGA."""
    return (scores.ga + scores.fga) / 2


def prepared(name: str, messages: Sequence[str], labels: Sequence[str]) -> System:
    """Return a system ready to be judged many times."""
    texts = pl.Series("message", messages, dtype=pl.String)
    rows, shapes = shapes_of(texts)
    return System(name, labels, texts, rows, shapes)


def one_changed(rules: Rulebook) -> Iterator[dict[str, Any]]:
    """Yield each number of the grid changed alone."""
    for path, values in GRID.items():
        for value in values:
            if value != shipped_value(rules, path):
                yield {path: value}


def drawn(rng: np.random.Generator) -> dict[str, Any]:
    """Return a value for each number, by chance."""
    return {path: values[int(rng.integers(len(values)))] for path, values in GRID.items()}


def search(data: Sequence[System], rules: Rulebook, *, seconds: float) -> list[Judged]:
    """Return candidates drawn by chance, as many as the time allows, some at the least."""
    rng = np.random.default_rng(SEED)
    started = perf_counter()
    found: list[Judged] = []
    for n in range(DRAWS):
        if n >= FEWEST and perf_counter() - started > seconds:
            break
        changes = drawn(rng)
        found.append(_judged(data, rules, changes))
    return found


def leave_one_out(data: Sequence[System], shipped: Judged, found: Sequence[Judged]) -> list[Held]:
    """Return for each system what the best on all others does on it."""
    held = []
    for n, system in enumerate(data):
        without = [sum(one.figures) - one.figures[n] for one in found]
        best = [
            one.figures[n]
            for one, total in zip(found, without, strict=True)
            if total >= max(without) - 1e-9
        ]
        held.append(Held(system.name, fmean(best), shipped.figures[n], len(best)))
    return held


@entry("signatures left out")
def left_out(setting: Setting) -> Iterator[Row]:
    """The mean of the held-out figures beside the shipped one."""
    data = [prepared(name, m, labels) for name, m, _, labels in systems(setting.folder("loghub2k"))]
    rules = read_rules()
    held = leave_one_out(data, _judged(data, rules, {}), search(data, rules, seconds=SECONDS / 3))
    yield Row(
        name="signatures (GA + FGA) / 2, one system held out",
        figures=[fmean(one.chosen for one in held)],
        unit="share",
        baseline="as shipped",
        baseline_figures=[fmean(one.shipped for one in held)],
    )


def _judged(data: Sequence[System], rules: Rulebook, changes: dict[str, Any]) -> Judged:
    changed = with_changes(rules, changes)
    return Judged(changes, [figure(judge(system, changed)) for system in data])


def _data(*, written: bool) -> list[System]:
    if written:
        return [prepared(style.name, style.messages, style.labels) for style in corpus()]
    folder = Setting().folder("loghub2k")
    return [prepared(name, messages, labels) for name, messages, _, labels in systems(folder)]


def show_single(
    data: Sequence[System], rules: Rulebook, shipped: Judged, *, seconds: float
) -> None:
    """Print what one number changed alone does to the mean, while there is time."""
    started = perf_counter()
    print("\none number changed alone: change of the mean, in thousandths")
    base = fmean(shipped.figures)
    for path in GRID:
        if perf_counter() - started > seconds:
            print(f"{path:<22} and those after it: no time left, give more --seconds")
            break
        changed = [one for one in one_changed(rules) if path in one]
        shown = [
            f"{one[path]}: {1000 * (fmean(_judged(data, rules, one).figures) - base):+.1f}"
            for one in changed
        ]
        print(
            f"{path:<22} ships {shipped_value(rules, path)!s:<12} " + "   ".join(shown), flush=True
        )


def main() -> None:
    """Print the held-out figures beside the shipped ones, then single changes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--written", action="store_true", help="styles of written/ as systems")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="to spend in all, about")
    options = parser.parse_args()
    try:
        data = _data(written=options.written)
    except SkippedError as reason:
        raise SystemExit(f"skipped: {reason}") from None
    rules = read_rules()
    shipped = _judged(data, rules, {})
    found = search(data, rules, seconds=SEARCH_SHARE * options.seconds)
    held = leave_one_out(data, shipped, found)
    print(f"{len(found)} candidates; the figure is (GA + FGA) / 2\n")
    print(f"{'held out':<22} {'chosen':>7} {'shipped':>8}  tied")
    for one in held:
        print(f"{one.name:<22} {one.chosen:7.3f} {one.shipped:8.3f}  {one.tied}")
    chosen, base = fmean(one.chosen for one in held), fmean(one.shipped for one in held)
    print(f"{'mean':<22} {chosen:7.3f} {base:8.3f}")
    everywhere = max(found, key=lambda one: sum(one.figures))
    print(f"\nbest on all: {fmean(everywhere.figures):.3f} {everywhere.changes}", flush=True)
    left = (1 - SEARCH_SHARE) * options.seconds
    show_single(data, rules, shipped, seconds=left)


if __name__ == "__main__":
    main()
