"""How a user says what the lines of her product look like: exported as ``caseline.LineFormat``."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caseline.errors import InputError, SourceError
from caseline.normalize.arrays import ZEROED
from caseline.normalize.formatbook import any_kinds, compile_entries, load_formats, read_entries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from caseline.normalize.formatbook import Format, LeadGroup, TimeKind

    LineFormats: TypeAlias = "Sequence[LineFormat | str | os.PathLike[str]]"

_DATE = "2026-11"
_ANY_TIME = ("dated", "loose")
_PART = re.compile(r"\{(\w*)\}")
_BRACES = re.compile(r"\{\{|\}\}|\{\w*\}")
_TEMPLATE = re.compile(r"(?<![%\\])\{[A-Za-z_]\w*\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_ENTRY_KEYS = frozenset({"name", "pattern", "times", "starts", "sample"})
_PARTS = {
    "time": "%{time}",
    "severity": r"(?P<severity>[A-Za-z]{1,20}0?)",
    "host": r"(?P<host>[^\s\[\]]{1,120})",
    "service": r"(?P<service>[^\s\[\]]{1,120}?)",
    "logger": r"(?P<service>[^\s\[\]]{1,120}?)",
    "thread": r"(?P<thread>[^\[\]|]{0,120}?)",
    "pid": r"(?P<pid>[\w.\-]{1,40})",
    "trace": r"(?P<trace>[\w.\-]{0,80})",
    "tenant": r"(?P<tenant>[\w.\-]{0,80})",
    "placement": r"(?P<placement>[\w.\-]{0,80})",
    "number": r"(?:[+-]?0+(?:\.0+)?)",
    "word": r"(?:[^\s\[\]|;,]{1,120}?)",
    "skip": r"(?:[^\n]{0,200}?)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFormat:
    r"""How lines of one product begin, tried before the formats that ship.

    Args:
        name: What ``IngestReport.formats`` calls it: lower case, with ``_``.
        pattern: Either a template, such as ``"{time} [{thread}] {severity} {service}: {message}"``,
            or a pattern as in the shipped data files, such as
            ``'%{time} <%{level}> (?P<service>[\w.]+)>> '``: a regular expression for the
            line with each digit turned into ``0``, up to where the message begins.
        samples: Lines that must be read by it.
        times: How a time may be written: kinds or groups of ``timestamps.toml``; by
            default all of them.

    Raises:
        InputError: a name that is no name; a piece, time or part that there is not; a
            template without ``{message}``; a pattern that is no regular expression; a
            sample that it does not match.

    >>> LineFormat(name="shop", pattern="{time}#{severity}#{service}#{message}",
    ...            samples=("2026/06/01 10:11:12#INFO#orders#order 7 accepted",)).name
    'shop'
    """

    name: str
    pattern: str
    samples: tuple[str, ...] = ()
    times: tuple[str, ...] = _ANY_TIME

    def __post_init__(self) -> None:
        if not _NAME.match(str(self.name)):
            raise InputError(f"name is {self.name!r}; give lower case letters, digits and _")
        for field in ("samples", "times"):
            value = getattr(self, field)
            if isinstance(value, str):
                raise InputError(f"{self.name}: {field} is a str; give a tuple of them")
            object.__setattr__(self, field, tuple(value))
        if self.name in shipped_names():
            raise InputError(f"{self.name!r} is the name of a shipped format; give another one")
        _, groups = compile_formats((self,))
        for number, sample in enumerate(self.samples, 1):
            if not reads(groups, sample):
                raise InputError(f"{self.name}: sample {number} is not matched by the pattern")

    def entry(self) -> dict[str, Any]:
        """Return it as the data files would hold it."""
        pattern = self.pattern
        if _TEMPLATE.search(pattern):
            pattern = _from_template(self.name, pattern)
        kinds = [*any_kinds(_DATE)]
        times = [n for time in self.times for n in (kinds if time == "loose" else [time])]
        timed = "%{time}" in pattern
        return {
            "name": self.name,
            "pattern": pattern,
            "times": times if timed else [],
            "loose": True,
        }


def line_formats(given: LineFormats) -> tuple[LineFormat, ...]:
    """Return *given* formats, those of files read; each name once.

    Args:
        given: Formats, and paths of TOML files shaped like the shipped ones.

    Raises:
        InputError: something else, or two formats of one name.
        SourceError: a file that cannot be read.
    """
    if isinstance(given, (str, os.PathLike, LineFormat)):
        raise InputError("formats is one thing; give a list of LineFormat or paths")
    found: list[LineFormat] = []
    for one in given:
        if isinstance(one, LineFormat):
            found.append(one)
        elif isinstance(one, (str, os.PathLike)):
            found += _read(Path(one))
        else:
            raise InputError(f"formats holds a {type(one).__name__}; give LineFormat or a path")
    names = [one.name for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"formats hold {', '.join(map(repr, twice))} more than once")
    return tuple(found)


def compile_formats(
    own: tuple[LineFormat, ...], *, first: int = 0
) -> tuple[tuple[Format, ...], tuple[LeadGroup, ...]]:
    """Return *own* formats compiled, and the groups to try them by.

    Raises:
        InputError: a pattern that is none.
    """
    formats: list[Format] = []
    groups: list[LeadGroup] = []
    for one in own:
        try:
            made, group = compile_entries([one.entry()], _DATE, _DATE, first=first + len(formats))
            for pattern in (*(g.lead for g in group), *(f.rest for f in made)):
                pattern.compile()
        except re.error as error:
            raise InputError(f"{one.name}: the pattern is not one: {error.msg}") from None
        formats += made
        groups += group
    return tuple(formats), tuple(groups)


def own_kinds() -> dict[str, TimeKind]:
    """Return all ways to write a time that an own format may name."""
    return load_formats(_DATE, _DATE).kinds | any_kinds(_DATE)


@cache
def shipped_names() -> frozenset[str]:
    """Return the names of the formats that ship, and those a report gives itself."""
    names = {entry["name"] for entry in read_entries(_DATE)}
    return frozenset(names | {"json", "none", "columns"})


def reads(groups: tuple[LeadGroup, ...], line: str) -> bool:
    """Whether a format of *groups* reads *line* and leaves a message."""
    shape = line.encode().translate(ZEROED)
    for group in groups:
        lead = group.lead.match(shape)
        if lead is None:
            continue
        for kind, formats in group.kinds.items():
            time = own_kinds()[kind].pattern.match(shape, lead.end()) if kind else lead
            if time is None:
                continue
            for one in formats:
                rest = one.rest.match(shape, time.end())
                if rest is not None and rest.end() < len(shape):
                    return True
    return False


def _from_template(name: str, template: str) -> str:
    """Return the pattern that a template means: blanks may be more, braces are doubled."""
    parts = [match[1] for match in _PART.finditer(re.sub(r"\{\{|\}\}", "", template))]
    for part in parts:
        if part not in _PARTS and part != "message":
            raise InputError.unknown(f"part of {name}'s template", part, [*_PARTS, "message"])
    once = [part for part in parts if part not in ("skip", "word", "number")]
    if "message" not in parts or len(set(once)) < len(once):
        raise InputError(f"{name}: a template has one {{message}}, and each other part once")
    if not template.endswith("{message}"):
        raise InputError(f"{name}: a template ends with {{message}}")
    pattern, at = "", 0
    for found in _BRACES.finditer(template):
        last = found[0] == "{message}"
        exact = last and _before(parts) != "severity"
        pattern += _literal(template[at : found.start()], last=exact)
        at = found.end()
        if found[0] in ("{{", "}}"):
            pattern += re.escape(found[0][0])
        elif not last:
            pattern += _PARTS[found[0][1:-1]]
    return pattern


def _before(parts: list[str]) -> str:
    return parts[-2] if len(parts) > 1 else ""


def _literal(text: str, *, last: bool) -> str:
    """Return what stands between two parts; blanks may be more, but for the last one."""
    zeroed = re.sub(r"[0-9]", "0", text)
    pieces = re.split(r"( +)", zeroed)
    found = []
    for number, piece in enumerate(pieces):
        blank = piece.startswith(" ")
        ends = last and number >= len(pieces) - 2
        found.append((re.escape(piece) if ends else r" {1,40}") if blank else re.escape(piece))
    return "".join(found)


def _read(path: Path) -> list[LineFormat]:
    """Return the formats of a TOML file shaped like the shipped ones."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise InputError(f"{path} is no TOML file") from None
    entries = table.get("format")
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{path} holds no [[format]]")
    return [_from_entry(path, entry) for entry in entries]


def _from_entry(path: Path, entry: dict[str, Any]) -> LineFormat:
    for key in entry:
        if key not in _ENTRY_KEYS:
            raise InputError.unknown(f"key of a format in {path.name}", key, sorted(_ENTRY_KEYS))
    for key in ("name", "pattern"):
        if not isinstance(entry.get(key), str):
            raise InputError(f"{path.name}: a format needs {key}")
    samples = tuple(sample["line"] for sample in entry.get("sample", ()) if "line" in sample)
    times = tuple(entry.get("times", _ANY_TIME))
    return LineFormat(name=entry["name"], pattern=entry["pattern"], samples=samples, times=times)
