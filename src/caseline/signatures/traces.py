"""Stack traces: which exceptions, raised where in the product's own code.

A trace is told by its exceptions, the innermost cause first, each with the in-app
frames nearest to where it broke. Line numbers, addresses, generated names and the
exceptions' messages are no part of it, so that a new build or another value does not
make a new signature.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from caseline.signatures.tracelines import Frame, closing_name, place_of, read_line
from caseline.signatures.tracerules import TraceRules, read_trace_rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from caseline.signatures.tracelines import Named, Read

__all__ = ["Raised", "TraceRules", "describe", "read_trace", "read_trace_rules"]

_MOST_LINES = 2_000
_MOST_DROPPED = 50
_DUMP = "thread dump"
_PLACED = ("go", "rust")
IN_APP, FALLBACK, RECURSION = "in-app", "no frame in-app", "recursion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One exception: its type, and where it was raised, innermost frame first.

    Args:
        kind: Its type, or what stands for it.
        frames: The frames that tell it.
        rule: How they were chosen: ``in-app``; ``no frame in-app``, so the first of
            all; ``recursion``, those that recur.
        dropped: Other frames, each with the rule that left it out.
    """

    kind: str
    frames: tuple[str, ...]
    rule: str = field(default=IN_APP, compare=False, repr=False)
    dropped: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)


@dataclass(slots=True)
class _Block:
    kind: str = ""
    sure: bool = False
    suppressed: int = -1  # blanks before what says that it is suppressed
    place: str = ""
    held: str = ""  # an exception that was named before the frames of its cause
    closed: bool = False  # its name stands behind its frames: nothing more belongs to it
    frames: list[Frame] = field(default_factory=list)


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
    lines = message.split("\n", _MOST_LINES)[:_MOST_LINES]
    walk = _Walk(rules)
    for n, line in enumerate(lines):
        following = lines[n + 1] if n + 1 < len(lines) else ""
        if not walk.take(line, following):
            break
    return walk.raised()


def describe(raised: Sequence[Raised]) -> str:
    """Return a trace's template: exception at frame < frame, innermost cause first.

    >>> describe([Raised(kind="E", frames=("a.b", "c.d")), Raised(kind="F", frames=())])
    'E at a.b < c.d, then F'
    """
    return ", then ".join(
        f"{one.kind} at {' < '.join(one.frames)}" if one.frames else one.kind for one in raised
    )


