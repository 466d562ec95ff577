"""What earlier collections of an environment told of its hosts' clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.fleet.clock_judging import shows_the_time
from caseline.fleet.clock_records import ClockError, Showing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from caseline.fleet.clock_records import Clock
    from caseline.fleet.clock_settings import ClockSettings

_SLOTS = 48
"""So many showings of each clock are kept; the oldest makes room for the newest."""
_SAME_SECONDS = 5.0
_OFTEN_SECONDS = 1_800.0
_TIME = pl.Datetime("us", "UTC")
CLOCKS: dict[str, pl.DataType | type[pl.DataType]] = {
    "environment_id": pl.String,
    "host": pl.String,
    "zoned": pl.Boolean,
    "kind": pl.String,
    "offset_seconds": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "drift_per_day": pl.Float64,
    "pairs": pl.Int64,
    "readings": pl.Int64,
    "starts_at": _TIME,
    "ends_at": _TIME,
    "applied": pl.Boolean,
    "records": pl.Int64,
    "received_at": _TIME,
    "seen_at": _TIME,
}
_READINGS: dict[str, pl.DataType | type[pl.DataType]] = {
    "environment_id": pl.String,
    "host": pl.String,
    "zoned": pl.Boolean,
    "slot": pl.Int64,
    "collection_id": pl.String,
    "received_at": _TIME,
    "collected_at": _TIME,
    "oldest_at": _TIME,
    "newest_at": _TIME,
    "records": pl.Int64,
}

Kept = tuple[pl.DataFrame, pl.DataFrame]
"""What is stored of an environment: its clocks' readings, and what was found of them."""


