"""The last merges: fields that contain one another, and lists of varying length."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from caseline.signatures.tokens import LIST, VARIABLE

if TYPE_CHECKING:
    from caseline.signatures.rulebook import MergeLimits

_LETTER = re.compile(rb"[A-Za-z\x80-\xf4]")
_WORD = re.compile(rb"[A-Za-z\x80-\xf4]{2,}")
_ALONE = re.compile(rb"([^A-Za-z0-9\x80-\xff]*)\xff([^A-Za-z0-9\x80-\xff]*)")
_KEY = re.compile(rb"[A-Za-z_.]+=")
_RUN = re.compile(rb"[\xfd\xff](?:(?:, ?|[ ;|/]|\\ )[\xfd\xff])*")
_QUOTED = re.compile(  # but for a key of JSON
    rb"""(?<![A-Za-z0-9\x80-\xff])(?:"[^"\n]+"|'[^'\n]+')(?![A-Za-z0-9\x80-\xff]| ?:)"""
)
_OBJECT = re.compile(rb'\{ ?"[^{}\n]*(?:\{[^{}\n]*\}[^{}\n]*)*\}')
_CAPITALS = re.compile(rb"(?<![A-Za-z])[A-Z]{2}[A-Z_]*(?![A-Za-z])")
_ITEM = re.compile(rb"[\xfd\xff]")


