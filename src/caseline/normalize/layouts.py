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
    CONTINUATION = 2  # no header, but a role in a stack trace
    BLANK = 4
    NUL = 5
    JSON = 6
    FILL = 7  # it was said by the JSON line before it


class Role(IntEnum):
    """What a line, or its message if it has a header, is to a stack trace."""

    NONE = 0
    CHAINS = 1  # between two traces: the next one belongs to the record, too
    OPENS = 2
    DOWN = 3  # a frame beneath the exception's name
    UP = 4  # a frame above the exception's name
    GOES_ON = 5
    PLACES = 6  # says where the frame on the line before is
    NAMES = 7
    INSIDE = 8  # belongs to a trace right before it, and to nothing else


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
    ROLE = 27
    MANGLED = 28  # 1 + the way a collector wrote newlines; 0: none
    WRITER_START = 29  # what in the header tells one writer from another
    WRITER_SIZE = 30
    PAIRS = 31  # which arrangement of key=value pairs is the message; -1: none is


NUMBER_PRIORITY = 1
NUMBER_STATUS = 2
NUMBER_THREAT = 3

PARTIAL = 1  # the runtime cut the line here; the next goes on without a line's end
WEAK = 8  # a header without a time: it does not vote
REPEATED = 16  # it stands for the message before it
SERVICE_VARIES = 64  # the service holds digits: lines of the shape differ in it
HOST_VARIES = 128
WRAPPED = 256  # a runtime wrapped it: its message is a line as the program wrote it
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
