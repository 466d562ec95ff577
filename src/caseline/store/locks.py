"""Locks on files that the system takes back from a process that dies."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, flock
except ImportError:  # a platform without them
    _THERE = False
else:
    _THERE = True

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def are_there() -> bool:
    """Return whether this platform has such locks."""
    return _THERE


class FileLock:
    """A lock on the file at *path*, made if it is absent; free until it is taken.

    It is this object's own: another one is kept out in this process as in any other.

    Raises:
        OSError: the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self, *, shared: bool = False, wait: bool = True) -> bool:
        """Take the lock; return whether it is taken, always so with *wait*."""
        if not _THERE:
            return True
        how = LOCK_SH if shared else LOCK_EX
        try:
            flock(self._handle, how if wait else how | LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def free(self) -> None:
        """Give the lock back."""
        if _THERE:
            flock(self._handle, LOCK_UN)

    def read(self) -> bytes:
        """Return what the file holds."""
        return os.pread(self._handle, os.fstat(self._handle).st_size, 0)

    def write(self, content: bytes) -> None:
        """Let the file hold *content*."""
        os.pwrite(self._handle, content, 0)
        os.ftruncate(self._handle, len(content))

    def close(self) -> None:
        """Give the lock back, for good."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


@contextmanager
def lock_file(path: Path, *, shared: bool = False) -> Iterator[FileLock]:
    """Hold the lock of the file at *path* inside."""
    lock = FileLock(path)
    try:
        lock.take(shared=shared)
        yield lock
    finally:
        lock.close()
