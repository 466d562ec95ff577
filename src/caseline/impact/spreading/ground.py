"""Who had what on all days of an issue, now, and as planned: asked for one vector at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.impact.spreading.exposures import Vector, exposed_on, numbered
from caseline.impact.spreading.risk import DAY
from caseline.impact.spreading.upcoming import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.impact.spreading.risk import Risk

    Bits = NDArray[np.bool_]
    Times = NDArray[np.int64]


class Ground:
    """Spells of exposure against the places of an issue.

    Args:
        spells: As ``fleet.spells_of`` makes them.
        risk: Who was observed and hit, on all days.
        slack_hours: How uncertain the ends of spells are.
    """

    def __init__(self, spells: pl.DataFrame, risk: Risk, *, slack_hours: float) -> None:
        self.risk = risk
        self.rows, self.vectors = numbered(spells, risk.units)
        self._slack_hours = slack_hours
        self._number = {vector: n for n, vector in enumerate(self.vectors)}
        self._by_exposure = self.rows.partition_by("exposure", as_dict=True)
        self._known: dict[Vector, Bits] = {}

    def on(self, columns: Times) -> Bits:
        """Return who was exposed to which vector on some days, shape (n_vectors, n_units, n)."""
        return exposed_on(
            self.rows,
            len(self.vectors),
            self.risk.days(columns),
            self.risk.starts[columns],
            slack_hours=self._slack_hours,
        )

    def bits_of(self, vector: Vector) -> Bits:
        """Return who was exposed to *vector* on all days, shape (n_units, n_days)."""
        if vector not in self._known:
            self._known[vector] = self._bits_of(vector)
        return self._known[vector]

    def _bits_of(self, vector: Vector) -> Bits:
        if vector.parts:
            first, *rest = (self.bits_of(part) for part in vector.parts)
            both: Bits = np.logical_and.reduce([first, *rest])
            return both
        rows = self._spells(vector).with_columns(pl.lit(0).alias("exposure"))
        found: Bits = exposed_on(
            rows, 1, self.risk, self.risk.starts, slack_hours=self._slack_hours
        )[0]
        return found

    def steady(self, vector: Vector) -> tuple[Bits, Bits]:
        """Return who was exposed on all of a day, and on which days that did not change."""
        starts = self.risk.starts
        early, late = (self._at(vector, at) for at in (starts, starts + DAY - 1))
        return early, early == late

    def _at(self, vector: Vector, moments: Times) -> Bits:
        """Return who was exposed at each of some moments, shape (n_units, n_moments)."""
        if vector.parts:
            first, *rest = (self._at(part, moments) for part in vector.parts)
            both: Bits = np.logical_and.reduce([first, *rest])
            return both
        rows = self._spells(vector)
        start, end = rows["start"].to_numpy()[:, None], rows["end"].to_numpy()[:, None]
        found = np.zeros((self.risk.units.height, len(moments)), dtype=bool)
        np.logical_or.at(found, rows["unit"].to_numpy(), (start <= moments) & (end > moments))
        return found

    def entered(self, vector: Vector, *, now: int) -> Times:
        """Return since when each place has *vector*, or from when on it will.

        NEVER where it has it no more, and nothing is planned; shape (n_units,).
        """
        if vector.parts:
            parts = [self.entered(part, now=now) for part in vector.parts]
            latest: Times = np.maximum.reduce(parts)
            return latest
        open_ = self._spells(vector).filter(pl.col("end") > now)
        entered = np.full(self.risk.units.height, NEVER, dtype=np.int64)
        np.minimum.at(entered, open_["unit"].to_numpy(), open_["start"].to_numpy())
        return entered

    def _spells(self, vector: Vector) -> pl.DataFrame:
        number = self._number.get(vector)
        return self.rows.clear() if number is None else self._by_exposure[(number,)]
