"""Lines in no known format → the headers they share, found by statistics of columns.

Decided once for a file, on the first block that has enough such lines, and kept: later
blocks are read by it, whatever is in them. What is looked at is a sample, evenly spread
over that block; so the same bytes in the same blocks give the same headers. A file cut
into other blocks gives the same ones as long as its first block tells enough.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from caseline.normalize.alignment import Alignment, align
from caseline.normalize.evidence import find_header, is_lead
from caseline.normalize.formatbook import any_kinds, load_formats
from caseline.normalize.foundformats import FoundFormat, columns_format, lead_format
from caseline.normalize.layouts import Field, Kind
from caseline.normalize.wordbook import load_words, read_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from caseline.normalize.alignment import Column
    from caseline.normalize.formatbook import TimeKind
    from caseline.normalize.lines import Lines
    from caseline.normalize.recognition import Recognizer
    from caseline.normalize.settings import NormalizeSettings

    Rows = NDArray[np.int32]

_LOOKED_AT = 400
_TIME_WITHIN = 120
_LEAD_COLUMNS = 10
_BOUNDS = {"m": (1, 12), "d": (1, 31), "H": (0, 23), "M": (0, 59), "S": (0, 60), "Y": (1990, 2100)}
_EPOCH_DIGITS = (b"1",)


class Sample(NamedTuple):
    """Lines of unknown header: distinct shapes, and all lines in the file's order."""

    shapes: list[bytes]
    weights: list[int]
    order: list[int]
    raw: list[bytes]

    def part(self, chosen: Iterable[int]) -> Sample:
        """Return the sample of the shapes *chosen* only."""
        place = {old: new for new, old in enumerate(chosen)}
        kept = [
            (place[i], text) for i, text in zip(self.order, self.raw, strict=True) if i in place
        ]
        return Sample(
            [self.shapes[i] for i in place],
            [self.weights[i] for i in place],
            [i for i, _ in kept],
            [text for _, text in kept],
        )


def discover(
    lines: Lines, rows: Rows, recognizer: Recognizer, settings: NormalizeSettings
) -> tuple[FoundFormat, ...] | None:
    """Return the formats of the lines that no known format reads; None: too few to tell.

    Args:
        lines: Lines of one file.
        rows: Their layout rows, by the known formats.
        recognizer: What made the rows.
        settings: Which tables to read by.
    """
    limits = _table(settings.formats)["evidence"]
    unknown = unknown_shapes(rows, recognizer)
    counts = np.bincount(lines.shape_ids, minlength=len(rows))
    total = int(counts[unknown].sum())
    if total < limits["least_lines"]:
        return None
    if total < limits["least_unknown"] * counts.sum():
        return ()
    sample = _sample(lines, unknown, int(limits["most_lines"]))
    return _Search(sample, recognizer, settings).run()


def unknown_shapes(rows: Rows, recognizer: Recognizer) -> NDArray[np.bool_]:
    """Return which shapes no format reads, or only one that leaves columns in the message."""
    plain = (rows[:, Field.KIND] == Kind.PLAIN) & (rows[:, Field.FORMAT] < 0)
    generic: NDArray[np.bool_] = recognizer.generic[rows[:, Field.FORMAT]]
    found: NDArray[np.bool_] = plain | generic & (rows[:, Field.KIND] == Kind.HEADER)
    return found


def _sample(lines: Lines, unknown: NDArray[np.bool_], most: int) -> Sample:
    places = np.flatnonzero(unknown[lines.shape_ids])
    if len(places) > most:
        places = places[np.linspace(0, len(places) - 1, most).astype(np.int64)]
    known: dict[bytes, int] = {}
    weights: list[int] = []
    order, raw = [], []
    for place in places.tolist():
        start = int(lines.starts[place])
        text = lines.data[start : start + int(lines.sizes[place])]
        shape = lines.shapes[lines.shape_ids[place]].rstrip(b"\n").rstrip(b" \t\r")[:_LOOKED_AT]
        index = known.setdefault(shape, len(known))
        if index == len(weights):
            weights.append(0)
        weights[index] += 1
        order.append(index)
        raw.append(text)
    return Sample(list(known), weights, order, raw)


