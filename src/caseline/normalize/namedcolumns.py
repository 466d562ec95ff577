"""Web server lines whose columns a directive names (W3C), brought into one order.

``#Fields: date time cs-method cs-uri-stem sc-status`` says what the lines behind it hold,
and may say otherwise further down. Each such line becomes time, status, computer, method
and path, then ``name=value`` of all other columns in the order of names.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_SIGNS = (b"#Fields:", b"#Date:")
_HEAD_BYTES = 64 * 1024
_FIELDS = re.compile(rb"^#Fields:[ \t]*(\S.*)$|^#Date:[ \t]*(\d{4}-\d\d-\d\d)", re.MULTILINE)
_HEAD = (b"sc-status", b"s-computername")
_MESSAGE = (b"cs-method", b"cs-uri-stem")


class _Columns(NamedTuple):
    pattern: re.Pattern[bytes]
    template: bytes


class NamedColumns:
    r"""Knows the columns that the last directive of a file named.

    The first is looked for near each block's start.

    >>> named = NamedColumns()
    >>> named.dressed(b"#Fields: date time sc-status\n2026-11-23 10:00:00 404\n")
    b'#Fields: date time sc-status\n2026-11-23T10:00:00Z named-columns 404 - \n'
    """

    def __init__(self) -> None:
        self._columns: _Columns | None = None
        self._names: list[bytes] = []
        self._date = b""

    def dressed(self, data: bytes) -> bytes:
        """Return *data*, clean lines, with the lines of named columns in one order."""
        if self._columns is None and not any(sign in data[:_HEAD_BYTES] for sign in _SIGNS):
            return data
        pieces: list[bytes] = []
        at = 0
        for directive in _FIELDS.finditer(data):
            pieces += [self._ordered(data[at : directive.start()]), directive[0]]
            at = directive.end()
            self._names = directive[1].split() if directive[1] else self._names
            self._date = directive[2] or self._date
            self._columns = _columns(self._names, self._date)
        return b"".join([*pieces, self._ordered(data[at:])])

    def _ordered(self, data: bytes) -> bytes:
        if self._columns is None:
            return data
        return self._columns.pattern.sub(self._columns.template, data)


def _columns(names: list[bytes], date: bytes) -> _Columns | None:
    """Return how lines of the columns *names* are matched and written; None without a time."""
    if b"time" not in names or not (date or b"date" in names):
        return None
    group = {name: rb"\g<%d>" % (i + 1) for i, name in enumerate(names)}
    day = group.get(b"date", date)
    head = b" ".join(group.get(name, b"-") for name in _HEAD)
    taken = {b"date", b"time", *_HEAD, *_MESSAGE}
    message = [group[name] for name in _MESSAGE if name in group]
    message += [name + b"=" + group[name] for name in sorted(group.keys() - taken)]
    line = rb"[ \t]".join(_value(name) for name in names)
    template = day + b"T" + group[b"time"] + b"Z named-columns " + head + b" " + b" ".join(message)
    return _Columns(re.compile(b"^" + line + b"$", re.MULTILINE), template)


def _value(name: bytes) -> bytes:
    if name == b"date":
        return rb"(\d{4}-\d\d-\d\d)"
    return rb"(\d\d:\d\d:\d\d(?:\.\d+)?)" if name == b"time" else rb'("[^"\n]*"|[^\s#]\S*)'
