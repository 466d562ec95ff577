"""The words that tell severity, tenant, placement and trace, read from data files."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from caseline.errors import InputError


@dataclass(frozen=True, slots=True)
class KeyPattern:
    """How a line names one kind of value: needles that must occur, then a pattern."""

    needles: tuple[bytes, ...]
    pattern: re.Pattern[bytes]

    def value(
        self, line: bytes, lower: bytes, not_values: frozenset[bytes]
    ) -> tuple[int, int] | None:
        """Return where the value stands in *line*, whose small letters are *lower*."""
        for needle in self.needles:  # a loop, since any() costs three times as much here
            if needle in lower:
                break
        else:
            return None
        for match in self.pattern.finditer(line):
            name = match.lastgroup
            if name is not None and match[name].lower() not in not_values:
                return match.span(name)
        return None


@dataclass(frozen=True, slots=True)
class WordBook:
    """What ``words/<date>`` says, compiled for text whose digits are 0."""

    words: dict[bytes, int]
    letters: dict[bytes, int]
    priorities: tuple[int, ...]
    statuses: dict[int, int]
    threats: tuple[int, ...]
    numbers: dict[int, int]
    leading: re.Pattern[bytes]
    keys: dict[str, KeyPattern]
    not_values: frozenset[bytes]
    repeats: tuple[re.Pattern[bytes], ...]


def read_data(folder: str, date: str, name: str) -> dict[str, Any]:
    """Return the data file *name* of ``normalize/<folder>/<date>``.

    Raises:
        InputError: there is no such dated folder.
    """
    path = files("caseline.normalize").joinpath(folder, date, name)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"no {name} in {folder} {date!r}; give a date that ships") from None


@cache
def load_words(date: str) -> WordBook:
    """Return the words of ``words/<date>``.

    >>> load_words("2026-11").words[b"warning"]
    13
    """
    levels = read_data("words", date, "severities.toml")
    keys = read_data("words", date, "keys.toml")
    traces = read_data("words", date, "traces.toml")
    value = keys.pop("value")
    return WordBook(
        words={
            word.encode(): number
            for word, number in (levels["abbreviations"] | levels["words"]).items()
        },
        letters={word.encode(): number for word, number in levels["letters"].items()},
        priorities=tuple(levels["priority"]["numbers"]),
        statuses={int(digit): number for digit, number in levels["status"].items()},
        threats=tuple(levels["threat"]["numbers"]),
        numbers={int(number): severity for number, severity in levels["numbers"].items()},
        leading=_leading(levels["leading"]["words"]),
        keys={kind: _key_pattern(entry, value["pattern"]) for kind, entry in keys.items()},
        not_values=frozenset(text.encode() for text in value["not_values"]),
        repeats=tuple(re.compile(p.encode()) for p in traces["repeats"]["patterns"]),
    )


def _leading(words: list[str]) -> re.Pattern[bytes]:
    """Return the pattern of a level that opens a message without being its header."""
    any_case = "|".join(words)
    capitals = "|".join(word.upper() for word in words)
    pattern = (
        rf"[^A-Za-z0]{{0,3}}(?:\[?(?P<a>(?i:{any_case}))\]?:|\[(?P<b>(?i:{any_case})) *\]"
        rf"|(?P<c>{capitals})(?![A-Za-z0_]))"
    )
    return re.compile(pattern.encode())


def _key_pattern(entry: dict[str, Any], value: str) -> KeyPattern:
    names = sorted(entry["keys"], key=len, reverse=True)
    any_name = "|".join(re.escape(name) for name in names)
    parts = [*entry.get("values", ())]
    parts = [re.sub(r"\?P<value>", f"?P<value{i}>", part) for i, part in enumerate(parts)]
    key = rf"(?<![\w.\-])(?:{any_name})[\"']?(?: ?= ?|: ?|:=)"
    quoted = r"""(?:"(?P<double>[^"\\\n]{1,128})"|'(?P<single>[^'\\\n]{1,128})')"""
    plain = rf"{key}(?:{quoted}|[\"']?(?P<value>{value}))"
    return KeyPattern(
        needles=tuple(needle.encode() for needle in entry["needles"]),
        pattern=re.compile("|".join([*parts, plain]).encode(), re.IGNORECASE),
    )