class _Lead(NamedTuple):
    """Columns in front of known formats: general ones only, or not; how far they reach."""

    end: int
    generic: bool
    reach: dict[int, int]


@cache
def _table(date: str) -> dict[str, Any]:
    return read_data("formats", date, "columns.toml")


@cache
def _times_of(date: str, words: str) -> tuple[dict[str, TimeKind], re.Pattern[bytes]]:
    """Return all ways to write a time in the order to try, and one pattern for them all."""
    book = load_formats(date, words)
    dated = read_data("formats", date, "timestamps.toml")["groups"]["dated"]
    kinds = {name: book.kinds[name] for name in dated} | any_kinds(date)
    parts = [re.sub(rb"\(\?P<\w+>", b"(?:", kind.pattern.text) for kind in kinds.values()]
    return kinds, re.compile(rb"(?<![A-Za-z0.])(?:" + b"|".join(parts) + rb")(?![A-Za-z0])")


class _Search:
    """Looks for headers among the lines of a sample, build by build."""

    def __init__(self, sample: Sample, recognizer: Recognizer, settings: NormalizeSettings) -> None:
        table = _table(settings.formats)
        self._limits, self._names = table["evidence"], table["names"]
        self._words = load_words(settings.words)
        self._kinds, self._any_time = _times_of(settings.formats, settings.words)
        self._recognizer = recognizer
        self._sample = sample
        self._raw: dict[bytes, bytes] = {}
        for i, text in zip(sample.order, sample.raw, strict=True):
            self._raw.setdefault(sample.shapes[i], text)

    def run(self) -> tuple[FoundFormat, ...]:
        found: list[FoundFormat] = []
        left = set(range(len(self._sample.shapes)))
        tried: set[tuple[int, ...]] = set()
        for depth in range(3):
            for build in self._builds(sorted(left), depth):
                live = tuple(i for i in build if i in left)
                if live in tried:
                    continue
                tried.add(live)
                formats, read = self._formats_of(live)
                found += [f for f in formats if f not in found]
                left -= read
        return tuple(found)

    def _builds(self, shapes: Sequence[int], depth: int) -> list[list[int]]:
        """Return *shapes* by how they begin; at depth 1 by whether a time is in them, too.

        At depth 2 by how many words stand before it.
        """
        groups: dict[tuple[int, int], list[int]] = {}
        for i in shapes:
            shape = self._sample.shapes[i]
            time = self._any_time.search(shape, 0, _TIME_WITHIN) if depth else None
            place = 0 if time is None else 1
            if time is not None and depth > 1:
                place += len(shape[: time.start()].split())
            first = ord("A") if shape[:1].isalpha() else shape[0]
            groups.setdefault((first, place), []).append(i)
        return sorted(groups.values(), key=lambda group: (-self._weight(group), group))

    def _weight(self, shapes: Iterable[int]) -> int:
        return sum(self._sample.weights[i] for i in shapes)

    def _formats_of(self, build: Sequence[int]) -> tuple[list[FoundFormat], set[int]]:
        """Return the formats of one build, and the shapes that have its header."""
        share = self._weight(build) / len(self._sample.order)
        if (
            self._weight(build) < min(self._limits["least_lines"], len(self._sample.order))
            or share < self._limits["timed_share"]
        ):
            return [], set()
        part = self._sample.part(build)
        found = align(part.shapes, part.weights, self._time_at, self._words, self._limits)
        formats, last = self._judged(found, part, share)
        if not formats:
            return [], set()
        spans = found.columns[last - 1].spans
        return formats, {build[i] for i, (_, end) in enumerate(spans) if end}

    def _judged(
        self, found: Alignment, part: Sample, share: float
    ) -> tuple[list[FoundFormat], int]:
        """Return the formats, the fuller one first, and how many columns all lines have."""
        header = find_header(found, lambda column: self._rises(column, part), self._limits)
        least = self._limits["timed_share" if header and header.timed else "timeless_share"]
        if header is not None and share < least:
            header = None
        columns: list[FoundFormat] = []
        if header is not None:
            ends = dict.fromkeys((header.end, header.sure))
            columns = [columns_format(found, end, self._names) for end in ends]
        lead = self._lead_end(found)
        if lead is None:
            return columns, header.sure if header else 0
        wrapper = lead_format(found, lead.end, self._names)
        if header is None or not (lead.generic and self._reaches(found, header.end, lead)):
            return [wrapper], lead.end
        return [*columns, *([] if wrapper.strict else [wrapper])], header.sure

    def _reaches(self, found: Alignment, end: int, lead: _Lead) -> bool:
        """Whether columns hold a level, or take as much of (nearly) all lines as known formats."""
        if any(column.kind in ("level", "letter") for column in found.columns[:end]):
            return True
        spans = found.columns[end - 1].spans
        short = sum(found.weights[i] for i in found.live if spans[i][1] < lead.reach.get(i, 0))
        return bool(short <= self._allowed(found))

    def _allowed(self, found: Alignment) -> float:
        """Return how many lines may differ."""
        lines = sum(found.weights[i] for i in found.live)
        return float((1 - self._limits["step_share"]) * lines)

    def _lead_end(self, found: Alignment) -> _Lead | None:
        """Return behind which columns a known format begins, if one does."""
        for end in range(1, min(len(found.columns), _LEAD_COLUMNS) + 1):
            column = found.columns[end - 1]
            if end < len(found.columns) and found.columns[end].kind == "space":
                continue
            if column.kind != "value":
                lead = self._known_behind(found, end)
                if lead is not None:
                    return lead if is_lead(found, end, self._limits) else None
            if column.kind == "time":
                break
        return None

    def _known_behind(self, found: Alignment, end: int) -> _Lead | None:
        reach: dict[int, int] = {}
        generic, missing = True, 0
        allowed = self._allowed(found)
        for i in found.live:
            start = found.columns[end - 1].spans[i][1]
            row, format_ = self._recognizer.header_at(found.shapes[i], start)
            if format_ is None or row[Field.TIME] < 0:
                missing += found.weights[i]
                if missing > allowed:
                    return None
                continue
            generic &= format_.generic
            reach[i] = row[Field.MESSAGE_START]
        return _Lead(end, generic, reach)

    def _time_at(self, shape: bytes, at: int) -> tuple[str, int] | None:
        """Return the kind and end of the time at a place, if the line says a real one."""
        if at >= len(shape) or not shape[at : at + 1].isalnum():
            return None
        digit = shape[at] == ord("0")
        for name, kind in self._kinds.items():
            if kind.starts_with_digit != digit:
                continue
            time = kind.pattern.match(shape, at)
            if time is None or shape[time.end() : time.end() + 1].isalnum():
                continue
            if _is_real(time, self._raw.get(shape, shape)):
                return name, time.end()
        return None

    def _rises(self, column: Column, part: Sample) -> bool:
        """Whether the one number in each value of *column* goes up with the file."""
        numbers = []
        for i, text in zip(part.order, part.raw, strict=True):
            runs = re.findall(rb"\d+", text[slice(*column.spans[i])])
            if len(runs) == 1:
                numbers.append(int(runs[0][-18:]))
        if len(numbers) < self._limits["step_share"] * len(part.order):
            return False
        steps = np.diff(np.array(numbers, dtype=np.int64))
        up = (steps >= 0).sum() >= self._limits["rising"] * len(steps)
        return bool(up) and len(set(numbers)) * 2 >= len(numbers)


def _is_real(time: re.Match[bytes], raw: bytes) -> bool:
    """Whether the digits behind the zeros are a time: a month is no 73."""
    for name in time.re.groupindex:
        if time[name] is None:
            continue
        text = raw[slice(*time.span(name))]
        if name == "e" and not text.startswith(_EPOCH_DIGITS):
            return False
        if name in _BOUNDS and text.isdigit():
            low, high = _BOUNDS[name]
            if not low <= int(text) <= high:
                return False
    return True
