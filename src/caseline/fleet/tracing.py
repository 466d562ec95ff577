"""Whose a line is that names no tenant, by the lines of its trace that do.

A request's lines bear one id from the gateway to the database, and some of them say
whom it serves. Ids come back (a counter starts again), so only lines near in time count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.fleet.distinct import NOT_SAID

if TYPE_CHECKING:
    from collections.abc import Callable

    from caseline.fleet.settings import FleetSettings
    from caseline.fleet.timelines import Codes

    StoredOwners = Callable[[str, list[str], tuple[int, int]], pl.DataFrame]
    """Gives trace_id, customer_id, events, first_at, last_at (microseconds) of what is
    stored of an environment's traces between two moments."""

_MINUTE = 60_000_000
_PARTS = 20
_TRACE = ["environment_id", "trace_id", "slot"]
_COUNTS = {
    "environment_id": pl.String,
    "trace_id": pl.String,
    "slot": pl.Int64,
    "customer_id": pl.String,
    "lines": pl.Int64,
}


class Tracing:
    """Finds the owners of lines by their traces.

    Args:
        settings: How near in time lines must be, how many tenants a trace may have.
        number_of: Gives an owner's number, of customers with their weights.
        stored: Asks what is stored already; None to look at the batch alone.
    """

    def __init__(
        self,
        settings: FleetSettings,
        number_of: Callable[[dict[str, float]], int],
        stored: StoredOwners | None = None,
    ) -> None:
        self._slot = settings.trace_minutes * _MINUTE
        self._most = settings.trace_tenants
        self._none = settings.no_tenant
        self._number_of = number_of
        self._stored = stored

    def numbers(self, frame: pl.DataFrame, moments: Codes, customers: pl.Series) -> Codes:
        """Return the number of each row's owner, shape (n,); NOT_SAID where none is told.

        A trace of one tenant is its; of several, each has its share of those lines.

        Args:
            frame: Columns environment_id, trace_id.
            moments: When each row happened, in microseconds, shape (n,).
            customers: Whose each row is by its tenant; "" where it names one nobody
                knows; null where the trace is to tell.
        """
        rows = frame.select(
            "environment_id",
            pl.col("trace_id"),
            pl.Series("slot", moments // self._slot, dtype=pl.Int64),
            customers.alias("customer_id"),
        ).with_row_index("row")
        traced = rows.filter(
            pl.col("trace_id").is_not_null(),
            ~pl.col("trace_id").str.to_lowercase().is_in(list(self._none)),
            pl.col("trace_id").str.contains("[^0-]"),
        )
        asked = traced.filter(pl.col("customer_id").is_null()).select("row", *_TRACE)
        if asked.is_empty():
            return np.full(frame.height, NOT_SAID, dtype=np.int64)
        told = traced.filter(pl.col("customer_id").is_not_null())
        counts = told.group_by(*_TRACE, "customer_id").agg(pl.len().cast(pl.Int64).alias("lines"))
        found = self._shares(asked.select(_TRACE).unique(), counts)
        rest = asked.join(found, on=_TRACE, how="anti")
        if self._stored is not None and not rest.is_empty():
            kept = self._asked(rest)
            found = pl.concat([found, self._shares(rest.select(_TRACE).unique(), kept)])
        numbers = np.full(frame.height, NOT_SAID, dtype=np.int64)
        placed = asked.join(found, on=_TRACE)
        numbers[placed["row"].to_numpy()] = placed["number"].to_numpy()
        return numbers

    def _shares(self, asked: pl.DataFrame, counts: pl.DataFrame) -> pl.DataFrame:
        """Return environment_id, trace_id, slot, number of the *asked* that *counts* tells of."""
        beside = asked.join(counts, on=["environment_id", "trace_id"], suffix="_told").filter(
            (pl.col("slot") - pl.col("slot_told")).abs() <= 1
        )
        lines = beside.group_by(*_TRACE, "customer_id").agg(pl.col("lines").sum())
        owners = (
            lines.with_columns(pl.col("lines").sum().over(_TRACE).alias("whole"))
            .with_columns((_PARTS * pl.col("lines") // pl.col("whole")).alias("part"))
            .sort(*_TRACE, "customer_id")
            .group_by(_TRACE, maintain_order=True)
            .agg("customer_id", "part")
            .filter(pl.col("customer_id").list.len() <= self._most)
        )
        distinct = owners.select("customer_id", "part").unique(maintain_order=True)
        numbers = [
            self._number_of({c: p / _PARTS for c, p in zip(*row, strict=True) if c and p})
            for row in distinct.iter_rows()
        ]
        known = distinct.with_columns(pl.Series("number", numbers, dtype=pl.Int64))
        joined = owners.join(known, on=["customer_id", "part"])
        return joined.select(*_TRACE, "number")

    def _asked(self, rest: pl.DataFrame) -> pl.DataFrame:
        """Return what is stored of the traces in *rest*: the columns of ``_COUNTS``."""
        if self._stored is None:
            return pl.DataFrame(schema=_COUNTS)
        parts = [pl.DataFrame(schema=_COUNTS)]
        for (environment,), group in rest.group_by("environment_id"):
            slots = group["slot"].to_numpy()
            span = (int(slots.min() - 1) * self._slot, int(slots.max() + 2) * self._slot)
            ids = group["trace_id"].unique().sort().to_list()
            found = self._stored(str(environment), ids, span)
            ends = pl.concat([found.with_columns(pl.col(n).alias("at")) for n in _ENDS])
            slot = (pl.col("at") // self._slot).cast(pl.Int64)
            kept = ends.select(
                pl.lit(str(environment)).alias("environment_id"),
                "trace_id",
                slot.alias("slot"),
                "customer_id",
                pl.col("events").alias("lines"),
            )
            parts.append(kept.unique())
        return pl.concat(parts)


_ENDS = ("first_at", "last_at")
