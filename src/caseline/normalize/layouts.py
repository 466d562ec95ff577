"""What is known of a line's shape: one row of numbers, made once for each shape.

A shape is a line with every ASCII digit turned into 0. All offsets are bytes from the
line's start and hold for each line of the shape.
"""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """What a line is to the record it may belong to."""

    HEADER = 0
    PLAIN = 1
    CONTINUATION = 2
    CLOSING = 3
    BLANK = 4
    NUL = 5
    JSON = 6
    FILL = 7  # it was said by the JSON line before it


class Field(IntEnum):
    """The columns of a layout row. START and SIZE of an absent field are 0 and -1."""

    KIND = 0
    FORMAT = 1
    TIME = 2
    TIME_START = 3
    SEVERITY = 4
    SEVERITY_START = 5
    SEVERITY_SIZE = 6
    NUMBER = 7  # 0: severity is SEVERITY; 1: <PRI>, 2: HTTP status, 3: threat at NUMBER_START
    NUMBER_START = 8
    NUMBER_SIZE = 9
    SERVICE_START = 10
    SERVICE_SIZE = 11
    HOST_START = 12
    HOST_SIZE = 13
    TRACE_START = 14
    TRACE_SIZE = 15
    TENANT_START = 16
    TENANT_SIZE = 17
    PLACEMENT_START = 18
    PLACEMENT_SIZE = 19
    MESSAGE_START = 20
    MESSAGE_SIZE = 21
    EXTRA_START = 22
    EXTRA_SIZE = 23
    REPEATS_START = 24
    REPEATS_SIZE = 25
    FLAGS = 26
    PAIRS = 27  # which arrangement of key=value pairs is the message; -1: none is


NUMBER_PRIORITY = 1
NUMBER_STATUS = 2
NUMBER_THREAT = 3

PARTIAL = 1  # the runtime cut the line here; the next goes on without a line's end
OCTAL = 2  # the message holds #012 for newlines
ESCAPED = 4  # the message holds \n for newlines
WEAK = 8  # a header without a time: it does not vote
REPEATED = 16  # it stands for the message before it
LATER = 32  # its message is a continuation: it belongs to the record before it
SERVICE_VARIES = 64  # the service holds digits: lines of the shape differ in it
HOST_VARIES = 128
ENDS = 256  # a runtime wrapped it; its message may open or close a trace
EMBEDDED = 512  # its message is a JSON object
WHOLE = 1024  # another header stands behind its header: its beginning does not tell all

FILL = b"\x1f"
"""What stands on a line whose text was taken into the JSON object above it."""

WIDTH = len(Field)


def empty_row() -> list[int]:
    """Return a row that says nothing: no format, no time, no fields.

    >>> empty_row()[Field.HOST_SIZE], empty_row()[Field.TIME]
    (-1, -1)
    """
    return list(_EMPTY)


_EMPTY = tuple(
    -1 if f.name.endswith("SIZE") or f in (Field.FORMAT, Field.TIME, Field.PAIRS) else 0
    for f in Field
)
