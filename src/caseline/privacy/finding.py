"""Where in a text something must be replaced, found once for each distinct shape."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from caseline.privacy.checks import CHECKS
from caseline.privacy.decoding import DECODERS
from caseline.privacy.pseudonyms import PSEUDONYM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from caseline.privacy.rules import Rule

DIGITS = bytes.maketrans(b"123456789", b"000000000")
"""Turns a text into its shape."""

_CONTEXT_BYTES = 40
_REMEMBERED = 200_000
_FEW = 2_000
"""Shapes that are not worth a pass to sort out those without any gate."""
_DEEPEST = 2
_TRUSTED = PSEUDONYM.pattern.decode()
_CONTINUATION = range(0x80, 0xC0)
_COLOUR = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


class Found(NamedTuple):
    """A span to replace: its bytes, its kind, and the value its pseudonym stands for."""

    start: int
    end: int
    kind: str
    value: bytes


class Slot(NamedTuple):
    """A span of a shape, and the number of what its texts mean: see ``Finder.meaning``."""

    start: int
    end: int
    meaning: int


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the text of a slot is: surely a *kind*, or what checks find in it.

    Args:
        kind: Set if every text of the slot is one.
        value: What was decoded there, if no digit takes part in it.
        looks: Rule, start and end within the slot, of what to look at closer.
    """

    kind: str | None = None
    value: bytes | None = None
    looks: tuple[tuple[int, int, int], ...] = ()


class _Sure(NamedTuple):
    start: int
    end: int
    rule: int
    kind: str
    value: bytes | None


class _Maybe(NamedTuple):
    start: int
    end: int
    rule: int


