"""What ran where on each day: one grid for each component, plug-in, setting or flag."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.versions import is_known

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

ABSENT, MIXED, UNKNOWN = -1, -2, -3
"""Nothing of it ran; several values, or for a part of the day; nobody knows."""
_DAY = 86_400 * 10**6
_FAR = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one component was on each day, everywhere.

    Args:
        kind: ``version``, ``plugin``, ``configuration``, ``flag``, or a change's kind.
        component: Its name.
        values: The values that it had.
        codes: Of each place and day: the position of the value that ran all day, or
            ``ABSENT``, ``MIXED``, ``UNKNOWN``; shape (n_environments, n_days).
    """

    kind: str
    component: str
    values: tuple[str, ...]
    codes: NDArray[np.int32]


def parts_of(
    spans: pl.DataFrame,
    environments: Sequence[str],
    first_day: date,
    days: int,
    *,
    concurrent: float,
) -> list[Part]:
    """Return a grid for each component of *spans*.

    Where values of a component run side by side for long, each is a part of its own: it
    was there or not. A version that is not known is not absent, other things are.

    Args:
        spans: environment_id, component, value, kind, valid_from, valid_to.
        environments: The rows of the grids.
        first_day: Their first column.
        days: How many columns.
        concurrent: Values are parts of their own if several ran on more than this share
            of the days.

    >>> from datetime import UTC, datetime
    >>> spans = pl.DataFrame(
    ...     {"environment_id": ["e", "e"], "component": ["app"] * 2, "value": ["8.0", "8.1"],
    ...      "kind": ["version"] * 2, "valid_from": [None, datetime(2026, 3, 2, 9, tzinfo=UTC)],
    ...      "valid_to": [datetime(2026, 3, 2, 9, tzinfo=UTC), None]}
    ... )
    >>> parts_of(spans, ["e"], date(2026, 3, 1), 3, concurrent=0.3)[0].codes.tolist()
    [[0, -2, 1]]
    """
    index = pl.DataFrame(
        {"environment_id": list(environments), "place": np.arange(len(environments))},
        schema={"environment_id": pl.String, "place": pl.Int64},
    )
    base = (first_day - date(1970, 1, 1)).days * _DAY
    rows = (
        spans.join(index, on="environment_id")
        .with_columns(
            pl.col("kind").fill_null("version"),
            _micros("valid_from", -_FAR) - base,
            _micros("valid_to", _FAR) - base,
        )
        .filter(pl.col("component").is_not_null() & pl.col("value").is_not_null())
        .sort("kind", "component", "value", "place", "valid_from")
    )
    found: list[Part] = []
    for (kind, component), own in rows.group_by(["kind", "component"], maintain_order=True):
        shape = (len(environments), days)
        found += _of_component(str(kind), str(component), own, shape, concurrent)
    return found


def _micros(name: str, instead: int) -> pl.Expr:
    return (
        pl.col(name)
        .cast(pl.Datetime("us", "UTC"))
        .dt.timestamp("us")
        .fill_null(instead)
        .alias(name)
    )


def _of_component(
    kind: str, component: str, rows: pl.DataFrame, shape: tuple[int, int], concurrent: float
) -> Iterator[Part]:
    values = rows["value"].unique(maintain_order=True).to_list()
    known = [value for value in values if is_known(value)]
    number = {value: n for n, value in enumerate(known)}
    codes = np.array([number.get(value, UNKNOWN) for value in rows["value"]], dtype=np.int64)
    grid, several = _painted(rows, codes, shape)
    if several <= concurrent:
        if kind == "version":
            grid[grid == ABSENT] = UNKNOWN
        yield Part(kind=kind, component=component, values=tuple(known), codes=grid)
        return
    for value in known:
        own = rows.filter(pl.col("value") == value)
        grid, _ = _painted(own, np.zeros(own.height, dtype=np.int64), shape)
        yield Part(kind=kind, component=component, values=(value,), codes=grid)


def _painted(
    rows: pl.DataFrame, codes: NDArray[np.int64], shape: tuple[int, int]
) -> tuple[NDArray[np.int32], float]:
    """Return the grid, and the share of days with anything on which several spans hold."""
    places = rows["place"].to_numpy()
    begins, ends = rows["valid_from"].to_numpy(), rows["valid_to"].to_numpy()
    touched = (begins // _DAY, -(-ends // _DAY))
    whole = (-(-begins // _DAY), ends // _DAY)
    ones = np.ones(len(codes), dtype=np.int64)
    touching = _summed(places, touched, ones, shape)
    full = _summed(places, whole, ones, shape)
    named = _summed(places, whole, codes, shape)
    grid = np.where(touching == 0, ABSENT, np.where((touching == 1) & (full == 1), named, MIXED))
    several = float((full > 1).sum()) / max(1, int((touching > 0).sum()))
    return grid.astype(np.int32), several


def _summed(
    places: NDArray[np.int64],
    days: tuple[NDArray[np.int64], NDArray[np.int64]],
    added: NDArray[np.int64],
    shape: tuple[int, int],
) -> NDArray[np.int64]:
    """Return the sum of *added* over each span's days, the last one excluded."""
    low, high = (day.clip(0, shape[1]) for day in days)
    high = np.maximum(low, high)
    steps = np.zeros((shape[0], shape[1] + 1), dtype=np.int64)
    np.add.at(steps, (places, low), added)
    np.add.at(steps, (places, high), -added)
    summed: NDArray[np.int64] = steps.cumsum(axis=1)[:, :-1]
    return summed
