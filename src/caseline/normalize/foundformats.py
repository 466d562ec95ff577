"""Columns that were found to be a header → a format like those of the data files."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from caseline.normalize.alignment import Alignment, Column

NAME = "columns"
_MOST = 0.8
_WIDTH = 40
_LETTERS = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFormat:
    """A format that one file's lines were found to have.

    Args:
        pattern: As in the data files: from the line's first byte to the message.
        times: The kinds of time at its ``%{time}``.
        inner: Behind it a known format begins.
        strict: A line without that inner format is not of it.
    """

    pattern: str
    times: tuple[str, ...] = ()
    inner: bool = False
    strict: bool = False

    def entry(self) -> dict[str, Any]:
        """Return it as the data files would hold it."""
        return {
            "name": NAME,
            "pattern": self.pattern,
            "times": list(self.times),
            "inner": self.inner,
            "loose": True,
        }


def columns_format(found: Alignment, end: int, names: Mapping[str, str]) -> FoundFormat:
    """Return the format of a header that is made of the first *end* columns of *found*."""
    timed = any(column.kind == "time" for column in found.columns[:end])
    pattern = pattern_of(found, end, names)
    return FoundFormat(pattern=pattern, times=found.kinds if timed else ())


def lead_format(found: Alignment, end: int, names: Mapping[str, str]) -> FoundFormat:
    """Return the format of a lead of *end* columns in front of a known format.

    A lead that ends with a sign of its own is a wrapper: a line within may have no header.
    """
    marks = [c for c in found.columns[:end] if c.kind != "space"]
    wraps = bool(marks) and marks[-1].kind == "mark"
    pattern = pattern_of(found, end, names)
    return FoundFormat(pattern=pattern, inner=True, strict=not wraps)


def pattern_of(found: Alignment, end: int, names: Mapping[str, str]) -> str:
    """Return the pattern of the first *end* columns, values named after what they hold."""
    called = _called(found, end, names)
    parts = []
    for place, column in enumerate(found.columns[:end]):
        if place in called:
            parts.append(f"(?P<{called[place]}>{column.pattern})")
        elif column.kind == "space" and place == end - 1:
            parts.append(_last_blanks(found, place))
        else:
            parts.append(column.pattern)
    return "".join(parts)


def _last_blanks(found: Alignment, place: int) -> str:
    """Return the blanks before the message: those that fill a column up, and no others."""
    column = found.columns[place]
    least = min(column.spans[i][1] - column.spans[i][0] for i in found.live)
    before = found.columns[place - 1]
    if place and before.kind != "mark" and _fills(found, before, column):
        return f" {{1,{_WIDTH}}}"
    return f" {{1,{least}}}" if least else ""


def _fills(found: Alignment, value: Column, blanks: Column) -> bool:
    """Whether blanks make values of several widths (nearly) always as wide as one another."""
    totals: Counter[int] = Counter()
    for i in found.live:
        totals[blanks.spans[i][1] - value.spans[i][0]] += found.weights[i]
    widths = {value.spans[i][1] - value.spans[i][0] for i in found.live}
    return len(widths) > 1 and totals.most_common(1)[0][1] >= _MOST * totals.total()


def _called(found: Alignment, end: int, names: Mapping[str, str]) -> dict[int, str]:
    """Return names for the columns of values: host, thread, and the last word as service."""
    patterns = {name: re.compile(pattern) for name, pattern in names.items()}
    called: dict[int, str] = {}
    words = []
    for place, column in enumerate(found.columns[:end]):
        if column.kind != "value":
            continue
        counts = found.counts(column)
        name = next((n for n, p in patterns.items() if _mostly(counts, p)), None)
        if name is None and _mostly(counts, _LETTERS, anywhere=True):
            words.append(place)
        elif name not in (None, "number") and name not in called.values():
            called[place] = str(name)
    if words:
        called[words[-1]] = "service"
    return called


def _mostly(counts: Counter[bytes], pattern: re.Pattern[str], *, anywhere: bool = False) -> bool:
    look = pattern.search if anywhere else pattern.fullmatch
    fits = sum(n for text, n in counts.items() if look(text.decode("utf-8", "replace")))
    return fits >= _MOST * counts.total()
