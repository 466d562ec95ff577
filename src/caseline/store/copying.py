"""Copies of database files: links where they stand still, the log first where they do not."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from caseline.errors import WorkspaceError

if TYPE_CHECKING:
    from pathlib import Path

_NOT_HERE = {errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EBADF}
"""Why the kernel does not copy from one file to another by itself."""
_STEP = 1 << 26


def copy_file(source: Path, target: Path) -> None:
    """Copy the bytes that *source* has now, and the time it was changed, to *target*.

    The file system shares the blocks, if it can.

    Raises:
        WorkspaceError: there is no space.
    """
    try:
        with source.open("rb") as old, target.open("wb") as new:
            told = os.fstat(old.fileno())
            _copy_bytes(old.fileno(), new.fileno(), told.st_size)
        os.utime(target, ns=(told.st_atime_ns, told.st_mtime_ns))
        target.chmod(told.st_mode & 0o777)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        with suppress(OSError):
            target.unlink()
        raise WorkspaceError(
            f"no space for a copy of {source.name} in {target.parent}: it has "
            f"{source.stat().st_size:,} bytes, {shutil.disk_usage(target.parent).free:,} are free"
        ) from None


def _copy_bytes(old: int, new: int, size: int) -> None:
    done = 0
    by_kernel = hasattr(os, "copy_file_range")
    while done < size:
        step = min(size - done, _STEP)
        if by_kernel:
            try:
                copied = os.copy_file_range(old, new, step, done, done)
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                by_kernel = False
                continue
        else:
            copied = os.pwrite(new, os.pread(old, step, done), done)
        if not copied:
            return
        done += copied


def copy_database(source: Path, target: Path) -> None:
    """Copy the database at *source* with its log to *target*, as its last commit left it.

    Its writer may go on, but does not fold the log in meanwhile. The log comes first:
    what it refers to stands in the file by then.
    """
    for log in sorted(source.parent.glob(f"{source.name}.wal*")):
        with suppress(FileNotFoundError):
            copy_file(log, target.with_name(log.name))
    copy_file(source, target)


def link_database(source: Path, target: Path) -> bool:
    """Give the database at *source*, which stands still, the second name *target*.

    Returns:
        Whether that is so: not where it has a log, or the file system has no links.
    """
    if any(log.stat().st_size for log in source.parent.glob(f"{source.name}.wal*")):
        return False
    try:
        target.hardlink_to(source)
    except OSError:
        return False
    return True


def put(beside: Path, path: Path) -> None:
    """Let the file *beside* take the place of *path*, on the disk, whole."""
    settle(beside)
    beside.replace(path)
    settle(path.parent)


def settle(path: Path) -> None:
    """Return when what *path*, a file or folder, holds is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
