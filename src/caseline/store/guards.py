"""Files are not taken away under a running question: questions share, re-attaching is alone."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from caseline.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Guard:
    """Who asks now, and whether files may be detached.

    A question begins at the *gate*, and does not wait for who writes. Whoever wants to be
    alone takes the lock of writing, then the gate, and waits there for running questions to
    end; a thread that asks inside its own transaction holds the first, and never waits.

    Attributes:
        gate: Held while it is looked which files are attached, and by who changes that.

    Args:
        writing: The store's lock of its one writer.
    """

    def __init__(self, writing: threading.RLock) -> None:
        self._writing = writing
        self.gate = threading.RLock()
        self._asking: dict[int, int] = {}
        self._changed = threading.Condition()

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Keep all files attached inside: for one question, and no writing within.

        >>> guard = Guard(threading.RLock())
        >>> with guard.shared(), guard.shared():
        ...     guard.questions
        1
        """
        me = threading.get_ident()
        if me in self._asking:
            self._count(me, 1)
        else:
            with self.gate:
                self._count(me, 1)
        try:
            yield
        finally:
            self._count(me, -1)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Be alone inside: running questions end first, new ones wait.

        Raises:
            WorkspaceError: this thread is in the middle of a question.

        >>> guard = Guard(threading.RLock())
        >>> with guard.exclusive(), guard.shared():
        ...     guard.questions
        1
        """
        if threading.get_ident() in self._asking:
            raise WorkspaceError("files cannot be changed within a question; do it after it")
        with self._writing, self.gate:
            with self._changed:
                self._changed.wait_for(lambda: not self._asking)
            yield

    @property
    def questions(self) -> int:
        """How many threads ask now."""
        return len(self._asking)

    def _count(self, thread: int, step: int) -> None:
        with self._changed:
            asking = self._asking.pop(thread, 0) + step
            if asking:
                self._asking[thread] = asking
            self._changed.notify_all()
