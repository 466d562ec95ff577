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
from typing import TYPE_CHECKING, Any

from caseline.errors import InputError
from caseline.normalize.wordbook import read_data

if TYPE_CHECKING:
    from collections.abc import Iterable

_PIECE = re.compile(r"%\{(\w+)\}")
_NAMED_GROUP = re.compile(r"\(\?P<\w+>")
_BARE_GROUP = re.compile(r"(?<!\\)\((?!\?)")  # or what looks like one: then they are tried in turn
_FEW = 4
_DIGIT_KINDS = "0"
_FLAGS = ("inner", "envelope", "pairs", "weak", "loose", "generic")


class LatePattern:
    """A pattern that is compiled when it is first tried: a file meets few of them.

    >>> LatePattern("a+").match(b"baa", 1)[0]
    b'aa'
    """

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str) -> None:
        self.text = text.encode()
        self._compiled: re.Pattern[bytes] | None = None

    def compile(self) -> re.Pattern[bytes]:
        """Return the pattern compiled.

        Raises:
            re.error: it is none.
        """
        if self._compiled is None:
            self._compiled = re.compile(self.text)
        return self._compiled

    def match(self, line: bytes, position: int = 0) -> re.Match[bytes] | None:
        """Return the match of the pattern at *position* of *line*."""
        return (self._compiled or self.compile()).match(line, position)


@dataclass(frozen=True, slots=True)
class TimeKind:
    """One way to write a time."""

    name: str
    pattern: LatePattern
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
        generic: It takes a time or a level and leaves further columns in the message.
    """

    index: int
    name: str
    rest: LatePattern
    inner: bool = False
    envelope: bool = False
    pairs: bool = False
    weak: bool = False
    loose: bool = False
    generic: bool = False
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

    lead: LatePattern
    starts: frozenset[int]
    kinds: dict[str | None, list[Format]] = field(default_factory=dict)
    _first: dict[str | None, LatePattern | None] = field(default_factory=dict)

    def find(
        self, kind: str | None, line: bytes, position: int
    ) -> tuple[Format, re.Match[bytes]] | None:
        """Return the first format after a time of *kind* that matches at *position*.

        All of them are tried in one go, to learn which it is.
        """
        formats = self.kinds.get(kind)
        if formats is None:
            return None
        if kind not in self._first:
            self._first[kind] = _alternatives(formats)
        together = self._first[kind]
        if together is not None:
            which = together.match(line, position)
            if which is None or which.lastindex is None:
                return None
            formats = [formats[which.lastindex - 1]]
        for format_ in formats:
            rest = format_.rest.match(line, position)
            if rest is not None:
                return format_, rest
        return None


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
    kinds = {name: _kind(name, entry, times["pieces"]) for name, entry in times["kinds"].items()}
    formats, groups = compile_entries(read_entries(date), date, words)
    return FormatBook(formats=formats, kinds=kinds, by_first_byte=by_first_byte(groups))


def compile_entries(
    entries: Iterable[dict[str, Any]], date: str, words: str, *, first: int = 0
) -> tuple[tuple[Format, ...], tuple[LeadGroup, ...]]:
    """Return the formats that *entries* describe, and the groups to try them by.

    Args:
        entries: As they stand in the data files.
        date: The dated folder whose pieces and times they use.
        words: The dated folder of the level words.
        first: The index of the first of them.

    Raises:
        InputError: a piece or a time that there is not.
    """
    named = read_data("formats", date, "timestamps.toml")["groups"]
    pieces = pieces_of(date, words)
    groups: dict[tuple[str, str, int], LeadGroup] = {}
    formats: list[Format] = []
    for entry in entries:
        names = _kind_names(entry, named, date)
        made = _format(first + len(formats), entry, pieces, names)
        formats.append(made)
        lead = _split(entry, pieces)[0]
        starts = entry.get("starts", "")
        group = groups.setdefault(
            # Those without a time share no lead: each keeps its place in the order.
            (lead, starts, -1 if names else made.index),
            LeadGroup(LatePattern(lead), _bytes_of(starts)),
        )
        for name in names or [None]:
            group.kinds.setdefault(name, []).append(made)
    return tuple(formats), tuple(groups.values())


def _alternatives(formats: list[Format]) -> LatePattern | None:
    """Return a pattern whose last group tells which of *formats* matches first.

    None where that cannot be told: a single one, or one with groups without a name.
    """
    texts = [_NAMED_GROUP.sub("(?:", one.rest.text.decode()) for one in formats]
    if len(texts) < _FEW or any(map(_BARE_GROUP.search, texts)):
        return None
    return LatePattern("|".join(f"({text})" for text in texts))


def by_first_byte(groups: Iterable[LeadGroup]) -> tuple[tuple[LeadGroup, ...], ...]:
    """Return for each byte the *groups* whose lines may start with it."""
    known = tuple(groups)
    return tuple(tuple(g for g in known if byte in g.starts) for byte in range(256))


@cache
def any_kinds(date: str) -> dict[str, TimeKind]:
    """Return the ways to write a time that only a line's place in a file makes sure."""
    shared = read_data("formats", date, "timestamps.toml")["pieces"]
    entries = read_data("formats", date, "columns.toml")["kinds"]
    return {name: _kind(name, entry, shared) for name, entry in entries.items()}


