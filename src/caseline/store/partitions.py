"""One database file for each month of events: found, attached, made, in order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from caseline.store.connecting import attach, ddl_for
from caseline.store.schema import partition_ddl

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    import duckdb

    from caseline.records.windows import Window

_FILE = re.compile(r"\d{4}-\d{2}")


class Partitions:
    """The months of one workspace.

    Args:
        hub: The connection to attach them to.
        folder: Where their files are.
        key_of: Gives the data key of a file by its name; None leaves it in clear.
        read_only: Attach without the right to write.
    """

    def __init__(
        self,
        hub: duckdb.DuckDBPyConnection,
        folder: Path,
        *,
        key_of: Callable[[str], str | None],
        read_only: bool,
    ) -> None:
        self._hub = hub
        self._folder = folder
        self._key_of = key_of
        self._read_only = read_only
        self._attached: set[str] = set()
        found = folder.glob("*.duckdb") if folder.is_dir() else ()
        self.months = sorted(p.stem for p in found if _FILE.fullmatch(p.stem))

    def touched_by(self, window: Window | None) -> list[str]:
        """Return the names of the existing partitions that *window* touches, attached."""
        return [self._attach(m) for m in self.months if window is None or _touches(m, window)]

    def for_month(self, month: str) -> str:
        """Return the name of the partition of *month* (``2026-11``), made if it is absent."""
        if month not in self.months:
            self._folder.mkdir(exist_ok=True)
            self.complete(month)
            self.months = sorted([*self.months, month])
        return self._attach(month)

    def complete(self, month: str) -> None:
        """Make those tables that the partition of *month* has not."""
        self._hub.execute(ddl_for(self._attach(month), partition_ddl()))

    def _attach(self, month: str) -> str:
        name = f"m{month.replace('-', '_')}"
        if name not in self._attached:
            path = self._folder / f"{month}.duckdb"
            key = self._key_of(f"events/{path.name}")
            attach(self._hub, path, name=name, key=key, read_only=self._read_only)
            self._attached.add(name)
        return name


def month_of(moment: datetime) -> str:
    """Return the name of the month that *moment* is in: ``2026-11``."""
    return f"{moment:%Y-%m}"


def _touches(month: str, window: Window) -> bool:
    last = month_of(window.end)
    ends_at_its_start = f"{window.end:%d%H%M%S%f}" == "01000000000000"
    return month_of(window.start) <= month <= last and not (month == last and ends_at_its_start)
