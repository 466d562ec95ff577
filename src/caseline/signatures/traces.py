"""Stack traces: which exceptions, raised where in the product's own code.

A trace is told by its exceptions, the innermost cause first, each with the in-app
frames nearest to where it broke. Line numbers, addresses, generated names and the
exceptions' messages are no part of it, so that a new build or another value does not
make a new signature.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from caseline.signatures.rulebook import CURRENT

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_LINES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One exception: its type, and where it was raised, innermost frame first."""

    kind: str
    frames: tuple[str, ...]


@dataclass(slots=True)
class _Block:
    kind: str = ""
    suppressed: bool = False
    frames: list[tuple[str, bool]] = field(default_factory=list)
    innermost_last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRules:
    """How traces are read: see ``rules/<date>/traces.toml``."""

    frames: tuple[tuple[re.Pattern[str], bool], ...]
    exception: re.Pattern[str]
    panic: re.Pattern[str]
    suppressed: str
    cause_first: tuple[str, ...]
    library: tuple[str, ...]
    paths: tuple[str, ...]
    normal: tuple[tuple[re.Pattern[str], str], ...]
    fewest_frames: int
    fewest_unnamed: int
    most_frames: int
    most_library: int


@cache
def read_trace_rules(date: str = CURRENT) -> TraceRules:
    """Return the rules for stack traces of *date*."""
    folder = files("caseline.signatures").joinpath("rules", date)
    data: dict[str, Any] = tomllib.loads(folder.joinpath("traces.toml").read_text("utf-8"))
    return TraceRules(
        frames=tuple((re.compile(f["pattern"]), f["innermost"] == "last") for f in data["frame"]),
        exception=re.compile(data["exception"]["pattern"]),
        panic=re.compile(data["exception"]["panic"]),
        suppressed=data["exception"]["suppressed"],
        cause_first=tuple(data["exception"]["cause_first"]),
        library=tuple(data["library"]["prefixes"]),
        paths=tuple(data["library"]["paths"]),
        normal=tuple(
            (re.compile(n["pattern"]), n["by"].replace("$$", "$")) for n in data["normal"]
        ),
        fewest_frames=data["fewest_frames"],
        fewest_unnamed=data["fewest_unnamed"],
        most_frames=data["most_frames"],
        most_library=data["most_library"],
    )


def read_trace(message: str, rules: TraceRules) -> tuple[Raised, ...]:
    """Return the exceptions of the trace in *message*, innermost cause first.

    Returns:
        Nothing if *message* holds no trace.

    >>> trace = '''order failed
    ... shop.OrderError: no stock for 17
    ...     at shop.Stock.take(Stock.java:88)
    ...     at java.lang.Thread.run(Thread.java:833)'''
    >>> read_trace(trace, read_trace_rules())
    (Raised(kind='shop.OrderError', frames=('shop.Stock.take',)),)
    """
    blocks: list[_Block] = [_Block()]
    cause_first = False
    for line in message.split("\n")[:_MOST_LINES]:
        frame = _frame(line, rules)
        if frame is not None:
            name, library, last, end = frame
            blocks[-1].frames.append((name, library))
            blocks[-1].innermost_last = last
            _name_beside_frame(line, end, blocks[-1], rules)
            continue
        if any(words in line for words in rules.cause_first):
            cause_first = True
            if blocks[-1].frames:
                blocks.append(_Block())
        _open_blocks(line, blocks, rules)
    return _raised(_named(blocks), rules, cause_first=cause_first)


def describe(raised: Sequence[Raised]) -> str:
    """Return a trace's template: exception at frame < frame, innermost cause first.

    >>> describe([Raised(kind="E", frames=("a.b", "c.d")), Raised(kind="F", frames=())])
    'E at a.b < c.d, then F'
    """
    return ", then ".join(
        f"{one.kind} at {' < '.join(one.frames)}" if one.frames else one.kind for one in raised
    )


def _frame(line: str, rules: TraceRules) -> tuple[str, bool, bool, int] | None:
    for pattern, last in rules.frames:
        match = pattern.match(line)
        if match:
            found = match.groupdict()
            path, name = found.get("file") or "", found.get("name") or "<main>"
            library = name.startswith(rules.library) or any(p in path for p in rules.paths)
            module = re.split(r"[\\/]", path)[-1].rsplit(".", 1)[0] if path else ""
            full = f"{module}.{name}" if module else name
            for normal, by in rules.normal:
                full = normal.sub(by.replace("\\1", r"\g<1>"), full)
            return full, library, last, match.end()
    return None


def _name_beside_frame(line: str, end: int, block: _Block, rules: TraceRules) -> None:
    """Some languages name the exception at the end of the first frame's line."""
    if not block.kind and not block.innermost_last and (m := rules.exception.search(line, end)):
        block.kind = m["type"]


def _open_blocks(line: str, blocks: list[_Block], rules: TraceRules) -> None:
    """Start a block for each exception that *line* names."""
    found = [(m["lead"] or "", m["type"]) for m in rules.exception.finditer(line)]
    chained = [kind for lead, kind in found if lead == "---> "]
    if not found and (panic := rules.panic.match(line)):
        found = [("", panic["type"].strip())]
    for lead, kind in found[: 1 if not chained else len(found)]:
        waiting = blocks[-1]
        if waiting.frames and not waiting.kind and waiting.innermost_last:
            waiting.kind = kind
            blocks.append(_Block())
        elif waiting.frames or waiting.kind:
            blocks.append(_Block(kind=kind, suppressed=lead == rules.suppressed))
        else:
            waiting.kind = kind


def _named(blocks: list[_Block]) -> list[_Block]:
    return [block for block in blocks if block.kind or block.frames]


def _raised(blocks: list[_Block], rules: TraceRules, *, cause_first: bool) -> tuple[Raised, ...]:
    named = any(block.kind for block in blocks)
    fewest = rules.fewest_frames if named else rules.fewest_unnamed
    if sum(len(block.frames) for block in blocks) < fewest:
        return ()
    kept = _paired(blocks, cause_first=cause_first)
    return tuple(
        Raised(kind=block.kind or "trace", frames=_in_app(block, rules))
        for block in (kept if cause_first else reversed(kept))
        if not block.suppressed and (block.kind or block.frames)
    )


def _paired(blocks: list[_Block], *, cause_first: bool) -> list[_Block]:
    """Give frames to the exceptions named before them; drop names without frames.

    A chain told in one line (outer ---> inner) is followed by the frames of the inner
    one, then by those of the outer.
    """
    bare = [block for block in blocks if block.kind and not block.frames]
    if not (cause_first and bare and blocks[0] is bare[0]):
        return [block for block in blocks if block.frames]
    framed = [block for block in blocks if block.frames]
    inner, rest = framed[0], framed[1:]
    for outer, frames in zip(reversed(bare), rest, strict=False):
        outer.frames = frames.frames
    return [inner, *reversed(bare)]


def _in_app(block: _Block, rules: TraceRules) -> tuple[str, ...]:
    frames = list(reversed(block.frames)) if block.innermost_last else block.frames
    own = [name for name, library in frames if not library]
    chosen = own[: rules.most_frames] or [name for name, _ in frames][: rules.most_library]
    return tuple(name for n, name in enumerate(chosen) if n == 0 or name != chosen[n - 1])