class _Walk:
    """Reads a trace from its first line to its last."""

    def __init__(self, rules: TraceRules) -> None:
        self._rules = rules
        self._blocks = [_Block()]
        self._outer: list[_Block] = []
        self._cause_first = False
        self._causes = False  # in a numbered list of causes
        self._other = False  # in a second stack of the same crash
        self._dump = False
        self._code = -1  # blanks before a frame whose code the next line may be
        self._placed = False  # the next line only says where the last frame is

    def take(self, line: str, following: str) -> bool:
        """Read *line*; return whether what follows may tell more."""
        placed, self._placed = self._placed, False
        if placed:
            return True
        where = place_of(following, self._rules) if following[:1] in (" ", "\t") else ""
        read = read_line(line, where, self._rules)
        code, self._code = self._code, -1
        if read.frame is not None:
            self._placed = bool(where) and read.frame.language in _PLACED
            self._framed(read.frame)
            return True
        if "dump" in read.marks:
            self._dump = not any(block.frames for block in self._blocks)
            return False
        self._marked(read)
        if line.strip():
            self._names(line, read.named, code)
        return True

    def _framed(self, frame: Frame) -> None:
        if self._other or (self._causes and frame.language == "rust"):
            return
        block = self._blocks[-1]
        if block.closed:
            block = self._opened(_Block())
            if not frame.innermost_last:
                # One runtime told the trace of another within its own.
                held = next((b.held for b in reversed(self._blocks) if b.held), "")
                block.kind, block.sure = held, True
                self._cause_first = True
        if frame.innermost_last and not block.frames:
            # What a line before it named is another; its own name comes behind.
            block.held, block.kind = block.kind if block.sure else block.held, ""
        if frame.beside and not (block.kind and block.sure):
            if block.frames:
                block = self._opened(_Block())
            block.kind, block.sure = frame.beside, True
        block.frames.append(frame)
        if frame.innermost_last:
            self._code = frame.indent

    def _marked(self, read: Read) -> None:
        marks = read.marks
        block = self._blocks[-1]
        if "cause_first" in marks:
            self._cause_first = True
            if block.frames:
                self._opened(_Block())
        if "inner_ends" in marks and self._outer:
            self._cause_first = True
            self._opened(self._outer.pop())
        if "other_stack" in marks and block.frames:
            self._other = True
        if "causes" in marks:
            self._causes = True
        if "frames_follow" in marks:
            self._causes = False
        if "repeat" in marks and block.frames:
            block.frames += [block.frames[-1]] * self._rules.recursion

    def _names(self, line: str, named: Named | None, code: int) -> None:
        block = self._blocks[-1]
        if block.frames and block.frames[0].innermost_last and not block.closed:
            self._close(line, named, code)
        elif named is not None and (named.sure or not block.frames):
            self._name(named)

    def _close(self, line: str, named: Named | None, code: int) -> None:
        """Take the name that stands behind the frames; code of a frame is none."""
        block = self._blocks[-1]
        indent = len(line) - len(line.lstrip())
        depth = block.frames[-1].indent
        if indent > depth or (code >= 0 and indent == depth and not _sure(named)):
            return
        kind = named.kind if named is not None and named.sure else ""
        if not kind and indent < max(depth, 1):
            kind = closing_name(line, self._rules)
        if kind:
            block.kind, block.sure, block.closed = kind, True, True

    def _name(self, named: Named) -> None:
        block = self._blocks[-1]
        if block.kind and block.sure and not block.frames and not named.lead:
            return  # the text of the exception before mentions another
        suppressed = self._suppressed(named, block)
        if named.lead.startswith(self._rules.names.nested):
            self._nest(named)
            return
        if block.frames or (block.kind and named.lead and block.sure):
            block = self._opened(_Block())
        block.kind, block.sure, block.suppressed = named.kind, named.sure, suppressed
        block.place = named.place
        self._other = False
        for kind in named.within:
            self._nest(named._replace(kind=kind))

    def _nest(self, named: Named) -> None:
        """Open a cause whose frames stand before those of what it caused."""
        block = self._blocks[-1]
        if not block.frames:
            self._outer.append(self._blocks.pop())
            self._cause_first = True
        self._blocks.append(_Block(kind=named.kind, sure=True))

    def _suppressed(self, named: Named, block: _Block) -> int:
        if named.lead.startswith(self._rules.names.suppressed):
            return named.indent
        inside = named.lead and block.suppressed > 0 and named.indent >= block.suppressed
        return block.suppressed if inside else -1

    def _opened(self, block: _Block) -> _Block:
        self._blocks.append(block)
        self._other = False
        return block

    def raised(self) -> tuple[Raised, ...]:
        """Return the exceptions found, or nothing if this is no trace."""
        if self._dump:
            return (Raised(kind=_DUMP, frames=(), rule=_DUMP),)
        blocks = [block for block in self._blocks if block.frames or block.place]
        named = any(block.kind for block in blocks)
        fewest = self._rules.fewest_frames if named else self._rules.fewest_unnamed
        if sum(len(block.frames) or 1 for block in blocks) < fewest:
            return ()
        ordered = blocks if self._cause_first else blocks[::-1]
        told = [self._told(block) for block in ordered if block.suppressed < 0]
        return tuple(dict.fromkeys(told))  # some runtimes tell one cause twice

    def _told(self, block: _Block) -> Raised:
        if not block.frames:
            return Raised(kind=block.kind, frames=(block.place,))
        frames = block.frames[::-1] if block.frames[0].innermost_last else block.frames
        endless = self._rules.overflow.search(block.kind) is not None
        chosen, rule, dropped = _chosen(frames, self._rules, endless=endless)
        return Raised(kind=block.kind or "trace", frames=chosen, rule=rule, dropped=dropped)


def _sure(named: Named | None) -> bool:
    return named is not None and named.sure


def _chosen(
    frames: list[Frame], rules: TraceRules, *, endless: bool
) -> tuple[tuple[str, ...], str, tuple[tuple[str, str], ...]]:
    """Return the frames that tell, how they were chosen, and the others with their rule."""
    own = Counter(frame.name for frame in frames if not frame.library)
    names = own or Counter(frame.name for frame in frames)
    rule = IN_APP if own else FALLBACK
    most = rules.most_frames if own else rules.most_library
    recurring = [name for name, times in names.items() if times >= rules.recursion]
    if endless and recurring:
        # Where the stack was cut, and at which of the frames, is chance.
        least = recurring.index(min(recurring))
        kept = (recurring[least:] + recurring[:least])[:most]
        rule = RECURSION
    else:
        kept = list(names)[:most]
    dropped = {
        (frame.name, frame.library or (RECURSION if rule == RECURSION else f"beyond {most}")): None
        for frame in frames
        if frame.name not in kept
    }
    return tuple(kept), rule, tuple(dropped)[:_MOST_DROPPED]
