"""Reads files of the disk, without following links or waiting for pipes."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from caseline.collect.faults import Damage
from caseline.collect.identity import content_hash
from caseline.collect.reading import ByteReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from caseline.collect.budgets import Budget
    from caseline.collect.limits import Limits

_PIECE = 1 << 20
_SECTOR = 512
# Not every system has all of them; those that lack one have no need for it.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NONBLOCK", 0)
)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class DiskFile:
    """A regular file that is open.

    Args:
        path: Where it is.
        follow: Whether *path* may be a link.

    Raises:
        OSError: It cannot be opened, or is no regular file.
    """

    def __init__(self, path: Path, *, follow: bool = False) -> None:
        self._descriptor = os.open(path, _FLAGS | (0 if follow else _NO_LINK))
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise OSError(f"{path} is no regular file")
        self.size = status.st_size
        self._stored_bytes = getattr(status, "st_blocks", self.size) * _SECTOR
        self._left = self.size

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)

    def is_bomb(self, limits: Limits) -> bool:
        """Return whether nearly all of it is a hole, and it is large."""
        if self.size <= limits.allowance_bytes + limits.ratio * self._stored_bytes:
            return False
        # Some file systems do not tell what they store; those tell of no hole either.
        seek_hole = getattr(os, "SEEK_HOLE", None)
        if seek_hole is None:
            return False
        hole = os.lseek(self._descriptor, 0, seek_hole)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return hole < self.size

    def digest(self) -> str:
        """Return the identity of its content; it is read whole and rewound."""
        digest = content_hash()
        left = self.size
        while left and (chunk := os.read(self._descriptor, min(left, _PIECE))):
            digest.update(chunk)
            left -= len(chunk)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return digest.hexdigest()

    def reader(self, budget: Budget, size: int) -> ByteReader:
        """Return a reader of its first *size* bytes: what is written later is not taken."""
        self._left = size

        def pull(count: int) -> bytes:
            try:
                chunk = os.read(self._descriptor, min(count, self._left))
            except OSError as error:
                raise Damage("unreadable", type(error).__name__, final=True) from None
            if not chunk and self._left:
                self._left = 0
                raise Damage("truncated", "the file became shorter while it was read")
            self._left -= len(chunk)
            budget.packed_bytes += len(chunk)
            return chunk

        def leap(count: int) -> int:
            done = min(count, self._left)
            os.lseek(self._descriptor, done, os.SEEK_CUR)
            self._left -= done
            budget.packed_bytes += done
            return done

        return ByteReader(pull, leap=leap, random=self)

    def at(self, offset: int, size: int) -> bytes:
        """Return up to *size* bytes from *offset* on, without moving the reader."""
        place = os.lseek(self._descriptor, 0, os.SEEK_CUR)
        os.lseek(self._descriptor, offset, os.SEEK_SET)
        data = os.read(self._descriptor, size)
        os.lseek(self._descriptor, place, os.SEEK_SET)
        return data


@contextmanager
def opened(path: Path, *, follow: bool = False) -> Iterator[DiskFile]:
    """Open the file at *path* and close it in the end.

    Raises:
        OSError: It cannot be opened, or is no regular file.
    """
    file = DiskFile(path, follow=follow)
    try:
        yield file
    finally:
        file.close()
