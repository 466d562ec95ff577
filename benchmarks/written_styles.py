"""How right signatures are on log styles that we wrote: beside drain3 with its defaults.

Run: ``python benchmarks/written_styles.py [--style NAME] [--failures] [--seed 11]``. The
styles are the files of ``written/``. Each is scored twice: on its messages, and on raw
lines whose header is found out.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from drain_baseline import drain_groups, drain_scores
from harness import Row, Setting, entry
from signature_accuracy import scores_line
from signature_scores import Scores, mean, score
from written_corpus import corpus, kinds_in, parse, styles, templates_of, truth

import caseline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from written_corpus import Written

SHOWN = 6


class Judged(NamedTuple):
    """The scores of one style, and shares of its templates that are right."""

    known: Scores
    auto: Scores
    drain: Scores
    drain_auto: Scores
    right: float
    right_apart: float
    drain_right: float
    drain_right_apart: float


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
    ids, templates = own_groups(style.messages, header="none")
    names, texts = drain_groups(style.messages)
    return Judged(
        score(style.labels, ids, templates),
        score(style.labels, *own_groups(style.lines, header="auto")),
        score(style.labels, names, texts),
        drain_scores(style.lines, style.labels),
        *right_shares(style, ids),
        *right_shares(style, names),
    )


def own_groups(texts: Sequence[str], *, header: str) -> tuple[list[str], list[str]]:
    """Return the group and the template that Caseline gives each line."""
    mined = caseline.mine(texts, header="auto" if header == "auto" else "none")
    return mined.signature_ids, [mined.templates[name] for name in mined.signature_ids]


def right_shares(style: Written, ids: Sequence[str]) -> tuple[float, float]:
    """Return the share of templates whose lines are one group, and of those kept apart.

    Whether ``state up`` and ``state down`` are one event is a matter of taste. Kept
    apart means: no group holds lines of two templates, and the lines of a template are
    divided by choices among constants at the most.
    """
    groups: dict[str, set[str]] = defaultdict(set)
    by_label: dict[str, set[str]] = defaultdict(set)
    by_apart: dict[str, set[str]] = defaultdict(set)
    parts: dict[str, set[str]] = defaultdict(set)
    for label, apart, name in zip(style.labels, style.apart, ids, strict=True):
        groups[name].add(label)
        by_label[label].add(name)
        by_apart[apart].add(name)
        parts[label].add(apart)
    pure = [label for label, names in by_label.items() if all(len(groups[n]) == 1 for n in names)]
    right = [label for label in pure if len(by_label[label]) == 1]
    apart_right = [label for label in pure if all(len(by_apart[one]) == 1 for one in parts[label])]
    return len(right) / len(by_label), len(apart_right) / len(by_label)


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
def measure_written(_: Setting) -> Iterator[Row]:
    """Mean scores over the styles that we wrote."""
    judged = [judge(style) for style in corpus()]
    yield from _rows("written styles", [one.known for one in judged], [one.drain for one in judged])
    raw = "written styles, raw lines"
    yield from _rows(raw, [one.auto for one in judged], [one.drain_auto for one in judged])
    whole = _mean(judged)
    for what, own, drain in (
        ("templates right", whole.right, whole.drain_right),
        ("templates right, states may be apart", whole.right_apart, whole.drain_right_apart),
    ):
        yield Row(
            name=f"written styles, {what}",
            figures=[own],
            unit="share",
            baseline="drain3 defaults",
            baseline_figures=[drain],
        )


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
    wrong = list(wrong)
    mixed = sum(1 for one in wrong if one.others)
    print(f"    {len(wrong)} templates wrong, {mixed} of them mixed with others")
    for one in wrong:
        print(f"    {sum(one.found.values()):>5}  {one.label}")
        for template, count in one.found.most_common(SHOWN):
            print(f"           {count:>5} as    {template}")
        if len(one.found) > SHOWN:
            print(f"                 and {len(one.found) - SHOWN} groups more")
        for label, count in one.others.most_common(SHOWN):
            print(f"           {count:>5} with  {label}")


def show_kinds(wrong: dict[str, list[Failure]]) -> None:
    """Print by what they hold how many templates went wrong, the worst first.

    Args:
        wrong: The failures of each style.
    """
    held: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for style, found in wrong.items():
        labels = {one.label for one in found}
        for template in templates_of(style):
            parts = parse(template)
            for kind in kinds_in(parts) or {"constants only"}:
                held[kind] += 1
                failed[kind] += truth(parts) in labels
    print("\nwrong templates by what they hold")
    for kind, count in sorted(held.items(), key=lambda one: -failed[one[0]] / one[1]):
        print(f"{kind:<16}{failed[kind]:>5} of {count:>4}  {failed[kind] / count:6.1%}")


def main() -> None:
    """Print the scores of each style and, if asked, what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--style", action="append", choices=styles())
    parser.add_argument("--failures", action="store_true", help="print the wrong groups")
    parser.add_argument("--auto", action="store_true", help="failures of raw lines instead")
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    print("right: share of templates whose lines are one group; apart: or divided by states\n")
    print(_line("GA FGA PA FTA", "messages", "raw lines", "drain3", "drain3 on raw"))
    judged = []
    wrong: dict[str, list[Failure]] = {}
    for style in corpus(options.style, seed=options.seed):
        judged.append(judge(style))
        print(_line(style.name, *judged[-1]))
        if options.failures:
            texts = style.lines if options.auto else style.messages
            mined = caseline.mine(texts, header="auto" if options.auto else "none")
            wrong[style.name] = failures(style.labels, mined.signature_ids, mined.templates)
            show(wrong[style.name])
    print(_line("mean", *_mean(judged)))
    if options.failures:
        show_kinds(wrong)


def _mean(judged: Sequence[Judged]) -> Judged:
    def scores(name: str) -> Scores:
        return mean([getattr(one, name) for one in judged])

    def share(name: str) -> float:
        return fmean(getattr(one, name) for one in judged)

    return Judged(
        scores("known"),
        scores("auto"),
        scores("drain"),
        scores("drain_auto"),
        share("right"),
        share("right_apart"),
        share("drain_right"),
        share("drain_right_apart"),
    )


def _line(name: str, *found: Scores | float | str) -> str:
    scores = [one for one in found if not isinstance(one, float)]
    shares = [f"{one:.3f}" for one in found if isinstance(one, float)]
    shown = shares or ["right", "apart", "drain3", "apart"]
    return f"{scores_line(name, *scores):<122}" + "".join(f"{one:>7}" for one in shown)


if __name__ == "__main__":
    main()
