"""What ``impact.detect`` answers: rows that know their impact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.records.answers import Row, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from caseline.impact.ledger.answers import Impact


class Detection(Row):
    """A newly detected issue: its columns, and its impact when asked for.

    Attributes:
        cascade: Which of its signatures comes before which: upstream_id, downstream_id,
            evidence (traces, onsets), together, first (of these, with upstream first),
            probability.
    """

    __slots__ = ("_assess", "cascade")

    def __init__(
        self, values: Mapping[str, Any], assess: Callable[[Detection], Impact], cascade: Table
    ) -> None:
        super().__init__(values)
        self._assess = assess
        self.cascade = cascade

    @property
    def impact(self) -> Impact:
        """Whom the issue hits, from its onset on; worked out at each asking."""
        return self._assess(self)


class Detections(Table):
    """Newly detected issues, the widest first.

    Args:
        frame: One row for each: see ``Impacts.detect``.
        as_of: The moment the answer speaks for.
        assess: Works out the impact of a row.
        cascades: issue_id and the columns of ``Detection.cascade``.
        notes: What could not be judged, and the budget of false findings.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        *,
        as_of: datetime,
        assess: Callable[[Detection], Impact],
        cascades: pl.DataFrame,
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__("detections", frame, as_of=as_of, notes=notes)
        self._assess = assess
        self._cascades = cascades

    def __getitem__(self, index: Any) -> Any:
        """Return the detection at *index*, or the detections of a slice."""
        if isinstance(index, slice):
            return [self._detection(row) for row in self._frame[index].to_dicts()]
        return self._detection(self._frame.row(index, named=True))

    def __iter__(self) -> Iterator[Detection]:
        """Iterate over the detections."""
        return map(self._detection, self._frame.iter_rows(named=True))

    def _detection(self, values: Mapping[str, Any]) -> Detection:
        mine = self._cascades.filter(pl.col("issue_id") == values["issue_id"]).drop("issue_id")
        return Detection(values, self._assess, Table("cascade", mine, as_of=self.as_of))