class Finder:
    """Finds the spans that rules call for.

    Args:
        rules: What to look for, the ones that name the kind first.

    >>> from caseline.privacy.rules import shipped_rules
    >>> finder = Finder(shipped_rules())
    >>> [(hit.start, hit.end, hit.kind) for hit in finder.hits(b"from 10.1.2.3 by a@example.com")]
    [(5, 13, 'ip'), (17, 30, 'email')]
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._meanings: list[Meaning] = []
        self._numbers: dict[Meaning, int] = {}
        self._of_kind: dict[str, int] = {}
        self._known: tuple[dict[bytes, tuple[Slot, ...]], ...] = ({}, {})
        self._gates = [re.compile(rule.gate.encode(), re.ASCII) for rule in rules]
        self._any_gate = "|".join(f"(?:{rule.gate})" for rule in rules)
        self._each_gate = [
            pl.col("text").str.contains(rule.gate).alias(str(number))
            for number, rule in enumerate(rules)
        ]

    def forget_if_full(self) -> bool:
        """Drop what is remembered if it is much; return whether it was."""
        full = max(len(self._meanings), *map(len, self._known)) > _REMEMBERED
        if full:
            self._meanings.clear()
            self._numbers.clear()
            self._of_kind.clear()
            self._known = ({}, {})
        return full

    def meaning(self, number: int) -> Meaning:
        """Return what the texts of slots with this *number* mean."""
        return self._meanings[number]

    def slots(self, shapes: Sequence[bytes], *, trusted: bool = False) -> list[tuple[Slot, ...]]:
        """Return where texts of each shape may need a replacement, in order, apart.

        Args:
            shapes: Texts with every digit as ``0``.
            trusted: What looks like a pseudonym is one, made a moment ago.
        """
        known = self._known[trusted]
        unknown = [shape for shape in shapes if shape not in known]
        if unknown:
            known.update(dict.fromkeys(unknown, ()))
            for shape, rules in self._gated(list(dict.fromkeys(unknown)), trusted=trusted):
                known[shape] = self._slots(shape, rules, trusted=trusted, depth=0)
        return [known[shape] for shape in shapes]

    def _gated(self, shapes: list[bytes], *, trusted: bool) -> Iterator[tuple[bytes, list[int]]]:
        """Yield the shapes in which some gate holds, with the numbers of their rules.

        One expression made of all gates passes over many shapes first; the single gates
        are tried on what it leaves, all in one go.
        """
        texts = pl.Series("text", shapes, dtype=pl.Binary).cast(pl.String)
        if trusted:
            texts = texts.str.replace_all(_TRUSTED, "")
        left = np.arange(len(shapes))
        if len(shapes) > _FEW:
            left = texts.str.contains(self._any_gate).arg_true().to_numpy()
            texts = texts.gather(left)
        holds = texts.to_frame().select(self._each_gate)
        rules: list[list[int]] = [[] for _ in range(len(left))]
        for number, held in enumerate(holds):
            for index in held.arg_true():
                rules[index].append(number)
        yield from ((shapes[left[n]], found) for n, found in enumerate(rules) if found)

    def hits(self, text: bytes, *, depth: int = 0, trusted: bool = False) -> list[Found]:
        """Return what must be replaced in *text*, which is no shape."""
        shape = text.translate(DIGITS)
        rules = [number for number, gate in enumerate(self._gates) if gate.search(shape)]
        slots = self._slots(shape, rules, trusted=trusted, depth=depth)
        return [
            Found(slot.start + found.start, slot.start + found.end, found.kind, found.value)
            for slot in slots
            for found in self.look(slot.meaning, text[slot.start : slot.end], depth=depth)
        ]

    def look(self, number: int, text: bytes, *, depth: int = 0) -> list[Found]:
        """Return what must be replaced in *text*, which stands in a slot of that meaning."""
        meaning = self._meanings[number]
        if meaning.kind is not None:
            return [Found(0, len(text), meaning.kind, meaning.value or text)]
        sure = [
            _Sure(start + s.start, start + s.end, rule, s.kind, s.value)
            for rule, start, end in meaning.looks
            for s in self._checked(self.rules[rule], text[start:end], depth)
        ]
        return [
            Found(s.start, s.end, s.kind, s.value or text[s.start : s.end]) for s in _joined(sure)
        ]

    def _slots(
        self, shape: bytes, rules: Sequence[int], *, trusted: bool, depth: int
    ) -> tuple[Slot, ...]:
        sure: list[_Sure] = []
        maybe: list[_Maybe] = []
        plain = _COLOUR.sub(_blanks, shape) if b"\x1b" in shape else shape
        lower = plain.lower()
        for number in rules:
            rule = self.rules[number]
            for start, end in _matches(rule, plain, lower):
                if rule.check is None:
                    sure.append(_Sure(start, end, number, rule.kind, None))
                elif rule.on == "shape" or b"0" not in shape[start:end]:
                    sure += self._checked_at(start, end, number, shape, depth)
                else:
                    maybe.append(_Maybe(start, end, number))
        if not sure and not maybe:
            return ()
        sure = self._settled(sure, shape)
        return self._as_slots(sure, _open(maybe, sure, shape if trusted else b""))

    def _checked_at(
        self, start: int, end: int, number: int, shape: bytes, depth: int
    ) -> Iterator[_Sure]:
        for found in self._checked(self.rules[number], shape[start:end], depth):
            yield _Sure(start + found.start, start + found.end, number, found.kind, found.value)

    def _checked(self, rule: Rule, text: bytes, depth: int) -> list[_Sure]:
        name = rule.check or ""
        if name in CHECKS:
            return [_Sure(start, end, 0, rule.kind, None) for start, end in CHECKS[name](text)]
        if depth >= _DEEPEST:
            return []
        for plain in DECODERS[name](text):
            hits = self.hits(plain, depth=depth + 1)
            if hits:
                return [_Sure(0, len(text), 0, hits[0].kind, hits[0].value)]
        return []

    def _settled(self, sure: list[_Sure], shape: bytes) -> list[_Sure]:
        """Return *sure* apart from each other, in order, outside of pseudonyms."""
        alone = [s for s in sure if self.rules[s.rule].exclusive]
        if alone:
            sure = alone + [
                s
                for s in sure
                if not self.rules[s.rule].exclusive
                and not any(s.start < a.end and a.start < s.end for a in alone)
            ]
        if not shape.isascii():
            sure = [_whole_characters(s, shape) for s in sure]
        if len(sure) > 1:
            sure = _joined(sure)
        if b":0000000000000000>" in shape:
            sure = [piece for s in sure for piece in _outside_pseudonyms(s, shape)]
        return sure

    def _as_slots(self, sure: list[_Sure], maybe: list[_Maybe]) -> tuple[Slot, ...]:
        slots = [Slot(s.start, s.end, self._number_sure(s)) for s in sure]
        if not maybe:
            return tuple(slots)
        for group in _overlapping(maybe):
            start, end = group[0].start, max(m.end for m in group)
            looks = tuple((m.rule, m.start - start, m.end - start) for m in group)
            slots.append(Slot(start, end, self._number(Meaning(looks=looks))))
        return tuple(sorted(slots))

    def _number_sure(self, s: _Sure) -> int:
        if s.value is not None:
            return self._number(Meaning(kind=s.kind, value=s.value))
        if s.kind not in self._of_kind:
            self._of_kind[s.kind] = self._number(Meaning(kind=s.kind))
        return self._of_kind[s.kind]

    def _number(self, meaning: Meaning) -> int:
        if meaning not in self._numbers:
            self._numbers[meaning] = len(self._meanings)
            self._meanings.append(meaning)
        return self._numbers[meaning]


def _matches(rule: Rule, shape: bytes, lower: bytes) -> Iterator[tuple[int, int]]:
    for match in rule.pattern.finditer(lower if rule.fold else shape):
        start, end = next(s for s in map(match.span, rule.hits) if s[0] >= 0)
        before = rule.unless_before
        if before and before.search(lower, max(0, start - _CONTEXT_BYTES), start):
            continue
        if rule.unless_after and rule.unless_after.match(lower, end):
            continue
        if start < end:
            yield start, end


def _blanks(colour: re.Match[bytes]) -> bytes:
    """Return as many blanks: the last letter of a colour must not be glued to a value."""
    return b" " * len(colour[0])


def _joined(sure: list[_Sure]) -> list[_Sure]:
    """Return *sure* in order, those that overlap as one of the kind of the first rule."""
    joined: list[_Sure] = []
    for s in sorted(sure, key=lambda s: (s.start, s.end, s.rule)):
        if joined and s.start < joined[-1].end:
            last = joined.pop()
            first = min(last, s, key=lambda x: x.rule)
            same = (last.start, last.end) == (s.start, s.end)
            value = first.value if same else None
            s = _Sure(last.start, max(last.end, s.end), first.rule, first.kind, value)  # noqa: PLW2901 - grows
        joined.append(s)
    return joined


def _whole_characters(s: _Sure, shape: bytes) -> _Sure:
    """Return *s* grown to the bounds of UTF-8 characters."""
    start, end = s.start, s.end
    while start and shape[start] in _CONTINUATION:
        start -= 1
    while end < len(shape) and shape[end] in _CONTINUATION:
        end += 1
    return s._replace(start=start, end=end)


def _outside_pseudonyms(s: _Sure, shape: bytes) -> Iterator[_Sure]:
    """Yield what of *s* is no pseudonym, most often nothing or all of it."""
    met = [m.span() for m in PSEUDONYM.finditer(shape) if m.start() < s.end and s.start < m.end()]
    if not met:
        yield s
        return
    starts = [s.start, *(end for _, end in met)]
    ends = [*(start for start, _ in met), s.end]
    for start, end in zip(starts, ends, strict=True):
        if start < end:
            yield s._replace(start=start, end=end, value=None)


def _open(maybe: list[_Maybe], sure: list[_Sure], trusted_shape: bytes) -> list[_Maybe]:
    """Return those of *maybe* that meet nothing sure; what is left is looked at again."""
    if not maybe:
        return maybe
    taken = [(s.start, s.end) for s in sure]
    taken += [match.span() for match in PSEUDONYM.finditer(trusted_shape)]
    return [m for m in maybe if not any(m.start < end and start < m.end for start, end in taken)]


def _overlapping(maybe: list[_Maybe]) -> list[list[_Maybe]]:
    groups: list[list[_Maybe]] = []
    reach = 0
    for m in sorted(maybe):
        if groups and m.start < reach:
            groups[-1].append(m)
        else:
            groups.append([m])
        reach = max(reach, m.end)
    return groups
