"""Names collections and files by what they hold."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_DIGEST_BYTES = 16
_ORIGIN_BYTES = 1024


def content_hash() -> hashlib.blake2b:
    """Return an empty hash, to be fed with content: blake2b, 128 bits."""
    return hashlib.blake2b(digest_size=_DIGEST_BYTES)


def folder_id(files: Iterable[tuple[str, int, str]]) -> str:
    """Return the identity of a folder by (name, size in bytes, digest) of its files.

    >>> folder_id([("app.log", 3, "9f"), ("b.log", 0, "00")])
    '7bce5d238e58dd9ce07808aaf0254cef'
    """
    digest = content_hash()
    for name, size_bytes, content in sorted(files):
        digest.update(f"{name}\0{size_bytes}\0{content}\n".encode())
    return digest.hexdigest()


def stream_id(received_at: datetime, environment_id: str | None, name: str) -> str:
    """Return the identity of a stream whose content is not known yet."""
    parts = (received_at.isoformat(), environment_id or "", name)
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=_DIGEST_BYTES).hexdigest()


def origin_of(head: bytes) -> str:
    r"""Return the identity of a file by its first lines, whatever its name.

    A file keeps it when it is renamed, rotated, packed or written on, once it is longer
    than 1 KiB. Only whole lines count, unless the first is longer than that.

    Args:
        head: The text it begins with, at least 1 KiB of it or all.

    >>> first, more = b"a\n" * 600, b"a\n" * 600 + b"later\n"
    >>> origin_of(first) == origin_of(more)
    True
    """
    head = head[:_ORIGIN_BYTES]
    lines = head[: head.rfind(b"\n") + 1] or head
    return hashlib.blake2b(lines, digest_size=_DIGEST_BYTES).hexdigest()
