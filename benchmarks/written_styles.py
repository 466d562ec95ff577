"""How right signatures are on log styles that we wrote: beside drain3 with its defaults.

Run: ``python benchmarks/written_styles.py [--style NAME] [--failures] [--seed 11]``. The
styles are the files of ``written/``. Each is scored twice: on its messages, and on raw
lines whose header is found out.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from drain_baseline import drain_scores
from harness import Row, Setting, entry
from signature_accuracy import scores_line
from signature_scores import Scores, mean, score
from written_corpus import corpus, styles

import caseline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from written_corpus import Written

SHOWN = 6


class Judged(NamedTuple):
    """The scores of one style."""

    known: Scores
    auto: Scores
    drain: Scores
    drain_auto: Scores


class Failure(NamedTuple):
    """A template whose lines were not given a group of their own.

    Args:
        label: The true template.
        found: The templates its lines were given, with their counts.
        others: The other labels in those groups.
    """

    label: str
    found: Counter[str]
    others: Counter[str]


def judge(style: Written) -> Judged:
    """Return the scores of Caseline and of drain3 on one style."""
    return Judged(
        own_scores(style.messages, style.labels, header="none"),
        own_scores(style.lines, style.labels, header="auto"),
        drain_scores(style.messages, style.labels),
        drain_scores(style.lines, style.labels),
    )


def own_scores(texts: Sequence[str], labels: Sequence[str], *, header: str) -> Scores:
    """Return the scores of Caseline's signatures."""
    mined = caseline.mine(texts, header="auto" if header == "auto" else "none")
    return score(labels, mined.signature_ids, [mined.templates[n] for n in mined.signature_ids])


def failures(labels: Sequence[str], ids: Sequence[str], templates: dict[str, str]) -> list[Failure]:
    """Return the labels whose lines are not one group of their own, most lines first.

    >>> failures(["a", "a", "b"], ["1", "2", "3"], {"1": "x", "2": "y", "3": "b"})
    [Failure(label='a', found=Counter({'x': 1, 'y': 1}), others=Counter())]
    """
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    placed: dict[str, Counter[str]] = defaultdict(Counter)
    for label, name in zip(labels, ids, strict=True):
        groups[name][label] += 1
        placed[label][name] += 1
    wrong = []
    for label, names in placed.items():
        others = sum((groups[name] for name in names), Counter[str]())
        del others[label]
        if len(names) > 1 or others:
            found = Counter({templates[name]: count for name, count in names.items()})
            wrong.append(Failure(label, found, others))
    return sorted(wrong, key=lambda one: -sum(one.found.values()))


@entry("written styles")
def written_styles(_: Setting) -> Iterator[Row]:
    """Mean scores over the styles that we wrote."""
    judged = [judge(style) for style in corpus()]
    yield from _rows("written styles", [one.known for one in judged], [one.drain for one in judged])
    raw = "written styles, raw lines"
    yield from _rows(raw, [one.auto for one in judged], [one.drain_auto for one in judged])


def _rows(what: str, own: Sequence[Scores], drain: Sequence[Scores]) -> Iterator[Row]:
    for name in ("ga", "fga", "pa", "fta"):
        yield Row(
            name=f"{what}, {name.upper()}",
            figures=[getattr(mean(own), name)],
            unit="share",
            baseline="drain3 defaults",
            baseline_figures=[getattr(mean(drain), name)],
        )


def show(wrong: Iterable[Failure]) -> None:
    """Print failures: the label, what its lines became, and what else is in there."""
    for one in wrong:
        print(f"    {sum(one.found.values()):>5}  {one.label}")
        for template, count in one.found.most_common(SHOWN):
            print(f"           {count:>5} as    {template}")
        if len(one.found) > SHOWN:
            print(f"                 and {len(one.found) - SHOWN} groups more")
        for label, count in one.others.most_common(SHOWN):
            print(f"           {count:>5} with  {label}")


def main() -> None:
    """Print the scores of each style and, if asked, what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--style", action="append", choices=styles())
    parser.add_argument("--failures", action="store_true", help="print the wrong groups")
    parser.add_argument("--auto", action="store_true", help="failures of raw lines instead")
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    print(scores_line("GA FGA PA FTA", "messages", "raw lines", "drain3", "drain3 on raw"))
    judged = []
    for style in corpus(options.style, seed=options.seed):
        judged.append(judge(style))
        print(scores_line(style.name, *judged[-1]))
        if options.failures:
            texts = style.lines if options.auto else style.messages
            mined = caseline.mine(texts, header="auto" if options.auto else "none")
            show(failures(style.labels, mined.signature_ids, mined.templates))
    print(scores_line("mean", *(mean(column) for column in zip(*judged, strict=True))))


if __name__ == "__main__":
    main()
