"""The dated rules, read from their data files once and compiled."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CURRENT = "2026-11"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What a token is: see ``rules/<date>/tokens.toml``.

    Args:
        spanning: Patterns of the values that hold spaces, in order, once for each of the
            texts one of which such a value holds.
        typed: The same for values within a field: it must match a whole piece.
        literal: Words that are values all the same.
        name: A word with few digits that may be a constant.
        most_variants: How many variants of one shape's names are kept apart.
        separators: Classes of bytes a piece is cut at, strongest first.
        most_tokens: Tokens of a message that are looked at.
    """

    spanning: tuple[tuple[bytes, str], ...]
    typed: re.Pattern[bytes]
    literal: re.Pattern[bytes]
    name: re.Pattern[bytes]
    most_variants: int
    separators: tuple[re.Pattern[bytes], ...]
    most_tokens: int

    def spanning_values(self, shape: bytes) -> Iterator[re.Match[bytes]]:
        """Return the values with spaces in *shape*, from left to right."""
        due = {pattern: True for hint, pattern in self.spanning if hint in shape}
        return _alternatives(tuple(due)).finditer(shape) if due else iter(())


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteLimits:
    """How many distinct words a column may hold and still be constant."""

    plain: int
    capitals: int
    first: int
    value: int
    quoted: int
    names: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerLimits:
    """From how many customers on a word is common, and how many of those stay constant."""

    enough: int
    common: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdLimits:
    """What a crowd of rows is, whose rare words are values."""

    frequencies: list[int]
    rows: int
    distinct: int
    constants: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KinLimits:
    """What rows share that are alike though several columns vary at once."""

    rows: int
    shared: int
    share: float
    most_rows: int
    stating: frozenset[bytes]
    endings: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeLimits:
    """What it takes for lists to be one, and how much of a template is compared."""

    list_lengths: int
    list_items: int
    most_fields: int
    quoted: int
    most_quoted: int
    covered: float
    most_masks: int
    units: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """All rules of one date, and the scheme that ids are made with."""

    scheme: str
    tokens: TokenRules
    limits: VoteLimits
    customers: CustomerLimits
    crowds: CrowdLimits
    kin: KinLimits
    merges: MergeLimits


@cache
def read_rules(date: str = CURRENT, folder: Path | None = None) -> Rulebook:
    """Return the rules of *date*, a folder of ``caseline/signatures/rules`` or of *folder*.

    >>> read_rules().scheme
    'templates@2026-11'
    """
    place = (folder or files("caseline.signatures").joinpath("rules")).joinpath(date)
    tokens = tomllib.loads(place.joinpath("tokens.toml").read_text("utf-8"))
    votes = tomllib.loads(place.joinpath("votes.toml").read_text("utf-8"))
    return Rulebook(
        scheme=tokens["scheme"],
        tokens=_token_rules(tokens),
        limits=VoteLimits(**votes["limits"]),
        customers=CustomerLimits(**votes["customers"]),
        crowds=CrowdLimits(**votes["crowds"]),
        kin=_kin_limits(votes["kin"]),
        merges=MergeLimits(**votes["merges"]),
    )


def _kin_limits(kin: dict[str, Any]) -> KinLimits:
    texts = {name: [word.encode() for word in kin[name]] for name in ("stating", "endings")}
    numbers = {name: value for name, value in kin.items() if name not in texts}
    return KinLimits(
        **numbers, stating=frozenset(texts["stating"]), endings=tuple(texts["endings"])
    )


def _token_rules(tokens: dict[str, Any]) -> TokenRules:
    names, fields = tokens["names"], tokens["fields"]
    return TokenRules(
        spanning=tuple(
            (hint.encode(), _named(rule, n))
            for n, rule in enumerate(tokens["spanning"])
            for hint in rule["hints"]
        ),
        typed=_alternatives(tuple(_named(rule, n) for n, rule in enumerate(tokens["typed"]))),
        literal=_compiled(fields["literal"]),
        name=_compiled(names["pattern"]),
        most_variants=names["most_variants"],
        separators=tuple(_compiled(f"[{re.escape(s)}]") for s in fields["separators"]),
        most_tokens=fields["most_tokens"],
    )


def _named(rule: dict[str, Any], n: int) -> str:
    return f"(?P<{rule['name']}__{n}>{rule['pattern']})"


@cache
def _alternatives(patterns: tuple[str, ...]) -> re.Pattern[bytes]:
    return _compiled("|".join(patterns))


def _compiled(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode())