class _Masks:
    """Templates by what they say outside of the fields that are values alone.

    A mask is where a template's values alone stand. Templates of as many fields are
    looked up by what is left of them under each mask that one of them has.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_count: dict[int, set[bytes]] = {}
        self._masked: dict[int, dict[tuple[int, ...], dict[bytes, set[bytes]]]] = {}

    def add(self, template: bytes, fields: list[bytes]) -> None:
        count = len(fields)
        masks = self._masked.setdefault(count, {})
        own = tuple(n for n, field in enumerate(fields) if _ALONE.fullmatch(field))
        if 1 < len(own) < count and own not in masks and len(masks) < self._most:
            masks[own] = {}
            for other in self._by_count.get(count, ()):
                masks[own].setdefault(_under(other.split(b" "), own), set()).add(other)
        self._by_count.setdefault(count, set()).add(template)
        for mask, found in masks.items():
            found.setdefault(_under(fields, mask), set()).add(template)

    def discard(self, template: bytes, fields: list[bytes]) -> None:
        self._by_count[len(fields)].discard(template)
        for mask, found in self._masked[len(fields)].items():
            found[_under(fields, mask)].discard(template)

    def peers(self, template: bytes, fields: list[bytes]) -> list[bytes]:
        """Return the templates that differ from *template* under one of the masks only."""
        found: set[bytes] = set()
        for mask, alike in self._masked.get(len(fields), {}).items():
            found |= alike.get(_under(fields, mask), set())
        return sorted(found - {template})


class Merges:
    """Templates as text with marks, and which of them are one.

    Two templates that differ in one field are one when one field is a value alone and
    the other holds a value too, or when neither field says anything but values.
    Templates that differ only in how many values stand in a row are one when enough
    lengths were seen. Templates that differ only in what stands in one pair of quotes
    are one when it has been many texts, of whatever number of words.
    """

    def __init__(self, limits: MergeLimits) -> None:
        self._limits = limits
        self._peers: dict[tuple[int, bytes, bytes], set[bytes]] = {}
        self._unit = re.compile(
            rb"\xff (?:" + "|".join(limits.units).encode() + rb")(?![A-Za-z0-9_])"
        )
        self._units: dict[bytes, set[bytes]] = {}
        self._lengths: dict[bytes, set[bytes]] = {}
        self._quoted: dict[tuple[bytes, bytes], set[bytes]] = {}
        self._unquoted: set[bytes] = set()
        self._live: set[bytes] = set()
        self._masks = _Masks(limits.most_masks)
        self._moved: dict[bytes, tuple[bytes, str]] = {}

    @property
    def moves(self) -> int:
        """How many templates have become part of another."""
        return len(self._moved)

    def add(self, text: bytes) -> None:
        """Take *text* in; templates may become one."""
        queue = [text]
        while queue:
            template = queue.pop()
            if template in self._live or template in self._moved:
                continue
            self._insert(template)
            if self._contain(template) or self._cover(template):
                continue
            general = self._fold(template) or self._collapse(template) or self._unquote(template)
            if general is not None:
                queue.append(general)

    def drop(self, text: bytes, into: bytes, reason: str) -> None:
        """Say that *text* became part of *into* by vote; an earlier merge stands."""
        if text not in self._moved:
            self._move(text, into, reason)
            if any(into == VARIABLE.join(frame) for frame in self._frames(text)):
                self._unquoted.add(into)

    def final(self, text: bytes) -> tuple[bytes, str]:
        """Return the template that *text* is part of, and why."""
        steps = self.steps(text)
        return steps[-1] if steps else (text, "")

    def steps(self, text: bytes) -> list[tuple[bytes, str]]:
        """Return the templates that *text* became part of in turn, each with why."""
        steps: list[tuple[bytes, str]] = []
        seen = {text}
        while text in self._moved and self._moved[text][0] not in seen:
            steps.append(self._moved[text])
            text = steps[-1][0]
            seen.add(text)
        return steps

    def peek(self, text: bytes) -> bytes | None:
        """Return the template that *text* would be part of, without taking it in."""
        if text in self._live or text in self._moved:
            return self.final(text)[0]
        fields = text.split(b" ")
        for n, field in enumerate(fields[: self._limits.most_fields]):
            for other in sorted(self._peers.get(_without(fields, n), ())):
                if _holds(other, field):
                    return self.final(b" ".join((*fields[:n], other, *fields[n + 1 :])))[0]
        collapsed = _RUN.sub(LIST, text)
        return self.final(collapsed)[0] if collapsed in self._live else None

    def _contain(self, template: bytes) -> bool:
        """Merge *template* with those that differ in one field; True if it is gone."""
        fields = template.split(b" ")
        for n, field in enumerate(fields[: self._limits.most_fields]):
            key = _without(fields, n)
            if VARIABLE not in field or not _WORD.search(key[1] + b" " + key[2]):
                continue
            for other in sorted(self._peers[key] - {field}):
                peer = b" ".join((*fields[:n], other, *fields[n + 1 :]))
                if _holds(field, other):
                    self._move(peer, template, "contained")
                elif _holds(other, field):
                    self._move(template, peer, "contained")
                    return True
        return False

    def _cover(self, template: bytes) -> bool:
        """Merge *template* with those that differ in several fields; True if it is gone."""
        fields = template.split(b" ")
        for other in self._masks.peers(template, fields):
            pairs = [
                (mine, theirs)
                for mine, theirs in zip(fields, other.split(b" "), strict=True)
                if mine != theirs
            ]
            if len(pairs) > self._limits.covered * len(fields):
                continue
            if all(_holds(mine, theirs) for mine, theirs in pairs):
                self._move(other, template, "contained")
            elif all(_holds(theirs, mine) for mine, theirs in pairs):
                self._move(template, other, "contained")
                return True
        return False

    def _fold(self, template: bytes) -> bytes | None:
        """Merge templates that differ in whether a unit is part of the value."""
        key = self._unit.sub(VARIABLE, template)
        alike = self._units[key]
        if len(alike) < 2 or not _WORD.search(key):  # noqa: PLR2004 - a pair
            return None
        for text in sorted(alike):
            self._move(text, key, "unit")
        return key

    def _collapse(self, template: bytes) -> bytes | None:
        key = _RUN.sub(LIST, template)
        lengths = self._lengths[key]
        if len(lengths) < 2 and not self._is_long(template):  # noqa: PLR2004 - a pair
            return None
        known = any(LIST in text for text in lengths)
        many = len(lengths) >= self._limits.list_lengths or any(map(self._is_long, lengths))
        if not _WORD.search(key) or not (known or many):
            return None
        runs = [_RUN.findall(text) for text in lengths]
        alone = [all(run == VARIABLE for run in column) for column in zip(*runs, strict=True)]
        pieces = key.split(LIST)
        general = pieces[0] + b"".join(
            (VARIABLE if one else LIST) + piece
            for one, piece in zip(alone, pieces[1:], strict=True)
        )
        for text in sorted(lengths):
            self._move(text, general, "list")
        return general

    def _unquote(self, template: bytes) -> bytes | None:
        """Merge templates that differ in one text in quotes."""
        for before, after in self._frames(template):
            alike = self._quoted[before, after]
            general = VARIABLE.join((before, after))
            many = len(alike) > (1 if general in self._unquoted else self._limits.quoted)
            if not many or not _WORD.search(before + b" " + after):
                continue
            self._unquoted.add(general)
            for text in sorted(alike):
                self._move(text, general, "quoted")
            return general
        return None

    def _frames(self, template: bytes) -> list[tuple[bytes, bytes]]:
        """Return what stands before and after each text in quotes, and each JSON object.

        A text with a word in CAPITALS is none: it names a command or a state, as in
        ``"GET <*>"``, and the votes have a limit for those.
        """
        most = self._limits.most_quoted
        texts = [m for m in _QUOTED.finditer(template) if not _CAPITALS.search(m[0])]
        objects = list(_OBJECT.finditer(template))
        return [(template[: m.start() + 1], template[m.end() - 1 :]) for m in texts[:most]] + [
            (template[: m.start()], template[m.end() :]) for m in objects[:most]
        ]

    def _is_long(self, text: bytes) -> bool:
        most = self._limits.list_items
        return any(len(_ITEM.findall(run)) >= most for run in _RUN.findall(text))

    def _move(self, text: bytes, into: bytes, reason: str) -> None:
        if text != into:
            self._remove(text)
            self._moved[text] = (into, reason)

    def _insert(self, template: bytes) -> None:
        self._live.add(template)
        fields = template.split(b" ")
        self._masks.add(template, fields)
        for n, field in enumerate(fields[: self._limits.most_fields]):
            self._peers.setdefault(_without(fields, n), set()).add(field)
        self._lengths.setdefault(_RUN.sub(LIST, template), set()).add(template)
        self._units.setdefault(self._unit.sub(VARIABLE, template), set()).add(template)
        for frame in self._frames(template):
            self._quoted.setdefault(frame, set()).add(template)

    def _remove(self, template: bytes) -> None:
        if template not in self._live:
            return
        self._live.discard(template)
        fields = template.split(b" ")
        self._masks.discard(template, fields)
        for n, field in enumerate(fields[: self._limits.most_fields]):
            self._peers[_without(fields, n)].discard(field)
        self._lengths[_RUN.sub(LIST, template)].discard(template)
        self._units[self._unit.sub(VARIABLE, template)].discard(template)
        for frame in self._frames(template):
            self._quoted[frame].discard(template)


def _under(fields: list[bytes], mask: tuple[int, ...]) -> bytes:
    rest = list(fields)
    for n in mask:
        rest[n] = VARIABLE
    return b" ".join(rest)


def _without(fields: list[bytes], n: int) -> tuple[int, bytes, bytes]:
    return n, b" ".join(fields[:n]), b" ".join(fields[n + 1 :])


def _holds(whole: bytes, part: bytes) -> bool:
    """Whether *whole* is a value alone, and *part* says no more than a value there.

    Behind the same key any value is a value: ``ws=<*>`` and ``ws=Source{<*>}``.
    """
    key = _KEY.match(whole)
    if key and part.startswith(key[0]):
        whole, part = whole[key.end() :], part[key.end() :]
    alone = _ALONE.fullmatch(whole)
    return (
        alone is not None
        and VARIABLE in part
        and len(part) > len(alone[1]) + len(alone[2])
        and part.startswith(alone[1])
        and part.endswith(alone[2])
        and not _KEY.match(part)
    )
