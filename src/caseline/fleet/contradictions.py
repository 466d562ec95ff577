"""Rows that cannot be true at once: which of them are refused, and why.

What the workspace holds already stays; of the rows of one load, the earlier ones.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from caseline.fleet.holdings import bounds, is_version
from caseline.fleet.spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

Record = dict[str, Any]
RowReason = tuple[int, str]
"""A row's number in its table, from 1, and why it is refused."""


class _Claim(NamedTuple):
    """Between two moments, *held* has *value* alone."""

    held: tuple[str, ...]
    start: int
    end: int
    value: str


class Rules(NamedTuple):
    """What makes two rows of a table contradict each other.

    Args:
        claims: What a row claims to have alone, and for whom.
        allowed: How long two claims may overlap, in microseconds.
        reason: What to say: of the other row's value.
    """

    claims: Callable[[Record], Iterator[_Claim]]
    allowed: int
    reason: str


def find_contradictions(
    new: Sequence[tuple[int, Record]],
    old: Iterable[Record],
    *,
    key: Sequence[str],
    rules: Rules,
) -> list[RowReason]:
    """Return which of *new* contradict each other or *old*, with the reason.

    A new row replaces the old one of its key, so the two do not contradict each other;
    if the new one is refused, the old one stays, and what contradicts that is refused too.

    Args:
        new: Row numbers and rows, in order.
        old: Rows that the workspace holds.
        key: The columns that tell rows apart.
        rules: What contradicts what.
    """
    by_key = {tuple(row[name] for name in key): row for row in old}
    refused: dict[int, str] = {}
    while True:
        accepted = {
            tuple(row[name] for name in key) for number, row in new if number not in refused
        }
        stays = [row for identity, row in by_key.items() if identity not in accepted]
        found = _refusals(new, stays, refused, rules)
        if not found:
            return sorted(refused.items())
        refused |= found


def _refusals(
    new: Sequence[tuple[int, Record]],
    stays: Iterable[Record],
    refused: Mapping[int, str],
    rules: Rules,
) -> dict[int, str]:
    held: defaultdict[tuple[str, ...], list[_Claim]] = defaultdict(list)
    for row in stays:
        for claim in rules.claims(row):
            held[claim.held].append(claim)
    found: dict[int, str] = {}
    for number, row in new:
        if number in refused:
            continue
        claims = list(rules.claims(row))
        against = (
            other
            for claim in claims
            for other in held[claim.held]
            if _contradict(claim, other, rules.allowed)
        )
        other = next(against, None)
        if other is not None:
            found[number] = rules.reason.format(value=other.value)
            continue
        for claim in claims:
            held[claim.held].append(claim)
    return found


def _contradict(one: _Claim, other: _Claim, allowed: int) -> bool:
    overlap = min(one.end, other.end) - max(one.start, other.start)
    return one.value != other.value and overlap > allowed


def tenancy_rules(single: frozenset[str]) -> Rules:
    """Return what two tenancies may not share; *single* are the single-tenant environments."""

    def claims(row: Record) -> Iterator[_Claim]:
        start, end = bounds(row)
        environment = row["environment_id"]
        if environment in single:
            yield _Claim((environment,), start, end, row["customer_id"])
        elif row["tenant_key"] is not None:
            key = spelled(row["tenant_key"])
            yield _Claim((environment, key), start, end, row["customer_id"])

    return Rules(claims, 0, "contradicts the tenancy of customer {value!r} at the same time")


def span_rules(allowed_micros: int) -> Rules:
    """Return what two spans may not share: versions of a component, but for an upgrade."""

    def claims(row: Record) -> Iterator[_Claim]:
        if is_version(row["kind"]):
            start, end = bounds(row)
            held = (row["environment_id"], spelled(row["component"]))
            yield _Claim(held, start, end, row["value"])

    return Rules(
        claims,
        allowed_micros,
        "contradicts version {value!r} of the same component, longer than an upgrade takes; "
        "give the earlier one a valid_to",
    )
