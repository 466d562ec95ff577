"""How batches become events and rollups of a partition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

import polars as pl

from caseline.store import reach
from caseline.store.moments import can_be
from caseline.store.schema import DIMENSIONS, ROLLUPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from caseline.records.batches import Part, SignedBatch
    from caseline.store.reach import Numbers

BETWEEN = "\x1f"
"""What stands between the values of an event's variables."""

_LEFT_OUT = ("shape", "tenant", "placement", "zoned")
"""Columns of a batch that served on the way."""
_ON_THE_WAY = (
    "told_at",
    "text",
    "position",
    "source_order",
    "anchor",
    "part",
)
_TOLD = "CASE WHEN timed THEN told_at ELSE moment END"
_ODD_TIME = "CASE WHEN NOT timed THEN occurred_at END"
_PART_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "part": pl.UInt32,
    "source_id": pl.String,
    "source_order": pl.UInt32,
    "received_at": pl.Datetime("us"),
    "origin": pl.String,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """How many rows a batch has added to rollups that others are told by."""

    hours: int = 0
    covered_days: int = 0


def insert(
    hub: duckdb.DuckDBPyConnection,
    rows: pl.DataFrame,
    *,
    partition: str,
    ledger: pl.DataFrame,
    numbers: Numbers,
) -> Added:
    """Write *rows*, their rollups, their coverage and the parts' entries in the *ledger*.

    The caller holds the transaction: all of it is seen at once, or none.
    """
    added = Added()
    if not rows.is_empty():
        hub.register("incoming", rows.to_arrow())
        _add_events(hub, partition)
        hours = _add_rollups(hub, partition, "incoming", numbers)
        days = hub.execute(
            f"INSERT INTO {partition}.covered_days "
            + _COVERED_DAYS.format(
                stretches="SELECT environment_id, min(moment) AS starts_at, max(moment) AS ends_at "
                "FROM incoming WHERE timed GROUP BY source_id, environment_id, host"
            )
            + f" EXCEPT SELECT environment_id, day FROM {partition}.covered_days"
        ).fetchone()
        added = Added(hours=hours, covered_days=int(days[0]) if days else 0)
        hub.execute(f"INSERT INTO {partition}.traces {_TRACES} FROM incoming {_TRACED}")
        hub.unregister("incoming")
    _add_ledger(hub, partition, ledger)
    return added


def insert_bare(
    hub: duckdb.DuckDBPyConnection, rows: pl.DataFrame, *, partition: str, ledger: pl.DataFrame
) -> None:
    """Write what ``insert`` writes, but for the sets that the sums tell as well."""
    if not rows.is_empty():
        hub.register("incoming", rows.to_arrow())
        _add_events(hub, partition)
        _add_sums(hub, partition, "incoming")
        hub.unregister("incoming")
    _add_ledger(hub, partition, ledger)


def _add_events(hub: duckdb.DuckDBPyConnection, partition: str) -> None:
    """Add what is ``incoming`` to the events, and to what they cover."""
    columns = f"e.* EXCLUDE ({', '.join(_ON_THE_WAY)}) REPLACE ({_ODD_TIME} AS occurred_at)"
    hub.execute(f"INSERT INTO {partition}.events BY NAME SELECT {columns} FROM incoming e")
    hub.execute(
        f"INSERT INTO {partition}.coverage BY NAME SELECT source_id, environment_id, host, "
        "timed, min(moment) AS starts_at, max(moment) AS ends_at, "
        f"min({_TOLD}) AS told_from, max({_TOLD}) AS told_to, "
        "max(received_at) AS received_at, count(*) AS events FROM incoming GROUP BY ALL"
    )


def _add_ledger(hub: duckdb.DuckDBPyConnection, partition: str, ledger: pl.DataFrame) -> None:
    hub.register("ledger", ledger.to_arrow())
    hub.execute(f"INSERT INTO {partition}.batches BY NAME SELECT * FROM ledger")
    hub.unregister("ledger")


