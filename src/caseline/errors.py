"""Every error that Caseline raises on purpose.

CaselineError
├── InputError (ValueError)               a call that cannot be right
│   └── TableError                        a table with missing or wrong columns
├── NotFoundError (KeyError)              an id that the workspace does not know
├── SourceError (OSError)                 a path that is absent or cannot be read
├── WorkspaceError (RuntimeError)         the workspace cannot do this now
│   ├── WorkspaceLockedError              another process writes to it
│   ├── ReadOnlyError                     opened with read_only=True, or its disk is
│   ├── StorageFullError                  the disk has no room for what is to be written
│   ├── KeyMismatchError                  key= missing, or not the key it was made with
│   └── DamagedError                      a file of the workspace is not what it should be
└── MissingExtraError (ImportError)       an optional part that is not installed

A message says what was wrong, with which value, and what to do. It never holds
log text or personal data: a value shown is an id, a path, a name of a column.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class CaselineError(Exception):
    """The root: catch this to catch all that Caseline raises on purpose."""

    def __str__(self) -> str:
        """Return the message as it was given (KeyError would quote it)."""
        return str(self.args[0]) if self.args else ""


class InputError(CaselineError, ValueError):
    """A call that cannot be right, whatever the workspace holds."""

    @classmethod
    def unknown(cls, kind: str, value: str, known: Iterable[str]) -> InputError:
        """Return the error for a *value* that is none of the *known* names of *kind*.

        >>> str(InputError.unknown("piece", "levl", ["level", "time"]))
        "no piece 'levl'; did you mean 'level'?"
        """
        names = list(known)
        near = difflib.get_close_matches(value, names, n=3)
        hint = f"did you mean {', '.join(map(repr, near))}?" if near else f"there are {names}"
        return cls(f"no {kind} {value!r}; {hint}")


class TableError(InputError):
    """A table with missing columns, or columns of a wrong type."""


class NotFoundError(CaselineError, KeyError):
    """An id that the workspace does not know."""

    @classmethod
    def of(cls, kind: str, value: object, known: Iterable[str] = ()) -> NotFoundError:
        """Return the error for an unknown *value* of *kind*, with near names if any.

        >>> str(NotFoundError.of("environment", "acme-prd", ["acme-prod", "zeta"]))
        "no environment 'acme-prd'; did you mean 'acme-prod'?"
        """
        near = difflib.get_close_matches(str(value), list(known), n=3)
        hint = f"; did you mean {', '.join(map(repr, near))}?" if near else ""
        return cls(f"no {kind} {value!r}{hint}")


class SourceError(CaselineError, OSError):
    """A path that does not exist or cannot be read."""


class WorkspaceError(CaselineError, RuntimeError):
    """The workspace cannot do this now."""


class WorkspaceLockedError(WorkspaceError):
    """Another process has the workspace open for writing."""


class ReadOnlyError(WorkspaceError):
    """A change was asked of a workspace that was opened, or whose disk is, read-only."""


class StorageFullError(WorkspaceError):
    """The disk has no room: nothing was half written, and it can be done again."""


class KeyMismatchError(WorkspaceError):
    """The key is missing, or is not the one the workspace was made with."""


class DamagedError(WorkspaceError):
    """A file of the workspace is not what it should be."""


class MissingExtraError(CaselineError, ImportError):
    """An optional part of Caseline is not installed."""
