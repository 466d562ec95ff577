"""A year of simulated events, put into a workspace by the store's own append.

A million lines of text a day would take hours to write and read again, and a question
does not see them: so events are drawn as the columns that reach the store. They come in
bursts of some twenty within an hour, as a collector of the whole fleet would bring them,
slice by slice; one burst in fifty comes late.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from year_fleet import CELLS, DAYS, YearFleet, day_of, draw, moments
from year_signatures import YearSignatures
from year_values import YearValues, hex_ids

from caseline.records.batches import Part, SignedBatch, Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[Any]

SECOND = 10**6
_HOUR = 3_600 * SECOND
_DAY = 24 * _HOUR
_BURST = 20
_TRACE = 5
_TRACED = 0.2
_LATE, _VERY_LATE = 0.02, 0.02
"""Bursts that come late; those of them that come after 60 days."""
_TIMES_OF_DAY = np.array([3, 2, 2, 2, 2, 3, 4, 6, 8, 9, 9, 8, 8, 9, 9, 8, 7, 6, 5, 5, 4, 4, 3, 3])
_OWN, _SHARED = 0.7, 0.95
"""In a place of many tenants: bursts of a certain customer, and those that have a cell at least."""


@dataclass(frozen=True, kw_only=True)
class Year:
    """How large it is.

    Args:
        events: All events of the days, evenly over them.
        days: How many days of the year there are.
        customers: Their volumes differ by a power law.
        environments: Installations; *shared* of them with many tenants.
        signatures: Their frequencies follow a power law too.
        seed: Start of all chance.
        batch: Events that are appended at once, at the most.
    """

    events: int
    days: int = DAYS
    customers: int = 500
    environments: int = 1_500
    shared: int = 20
    signatures: int = 5_000
    seed: int = 1
    batch: int = 250_000

    @cached_property
    def fleet(self) -> YearFleet:
        """Who and what there is."""
        return YearFleet(
            customers=self.customers,
            environments=self.environments,
            shared=self.shared,
            seed=self.seed,
        )

    @cached_property
    def kinds(self) -> YearSignatures:
        """What kinds of events there are."""
        return YearSignatures(
            count=self.signatures,
            customers=self.customers,
            versions=len(self.fleet.versions),
            seed=self.seed,
        )

    @cached_property
    def values(self) -> YearValues:
        """What stands in the variables."""
        return YearValues(places=self.environments, seed=self.seed)

    @property
    def end(self) -> datetime:
        """The end of the last day."""
        return day_of(self.days)

    def batches(self, *, first: int = 0, last: int | None = None) -> Iterator[SignedBatch]:
        """Yield the events of the days from *first* up to *last*, slice by slice."""
        daily = self.events / self.days
        slices = max(1, round(daily / self.batch + 0.499))
        drawing = Drawing(self)
        for day in range(first, self.days if last is None else last):
            edges = np.linspace(daily * day, daily * (day + 1), slices + 1).round().astype(int)
            for number, size in enumerate(np.diff(edges).tolist()):
                span = (number / slices, (number + 1) / slices)
                yield drawing.batch(day, number, span, size)


class Drawing:
    """Draws the batches of a year; the same ones for each seed, in any order.

    Args:
        year: What is drawn.
    """

    def __init__(self, year: Year) -> None:
        self._year = year
        fleet, kinds = year.fleet, year.kinds
        self._hosts = np.cumsum(np.append(0, fleet.hosts))[:-1]
        self._named = {
            "environment_id": pl.Series(fleet.environment_ids),
            "customer_id": pl.Series([*fleet.customer_ids, None]),
            "share_group": pl.Series([*fleet.share_group_ids, None]),
            "version": pl.Series(fleet.versions),
            "stage": pl.Series(fleet.stage),
            "region": pl.Series(fleet.region),
            "host": pl.Series(
                [
                    f"{name}-host-{n}"
                    for name, hosts in zip(fleet.environment_ids, fleet.hosts, strict=True)
                    for n in range(hosts)
                ]
            ),
            "service": pl.Series(["api", "worker", "storage", "billing", "search", "gateway"]),
            "signature_id": pl.Series(kinds.ids),
            "prefix": pl.Series(kinds.prefixes),
        }
        self._texts = pl.Series(["INFO", "WARN", "ERROR"])

    def batch(self, day: int, number: int, span: tuple[float, float], size: int) -> SignedBatch:
        """Return slice *number* of *day*: the part *span* of its events, so many."""
        rng = np.random.default_rng([self._year.seed, 7, day, number])
        low, high = (_times(np.array(span)) + day * _DAY).tolist()
        rows, late = self._rows(rng, day, low, high, size)
        received = moments(np.array([high]))[0]
        parts = tuple(
            Part(
                source=Source(
                    name=name,
                    collection_id=f"day-{day:03}",
                    origin=f"{name}-{day:03}",
                    received_at=received,
                ),
                batch_id=f"day-{day:03}/{number}/{name}",
            )
            for name in ("stream", f"late-{number}")
        )
        frame = self._frame(rng, rows, late)
        return SignedBatch(
            source=parts[0].source,
            frame=frame,
            minted=self._minted,
            parts=parts if late.any() else parts[:1],
        )

    @cached_property
    def _minted(self) -> pl.DataFrame:
        return self._year.kinds.table().clear()

    def _rows(
        self, rng: np.random.Generator, day: int, low: int, high: int, size: int
    ) -> tuple[dict[str, Array], Array]:
        """Return the numbers of each event's things, in order of time, and which are late."""
        year = self._year
        burst = np.cumsum(rng.random(size) < 1 / _BURST)
        many = int(burst[-1]) + 1 if size else 0
        begun = low + (rng.random(many) * (high - low)).astype(np.int64)
        lag = _lags(rng, many)
        lag[begun - lag < 0] = 0
        at = np.minimum(begun[burst] + rng.integers(0, _HOUR, size), high - 1)
        place = draw(rng, year.fleet.volume, many)
        trace = _traced(rng, at, place[burst], lag[burst] > 0)
        at -= lag[burst]
        told_day = at // _DAY
        running = year.fleet.version_on
        burst_day = np.full(many, day)
        burst_day[burst] = told_day
        owner, cell = self._owners(rng, place)
        about = np.where(owner < year.customers, owner, place)
        signature = year.kinds.draw(
            rng, day=burst_day, version=running[place, burst_day], owner=about
        )
        host = self._hosts[place] + rng.integers(0, year.fleet.hosts[place])
        order = np.argsort(at, kind="stable")
        burst, at = burst[order], at[order]
        rows = {name: column[burst] for name, column in {
            "environment_id": place, "customer_id": owner, "share_group": cell,
            "signature_id": signature, "host": host,
        }.items()}  # fmt: skip
        rows |= {"at": at, "trace": trace[order]}
        rows["version"] = running[rows["environment_id"], at // _DAY]
        return rows, (lag > 0)[burst]

    def _owners(self, rng: np.random.Generator, place: Array) -> tuple[Array, Array]:
        """Return the customer and the cell of each burst; the number after the last for none."""
        fleet = self._year.fleet
        owner = fleet.owner[place].copy()
        cell = np.full(len(place), len(fleet.share_group_ids))
        mixed = np.flatnonzero(owner < 0)
        pod = place[mixed] - (fleet.environments - fleet.shared)
        tenant = rng.integers(0, fleet.tenants.shape[1], len(mixed))
        chance = rng.random(len(mixed))
        owner[mixed] = np.where(chance < _OWN, fleet.tenants[pod, tenant], fleet.customers)
        own_cell = pod * CELLS + tenant * CELLS // fleet.tenants.shape[1]
        told = (chance >= _OWN) & (chance < _SHARED)
        cell[mixed] = np.where(told, own_cell, cell[mixed])
        return owner, cell

    def _frame(self, rng: np.random.Generator, rows: dict[str, Array], late: Array) -> pl.DataFrame:
        """Return the events as the store takes them."""
        place, signature = rows["environment_id"], rows["signature_id"]
        rows |= {
            "stage": place, "region": place, "prefix": signature,
            "service": signature % self._named["service"].len(),
        }  # fmt: skip
        kinds = self._year.kinds
        severity = kinds.severity[signature]
        trace = rows["trace"]
        traces = hex_ids(rng, int(trace.max(initial=-1)) + 1, digits=32)
        variables = self._year.values.draw(rng, kinds=kinds.kinds[signature], place=place)
        lines = np.where(signature % 29 == 0, 1 + signature % 17, 1).astype(np.uint32)
        frame = pl.DataFrame(
            {
                "occurred_at": moments(rows["at"]),
                "severity": severity,
                "severity_text": self._texts.gather(severity // 4 - 2),
                "trace_id": pl.concat([traces, pl.Series([None], dtype=pl.String)]).gather(trace),
                "lines": lines,
                "variables": variables,
                "part": late.astype(np.uint32),
                **{name: names.gather(rows[name]) for name, names in self._named.items()},
            }
        )
        return frame.with_columns(
            time_quality=pl.when(pl.lit(pl.Series(place % 33 == 0)))
            .then(pl.lit("assumed_zone"))
            .otherwise(pl.lit("exact")),
            repeats=pl.lit(1, pl.UInt32),
            message=pl.lit(None, pl.String),
            text=pl.col("prefix") + pl.col("variables").list.join(" "),
        ).drop("prefix")


def _times(shares: Array) -> Array:
    """Return when such shares of a day's events are over: nights are quiet."""
    over = np.append(0, np.cumsum(_TIMES_OF_DAY)) / _TIMES_OF_DAY.sum()
    return (np.interp(shares, over, np.arange(25)) * _HOUR).astype(np.int64)


def _lags(rng: np.random.Generator, many: int) -> Array:
    """Return how late each burst comes: mostly not, some minutes to 7 days, a few 60 days."""
    lag = np.zeros(many, dtype=np.int64)
    late = np.flatnonzero(rng.random(many) < _LATE)
    minutes = 10 ** rng.uniform(np.log10(2), np.log10(7 * 24 * 60), len(late))
    minutes[rng.random(len(late)) < _VERY_LATE] = 60 * 24 * 60
    lag[late] = (minutes * 60 * SECOND).astype(np.int64)
    return lag


def _traced(rng: np.random.Generator, at: Array, place: Array, late: Array) -> Array:
    """Return the number of each event's trace, -1 for none; draw a trace's events together."""
    trace = np.full(len(at), -1)
    some = np.flatnonzero((rng.random(len(at)) < _TRACED) & ~late)
    if not len(some):
        return trace
    some = some[np.lexsort((at[some], place[some]))]
    change = np.diff(place[some], prepend=-1) != 0
    starts = np.maximum.accumulate(np.where(change, np.arange(len(some)), 0))
    nth = (np.arange(len(some)) - starts) % _TRACE
    first = np.flatnonzero(nth == 0)
    number = np.cumsum(nth == 0) - 1
    trace[some] = number
    leader = at[some[first]][number]
    at[some] = np.minimum(leader + nth * rng.integers(100, SECOND, len(some)), at[some])
    return trace


def collection_of(source: Source, records: int, received: datetime) -> pl.DataFrame:
    """Return the catalog's row of a day's collection."""
    return pl.DataFrame(
        {
            "collection_id": [source.collection_id],
            "environment_id": pl.Series([None], dtype=pl.String),
            "name": [source.name],
            "received_at": [received],
            "status": ["complete"],
            "records": [records],
            "rejects": [0],
        }
    )


def sources_of(batch: SignedBatch) -> pl.DataFrame:
    """Return the catalog's rows of a batch's sources."""
    sources = [part.source for part in batch.parts]
    return pl.DataFrame(
        {
            "source_id": [source.source_id for source in sources],
            "collection_id": [source.collection_id for source in sources],
            "name": [source.name for source in sources],
            "origin": [source.origin for source in sources],
            "received_at": [source.received_at for source in sources],
        }
    )


def size_bytes(folder: Path) -> int:
    """Return what the files of *folder* take on disk."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
