"""The table of formats, read from data files and compiled.

A format's pattern has one ``%{time}``: what stands before it is its lead, what
follows its rest. Formats with the same lead share one match of it, and one match of
each way to write a time; so a line meets few patterns, though the table is long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from caseline.errors import InputError
from caseline.normalize.wordbook import read_data

_PIECE = re.compile(r"%\{(\w+)\}")
_DIGIT_KINDS = "0"


@dataclass(frozen=True, slots=True)
class TimeKind:
    """One way to write a time."""

    name: str
    pattern: re.Pattern[bytes]
    starts_with_digit: bool
    orders: tuple[str, ...] = ()
    opens: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Format:
    """One format: *rest* is matched after the time, or after the lead without one.

    Args:
        index: Its place in the table.
        rest: The pattern after the time.
        inner: A runtime wrote it around a line of its own.
        envelope: JSON, key=value pairs or a security event may stand behind it.
        pairs: Level and service may stand anywhere as key=value.
        weak: It tells little: such lines do not vote on whether the file has headers.
        loose: It would match the beginning of a line that it does not match whole.
    """

    index: int
    name: str
    rest: re.Pattern[bytes]
    inner: bool = False
    envelope: bool = False
    pairs: bool = False
    weak: bool = False
    loose: bool = False
    kinds: tuple[str, ...] = ()

    @property
    def needs_whole_line(self) -> bool:
        """Whether a line's beginning does not tell what the whole line would."""
        return self.loose or self.inner or self.pairs


@dataclass(frozen=True, slots=True)
class LeadGroup:
    """Formats with the same lead, by the kind of time that follows it.

    The key None holds formats without a time.
    """

    lead: re.Pattern[bytes]
    starts: frozenset[int]
    kinds: dict[str | None, list[Format]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FormatBook:
    """All formats of a dated folder, and the groups to try for a line's first byte."""

    formats: tuple[Format, ...]
    kinds: dict[str, TimeKind]
    by_first_byte: tuple[tuple[LeadGroup, ...], ...]


@cache
def load_formats(date: str, words: str) -> FormatBook:
    """Return the table of ``formats/<date>`` with the level words of ``words/<words>``.

    >>> book = load_formats("2026-11", "2026-11")
    >>> "syslog_rfc3164" in {f.name for f in book.formats}
    True
    """
    times = read_data("formats", date, "timestamps.toml")
    pieces = _pieces(date, words)
    kinds = {name: _kind(name, entry, times["pieces"]) for name, entry in times["kinds"].items()}
    groups: dict[tuple[str, str, int], LeadGroup] = {}
    formats: list[Format] = []
    for entry in read_entries(date):
        names = _kind_names(entry, times["groups"])
        made = _format(len(formats), entry, pieces, names)
        formats.append(made)
        lead = _split(entry, pieces)[0]
        group = groups.setdefault(
            # Those without a time share no lead: each keeps its place in the order.
            (lead, entry["starts"], -1 if names else made.index),
            LeadGroup(re.compile(lead.encode()), _bytes_of(entry)),
        )
        for name in names or [None]:
            group.kinds.setdefault(name, []).append(made)
    return FormatBook(
        formats=tuple(formats),
        kinds=kinds,
        by_first_byte=tuple(
            tuple(g for g in groups.values() if byte in g.starts) for byte in range(256)
        ),
    )


def read_entries(date: str) -> list[dict[str, Any]]:
    """Return the entries of all format files of *date*, in the order they are tried."""
    folder = files("caseline.normalize").joinpath("formats", date)
    names = sorted(p.name for p in folder.iterdir() if p.name[0].isdigit())
    return [entry for name in names for entry in read_data("formats", date, name)["format"]]


def _pieces(date: str, words: str) -> dict[str, str]:
    levels = read_data("words", words, "severities.toml")["words"]
    ordered = sorted(levels, key=lambda word: (-len(word), word))
    pieces = {"words": "(?i:" + "|".join(re.sub(r"\d", "0", w) for w in ordered) + ")"}
    for name, text in read_data("formats", date, "pieces.toml")["pieces"].items():
        pieces[name] = _expand(text, pieces)
    return pieces


def _expand(text: str, pieces: dict[str, str]) -> str:
    def piece(match: re.Match[str]) -> str:
        if match[1] not in pieces:
            raise InputError(f"no piece {match[1]!r}; pieces.toml has {sorted(pieces)}")
        return pieces[match[1]]

    return _PIECE.sub(piece, text)


def _kind(name: str, entry: dict[str, Any], pieces: dict[str, str]) -> TimeKind:
    pattern = re.compile(_expand(entry["pattern"], pieces).encode())
    digit = entry["starts"] == _DIGIT_KINDS
    opens = tuple(text.encode() for text in entry.get("opens", ()))
    return TimeKind(name, pattern, digit, tuple(entry.get("orders", ())), opens)


def _kind_names(entry: dict[str, Any], groups: dict[str, list[str]]) -> tuple[str, ...]:
    names = [n for time in entry.get("times", ()) for n in groups.get(time, [time])]
    return tuple(dict.fromkeys(names))


def _split(entry: dict[str, Any], pieces: dict[str, str]) -> tuple[str, str]:
    """Return lead and rest; without a time all of the pattern is the rest."""
    lead, time, rest = entry["pattern"].partition("%{time}")
    if not time:
        lead, rest = "", lead
    return _expand(lead, pieces), _expand(rest, pieces)


def _format(
    index: int, entry: dict[str, Any], pieces: dict[str, str], kinds: tuple[str, ...]
) -> Format:
    return Format(
        index=index,
        name=entry["name"],
        rest=re.compile(_split(entry, pieces)[1].encode()),
        kinds=kinds,
        **{
            flag: entry.get(flag, False) for flag in ("inner", "envelope", "pairs", "weak", "loose")
        },
    )


def _bytes_of(entry: dict[str, Any]) -> frozenset[int]:
    """Return the first bytes a line of this format may have: A stands for any letter."""
    letters = set(range(65, 91)) | set(range(97, 123))
    found: set[int] = set()
    for char in entry["starts"]:
        found |= letters if char == "A" else {ord(char)}
    return frozenset(found)