_COVERED_DAYS = (
    "SELECT DISTINCT environment_id, CAST(unnest(generate_series(date_trunc('day', starts_at), "
    "ends_at, INTERVAL 1 DAY)) AS DATE) AS day FROM ({stretches}) stretches"
)
_TRACES = "SELECT DISTINCT md5_number_lower(trace_id) AS trace_key, CAST(moment AS DATE) AS day"
_TRACED = "WHERE trace_id IS NOT NULL"


def _add_rollups(
    hub: duckdb.DuckDBPyConnection, partition: str, source: str, numbers: Numbers
) -> int:
    """Add the sums of *source*, and whom it fell on; return the rows of hours."""
    hours = _add_sums(hub, partition, source)
    sets = reach.reach_of(hub.execute("SELECT * FROM rollup_months").pl(), numbers)
    hub.register("sets", sets.to_arrow())
    hub.execute(f"INSERT INTO {partition}.reach BY NAME SELECT * FROM sets")
    hub.unregister("sets")
    return hours


def _add_sums(hub: duckdb.DuckDBPyConnection, partition: str, source: str) -> int:
    """Add the sums of *source*: hours from it, days from hours, months from days.

    Returns the rows of hours.
    """
    by = ", ".join(DIMENSIONS)
    hub.execute(
        "CREATE OR REPLACE TEMP TABLE rollup_hours AS SELECT date_trunc('hour', moment) AS hour, "
        f"{by}, CAST(sum(repeats) AS BIGINT) AS events, min(moment) AS first_at, "
        f"max(moment) AS last_at FROM {source} GROUP BY ALL"
    )
    finer, moment = "rollup_hours", "hour"
    added = hub.execute(f"INSERT INTO {partition}.hours SELECT * FROM rollup_hours").fetchone()
    for name, coarser in list(ROLLUPS.items())[1:]:
        hub.execute(
            f"CREATE OR REPLACE TEMP TABLE rollup_{name} AS SELECT "
            f"CAST(date_trunc('{coarser}', {moment}) AS DATE) AS {coarser}, {by}, "
            "CAST(sum(events) AS BIGINT) AS events, min(first_at) AS first_at, "
            f"max(last_at) AS last_at FROM {finer} GROUP BY ALL"
        )
        hub.execute(f"INSERT INTO {partition}.{name} SELECT * FROM rollup_{name}")
        finer, moment = f"rollup_{name}", coarser
    return int(added[0]) if added else 0


def recount(hub: duckdb.DuckDBPyConnection, partition: str, numbers: Numbers) -> None:
    """Make all rollups of *partition* anew from its events and its coverage.

    The caller holds the transaction. Names without a number have to get one before.
    """
    for name in (*ROLLUPS, "covered_days", "traces", "reach"):
        hub.execute(f"DELETE FROM {partition}.{name}")
    events = f"{partition}.events"
    _add_rollups(hub, partition, events, numbers)
    stretches = f"SELECT environment_id, starts_at, ends_at FROM {partition}.coverage WHERE timed"
    hub.execute(f"INSERT INTO {partition}.covered_days {_COVERED_DAYS.format(stretches=stretches)}")
    hub.execute(f"INSERT INTO {partition}.traces {_TRACES} FROM {events} {_TRACED}")


def compact(hub: duckdb.DuckDBPyConnection, partition: str) -> None:
    """Merge the deltas of *partition*'s rollups and coverage; no answer changes."""
    by = ", ".join(DIMENSIONS)
    for name, moment in ROLLUPS.items():
        hub.execute(
            f"CREATE OR REPLACE TABLE {partition}.{name} AS SELECT {moment}, {by}, "
            "CAST(sum(events) AS BIGINT) AS events, min(first_at) AS first_at, "
            f"max(last_at) AS last_at FROM {partition}.{name} GROUP BY ALL "
            f"ORDER BY {by}, {moment}"
        )
    hub.execute(
        f"CREATE OR REPLACE TABLE {partition}.coverage AS SELECT source_id, environment_id, "
        "host, timed, min(starts_at) AS starts_at, max(ends_at) AS ends_at, "
        "min(told_from) AS told_from, max(told_to) AS told_to, "
        "max(received_at) AS received_at, CAST(sum(events) AS BIGINT) AS events "
        f"FROM {partition}.coverage GROUP BY ALL"
    )
    for name in ("covered_days", "traces"):
        hub.execute(
            f"CREATE OR REPLACE TABLE {partition}.{name} AS "
            f"SELECT DISTINCT * FROM {partition}.{name} ORDER BY ALL"
        )
    reach.compact(hub, partition)


