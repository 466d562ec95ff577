"""A tenant's label in a message: taken off, so that one message is one for all tenants."""

from __future__ import annotations

import re

from caseline.normalize.layouts import Field

# A tenant's label at either end of a message: `[tenant=`, `tenantId: "`, and what closes it.
_LABEL = rb"""[\[({<]?["']?[A-Za-z][\w.-]*["']?[=:] ?["']?"""
_LABEL_FIRST = re.compile(_LABEL)
_LABEL_LAST = re.compile(rb"\s" + _LABEL + rb"\Z")
_CLOSED_FIRST = re.compile(rb"""["']?[\])}>]?(?:[|,;:]\s*|\s+|(?<=[\])}>])(?=\S))""")
_LONGEST_LABEL = 40
_CLOSED_LAST = re.compile(rb"""["']?[\])}>]?\s*\Z""")


def shed_tenant(line: bytes, row: list[int]) -> None:
    """Take the tenant's label off the message: one message is one for all tenants."""
    start = row[Field.MESSAGE_START]
    end = start + row[Field.MESSAGE_SIZE]
    value, value_end = row[Field.TENANT_START], row[Field.TENANT_START] + row[Field.TENANT_SIZE]
    if not start <= value < end:
        return
    if _LABEL_FIRST.fullmatch(line, start, value):
        closed = _CLOSED_FIRST.match(line, value_end, end)
        if closed is not None and closed.end() < end:
            row[Field.MESSAGE_START] = closed.end()
            row[Field.MESSAGE_SIZE] = end - closed.end()
    elif _CLOSED_LAST.match(line, value_end, end):
        label = _LABEL_LAST.search(line, max(start, value - _LONGEST_LABEL), value)
        if label is not None and label.start() > start:
            row[Field.MESSAGE_SIZE] = label.start() - start
