"""Tells packed data and binary files from text: by the first bytes, then by the name."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from caseline.collect.compression import CODECS
from caseline.collect.tar_members import BLOCK, TAR_MARK, tar_begins
from caseline.collect.zip_members import zip_begins

HEAD_BYTES = 8192
_RULES = "2026-11"
_ZIP_STARTS = (b"PK\x05\x06", b"PK\x07\x08")
_MARKS = {name: codec.mark.needle for name, codec in CODECS.items()} | {"zip": b"PK\x03\x04"}
_SUFFIXES = {
    ".gz": "gzip",
    ".tgz": "gzip",
    ".bz2": "bzip2",
    ".tbz2": "bzip2",
    ".tbz": "bzip2",
    ".xz": "xz",
    ".txz": "xz",
    ".zst": "zstd",
    ".tzst": "zstd",
    ".zip": "zip",
    ".tar": "tar",
}
# Everything below a space, but for tab, line feed, form feed, carriage return,
# backspace and escape, which logs hold; and delete.
_CONTROLS = bytes({*range(1, 32), 127} - set(b"\t\n\f\r\b\x1b"))
_HIGH = bytes(range(128, 256))


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryRules:
    """What makes a file binary: see ``rules/2026-11/binary.toml``."""

    hole_bytes: int
    small_bytes: int
    small_share: float
    share: float
    mixed_share: float
    mixed_high_share: float
    magics: tuple[tuple[bytes, str], ...]


@cache
def shipped_rules() -> BinaryRules:
    """Return the rules that ship.

    >>> shipped_rules().hole_bytes
    512
    """
    path = files("caseline.collect").joinpath("rules", _RULES, "binary.toml")
    rules = tomllib.loads(path.read_text(encoding="utf-8"))
    magics = tuple((bytes.fromhex(m["hex"]), m["kind"]) for m in rules.pop("magic"))
    return BinaryRules(magics=magics, **rules["text"])


def packing(head: bytes, name: str) -> str | None:
    r"""Return how a file is packed that begins with *head*; None if it is not.

    The name counts only where the bytes are no text, or too few to tell.

    Returns:
        gzip, bzip2, xz, zstd, zip, tar or None.

    >>> packing(b"PK\x05\x06", "notes.txt"), packing(b"plain text", "notes.gz")
    ('zip', None)
    """
    for codec in CODECS.values():
        if head.startswith(codec.mark.needle) and codec.mark.begins(head[: codec.mark.width]):
            return codec.name
    if CODECS["zstd"].mark.begins(head[:5]):
        return "zstd"
    if zip_begins(head[:30]) or head[:4] in _ZIP_STARTS:
        return "zip"
    if tar_begins(head[:BLOCK]) or head[257:262] == TAR_MARK.needle:
        return "tar"
    return _packing_by_name(head, name)


def _packing_by_name(head: bytes, name: str) -> str | None:
    kind = next((k for s, k in _SUFFIXES.items() if name.lower().endswith(s)), None)
    if kind is None or not head:
        return None
    cut = len(head) < BLOCK if kind == "tar" else _MARKS[kind].startswith(head)
    return kind if cut or binary_kind(head) else None


def inner_name(name: str) -> str:
    """Return what a packed file's name says of what is in it.

    >>> inner_name("bundle.tar.gz"), inner_name("bundle.tgz"), inner_name("app.log.2.xz")
    ('bundle.tar', 'bundle.tar', 'app.log.2')
    """
    for suffix in _SUFFIXES:
        if name.lower().endswith(suffix):
            stem = name[: -len(suffix)]
            return f"{stem}.tar" if suffix.startswith(".t") and suffix != ".tar" else stem
    return name


def binary_kind(head: bytes) -> str:
    r"""Return why a file that begins with *head* is no text; empty if it may be one.

    Runs of NUL as a crash or a sparse file leaves them in a log do not count.

    Args:
        head: The first 8 KiB, or the whole file.

    >>> binary_kind(b"10:00 start\n" + bytes(4096) + b"10:05 start\n")
    ''
    >>> binary_kind(bytes(range(32)) * 9)
    'control bytes'
    """
    rules = shipped_rules()
    for magic, kind in rules.magics:
        if head.startswith(magic):
            return kind
    sample = _without_holes(head, rules.hole_bytes)
    if not sample:
        return "nothing but NUL" if head else ""
    controls = (len(sample) - len(sample.translate(None, _CONTROLS + b"\0"))) / len(sample)
    high = (len(sample) - len(sample.translate(None, _HIGH))) / len(sample)
    limit = rules.small_share if len(sample) < rules.small_bytes else rules.share
    if controls > limit:
        return "control bytes"
    mixed = controls > rules.mixed_share and high > rules.mixed_high_share
    return "control bytes" if mixed and len(sample) >= rules.small_bytes else ""


def _without_holes(head: bytes, hole_bytes: int) -> bytes:
    """Return *head* without its runs of at least *hole_bytes* NUL."""
    hole = bytes(hole_bytes)
    parts = head.split(hole)
    # What splits off a run longer than one hole begins with the rest of its zeros.
    return parts[0] + b"".join(part.lstrip(b"\0") for part in parts[1:])