class Past:
    """What is kept of the clocks of one environment.

    Args:
        kept: What the questions ``clock_readings`` and ``host_clocks`` tell of it.
        environment_id: Which.
        settings: What is fresh.
        collection_id: The collection that comes in: what it told before does not count.
    """

    def __init__(
        self, kept: Kept, environment_id: str, settings: ClockSettings, *, collection_id: str
    ) -> None:
        self._environment_id = environment_id
        self._settings = settings
        self._collection_id = collection_id
        self._slots: dict[Clock, list[tuple[datetime, int]]] = {}
        self._showings: dict[Clock, list[Showing]] = {}
        self._now: dict[Clock, Showing] = {}
        self._known: set[Clock] = set()
        readings, clocks = kept
        for row in readings.iter_rows(named=True):
            clock = (row["host"], row["zoned"])
            self._slots.setdefault(clock, []).append((row["received_at"], row["slot"]))
            if row["collection_id"] == collection_id:
                self._known.add(clock)
            else:
                self._showings.setdefault(clock, []).append(_showing(clock, row))
        self._clocks = clocks.to_dicts()
        self._changed: dict[tuple[Any, ...], dict[str, Any]] = {}

    def showings_of(self, clock: Clock) -> Sequence[Showing]:
        """Return what *clock* showed in earlier collections, by arrival."""
        return self._showings.get(clock, [])

    def latest(self, *, since: float) -> Iterable[Showing]:
        """Yield the last showing of each clock that came at *since* or later, errors off."""
        for clock, showings in self._showings.items():
            if showings[-1].received >= since:
                yield self._righted(clock, showings[-1])

    def host(self, host: str) -> Showing | None:
        """Return the last showing of a host, of that clock which shows the time if one does."""
        found = [self._righted(c, s[-1]) for c, s in self._showings.items() if c[0] == host]
        found.sort(key=lambda s: shows_the_time(s, self._settings))
        return found[-1] if found else None

    @property
    def hosts(self) -> set[str]:
        """The hosts that were seen."""
        return {host for host, _ in self._showings if host is not None}

    def error_of(self, clock: Clock) -> ClockError | None:
        """Return the last error of *clock* by which events were put right, unless it is over."""
        rows = [r for r in self._clocks if (r["host"], r["zoned"]) == clock and r["applied"]]
        if not rows:
            return None
        row = max(rows, key=lambda r: (r["seen_at"], r["ends_at"]))
        seen = row["seen_at"].timestamp()
        later = [s for s in self.showings_of(clock) if s.received > seen]
        if any(shows_the_time(s, self._settings) for s in later):
            return None
        return ClockError(
            clock=clock,
            kind=row["kind"],
            offset=row["offset_seconds"],
            low=row["low"],
            high=row["high"],
            slope=row["drift_per_day"] / 86_400,
            middle=_middle(row) + row["offset_seconds"],
            readings=row["readings"],
            applied=True,
        )

    def note(self, showings: Iterable[Showing]) -> None:
        """Keep in mind what clocks showed in this collection."""
        for showing in showings:
            before = self._now.get(showing.clock)
            if before is not None:
                showing = replace(  # noqa: PLW2901 - one collection comes in several batches
                    showing,
                    oldest=min(showing.oldest, before.oldest),
                    newest=max(showing.newest, before.newest),
                    records=showing.records + before.records,
                )
            self._now[showing.clock] = showing

    def add(self, found: pl.DataFrame) -> None:
        """Keep what was *found*: a stretch that goes on as the one before makes that longer."""
        for row in found.iter_rows(named=True):
            same = next((r for r in reversed(self._clocks) if _goes_on(r, row)), None)
            if same is None:
                self._clocks.append(row)
                same = row
            else:
                same["ends_at"] = max(same["ends_at"], row["ends_at"])
                same["seen_at"] = max(same["seen_at"], row["seen_at"])
                same["readings"] = max(same["readings"], row["readings"])
                same["pairs"] += row["pairs"]
                same["records"] += row["records"]
            key_of = (same["host"], same["zoned"], same["received_at"], same["starts_at"])
            self._changed[key_of] = same

    def fresh_readings(self) -> pl.DataFrame:
        """Return this collection's showings as rows to keep, each in the slot that is due."""
        rows = []
        for clock, showing in self._now.items():
            if clock in self._known or self._says_nothing_new(clock, showing):
                continue
            taken = sorted(self._slots.get(clock, []))
            free = sorted(set(range(_SLOTS)) - {slot for _, slot in taken})
            rows.append(
                {
                    "environment_id": self._environment_id,
                    "host": clock[0],
                    "zoned": clock[1],
                    "slot": free[0] if free else taken[0][1],
                    "collection_id": self._collection_id,
                    "received_at": _moment(showing.received),
                    "collected_at": _moment(showing.taken),
                    "oldest_at": _moment(showing.oldest),
                    "newest_at": _moment(showing.newest),
                    "records": showing.records,
                }
            )
        return pl.DataFrame(rows, schema=_READINGS)

    def _says_nothing_new(self, clock: Clock, showing: Showing) -> bool:
        """Return whether the clock shows the time, as it did a moment before.

        A live host comes every few seconds, and each writing costs.
        """
        before = self.showings_of(clock)
        return (
            bool(before)
            and showing.received - before[-1].received < _OFTEN_SECONDS
            and shows_the_time(before[-1], self._settings)
            and shows_the_time(showing, self._settings)
        )

    def changed_clocks(self) -> pl.DataFrame:
        """Return the rows of what was found that are new or have grown."""
        return pl.DataFrame(list(self._changed.values()), schema=CLOCKS)

    def _righted(self, clock: Clock, showing: Showing) -> Showing:
        error = self.error_of(clock)
        if error is None:
            return showing
        offset = error.offset + error.slope * (showing.newest - error.middle)
        return replace(showing, oldest=showing.oldest - offset, newest=showing.newest - offset)


def _showing(clock: Clock, row: dict[str, Any]) -> Showing:
    received = row["received_at"].timestamp()
    taken = row["collected_at"]
    return Showing(
        clock=clock,
        oldest=row["oldest_at"].timestamp(),
        newest=row["newest_at"].timestamp(),
        records=row["records"],
        received=received,
        taken=received if taken is None else taken.timestamp(),
    )


def _goes_on(before: dict[str, Any], row: dict[str, Any]) -> bool:
    same = all(before[name] == row[name] for name in ("host", "zoned", "kind", "applied"))
    if not same or row["drift_per_day"] or before["drift_per_day"]:
        return False
    near = max(_SAME_SECONDS, (before["high"] - before["low"]) / 2)
    apart = abs(before["offset_seconds"] - row["offset_seconds"])
    return bool(row["starts_at"] >= before["starts_at"] and apart <= near)


def _middle(row: dict[str, Any]) -> float:
    return float((row["starts_at"].timestamp() + row["ends_at"].timestamp()) / 2)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
