"""Which lines belong to a stack trace, told by their roles: many lines at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from caseline.normalize.layouts import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]
    Leads = Callable[[Ints], Flags]

_FRAMES = (Role.DOWN, Role.UP)
_SURE = (Role.CHAINS, Role.DOWN, Role.UP, Role.GOES_ON, Role.PLACES)
_BENEATH_NAMES = (Role.DOWN, Role.UP, Role.GOES_ON)
_FOLLOW_OPENING = (*_SURE, Role.NAMES, Role.INSIDE)


class Run(NamedTuple):
    """Lines in order, none blank.

    Args:
        roles: Of each line, ``Role``.
        free: Lines of a program's own output: no header, or that of a runtime.
        apart: Lines that cannot go on: first of a writer, behind NUL or JSON.
        gap: Lines behind a blank one.
    """

    roles: NDArray[np.int32]
    free: Flags
    apart: Flags
    gap: Flags


def traced(run: Run, leads: Leads, most_text: int) -> Flags:
    """Return the lines that go on with what is before them, by their roles.

    Args:
        run: The lines.
        leads: Tells for places in *run* which lines say that a trace follows.
        most_text: Lines of text at the most between a name and its frames.
    """
    found = np.zeros(len(run.roles), dtype=bool)
    near = _near(run.roles, most_text + 1)
    if not len(near):
        return found
    apart = run.apart[near]
    apart[0] = True
    apart[1:] |= np.diff(near) != 1
    part = Run(run.roles[near], run.free[near], apart, run.gap[near])
    found[near] = _traced(part, lambda places: leads(near[places]), most_text)
    return found


def _near(roles: NDArray[np.int32], distance: int) -> Ints:
    """Return the places of lines with a role, and of those around them."""
    marked = np.flatnonzero(roles)
    if not len(marked):
        return marked
    edges = np.zeros(len(roles) + 1, dtype=np.int32)
    np.add.at(edges, np.maximum(marked - distance, 0), 1)
    np.add.at(edges, np.minimum(marked + distance + 1, len(roles)), -1)
    return np.flatnonzero(np.cumsum(edges[:-1]))


def _traced(run: Run, leads: Leads, most_text: int) -> Flags:
    text, pulled = _texts(run, most_text)
    roles = np.where(text, np.int32(Role.INSIDE), run.roles)
    roles = np.where(pulled, np.int32(Role.GOES_ON), roles)
    roles = np.where(_ends(roles, run), np.int32(Role.NAMES), roles)
    names, passing = roles == Role.NAMES, roles == Role.INSIDE
    following, beneath = _following(roles, text, run)
    framed = names & (following == Role.DOWN)
    under = _under_frames(roles, framed, run)
    opening_name = framed | (names & ~under & np.isin(beneath, _BENEATH_NAMES))
    closing_name = names & ~opening_name & under
    opens = opening_name | ((roles == Role.OPENS) & np.isin(beneath, _FOLLOW_OPENING))
    before = np.where(run.apart, np.int32(Role.NONE), _shifted(roles))
    sure = np.isin(roles, _SURE) | closing_name
    goes_on = sure | ((opens | names) & (before == Role.CHAINS))
    goes_on |= opening_name & _shifted(_held(roles == Role.OPENS, passing, run.apart))
    asked = np.flatnonzero(opens & ~goes_on & (before == Role.NONE) & ~run.gap & ~run.apart)
    goes_on[asked] |= leads(asked - 1)
    member = goes_on | opening_name | (roles == Role.OPENS)
    goes_on |= passing & _held(member, passing, run.apart)
    found: Flags = goes_on & ~run.apart
    return found


def _texts(run: Run, most_text: int) -> tuple[Flags, Flags]:
    """Return lines that are an exception's text or a frame's code, and those that the next
    line makes a frame.
    """
    none = run.roles == Role.NONE
    count = len(none)
    index = np.arange(count)
    open_line = (none | (run.roles == Role.INSIDE)) & ~run.apart
    last = np.maximum.accumulate(np.where(open_line, -1, index))
    following = np.minimum.accumulate(np.where(open_line, count, index)[::-1])[::-1]
    safe = np.minimum(following, count - 1)
    known = open_line & (last >= 0) & (following < count) & ~run.apart[safe]
    known &= following - last - 1 <= most_text
    before, after = run.roles[np.maximum(last, 0)], run.roles[safe]
    named = np.isin(before, (Role.OPENS, Role.NAMES))
    text = known & named & np.isin(after, (Role.DOWN, Role.GOES_ON))
    before_inside = none & run.free & _next_is(run, run.roles == Role.INSIDE)
    text |= before_inside & ~run.apart & (_shifted(run.roles) == Role.OPENS)
    text |= (
        none
        & ~run.apart
        & (_shifted(run.roles) == Role.UP)
        & _next_is(run, np.isin(run.roles, (Role.UP, Role.NAMES)))
    )
    pulled = none & ~run.apart & ~text & _next_is(run, run.roles == Role.PLACES)
    return text, pulled


def _next_is(run: Run, wanted: Flags) -> Flags:
    """Return lines right before one that is *wanted*."""
    found = np.zeros(len(wanted), dtype=bool)
    found[:-1] = wanted[1:] & ~run.apart[1:] & ~run.gap[1:]
    return found


def _ends(roles: NDArray[np.int32], run: Run) -> Flags:
    """Return lines of no role right beneath frames with the innermost last.

    It is the exception, whatever its name is.
    """
    below = _shifted(_held(roles == Role.UP, roles == Role.INSIDE, run.apart))
    found: Flags = (roles == Role.NONE) & below & ~run.apart & ~run.gap
    return found


def _following(
    roles: NDArray[np.int32], text: Flags, run: Run
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the role of the next line that is no text: right behind, and behind a gap too."""
    count = len(roles)
    padded = np.append(roles, np.int32(Role.NONE))
    after = np.minimum.accumulate(np.where(text, count, np.arange(count))[::-1])[::-1]
    after = np.append(after[1:], count)
    safe = np.minimum(after, count - 1)
    cut = (after < count) & run.apart[safe]
    beneath = np.where(cut, np.int32(Role.NONE), padded[after])
    return np.where((after < count) & run.gap[safe], np.int32(Role.NONE), beneath), beneath


def _under_frames(roles: NDArray[np.int32], opening_name: Flags, run: Run) -> Flags:
    """Return the lines that stand under a list of frames with the innermost last."""
    ends = np.isin(roles, (Role.NONE, Role.OPENS, *_FRAMES)) | opening_name | run.apart
    last = np.maximum.accumulate(np.where(ends, np.arange(len(roles)), -1))
    found: Flags = (last >= 0) & (roles[np.maximum(last, 0)] == Role.UP)
    return found


def _held(member: Flags, passing: Flags, apart: Flags) -> Flags:
    """Return for each line whether the last line that is not *passing* is a member."""
    index = np.where(passing & ~apart, -1, np.arange(len(member)))
    last = np.maximum.accumulate(index)
    found: Flags = (last >= 0) & member[np.maximum(last, 0)]
    return found


def _shifted(values: NDArray[Any]) -> NDArray[Any]:
    """Return for each line what holds of the line before it."""
    return np.concatenate([np.zeros(1, dtype=values.dtype), values[:-1]])
