"""Which signatures are one issue: same customers at the same times, or the same words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.text import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LEAST_WORDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Where and when a signature struck.

    Args:
        hits: unit, first, last (hours), gap (mean hours between its events there).
        words: The distinct words of its template.
        since: When it began, in hours.
    """

    hits: pl.DataFrame
    words: frozenset[str]
    since: float

    @classmethod
    def of(cls, hits: pl.DataFrame, template: str, *, since: float) -> Trace:
        """Return the trace of a signature with this *template*."""
        return cls(hits=hits, words=frozenset(words(template)), since=since)


def at_the_same_places(one: Trace, other: Trace, *, hours: float) -> float:
    """Return how far the narrower of two signatures goes along with the wider.

    A customer counts if both struck it first, and last, within *hours* of each other;
    signatures that strike it seldom are given three times the gap between their
    events. Half a customer is added to the narrower one's number: a single common
    customer is no proof.

    >>> hits = {"unit": ["a", "b"], "first": [1.0, 5.0], "last": [9.0, 9.0], "gap": [1.0, 1.0]}
    >>> one = Trace.of(pl.DataFrame(hits), "x", since=1.0)
    >>> at_the_same_places(one, one, hours=2.0)
    0.8
    """
    both = one.hits.join(other.hits, on="unit", suffix="_other")
    room = pl.max_horizontal(pl.lit(hours), 3 * pl.col("gap"), 3 * pl.col("gap_other"))
    near = ((pl.col("first") - pl.col("first_other")).abs() <= room) & (
        (pl.col("last") - pl.col("last_other")).abs() <= room
    )
    narrower = min(one.hits.height, other.hits.height)
    return both.filter(near).height / (narrower + 0.5)


def in_the_same_words(one: Trace, other: Trace) -> float:
    """Return the share of the shorter template's words that the longer one has.

    The same line in two formats, or with and without a field, is two templates.

    >>> none = pl.DataFrame()
    >>> one = Trace.of(none, "could not persist order <*>, giving up", since=0.0)
    >>> other = Trace.of(none, "tenant=<*> could not persist order <*>, giving up", since=0.0)
    >>> in_the_same_words(one, other)
    1.0
    """
    shorter = min(len(one.words), len(other.words))
    return len(one.words & other.words) / shorter if shorter >= _LEAST_WORDS else 0.0


def group_together(
    traces: Mapping[str, Trace], order: Sequence[str], rules: Mapping[str, Any]
) -> list[list[str]]:
    """Return the signatures in groups, each in the given order.

    A signature joins the first group whose first member strikes at the same places, or
    any of whose members speaks the same words. Members do not widen the places of a
    group, so that no chain of likenesses makes one issue of two.

    Args:
        traces: By signature.
        order: The signatures, those to start a group first.
        rules: The table ``together`` of ``detection.toml``.
    """
    groups: list[list[str]] = []
    for signature in order:
        mine = traces[signature]
        fitting = (g for g in groups if _belongs(mine, [traces[name] for name in g], rules))
        found = next(fitting, None)
        if found is None:
            groups.append([signature])
        else:
            found.append(signature)
    return groups


def _belongs(mine: Trace, group: Sequence[Trace], rules: Mapping[str, Any]) -> bool:
    for other in group:
        apart = abs(mine.since - other.since)
        if apart <= rules["words_hours"] and in_the_same_words(mine, other) >= rules["words"]:
            return True
    near = at_the_same_places(group[0], mine, hours=rules["hours"])
    return near >= float(rules["places"])
