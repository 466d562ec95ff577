"""What a look at all files of a workspace found, and what was mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.records.answers import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import polars as pl

SOUND = "sound"


class Verification(Table):
    """What was looked at: a row for each file and check, with its verdict.

    Columns: file, check, verdict (``sound``, ``differs``, ``damaged``, ``missing``), rows
    (looked at), wrong (of them, or of what should be there), detail.
    """

    @property
    def sound(self) -> bool:
        """Whether every check of every file found what should be there."""
        return bool((self._frame["verdict"] == SOUND).all())

    @property
    def faults(self) -> Table:
        """The rows whose verdict is another one."""
        return Table(
            "faults", self._frame.filter(self._frame["verdict"] != SOUND), as_of=self.as_of
        )


class Repair(Table):
    """What was mended: a row for each change, with what is lost by it.

    Columns: file, action (``rebuilt`` from events; ``set_aside``, a damaged file is not used
    any more; ``accepted``, the file goes on with less than it had), kept_as (where a damaged
    file is kept), lost_events, lost_batches (None where nobody counted them), detail.

    Args:
        frame: The rows.
        as_of: When it was mended.
        again: Names of the collections to take in again: some of what they brought may be
            lost, and what is not lost is known and counts once.
        notes: What a reader must know besides.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        *,
        as_of: datetime,
        again: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__("repair", frame, as_of=as_of, notes=notes)
        self.again = tuple(again)
