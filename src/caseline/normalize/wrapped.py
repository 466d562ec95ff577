r"""Lines that a container runtime wrapped, brought into one dress before they are read.

Docker writes ``{"log":"text\n","stream":"stdout","time":"..."}``, the others write
``time stdout F text``. Both wrap one physical line of the program, so that a trace or
a JSON object of the program is only seen once the wrapping is off.
"""

from __future__ import annotations

import json
import re

RUNTIME_TIME = "runtime@time"
"""The field that keeps the runtime's time in a JSON object of the program's own."""

_TIME = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"
_DOCKER = re.compile(
    rb'^\{ ?"log": ?"([^"\\\n]*(?:\\.[^"\\\n]*)*)", ?"stream": ?"(stdout|stderr)"'
    rb'(?:, ?"attrs": ?\{[^{}\n]*\})?, ?"time": ?"(' + _TIME + rb')" ?\}[ \t\r]*$',
    re.MULTILINE,
)
_OBJECT = re.compile(rb"^(" + _TIME + rb') std(?:out|err) F (\{".*)\}[ \t\r]*$', re.MULTILINE)
_STRINGS = json.JSONDecoder(strict=False)
_MARKS = (b'"log":', b' F {"')


def unwrap(data: bytes) -> bytes:
    r"""Return *data* with Docker's lines as the other runtimes write them.

    A JSON object within becomes the line, and keeps the runtime's time as a field. The
    number of lines stays as it is.

    >>> line = b'{"log":"\\tat a.B.c(B.java:3)\\n","stream":"stderr","time":"2026-03-01T08:00:00Z"}'
    >>> unwrap(line)
    b'2026-03-01T08:00:00Z stderr F \tat a.B.c(B.java:3)'
    >>> unwrap(b'2026-03-01T08:00:00Z stdout F {"level":"error"}')
    b'{"level":"error","runtime@time":"2026-03-01T08:00:00Z"}'
    """
    docker, wrapped = _MARKS
    if docker in data:
        data = _DOCKER.sub(_undocked, data)
    if wrapped in data:
        data = _OBJECT.sub(rb'\2,"' + RUNTIME_TIME.encode() + rb'":"\1"}', data)
    return data


def _undocked(match: re.Match[bytes]) -> bytes:
    """Return one of Docker's lines in the other dress; as it is where it holds several."""
    text = match[1]
    if text.endswith(b"\\n") and text.count(b"\\") == 1:
        text = text[:-2] + b"\n"
    elif b"\\" in text:
        try:
            text = _STRINGS.decode(f'"{text.decode()}"').encode("utf-8", "replace")
        except ValueError:
            return match[0]
    whole = text.endswith(b"\n")
    text = text.removesuffix(b"\n")
    if b"\n" in text:
        return match[0]
    return b"%s %s %s %s" % (match[3], match[2], b"F" if whole else b"P", text)