def read_entries(date: str) -> list[dict[str, Any]]:
    """Return the entries of all format files of *date*, in the order they are tried."""
    folder = files("caseline.normalize").joinpath("formats", date)
    names = sorted(p.name for p in folder.iterdir() if p.name[0].isdigit())
    return [entry for name in names for entry in read_data("formats", date, name)["format"]]


@cache
def pieces_of(date: str, words: str) -> dict[str, str]:
    """Return what the patterns of *date* may name, each as a pattern."""
    levels = read_data("words", words, "severities.toml")["words"]
    ordered = sorted(levels, key=lambda word: (-len(word), word))
    pieces = {"words": "(?i:" + "|".join(re.sub(r"\d", "0", w) for w in ordered) + ")"}
    for name, text in read_data("formats", date, "pieces.toml")["pieces"].items():
        pieces[name] = _expand(text, pieces)
    return pieces


def _expand(text: str, pieces: dict[str, str]) -> str:
    def piece(match: re.Match[str]) -> str:
        if match[1] not in pieces:
            raise InputError.unknown("piece", match[1], [*pieces, "time"])
        return pieces[match[1]]

    return _PIECE.sub(piece, text)


def _kind(name: str, entry: dict[str, Any], pieces: dict[str, str]) -> TimeKind:
    pattern = LatePattern(_expand(entry["pattern"], pieces))
    digit = entry["starts"] == _DIGIT_KINDS
    opens = tuple(text.encode() for text in entry.get("opens", ()))
    return TimeKind(name, pattern, digit, tuple(entry.get("orders", ())), opens)


@cache
def _all_kinds(date: str) -> tuple[str, ...]:
    return (*read_data("formats", date, "timestamps.toml")["kinds"], *any_kinds(date))


def _known_time(name: str, groups: dict[str, list[str]], date: str) -> list[str]:
    """Return the kinds that *name* stands for."""
    if name in groups:
        return groups[name]
    if name not in _all_kinds(date):
        raise InputError.unknown("time", name, [*groups, "loose", *_all_kinds(date)])
    return [name]


def _kind_names(entry: dict[str, Any], groups: dict[str, list[str]], date: str) -> tuple[str, ...]:
    names = [n for time in entry.get("times", ()) for n in _known_time(time, groups, date)]
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
        rest=LatePattern(_split(entry, pieces)[1]),
        kinds=kinds,
        **{flag: entry.get(flag, False) for flag in _FLAGS},
    )


def _bytes_of(starts: str) -> frozenset[int]:
    """Return the first bytes a line may have: A stands for any letter, nothing for all."""
    if not starts:
        return frozenset(range(256))
    letters = set(range(65, 91)) | set(range(97, 123))
    found: set[int] = set()
    for char in starts:
        found |= letters if char == "A" else {ord(char)}
    return frozenset(found)
