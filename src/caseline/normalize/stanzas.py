"""Records of several lines that each say a part, brought into one object before lines are read.

Windows writes an event over twenty lines, a slow statement has its time, its costs and
its text on lines of their own, a Java logger writes the level on the second line. Each
such stanza becomes one JSON object on its first line; its other lines are kept as empty
ones that are of it (see ``FILL``), so that lines still count as they stand in the file.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from caseline.normalize.layouts import FILL
from caseline.normalize.wordbook import read_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Pattern = re.Pattern[str]

_HEAD_BYTES = 64 * 1024
_MOST_HELD = 256 * 1024


@dataclass(frozen=True, slots=True)
class Stanza:
    """One way to write a record over several lines; see ``formats/*/stanzas.toml``."""

    opens: re.Pattern[bytes]
    introduces: re.Pattern[bytes] | None
    ends: re.Pattern[bytes] | None
    goes_on: re.Pattern[bytes] | None
    most: int
    needs: tuple[str, ...]
    fields: Mapping[str, Pattern]
    items: Pattern | None
    levels: Mapping[str, str]
    entities: bool


@cache
def load_stanzas(date: str) -> tuple[Stanza, ...]:
    """Return the stanzas of ``formats/<date>``.

    >>> len(load_stanzas("2026-11")) > 5
    True
    """
    return tuple(_stanza(entry) for entry in read_data("formats", date, "stanzas.toml")["stanza"])


def _stanza(entry: dict[str, Any]) -> Stanza:
    def compiled(key: str) -> re.Pattern[bytes] | None:
        return re.compile(entry[key].encode(), re.MULTILINE) if key in entry else None

    return Stanza(
        # A newline first, so that a search leaps from line to line.
        opens=re.compile(b"\n(?=%s)" % entry["opens"].encode(), re.MULTILINE),
        introduces=compiled("introduces"),
        ends=compiled("ends"),
        goes_on=compiled("goes_on"),
        most=entry["most"],
        needs=tuple(entry["needs"]),
        fields={name: re.compile(p, re.MULTILINE) for name, p in entry["fields"].items()},
        items=re.compile(entry["items"], re.MULTILINE) if "items" in entry else None,
        levels=entry.get("levels", {}),
        entities=entry.get("entities", False),
    )


class StanzaReader:
    r"""Finds the stanzas of one file, block by block.

    A file is searched for a way to write them once one stands near a block's start.

    Args:
        date: The dated folder of formats.

    >>> lines = b"Nov 23, 2026 10:00:00 AM shop.Orders place\nSEVERE: order 7 failed\n"
    >>> StanzaReader("2026-11").dressed(lines).count(b"\n")
    2
    """

    def __init__(self, date: str) -> None:
        self._known = load_stanzas(date)
        self._seen: list[Stanza] = []
        self._held = b""
        self._looked_at = b""

    @property
    def held_bytes(self) -> int:
        """How many bytes of the blocks so far wait for what follows them."""
        return len(self._held)

    def whole(self, data: bytes, *, last: bool) -> bytes:
        """Return *data* behind what was held, up to a stanza that may go on in the next block.

        Args:
            data: The next block.
            last: Nothing follows.
        """
        data, self._held = self._held + data, b""
        self._look(data)
        if last or not self._seen:
            return data
        cut = max((self._open_at(stanza, data) for stanza in self._seen), default=-1)
        if cut < 0 or len(data) - cut > _MOST_HELD:
            return data
        self._held = data[cut:]
        return data[:cut]

    def dressed(self, data: bytes) -> bytes:
        """Return *data*, clean lines, with each stanza as a JSON object."""
        self._look(data)
        for stanza in self._seen:
            data = b"".join(_dressed(stanza, data))
        return data

    def _look(self, data: bytes) -> None:
        head = b"\n" + data[:_HEAD_BYTES]
        if head == self._looked_at:
            return
        self._looked_at = head
        for stanza in self._known:
            if stanza not in self._seen and stanza.opens.search(head):
                self._seen.append(stanza)

    def _open_at(self, stanza: Stanza, data: bytes) -> int:
        """Return where a stanza starts that may go on behind *data*, or -1."""
        near = data.rfind(b"\n", 0, max(len(data) - 2 * _MOST_HELD, 0)) + 1
        starts = _starts(stanza, data[near:])
        start = near + starts[-1] if starts else -1
        if start < 0 or (stanza.ends and stanza.ends.search(data, start)):
            return -1
        if stanza.goes_on is not None:
            lines = data[start:].splitlines()[1:]
            return start if all(stanza.goes_on.match(line) for line in lines) else -1
        return start


def _starts(stanza: Stanza, data: bytes) -> list[int]:
    """Return where stanzas open; a line that another introduces opens none."""
    found: list[int] = []
    for match in stanza.opens.finditer(b"\n" + data):
        start = match.start()
        opener = found and stanza.introduces and stanza.introduces.match(data, found[-1])
        if not opener or data.count(b"\n", found[-1], start) > 1:
            found.append(start)
    return found


def _dressed(stanza: Stanza, data: bytes) -> Iterator[bytes]:
    """Yield *data* in pieces, the stanzas among them dressed."""
    starts = _starts(stanza, data)
    at = 0
    for start, following in pairwise([*starts, len(data)]):
        if start < at:
            continue
        yield data[at:start]
        text = _text(stanza, data[start:following])
        yield _object(stanza, text)
        at = start + len(text)
    yield data[at:]


def _text(stanza: Stanza, data: bytes) -> bytes:
    """Return the stanza that *data*, up to the next one, begins with."""
    lines = re.findall(rb"[^\n]*\n|[^\n]+", data)
    count = len(lines)
    if stanza.ends is not None:
        end = stanza.ends.search(data)
        if end is not None:
            count = data.count(b"\n", 0, end.end() - 1) + 1
    if stanza.goes_on is not None:
        inner = [i for i, line in enumerate(lines) if i and not stanza.goes_on.match(line)]
        count = min([count, *inner])
    return b"".join(lines[: count if count <= stanza.most else 2])


def _object(stanza: Stanza, data: bytes) -> bytes:
    """Return a stanza as a JSON object and empty lines; as it is if a field is missing."""
    text = data.decode("utf-8", "replace")
    fields: dict[str, str] = {}
    if stanza.items is not None:
        for i, match in enumerate(stanza.items.finditer(text)):
            fields.setdefault(match["name"] or f"data{i}", match["value"])
    for name, pattern in stanza.fields.items():
        found = pattern.search(text)
        if found is not None and found[1].strip():
            fields[name] = found[1].rstrip()
    if not fields or not all(fields.get(name) for name in stanza.needs):
        return data
    if "level" in fields:
        fields["level"] = stanza.levels.get(fields["level"], fields["level"])
    if stanza.entities:
        fields = {name: html.unescape(value) for name, value in fields.items()}
    lines = data.count(b"\n")
    end = b"\n" if data.endswith(b"\n") else b""
    rest = (b"\n" + FILL) * (lines - bool(end))
    return json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace") + rest + end
