"""Labels that stand at the ends of a message, and are no part of it: tenant=, host=, service=."""

from __future__ import annotations

import re

from caseline.normalize.layouts import HOST_VARIES, SERVICE_VARIES, Field, Kind

# A tenant's label at either end of a message: `[tenant=`, `tenantId: "`, and what closes it.
_LABEL = rb"""[\[({<]?["']?[A-Za-z][\w.-]*["']?(?: ?=|:) ?["']?"""
_LABEL_FIRST = re.compile(_LABEL)
_LABEL_LAST = re.compile(rb"\s" + _LABEL + rb"\Z")
_CLOSED_FIRST = re.compile(rb"""["']?[\])}>]?(?:[|,;:]\s*|\s+|(?<=[\])}>])(?=\S))""")
_LONGEST_LABEL = 40
_CLOSED_LAST = re.compile(rb"""["']?[\])}>]?\s*\Z""")

# `host=web-1 `, `[svc=shop] `: columns that a program writes before its message.
_COLUMN = re.compile(
    rb"""[\[(]?(?P<name>host|hostname|node|svc|service|app|component|logger)="""
    rb"""["']?(?P<value>[\w.\-/:]{1,255})["']?[\])]?\s?[,;|]?\s+(?=\S)"""
)
_COLUMN_FIELDS = dict.fromkeys((b"host", b"hostname", b"node"), Field.HOST_START)
_MOST_COLUMNS = 4
_LONGEST_NAME = 11  # with a bracket and the sign


def shed_labels(line: bytes, row: list[int]) -> None:
    """Take the labels off the message: it is one for all tenants, hosts and services."""
    if row[Field.TENANT_SIZE] > 0:
        _shed_tenant(line, row)
    if row[Field.KIND] == Kind.HEADER and _shed_columns(line, row):
        mark_varying(line, row)
        if row[Field.TENANT_SIZE] > 0:
            _shed_tenant(line, row)


def _shed_columns(line: bytes, row: list[int]) -> bool:
    """Take host and service off the message's start; a header that says them says more."""
    begun = start = row[Field.MESSAGE_START]
    if b"=" not in line[start : start + _LONGEST_NAME]:
        return False
    end = start + row[Field.MESSAGE_SIZE]
    for _ in range(_MOST_COLUMNS):
        found = _COLUMN.match(line, start, end)
        if found is None:
            break
        field = _COLUMN_FIELDS.get(found["name"], Field.SERVICE_START)
        if row[field + 1] < 0:
            row[field], row[field + 1] = found.start("value"), len(found["value"])
        start = found.end()
    row[Field.MESSAGE_START] = start
    row[Field.MESSAGE_SIZE] = end - start
    return start > begun


def mark_varying(line: bytes, row: list[int]) -> None:
    """Mark the fields that hold digits: lines of the shape differ in them."""
    for start, flag in ((Field.SERVICE_START, SERVICE_VARIES), (Field.HOST_START, HOST_VARIES)):
        if b"0" in line[row[start] : row[start] + max(row[start + 1], 0)]:
            row[Field.FLAGS] |= flag


def _shed_tenant(line: bytes, row: list[int]) -> None:
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