def gathered(batch: SignedBatch) -> pl.DataFrame:
    """Return the rows of *batch* as the table of events takes them.

    Times become naive UTC. Besides the columns of the table it has: position; moment
    (see ``moments``), timed (whether that is its own time), told_at (the moment its line
    states, corrected or not: what tells copies); part and source_order (numbers); anchor
    (what an untimed record is compared by).
    """
    frame = batch.frame.drop(_LEFT_OUT, strict=False)
    if "written_at" not in frame.columns:
        frame = frame.with_columns(written_at=pl.lit(None, frame["occurred_at"].dtype))
    frame = _joined_variables(frame)
    timed = can_be(pl.col("occurred_at"), pl.col("received_at"))
    return (
        frame.join(_parts(batch), on="part", how="left", maintain_order="left")
        .with_columns(pl.col("occurred_at", "written_at").dt.replace_time_zone(None))
        .with_columns(timed=timed)
        .with_columns(
            moment=pl.when("timed").then("occurred_at").otherwise("received_at"),
            told_at=pl.coalesce("written_at", "occurred_at"),
            anchor=pl.when("timed").then(pl.lit("")).otherwise("origin"),
        )
        .drop("origin")
        .with_row_index("position")
    )


def _joined_variables(frame: pl.DataFrame) -> pl.DataFrame:
    """Return *frame* with the values of each row's variables in one text.

    Where a value holds what stands between them, the message is kept whole.
    """
    values = pl.col("variables")
    joined = frame.with_columns(values.list.join(BETWEEN).alias("joined"))
    between = pl.col("joined").str.count_matches(BETWEEN, literal=True)
    odd = joined.select(between > values.list.len().cast(pl.Int64) - 1).to_series()
    odd &= joined["joined"].str.contains(BETWEEN, literal=True)
    if odd.any():
        clean = values.list.eval(pl.element().str.replace_all(BETWEEN, " ", literal=True))
        joined = joined.with_columns(
            joined=pl.when(odd).then(clean.list.join(BETWEEN)).otherwise("joined"),
            message=pl.when(odd).then(pl.coalesce("message", "text")).otherwise("message"),
        )
    return joined.drop("variables").rename({"joined": "variables"})


def ledger(rows: pl.DataFrame, kept: pl.DataFrame, parts: Sequence[Part]) -> pl.DataFrame:
    """Return an entry for each part in *rows*: its id, its events, its duplicates."""
    stored = kept.group_by("part").agg(events=pl.len().cast(pl.Int64))
    counts = rows.group_by("part", "source_id", "received_at").agg(n=pl.len().cast(pl.Int64))
    names = pl.Series("batch_id", [part.batch_id for part in parts], dtype=pl.String)
    events = pl.col("events").fill_null(0)
    return (
        counts.join(stored, on="part", how="left")
        .join(names.to_frame().with_row_index("part"), on="part")
        .select("batch_id", "source_id", "received_at", events, duplicates=pl.col("n") - events)
    )


def _parts(batch: SignedBatch) -> pl.DataFrame:
    """Return what the rows of each part have in common."""
    orders: dict[str, int] = {}
    rows = [
        {
            "part": number,
            "source_id": part.source.source_id,
            "source_order": orders.setdefault(part.source.source_id, number),
            "received_at": part.source.received_at.astimezone(UTC).replace(tzinfo=None),
            "origin": part.source.origin,
        }
        for number, part in enumerate(batch.parts)
    ]
    return pl.DataFrame(rows, schema=_PART_COLUMNS)
