"""Ways to damage a bundle, each with what a careful reader can still save."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from caseline.testing.fleet.bundles import MANIFEST, Bundle, Parcel, intact, pack

if TYPE_CHECKING:
    import numpy as np

_TRUNCATED_TO = 0.6
_NUL_BLOCK = 4096
_BOMB_MEGABYTES = 256
_OUTSIDE = ("../../outside/evil.log", "/absolute/evil.log")


def truncate(bundle: Bundle, _rng: np.random.Generator) -> Parcel:
    """Cut a ``tar.gz`` after 60 % of its bytes."""
    packed = pack(bundle.contents(), kind="tar.gz", at=bundle.collected_at)
    data = packed[: int(len(packed) * _TRUNCATED_TO)]
    saved = salvageable_lines(data)
    return Parcel(
        path=replace(bundle, kind="tar.gz").path,
        received_at=bundle.received_at,
        data=data,
        environment_id=bundle.environment_id,
        damage="truncated",
        readable_lines=saved,
        lost_lines=bundle.lines - saved,
    )


def salvageable_lines(truncated: bytes) -> int:
    """Return the whole log lines in the readable part of a cut ``tar.gz``."""
    plain = zlib.decompressobj(31).decompress(truncated)
    padded = plain + bytes(2 * tarfile.BLOCKSIZE)
    saved = 0
    with tarfile.open(fileobj=io.BytesIO(padded), mode="r:", ignore_zeros=True) as archive:
        for entry in _whole_headers(archive):
            if entry.name != MANIFEST:
                saved += plain[entry.offset_data : entry.offset_data + entry.size].count(b"\n")
    return saved


def _whole_headers(archive: tarfile.TarFile) -> list[tarfile.TarInfo]:
    found: list[tarfile.TarInfo] = []
    while True:
        try:
            entry = archive.next()
        except tarfile.TarError:
            return found
        if entry is None:
            return found
        found.append(entry)


def spoil_encoding(bundle: Bundle, rng: np.random.Generator) -> Parcel:
    """Put bytes that are no UTF-8 at the end of some lines; every line stays readable."""

    def spoil(data: bytes) -> bytes:
        lines = data.split(b"\n")
        for i in rng.choice(len(lines), size=max(1, len(lines) // 50)):
            lines[i] = lines[i] and lines[i][:-1] + b"\xe9\xff" + lines[i][-1:]
        return b"\n".join(lines)

    return _altered(bundle, {p: spoil(d) for p, d in bundle.members.items()}, "bad_utf8")


def insert_nuls(bundle: Bundle, _rng: np.random.Generator) -> Parcel:
    """Put a block of NUL bytes between two lines of each file, as a crash leaves them."""

    def insert(data: bytes) -> bytes:
        cut = data.find(b"\n", len(data) // 2) + 1
        return data[:cut] + bytes(_NUL_BLOCK) + data[cut:]

    return _altered(bundle, {p: insert(d) for p, d in bundle.members.items()}, "nul_block")


def halve_json(bundle: Bundle, _rng: np.random.Generator) -> Parcel:
    """Cut the last record of each JSON file in half; that record is lost."""
    lost = 0
    members = dict(bundle.members)
    for path, data in bundle.members.items():
        if data.startswith(b"{"):
            start = data.rfind(b"\n", 0, len(data) - 1) + 1
            members[path] = data[: start + (len(data) - start) // 2]
            lost += 1
    parcel = _altered(bundle, members, "half_json")
    return replace(parcel, readable_lines=bundle.lines - lost, lost_lines=lost)


def add_bomb(bundle: Bundle, _rng: np.random.Generator) -> Parcel:
    """Add a member of 256 MB of zeros to a small zip: it must be refused."""
    out = io.BytesIO(pack(bundle.contents(), kind="zip", at=bundle.collected_at))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        entry = zipfile.ZipInfo("logs/huge.log", (2026, 1, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.create_system = 3
        with archive.open(entry, "w", force_zip64=True) as member:
            for _ in range(_BOMB_MEGABYTES):
                member.write(bytes(1 << 20))
    parcel = intact(replace(bundle, kind="zip"), damage="bomb")
    return replace(parcel, data=out.getvalue(), refused_members=1)


def escape_folder(bundle: Bundle, _rng: np.random.Generator) -> Parcel:
    """Add members that point outside of any folder they are unpacked to."""
    outside = dict.fromkeys(
        _OUTSIDE, b"2026-03-01 00:00:00,000 ERROR [main] evil - written outside\n"
    )
    members = {**bundle.contents(), **outside}
    packed = pack(members, kind=bundle.kind, at=bundle.collected_at)
    parcel = intact(bundle, damage="traversal")
    return replace(parcel, data=packed, refused_members=len(_OUTSIDE))


def lose_file(bundle: Bundle, _rng: np.random.Generator) -> Parcel:
    """Leave out the largest file that the manifest names."""
    largest = max(bundle.members, key=lambda path: len(bundle.members[path]))
    kept = {path: data for path, data in bundle.members.items() if path != largest}
    contents = {MANIFEST: bundle.manifest(), **kept}
    lost = bundle.members[largest].count(b"\n")
    return Parcel(
        path=bundle.path,
        received_at=bundle.received_at,
        data=pack(contents, kind=bundle.kind, at=bundle.collected_at),
        environment_id=bundle.environment_id,
        damage="missing_file",
        readable_lines=bundle.lines - lost,
        lost_lines=lost,
        notes={"missing": largest},
    )


def _altered(bundle: Bundle, members: dict[str, bytes], damage: str) -> Parcel:
    parcel = intact(replace(bundle, members=members), damage=damage)
    return replace(parcel, readable_lines=bundle.lines)
