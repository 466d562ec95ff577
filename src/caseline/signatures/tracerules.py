"""How stack traces are read: the dated rules, from their data file, compiled once."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from caseline.signatures.rulebook import CURRENT

Pattern = re.Pattern[str]
_DIGITS = re.compile("[1-9]")


class FrameRule(NamedTuple):
    """How one language writes a frame.

    Args:
        language: Which one.
        pattern: With the groups ``name`` and ``file``.
        innermost_last: Whether the list ends where it broke.
        needs_where: Whether only the next line makes it a frame.
    """

    language: str
    pattern: Pattern
    innermost_last: bool
    needs_where: bool


class Library(NamedTuple):
    """Which frames of one language are not the product's own."""

    prefixes: tuple[str, ...]
    names: frozenset[str]
    paths: tuple[Pattern, ...]


class CrashRule(NamedTuple):
    """A line that says what broke without an exception's name."""

    pattern: Pattern
    name: str


class NormalRule(NamedTuple):
    """What is generated anew has one name; in one language or in all."""

    language: str
    pattern: Pattern
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRules:
    """How exceptions are named: see ``[exception]`` in ``rules/<date>/traces.toml``."""

    anywhere: Pattern
    start: Pattern
    lead: Pattern
    within: Pattern
    closing: Pattern
    beside: Pattern
    suppressed: tuple[str, ...]
    nested: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TraceRules:
    """How traces are read: see ``rules/<date>/traces.toml``. Equal only to itself."""

    frames: tuple[FrameRule, ...]
    where: Pattern
    names: NameRules
    crashes: tuple[CrashRule, ...]
    marks: dict[str, Pattern]
    libraries: dict[str, Library]
    normal: tuple[NormalRule, ...]
    fewest_frames: int
    fewest_unnamed: int
    most_frames: int
    most_library: int
    recursion: int
    overflow: Pattern


@cache
def read_trace_rules(date: str = CURRENT) -> TraceRules:
    """Return the rules for stack traces of *date*.

    >>> read_trace_rules().most_frames
    4
    """
    folder = files("caseline.signatures").joinpath("rules", date)
    data: dict[str, Any] = tomllib.loads(folder.joinpath("traces.toml").read_text("utf-8"))
    return TraceRules(
        frames=tuple(_frame_rule(entry) for entry in data["frame"]),
        where=re.compile(data["where"]["pattern"]),
        names=_name_rules(data["exception"]),
        crashes=tuple(
            CrashRule(re.compile(entry["pattern"]), entry.get("as", "")) for entry in data["crash"]
        ),
        marks={name: re.compile(pattern) for name, pattern in data["marks"].items()},
        libraries={entry["language"]: _library(entry) for entry in data["library"]},
        normal=tuple(
            NormalRule(n.get("language", ""), re.compile(n["pattern"]), _template(n["by"]))
            for n in data["normal"]
        ),
        fewest_frames=data["fewest_frames"],
        fewest_unnamed=data["fewest_unnamed"],
        most_frames=data["most_frames"],
        most_library=data["most_library"],
        recursion=data["recursion"],
        overflow=re.compile(data["overflow"]),
    )


def _frame_rule(entry: dict[str, Any]) -> FrameRule:
    return FrameRule(
        entry["language"],
        re.compile(entry["pattern"]),
        entry["innermost"] == "last",
        entry.get("needs_where", False),
    )


def _name_rules(entry: dict[str, Any]) -> NameRules:
    def compiled(name: str) -> Pattern:
        return re.compile(entry[name].replace("%(suffixes)s", entry["suffixes"]))

    return NameRules(
        anywhere=compiled("name"),
        start=compiled("start"),
        lead=compiled("lead"),
        within=compiled("within"),
        closing=compiled("closing"),
        beside=compiled("beside"),
        suppressed=tuple(entry["suppressed"]),
        nested=tuple(entry["nested"]),
    )


def _library(entry: dict[str, Any]) -> Library:
    prefixes, names = entry["prefixes"], entry.get("names", ())
    # A shape has zeros where a name has other digits.
    return Library(
        tuple(dict.fromkeys([*prefixes, *(_DIGITS.sub("0", one) for one in prefixes)])),
        frozenset([*names, *(_DIGITS.sub("0", one) for one in names)]),
        tuple(re.compile(pattern) for pattern in entry["paths"]),
    )


def _template(by: str) -> str:
    return by.replace("$$", "$").replace("\\1", r"\g<1>").replace("\\2", r"\g<2>")
