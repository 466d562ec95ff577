"""Bundles: the archives in which an environment's logs reach support."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The logs of one host over some days, before they are packed.

    Args:
        name: The file's name without its ending: the last day, and the host where
            an environment has several.
        received_at: When it reaches support.
        kind: ``tar.gz`` or ``zip``.
        members: Path → content, without the manifest.
    """

    environment_id: str
    host: str
    timezone: str
    placement: str
    collected_at: datetime
    received_at: datetime
    name: str
    kind: str
    members: dict[str, bytes]

    @property
    def path(self) -> str:
        """Where a reliable courier puts it."""
        return f"bundles/{self.environment_id}/{self.name}.{self.kind}"

    @property
    def lines(self) -> int:
        """Physical lines in all members."""
        return sum(data.count(b"\n") for data in self.members.values())

    def manifest(self) -> bytes:
        """Return the manifest's content."""
        said: dict[str, Any] = {
            "environment_id": self.environment_id,
            "host": self.host,
            "timezone": self.timezone,
            "collected_at": self.collected_at.isoformat(),
            "files": list(self.members),
        }
        if self.placement:
            said["placement"] = self.placement
        return json.dumps(said, indent=1).encode()

    def contents(self) -> dict[str, bytes]:
        """Return all members, the manifest first."""
        return {MANIFEST: self.manifest(), **self.members}

    def pack(self) -> bytes:
        """Return the archive."""
        return pack(self.contents(), kind=self.kind, at=self.collected_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What arrives at support: a file and the truth about it.

    Args:
        path: Where it is put, ``/``-separated.
        received_at: When it arrives.
        data: Its bytes.
        environment_id: Where it truly comes from.
        damage: What is wrong with it: ``none``, or a word of its scenario.
        readable_lines: Physical log lines that a careful reader can save.
        lost_lines: Physical log lines that nobody can save.
        refused_members: Members that must be refused.
        notes: More about the damage; JSON-safe.
    """

    path: str
    received_at: datetime
    data: bytes
    environment_id: str
    damage: str = "none"
    readable_lines: int = 0
    lost_lines: int = 0
    refused_members: int = 0
    notes: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the truth about it, without its bytes."""
        names = ("path", "received_at", "environment_id", "damage", "readable_lines", "lost_lines")
        told = {name: getattr(self, name) for name in names}
        told["received_at"] = self.received_at.isoformat()
        return {**told, "refused_members": self.refused_members, "notes": self.notes}


class Courier(Protocol):
    """Hands bundles over, in good or bad condition."""

    def deliver(self, bundle: Bundle) -> Iterator[Parcel]:
        """Yield what arrives when *bundle* is sent."""
        ...


class ReliableCourier:
    """Hands over each bundle once, as it is."""

    def deliver(self, bundle: Bundle) -> Iterator[Parcel]:
        """Yield the packed bundle."""
        yield intact(bundle)


def intact(bundle: Bundle, *, path: str | None = None, damage: str = "none") -> Parcel:
    """Return *bundle* packed without damage, under another *path* if given."""
    return Parcel(
        path=path or bundle.path,
        received_at=bundle.received_at,
        data=bundle.pack(),
        environment_id=bundle.environment_id,
        damage=damage,
        readable_lines=bundle.lines,
    )


def pack(members: dict[str, bytes], *, kind: str, at: datetime) -> bytes:
    """Return an archive of *members* of a *kind*, the same bytes each time.

    >>> data = pack({"a.log": b"x"}, kind="zip", at=datetime(2026, 3, 1, tzinfo=UTC))
    >>> zipfile.ZipFile(io.BytesIO(data)).namelist()
    ['a.log']
    """
    return _zipped(members, at) if kind == "zip" else gzip.compress(tarred(members, at), 5, mtime=0)


def tarred(members: dict[str, bytes], at: datetime) -> bytes:
    """Return a tar archive of *members*."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(data), int(at.timestamp())
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def _zipped(members: dict[str, bytes], at: datetime) -> bytes:
    out = io.BytesIO()
    stamp = at.astimezone(UTC)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(
                name, (stamp.year, stamp.month, stamp.day, stamp.hour, stamp.minute, stamp.second)
            )
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            archive.writestr(entry, data)
    return out.getvalue()
