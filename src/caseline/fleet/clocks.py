"""Puts the times of hosts right whose clock or zone is found wrong, as their logs come in.

A batch tells what each clock showed, and beside which others; with what earlier
collections told, each clock is judged. The times of a wrong one are put right, and what
its lines state is kept beside them. Whatever nobody can tell stays, and is doubtful.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from caseline.fleet.clock_judging import (
    is_ahead,
    judge_by_arrival,
    judge_by_comparison,
    judge_by_past,
    judge_by_sibling,
    shows_the_time,
)
from caseline.fleet.clock_past import CLOCKS, Past
from caseline.fleet.clock_rows import compare, put_right, read_showings, read_traces, with_runs
from caseline.fleet.clock_settings import ClockSettings, shipped_clock_settings
from caseline.records.windows import Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from caseline.fleet.clock_past import Kept
    from caseline.fleet.clock_records import Clock, ClockError, Comparison, Showing
    from caseline.protocols import Engine
    from caseline.records.batches import RawBatch, Source

    Beside = dict[Clock, list[tuple[Comparison, Showing]]]

_LOOK_BACK = timedelta(hours=27)
_ASKED_TRACES = 2_000
_LONG_SECONDS = 3_600.0


class HostClocks:
    """The clocks of one environment, while one collection of it comes in.

    Args:
        engine: Keeps what was found.
        environment_id: Whose hosts.
        kept: By environment what is stored of it, as long as nothing new is written: a
            live host comes every few seconds. Filled and emptied here.
        settings: How much evidence is enough; what ships if None.
    """

    def __init__(
        self,
        engine: Engine,
        environment_id: str,
        *,
        kept: dict[str, Kept] | None = None,
        settings: ClockSettings | None = None,
    ) -> None:
        self._kept = {} if kept is None else kept
        self._engine = engine
        self._environment_id = environment_id
        self._settings = settings or shipped_clock_settings()
        self._past: Past | None = None
        self._found = pl.DataFrame(schema=CLOCKS)

    def correct(self, batch: RawBatch, sources: Sequence[Source]) -> RawBatch:
        """Return *batch* with its times put right where a clock is known to be wrong.

        Args:
            batch: Records of one or more files; ``part`` is their index into *sources*.
            sources: The source of each part, all of one collection.

        Returns:
            The same records without ``zoned`` and with ``written_at``: what a line states
            where ``occurred_at`` was corrected, else None.
        """
        distinct = {source.source_id: source for source in sources}
        numbers = {source_id: number for number, source_id in enumerate(distinct)}
        rows = with_runs(
            batch.frame, [numbers[source.source_id] for source in sources], self._settings
        )
        showings = {s.clock: s for s in read_showings(rows, list(distinct.values()))}
        past = self._known(sources[0].collection_id)
        beside = self._beside(rows, showings, past)
        errors = [
            error
            for showing in showings.values()
            for error in self._judge(showing, showings, beside.get(showing.clock, []), past)
        ]
        received = sources[0].received_at
        latest = None
        if any(is_ahead(s, self._settings) for s in showings.values()):
            latest = received + timedelta(seconds=self._settings.tolerance_seconds)
        frame, told = put_right(batch.frame, rows, errors, latest=latest)
        past.note(showings.values())
        if told:
            self._note(told, received, past)
        return replace(batch, frame=frame.drop("zoned"))

    @property
    def found(self) -> pl.DataFrame:
        """What was found wrong in this collection, one row for each stretch."""
        return self._found

    def save(self) -> None:
        """Keep what was found and what was shown, for the collections that follow."""
        if self._past is None:
            return
        rows = {
            "clock_readings": self._past.fresh_readings(),
            "clocks": self._past.changed_clocks(),
        }
        for table, some in rows.items():
            if some.height:
                self._kept.pop(self._environment_id, None)
                self._engine.save(table, some)

    def _known(self, collection_id: str) -> Past:
        place = self._environment_id
        if self._past is None:
            if place not in self._kept:
                self._kept[place] = (
                    self._engine.ask("clock_readings", environment=place),
                    self._engine.ask("host_clocks", environment=place),
                )
            self._past = Past(self._kept[place], place, self._settings, collection_id=collection_id)
        return self._past

    def _note(
        self, told: Sequence[tuple[ClockError, int, int, int]], received: datetime, past: Past
    ) -> None:
        rows = [
            {
                "environment_id": self._environment_id,
                "host": error.clock[0],
                "zoned": error.clock[1],
                "kind": error.kind,
                "offset_seconds": error.offset,
                "low": error.low,
                "high": error.high,
                "drift_per_day": error.slope * 86_400,
                "pairs": error.pairs,
                "readings": error.readings,
                "starts_at": _moment(first),
                "ends_at": _moment(last),
                "applied": error.applied,
                "records": records,
                "received_at": received,
                "seen_at": received,
            }
            for error, first, last, records in told
        ]
        found = pl.DataFrame(rows, schema=CLOCKS)
        self._found = pl.concat([self._found, found])
        past.add(found)

    # evidence -------------------------------------------------------------------

    def _beside(self, rows: pl.DataFrame, showings: Mapping[Clock, Showing], past: Past) -> Beside:
        """Return the clocks of the batch beside others that logged the same traces."""
        asked = [c for c, s in showings.items() if self._is_open(s)]
        stored = past.hosts - {host for host, _ in showings}
        if not asked or not (len(showings) > 1 or stored):
            return {}
        traces = read_traces(rows)
        beside: Beside = {}
        for found in compare(traces, traces):
            if found.clock in asked and found.other in showings:
                beside.setdefault(found.clock, []).append((found, showings[found.other]))
        if stored and traces.height:
            kept = self._stored(traces, [showings[c] for c in asked], stored)
            for found in compare(traces, kept):
                other = past.host(found.other[0] or "")
                if found.clock in asked and other is not None:
                    beside.setdefault(found.clock, []).append((found, other))
        return beside

    def _is_open(self, showing: Showing) -> bool:
        """Return whether a clock may be or have been wrong: a short fresh batch tells itself."""
        long = showing.newest - showing.oldest > _LONG_SECONDS
        return long or not shows_the_time(showing, self._settings)

    def _stored(
        self, traces: pl.DataFrame, showings: Sequence[Showing], hosts: set[str]
    ) -> pl.DataFrame:
        ids = traces["trace_id"].unique().sort()
        each = -(-len(ids) // _ASKED_TRACES)
        window = Window(
            start=_at(min(s.oldest for s in showings)) - _LOOK_BACK,
            end=_at(max(s.newest for s in showings)) + _LOOK_BACK,
        )
        kept = self._engine.ask(
            "trace_moments",
            window=window,
            environment=self._environment_id,
            trace_ids=ids.gather_every(each).to_list(),
            hosts=sorted(hosts),
        )
        return kept.with_columns(zoned=pl.lit(None, pl.Boolean))

    # judgement ------------------------------------------------------------------

    def _judge(
        self,
        showing: Showing,
        showings: Mapping[Clock, Showing],
        beside: Sequence[tuple[Comparison, Showing]],
        past: Past,
    ) -> list[ClockError]:
        """Return the errors of a clock by the best evidence that there is."""
        settings = self._settings
        unsure: list[ClockError] = []
        best = sorted(
            beside, key=lambda b: (shows_the_time(b[1], settings), len(b[0].at)), reverse=True
        )
        for comparison, other in best:
            errors = judge_by_comparison(showing, other, comparison, settings)
            if errors is None or (not errors and not shows_the_time(other, settings)):
                continue
            if all(error.kind != "unsure" for error in errors):
                return errors
            unsure = unsure or errors
        known = past.error_of(showing.clock)
        single = (
            judge_by_sibling(showing, showings.get((showing.clock[0], True)), settings)
            or judge_by_arrival(
                showing.clock,
                [*past.showings_of(showing.clock), showing],
                settings,
                others_fresh=self._others_fresh(showing, showings, past),
            )
            or (judge_by_past(showing, known, settings) if known else None)
        )
        return [single] if single else unsure

    def _others_fresh(
        self, showing: Showing, showings: Mapping[Clock, Showing], past: Past
    ) -> bool | None:
        """Return whether a clock beside this one shows the time; None if there is none."""
        near = {s.clock: s for s in past.latest(since=showing.received - _LONG_SECONDS)}
        near |= showings
        fresh = [shows_the_time(s, self._settings) for c, s in near.items() if c != showing.clock]
        return any(fresh) if fresh else None


def clocks_found(clocks: HostClocks | None) -> pl.DataFrame:
    """Return what *clocks* found wrong in the collection; no rows where none were looked at."""
    found = pl.DataFrame(schema=CLOCKS) if clocks is None else clocks.found
    return found.drop("received_at", "seen_at")


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _moment(micros: int) -> datetime:
    return _at(0) + timedelta(microseconds=micros)
