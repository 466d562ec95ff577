"""What a line is to a stack trace, and how collectors write traces on one line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from caseline.normalize.layouts import WRAPPED, Field, Kind, Role
from caseline.normalize.wordbook import read_data

if TYPE_CHECKING:
    from typing import Any


class Mangling(NamedTuple):
    """One way to write a trace on one line.

    Args:
        needle: What must occur in a shape.
        sign: What says so in a shape.
        regex: Whether what is written is a pattern.
        written: What is written, and what it stands for.
    """

    needle: bytes
    sign: re.Pattern[bytes]
    regex: bool
    written: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TraceWords:
    """What ``words/<date>/traces.toml`` says, compiled for text whose digits are 0.

    Args:
        roles: For each first byte the patterns that may match there, in groups by role.
        behind_header: What goes on, seen behind a header.
        leads: What says that a trace follows; so does the severity *leads_severity*.
        most_text_lines: Of an exception's text, between its name and its frames.
        needles: What occurs where one of *manglings* may.
    """

    roles: tuple[re.Pattern[bytes], ...]
    behind_header: re.Pattern[bytes]
    leads: re.Pattern[bytes]
    leads_severity: int
    most_text_lines: int
    needles: tuple[bytes, ...]
    manglings: tuple[Mangling, ...]


@cache
def load_trace_words(date: str) -> TraceWords:
    """Return the words about traces of ``words/<date>``.

    >>> load_trace_words("2026-11").most_text_lines
    10
    """
    data = read_data("words", date, "traces.toml")
    manglings = tuple(_mangling(entry, data["mangled_frames"]) for entry in data["mangled"])
    return TraceWords(
        roles=_by_first_byte({role: data[role.name.lower()] for role in Role if role}),
        behind_header=re.compile(data["behind_header"].encode()),
        leads=re.compile(_any_of(data["leads"]).encode()),
        leads_severity=data["leads_severity"],
        most_text_lines=data["most_text_lines"],
        needles=tuple(dict.fromkeys(one.needle for one in manglings)),
        manglings=manglings,
    )


def enter_role(words: TraceWords, line: bytes, row: list[int], *, marked: bool) -> None:
    """Enter in *row* what *line* is to a trace, and how its newlines are written.

    Args:
        words: What tells traces.
        line: A shape.
        row: Its layout row, with the start of its message.
        marked: Whether it may hold one of the needles of *words*.
    """
    start = row[Field.MESSAGE_START]
    found = words.roles[line[start]].match(line, start) if start < len(line) else None
    if found is not None and found.lastgroup is not None:
        row[Field.ROLE] = _role(words, line, row, Role[found.lastgroup])
        if row[Field.KIND] == Kind.PLAIN:
            row[Field.KIND] = Kind.CONTINUATION
    if not marked:
        return
    for needle in words.needles:  # a loop, since any() costs three times as much here
        if needle in line:
            row[Field.MANGLED] = _mangled(words, line, start)
            return


def _mangled(words: TraceWords, line: bytes, start: int) -> int:
    """Return 1 + the place of the way the newlines of *line* are written, or 0."""
    for n, mangling in enumerate(words.manglings):
        if mangling.needle in line and mangling.sign.search(line, start):
            return n + 1
    return 0


def _by_first_byte(patterns: dict[Role, list[str]]) -> tuple[re.Pattern[bytes], ...]:
    """Return for each byte the pattern of what may begin with it."""
    made: dict[tuple[str, ...], re.Pattern[bytes]] = {}
    found = []
    for byte in range(256):
        groups = tuple(
            f"(?P<{role.name}>{_any_of(chosen)})"
            for role, texts in patterns.items()
            if (chosen := [text for text in texts if _may_begin(text, chr(byte))])
        )
        found.append(made.setdefault(groups, re.compile("|".join(groups).encode())))
    return tuple(found)


def _may_begin(pattern: str, char: str) -> bool:
    """Return whether *pattern* may match text that begins with *char*; if unsure, True."""
    if re.match(r"[A-Za-z]{2}", pattern) and "|" not in re.sub(r"\(.*\)", "", pattern):
        return char == pattern[0]
    if pattern.startswith(("[ \\t]+", "[ \\t]{2", "\\t")):
        return char in " \t"
    return True


def _role(words: TraceWords, line: bytes, row: list[int], role: Role) -> Role:
    """Return *role*, or a weaker one where a header makes chance as likely."""
    bare = row[Field.KIND] == Kind.PLAIN or row[Field.FLAGS] & WRAPPED
    if bare or role in (Role.OPENS, Role.NAMES):
        return role
    return role if words.behind_header.match(line, row[Field.MESSAGE_START]) else Role.INSIDE


def _mangling(entry: dict[str, Any], frames: str) -> Mangling:
    return Mangling(
        entry["needle"].encode(),
        re.compile(_any_of(entry["signs"]).replace("%(frames)s", frames).encode()),
        entry.get("regex", False),
        tuple((written, meant) for written, meant in entry["written"]),
    )


def _any_of(patterns: list[str]) -> str:
    return "|".join(f"(?:{pattern})" for pattern in patterns)
