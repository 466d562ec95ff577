"""Scores of a grouping against labels: GA, FGA, PA, FTA.

As in the LogHub-2.0 evaluation (Jiang et al., ISSTA 2024): a group is right when it
holds exactly the messages of one label. GA counts messages in right groups, FGA is the
F1 of groups, PA counts messages whose template's text is the label's, FTA is the F1 of
templates whose group and text are both right.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Scores:
    """Four shares, each from 0 to 1."""

    ga: float
    fga: float
    pa: float
    fta: float


def score(labels: Sequence[str], found: Sequence[str], templates: Sequence[str]) -> Scores:
    """Return the scores of a grouping.

    Args:
        labels: The true template of each message: its text is its group.
        found: The group that each message was given.
        templates: The template that each message was given.

    >>> score(["a", "a", "b"], ["1", "1", "2"], ["a", "a", "c"])
    Scores(ga=1.0, fga=1.0, pa=0.6666666666666666, fta=0.5)
    """
    true_groups, found_groups = _groups(labels), _groups(found)
    right = {
        name: members
        for name, members in found_groups.items()
        if true_groups[labels[members[0]]] == members
    }
    told = sum(1 for m in right.values() if templates[m[0]] == labels[m[0]])
    return Scores(
        ga=sum(map(len, right.values())) / len(labels),
        fga=_f1(len(right), len(found_groups), len(true_groups)),
        pa=sum(map(str.__eq__, labels, templates)) / len(labels),
        fta=_f1(told, len(found_groups), len(true_groups)),
    )


def mean(scores: Sequence[Scores]) -> Scores:
    """Return the mean of each of the four."""
    return Scores(
        *(sum(column) / len(scores) for column in zip(*map(astuple, scores), strict=True))
    )


def _groups(names: Sequence[str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for n, name in enumerate(names):
        groups.setdefault(name, []).append(n)
    return groups


def _f1(right: int, found: int, true: int) -> float:
    return 2 * right / (found + true)
