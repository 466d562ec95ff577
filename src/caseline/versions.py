"""How versions compare, and which of them have a fix: lines, backports, odd spellings."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from packaging.version import InvalidVersion, Version

from caseline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = "2026-11"
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?!\d)")
_NUMBERS = re.compile(r"\d+(?:\.\d+)*")
_TOKEN = re.compile(r"[^\W\d_]+|\d+")
_HASH = re.compile(r"(?=.*[a-f])[0-9a-f]{7,}")
_LONGEST_LINE = 2

State = Literal["affected", "fixed", "unaffected", "unknown"]


@lru_cache(maxsize=16_384)
def parse_version(text: str) -> Version | None:
    """Return *text* as something that compares, or None if it names no version.

    What PEP 440 knows is read so; of what vendors write otherwise the numbers count, and
    then the words beside them (``words/2026-11/versions.toml``). The hash of a commit,
    ``latest`` and the like cannot be compared.

    >>> parse_version("8.0.1") < parse_version("v8.1.0-SNAPSHOT") < parse_version("8.1.0.RELEASE")
    True
    >>> parse_version("2024.1 SP2") < parse_version("2024.1 SP10") < parse_version("2024.2")
    True
    >>> parse_version("main") is None
    True
    """
    plain = text.strip().lower()
    if _HASH.fullmatch(plain):
        return None
    try:
        return Version(plain)
    except InvalidVersion:
        return _tolerant(_DATE.sub(r"\1.\2.\3", plain))


def is_known(text: str) -> bool:
    """Return whether *text* names a version at all: ``unknown`` and the like do not.

    >>> is_known("8.1.0"), is_known("main"), is_known("Unknown")
    (True, True, False)
    """
    plain = text.strip().lower()
    return bool(plain) and plain not in _words()["nothing"]


@cache
def _words() -> dict[str, list[str]]:
    path = files("caseline").joinpath("words", _WORDS, "versions.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def _suffixes() -> dict[str, str]:
    """Return what each word beside the numbers says, as PEP 440 would write it."""
    signs = {"unreleased": ".dev", "alpha": "a", "beta": "b", "candidate": "rc"}
    signs |= {"released": "", "after": ".post"}
    return {word: sign for kind, sign in signs.items() for word in _words()[kind]}


def _tolerant(plain: str) -> Version | None:
    numbers = _NUMBERS.search(plain)
    if numbers is None:
        return None
    tokens = _TOKEN.findall(plain[numbers.end() :])
    suffix, local = "", []
    while tokens:
        word = tokens.pop(0)
        sign = _sign_of(word, numbered=bool(tokens) and tokens[0].isdecimal())
        if suffix or sign is None:
            local.append(word)
        elif sign:
            number = tokens.pop(0) if tokens and tokens[0].isdecimal() else ""
            suffix = sign if sign[-1].isdecimal() else sign + (number or "0")
    ascii_only = [part for part in local if part.isascii()]
    return Version(numbers.group() + suffix + ("+" if ascii_only else "") + ".".join(ascii_only))


def _sign_of(word: str, *, numbered: bool) -> str | None:
    """Return what *word* adds to the numbers: "" if nothing, None if it orders equals only."""
    if word.isdecimal():
        return f".post{int(word)}"
    if len(word) == 1 and word.isascii() and not numbered:
        return f".post{ord(word) - ord('a') + 1}"  # 1.0.2k: the eleventh patch
    return _suffixes().get(word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branches:
    """The graph of a product's lines: which was cut from which version of another.

    A line is named by the numbers its versions begin with: ``8.0`` holds 8.0.0, 8.0.1 and
    so on. What stands in no line of *cuts* is read by custom: a change in the newest
    version named is in all that come after it; one in an older line is a backport, and is
    in the later versions of that line only.

    Args:
        cuts: For each line the version it was cut from, None where it begins.

    Raises:
        InputError: a line or a version that has no numbers, or lines cut from each other.

    >>> graph = Branches(cuts={"8.0": None, "8.1": "8.0.3"})
    >>> graph.has("8.1.0", ["8.0.2"]), graph.has("8.1.0", ["8.0.4"])
    (True, False)
    >>> Branches().has("8.0.2", ["8.0.1", "8.1.0"]), Branches().has("8.0.0", ["8.1.0"])
    (True, False)
    """

    cuts: Mapping[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for line, cut in self.cuts.items():
            if not _NUMBERS.fullmatch(line):
                raise InputError(f"no line {line!r}; name it by its first numbers, such as '8.0'")
            if cut is not None:
                _known(cut, "version that a line is cut from")
        for line in self.cuts:
            self._way(line)

    def has(self, version: str, changed_in: list[str], *, spreads: bool = False) -> bool:
        """Return whether *version* holds a change that first came with those versions.

        Args:
            version: The one that is asked for.
            changed_in: Where the change came in, one for each line that got it of its own.
            spreads: True for a change that each later line has unless it is named with a
                version of its own, as an error has; a fix in an older line is a backport.

        Raises:
            InputError: one of them cannot be compared.
        """
        own = _known(version, "version")
        marks = [_known(text, "version") for text in changed_in]
        line = self._line(own)
        while line is not None:
            if any(self._line(mark) == line and mark <= own for mark in marks):
                return True
            cut = self.cuts[line]
            if cut is None:
                return False
            own = _known(cut, "version")
            line = self._line(own)
        return _has_by_custom(own, marks, spreads=spreads)

    def line(self, version: str) -> str:
        """Return the line of *version*: that of *cuts* it stands in, else its two first numbers.

        Raises:
            InputError: it cannot be compared.

        >>> Branches(cuts={"8": None}).line("8.1.0"), Branches().line("8.1.0")
        ('8', '8.1')
        """
        own = _known(version, "version")
        return self._line(own) or ".".join(map(str, own.release[:_LONGEST_LINE]))

    def _line(self, version: Version) -> str | None:
        """Return the line of *cuts* that *version* stands in, the most exact one."""
        fitting = [line for line in self.cuts if _begins(version, _numbers(line))]
        return max(fitting, key=lambda line: len(_numbers(line)), default=None)

    def _way(self, line: str) -> None:
        seen: set[str] = set()
        at: str | None = line
        while at is not None:
            if at in seen:
                raise InputError(f"line {line!r} is cut from itself, by way of {sorted(seen)}")
            seen.add(at)
            cut = self.cuts[at]
            at = None if cut is None else self._line(_known(cut, "version"))


def _has_by_custom(own: Version, marks: list[Version], *, spreads: bool) -> bool:
    same_line = [mark for mark in marks if _begins(own, _line_by_custom(mark))]
    if any(mark <= own for mark in same_line):
        return True
    if spreads:
        return not same_line and any(mark <= own for mark in marks)
    return bool(marks) and max(marks) <= own


def _line_by_custom(version: Version) -> tuple[int, ...]:
    """Return the first numbers of *version*: two, or all but the last if it has fewer."""
    return version.release[: min(_LONGEST_LINE, len(version.release) - 1)]


def _begins(version: Version, numbers: tuple[int, ...]) -> bool:
    padded = version.release + (0,) * len(numbers)
    return padded[: len(numbers)] == numbers


def _numbers(line: str) -> tuple[int, ...]:
    return tuple(int(part) for part in line.split("."))


def _known(text: str, what: str) -> Version:
    version = parse_version(text)
    if version is None:
        raise InputError(f"no {what} {text!r}: it has no numbers to compare by")
    return version


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """Which versions of a component have an error, and which its fix.

    Args:
        fixed_in: Where the fix came in, one for each line that got it: ``8.1.0``, and the
            backport ``8.0.1``. Empty: nowhere yet.
        affected_from: Where the error came in; empty if it was always there.
        affected: The affected versions one by one, in place of *affected_from*.
        branches: The lines of the product.

    Raises:
        InputError: no range at all, both *affected* and *affected_from*, a version that
            is named as fixed and as affected, or one that cannot be compared.

    >>> ranges = Ranges(fixed_in=("8.1.0", "8.0.1"), affected_from=("7.4.0",))
    >>> [ranges.judge(v) for v in ("7.3.9", "7.4.9", "8.0.0", "8.0.2", "8.2.0", "main")]
    ['unaffected', 'affected', 'affected', 'fixed', 'fixed', 'unknown']
    """

    fixed_in: tuple[str, ...] = ()
    affected_from: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    branches: Branches = field(default_factory=Branches)

    def __post_init__(self) -> None:
        if not (self.fixed_in or self.affected_from or self.affected):
            raise InputError("no version at all; say fixed_in, affected_from or affected")
        if self.affected and self.affected_from:
            raise InputError("affected and affected_from; give one of them")
        for text in (*self.fixed_in, *self.affected_from):
            _known(text, "version")
        both = sorted(set(self.fixed_in) & set(self.affected))
        if both:
            raise InputError(f"{both[0]!r} is named as fixed and as affected")

    def judge(self, version: str) -> State:
        """Return ``affected``, ``fixed``, ``unaffected``, or ``unknown`` if it cannot compare."""
        if any(_same(version, named) for named in self.affected):
            return "affected"
        if parse_version(version) is None:
            return "unknown"
        if self.branches.has(version, list(self.fixed_in)):
            return "fixed"
        if self.affected:
            return "unaffected"
        came = list(self.affected_from)
        if came and not self.branches.has(version, came, spreads=True):
            return "unaffected"
        return "affected"


def _same(one: str, other: str) -> bool:
    first, second = parse_version(one), parse_version(other)
    if first is None or second is None:
        return one.strip() == other.strip()
    return first == second
