"""Reads the manifest of a bundle: where it comes from, when, from which machine."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from caseline.clock import is_zone

if TYPE_CHECKING:
    from collections.abc import Callable

_FILE = "manifest.json"
_TEXT_FIELDS = ("environment_id", "host", "placement", "timezone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a bundle says of itself.

    Args:
        environment_id: The installation it was taken from.
        host: The machine, if all of it comes from one.
        hosts: The machines whose files stand in folders ``<host>/var/log``.
        placement: Cell, shard or host group.
        timezone: IANA zone for times written without one.
        collected_at: When it was taken.
    """

    environment_id: str | None = None
    host: str | None = None
    hosts: frozenset[str] = field(default=frozenset())
    placement: str | None = None
    timezone: str | None = None
    collected_at: datetime | None = None

    def host_of(self, name: str) -> str | None:
        """Return the machine that file *name* comes from, if the manifest tells.

        >>> Manifest(hosts=frozenset({"node-1"})).host_of("bundle/node-1/var/log/app.log")
        'node-1'
        """
        parts = name.split("/")
        for host, var, log in zip(parts, parts[1:], parts[2:-1], strict=False):
            if host in self.hosts and (var, log) == ("var", "log"):
                return host
        return self.host


def is_manifest(name: str) -> bool:
    """Return whether file *name* is a manifest: at the root, or one folder down.

    >>> is_manifest("manifest.json"), is_manifest("bundle/manifest.json")
    (True, True)
    >>> is_manifest("bundle/web/manifest.json")
    False
    """
    return name == _FILE or (name.count("/") == 1 and name.endswith(f"/{_FILE}"))


def read_manifest(data: bytes, complain: Callable[[str], None]) -> Manifest:
    """Return the manifest in *data*; what is wrong in it goes to *complain*, and is left out.

    Args:
        data: JSON, UTF-8: an object with ``environment_id`` (or ``environment``),
            ``host``, ``hosts``, ``placement``, ``timezone``, ``collected_at``; other
            keys are nobody's business.
        complain: Told which key is wrong and how; never its value.

    >>> read_manifest(b'{"environment": "acme-prod", "host": 7}', print).environment_id
    host is a number; give text
    'acme-prod'
    """
    try:
        values = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        complain("no JSON")
        return Manifest()
    if not isinstance(values, dict):
        complain(f"{_kind(values)}; give an object")
        return Manifest()
    if values.get("environment_id") is None:
        values["environment_id"] = values.get("environment")
    texts = {name: _text(name, values.get(name), complain) for name in _TEXT_FIELDS}
    return Manifest(
        environment_id=texts["environment_id"],
        host=texts["host"],
        placement=texts["placement"],
        timezone=_zone(texts["timezone"], complain),
        hosts=_hosts(values.get("hosts"), complain),
        collected_at=_moment(values.get("collected_at"), complain),
    )


def _kind(value: Any) -> str:
    kinds = {bool: "a boolean", int: "a number", float: "a number", list: "a list", str: "text"}
    return kinds.get(type(value), "null" if value is None else "an object")


def _text(name: str, value: Any, complain: Callable[[str], None]) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and value and value.isprintable():
        return value
    complain(f"{name} is {_kind(value)}; give text" if value != "" else f"{name} is empty")
    return None


def _zone(name: str | None, complain: Callable[[str], None]) -> str | None:
    if name is None or is_zone(name):
        return name
    complain("timezone is no IANA zone, such as Europe/Madrid")
    return None


def _hosts(value: Any, complain: Callable[[str], None]) -> frozenset[str]:
    if value is None:
        return frozenset()
    if isinstance(value, list) and all(isinstance(host, str) for host in value):
        return frozenset(value)
    complain("hosts is not a list of text")
    return frozenset()


def _moment(value: Any, complain: Callable[[str], None]) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.utcoffset() is None:
        complain("collected_at is no ISO 8601 time with its zone")
        return None
    return moment.astimezone(UTC)
