"""One line of a stack trace: a frame, an exception's name, or a mark between them.

Traces that differ in their messages share most lines, so what a line says is
remembered.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from caseline.signatures.tracerules import FrameRule, TraceRules

_REMEMBERED = 50_000
_LONGEST = 2_000
_SLASHES = re.compile(r"[\\/]")


class Frame(NamedTuple):
    """One frame.

    Args:
        name: What was called, with what is generated anew taken off.
        library: The rule that says it is not the product's own, or nothing.
        innermost_last: Whether its language tells the innermost last.
        beside: The exception named at the line's end.
        language: Whose frame it is.
        indent: Blanks before it.
    """

    name: str
    library: str
    innermost_last: bool
    beside: str
    language: str
    indent: int


class Named(NamedTuple):
    """An exception's name.

    Args:
        kind: The name.
        lead: The words before it that say how it stands to the one before.
        sure: It stands where names stand, not somewhere in a text.
        within: Further names on the line, each the cause of the one before.
        place: Where it broke, if the line says so.
        indent: Blanks before it.
    """

    kind: str
    lead: str = ""
    sure: bool = True
    within: tuple[str, ...] = ()
    place: str = ""
    indent: int = 0


class Read(NamedTuple):
    """What one line says."""

    frame: Frame | None = None
    named: Named | None = None
    marks: frozenset[str] = frozenset()


_NOTHING = Read()


@lru_cache(maxsize=_REMEMBERED)
def read_line(line: str, where: str, rules: TraceRules) -> Read:
    r"""Return what *line* says.

    Args:
        line: One line.
        where: The place that the next line tells, see ``place_of``.
        rules: How lines are read.

    >>> from caseline.signatures.tracerules import read_trace_rules
    >>> read_line("\tat shop.Stock.take(Stock.java:88)", "", read_trace_rules()).frame.name
    'shop.Stock.take'
    """
    line = line[:_LONGEST].rstrip()
    if not line:
        return _NOTHING
    indent = len(line) - len(line.lstrip())
    line = rules.marks["margin"].sub("", line, count=2)
    frame = _frame(line, where, indent, rules)
    if frame is not None:
        return Read(frame=frame)
    marks = frozenset(name for name, pattern in rules.marks.items() if pattern.search(line))
    return Read(named=_named(line, indent, rules), marks=marks)


def place_of(line: str, rules: TraceRules) -> str:
    r"""Return the file that *line* says the frame before it is in, or nothing.

    >>> from caseline.signatures.tracerules import read_trace_rules
    >>> place_of("\t/srv/app/main.go:9 +0x20", read_trace_rules())
    '/srv/app/main.go'
    """
    found = rules.where.match(line.rstrip())
    return found["file"] if found else ""


def closing_name(line: str, rules: TraceRules) -> str:
    """Return the exception that *line*, the end of a trace, names; nothing if none.

    >>> from caseline.signatures.tracerules import read_trace_rules
    >>> closing_name("shop.errors.OutOfStock: none left", read_trace_rules())
    'shop.errors.OutOfStock'
    """
    line = rules.marks["margin"].sub("", line.rstrip(), count=2)
    found = rules.names.closing.match(line)
    return found["type"] if found else ""


def _frame(line: str, where: str, indent: int, rules: TraceRules) -> Frame | None:
    for rule in rules.frames:
        if rule.needs_where and not where:
            continue
        match = rule.pattern.match(line)
        if match:
            return _framed(match, rule, where, indent, rules)
    return None


def _framed(
    match: re.Match[str], rule: FrameRule, where: str, indent: int, rules: TraceRules
) -> Frame:
    found = match.groupdict()
    path = found.get("file") or found.get("file2") or found.get("file3") or ""
    name = found.get("name") or "<main>"
    full = name
    if rule.language in ("python", "node", "ruby", "php") and path:
        file = _SLASHES.split(path.split(":", 1)[0] if rule.language == "node" else path)[-1]
        module = _module(path) or file
        full = f"{module}.{name}" if module else name
    beside = rules.names.beside.search(match.string, match.end())
    return Frame(
        name=_normal(full, rule.language, rules),
        library=_library(name, where or path, rule.language, rules),
        innermost_last=rule.innermost_last,
        beside=beside["type"] if beside else "",
        language=rule.language,
        indent=indent,
    )


def _module(path: str) -> str:
    """Return the file's name without its folder, its ending, and its line."""
    file = _SLASHES.split(path)[-1].partition(":")[0]
    return file.rsplit(".", 1)[0] if "." in file else file


def _library(name: str, path: str, language: str, rules: TraceRules) -> str:
    """Return the rule that makes a frame a library's: ``language:what matched``."""
    library = rules.libraries.get(language)
    if library is None:
        return ""
    bare = name.lstrip("<&*")
    if bare in library.names:
        return f"{language}:={bare}"
    if bare.startswith(library.prefixes):
        prefix = next(one for one in library.prefixes if bare.startswith(one))
        return f"{language}:{prefix}"
    folder = path.replace("\\", "/")
    for pattern in library.paths:
        if path and pattern.search(folder):
            return f"{language}:{pattern.pattern}"
    return ""


def _normal(name: str, language: str, rules: TraceRules) -> str:
    for rule in rules.normal:
        if rule.language in ("", language):
            name = rule.pattern.sub(rule.by, name)
    return name


def _named(line: str, indent: int, rules: TraceRules) -> Named | None:
    names = rules.names
    found = names.lead.match(line)
    if found:
        within = tuple(m["type"] for m in names.within.finditer(line, found.end()))
        return Named(found["type"], found["lead"], within=within, indent=indent)
    found = names.start.match(line)
    if found:
        within = tuple(m["type"] for m in names.within.finditer(line, found.end()))
        return Named(found["type"], within=within, indent=indent)
    for crash in rules.crashes:
        found = crash.pattern.search(line)
        if found:
            groups = found.groupdict()
            kind = groups.get("type") or crash.name
            return Named(kind.strip(), place=groups.get("place") or "", indent=indent)
    found = names.anywhere.search(line)
    if found is None:
        return None
    within = tuple(m["type"] for m in names.within.finditer(line, found.end()))
    return Named(found["type"], sure=False, within=within, indent=indent)
