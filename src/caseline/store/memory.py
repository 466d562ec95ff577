"""What was made of tables, kept until one of them changes."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

T = TypeVar("T")
_MOST = 64


class Memory:
    """The last few things that were made of tables.

    >>> memory = Memory()
    >>> memory.remember("two", ["t"], lambda: 2), memory.remember("two", ["t"], lambda: 3)
    (2, 2)
    >>> memory.changed("t")
    >>> memory.remember("two", ["t"], lambda: 3)
    3
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._changes: Counter[str] = Counter()
        self._made: OrderedDict[Hashable, tuple[tuple[int, ...], Any]] = OrderedDict()

    def changed(self, table: str) -> None:
        """Note that *table* is not what it was."""
        with self._guard:
            self._changes[table] += 1

    def clear(self) -> None:
        """Forget everything."""
        with self._guard:
            self._made.clear()

    def remember(self, key: Hashable, tables: Iterable[str], make: Callable[[], T]) -> T:
        """Return what *make* makes, or made before if none of *tables* changed since."""
        with self._guard:
            version = tuple(self._changes[table] for table in tables)
            held = self._made.get(key)
            if held is not None:
                self._made.move_to_end(key)
        if held is not None and held[0] == version:
            made: T = held[1]
            return made
        made = make()
        with self._guard:
            self._made[key] = (version, made)
            self._made.move_to_end(key)
            while len(self._made) > _MOST:
                self._made.popitem(last=False)
        return made
