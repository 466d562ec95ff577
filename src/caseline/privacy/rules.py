"""The scrubber's rules, read from their dated files."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LATEST = "2026-11"
_IS_RULES = re.compile(r"\d+-\w+\.toml")
_FLAGS = re.VERBOSE | re.ASCII


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A text and what must be replaced in it: an example that is a test."""

    text: str
    hits: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing to look for: see ``rules/README.md`` for the words."""

    name: str
    kind: str
    pattern: re.Pattern[bytes]
    hits: tuple[str | int, ...]
    gate: str
    unless_before: re.Pattern[bytes] | None = None
    unless_after: re.Pattern[bytes] | None = None
    check: str | None = None
    on: Literal["shape", "value"] = "shape"
    exclusive: bool = False
    fold: bool = False
    samples: tuple[Sample, ...] = ()


@cache
def shipped_rules(version: str = LATEST) -> tuple[Rule, ...]:
    """Return the rules of the dated folder *version*, first the ones that name the kind.

    >>> [rule.name for rule in shipped_rules()][:2]
    ['private_key', 'key_body']
    """
    folder = files("caseline.privacy").joinpath("rules", version)
    names = sorted(entry.name for entry in folder.iterdir() if _IS_RULES.fullmatch(entry.name))
    texts = [folder.joinpath(name).read_text(encoding="utf-8") for name in names]
    return tuple(_rule(entry) for text in texts for entry in tomllib.loads(text)["rule"])


def _rule(entry: Mapping[str, Any]) -> Rule:
    words = "|".join(re.escape(word) for word in entry.get("except", ()))
    pattern = _compiled(entry["pattern"].replace("{except}", f"(?i:{words})"))
    named = tuple(name for name in pattern.groupindex if name.startswith("hit"))
    before, after = entry.get("unless_before"), entry.get("unless_after")
    return Rule(
        name=entry["name"],
        kind=entry["kind"],
        pattern=pattern,
        hits=named or (0,),
        gate=entry.get("gate") or _any_of(entry["anchors"]),
        unless_before=_compiled(rf"(?:{before})\Z") if before else None,
        unless_after=_compiled(after) if after else None,
        check=entry.get("check"),
        on=entry.get("on", "shape"),
        exclusive=entry.get("exclusive", False),
        fold=entry.get("fold", False),
        samples=tuple(
            Sample(text=s["text"], hits=tuple(s["hits"])) for s in entry.get("sample", ())
        ),
    )


def _compiled(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode(), _FLAGS)


def _any_of(words: Sequence[str]) -> str:
    plain = (re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", word) for word in words)
    return f"(?i:{'|'.join(plain)})"
