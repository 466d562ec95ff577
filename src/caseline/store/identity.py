"""Which records of a batch are new: the same content counts once, whichever way it came.

A record is told by where it happened, the time it states and what it says; that time as
it stands in the line, since a clock may be put right by one way and not by another. The
n-th of several equal records is known if one other file or stream brought n of them:
overlapping, rotated and renamed copies count once, and a line that really came twice in
one file counts twice. Records without a time are compared only with files that begin alike.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from caseline.store.moments import OCCURRED, REACH_HOURS
from caseline.store.views import TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

_SAME = (
    "{0}.environment_id = {1}.environment_id AND {0}.anchor = {1}.anchor "
    "AND {0}.told_at IS NOT DISTINCT FROM {1}.told_at "
    "AND {0}.text = {1}.text AND {0}.repeats = {1}.repeats"
)
_HOSTS_AGREE = "({0}.host = {1}.host OR {0}.host IS NULL OR {1}.host IS NULL)"
# The hosts stand in a CASE, not in the join: an OR there makes it a nested loop.
_FRESH = f"""
    WITH numbered AS (
        SELECT *, row_number() OVER (
            PARTITION BY source_id, environment_id, host, told_at, anchor, text, repeats
            ORDER BY position) AS nth
        FROM suspects),
    counted AS (
        SELECT source_id, source_order, environment_id, host, told_at, anchor, text, repeats,
               max(nth) AS n
        FROM numbered GROUP BY ALL),
    beside AS (
        SELECT i.position, max(CASE WHEN {_HOSTS_AGREE.format("c", "i")} THEN c.n END) AS n
        FROM numbered i JOIN counted c
          ON {_SAME.format("c", "i")} AND c.source_order < i.source_order
        GROUP BY i.position),
    stored AS (
        SELECT i.position, sum(CASE WHEN {_HOSTS_AGREE.format("k", "i")} THEN k.n END) AS n
        FROM numbered i JOIN known k
          ON {_SAME.format("k", "i")} AND (k.source_id <> i.source_id OR {{own_too}})
        GROUP BY i.position)
    SELECT i.position
    FROM numbered i
    LEFT JOIN beside b ON b.position = i.position
    LEFT JOIN stored s ON s.position = i.position
    WHERE i.nth > greatest(coalesce(b.n, 0), coalesce(s.n, 0))
"""
_KNOWN = """
    CREATE OR REPLACE TEMP TABLE known AS
    SELECT source_id, environment_id, host, told_at, anchor, text, repeats, count(*) AS n
    FROM (
        SELECT e.source_id, e.environment_id, e.host, e.repeats, {text} AS text,
               {told} AS told_at,
               CASE WHEN e.timed THEN '' ELSE o.origin END AS anchor
        FROM (SELECT * FROM {partition}.events e WHERE {condition}) e
        LEFT JOIN catalog.signatures t ON t.signature_id = e.signature_id
        LEFT JOIN catalog.sources o ON o.source_id = e.source_id)
    GROUP BY ALL
"""
LIKELY_SIGNATURES = """
    SELECT signature_id FROM suspects UNION
    SELECT a.signature_id FROM catalog.signature_aliases a JOIN (
        SELECT coalesce(a.merged_into, s.signature_id) AS signature_id FROM suspects s
        LEFT JOIN catalog.signature_aliases a ON a.signature_id = s.signature_id) c
    ON c.signature_id = a.merged_into UNION
    SELECT a.merged_into FROM catalog.signature_aliases a
    JOIN suspects s ON s.signature_id = a.signature_id UNION
    SELECT l.from_id FROM catalog.lineage l
    JOIN suspects s ON s.signature_id = l.to_id WHERE l.author = 'scheme'
"""
"""Under which signatures copies of ``suspects`` may stand, in SQL."""
_TEXT = TEXT.replace("e.variables", "string_split(e.variables, chr(31))")
_TOLD = f"coalesce(e.written_at, {OCCURRED.format('e.')})"
COLUMNS = (
    "position",
    "source_id",
    "source_order",
    "environment_id",
    "host",
    "told_at",
    "anchor",
    "text",
    "repeats",
    "signature_id",
    "timed",
)


def fresh(
    hub: duckdb.DuckDBPyConnection, rows: pl.DataFrame, *, partition: str, own_too: bool = False
) -> pl.DataFrame:
    """Return those of *rows* that no other source has brought to *partition* before.

    Args:
        hub: The connection.
        rows: Records of one or more sources, with the columns of the table of events
            and: position, source_order, anchor, text, timed.
        partition: The partition they belong to, or another that may hold copies.
        own_too: Compare with records of the same source as well: those that it left in
            another partition when its clock was judged otherwise.
    """
    stored = covered(hub, rows, partition=partition, own_too=own_too)
    doubtful = stored | _equal_in_other_sources(rows)
    if not doubtful.any():
        return rows
    suspects = rows.filter(doubtful).select(COLUMNS)
    hub.register("suspects", suspects.to_arrow())
    condition = copies_of(suspects) if stored.any() else "false"
    hub.execute(_KNOWN.format(partition=partition, condition=condition, text=_TEXT, told=_TOLD))
    kept = hub.execute(_FRESH.format(own_too=str(own_too).lower())).pl()["position"]
    hub.execute("DROP TABLE known")
    hub.unregister("suspects")
    return rows.filter(~doubtful | pl.col("position").is_in(kept.implode()))


def unmoved(
    hub: duckdb.DuckDBPyConnection, rows: pl.DataFrame, others: Mapping[str, str]
) -> pl.DataFrame:
    """Return *rows* without those that another month holds already, corrected otherwise.

    A clock that was put right may have taken a record over the end of its month.

    Args:
        hub: The connection.
        rows: As for ``fresh``.
        others: The partitions of the other months, by month: ``2026-11``.
    """
    for month, partition in others.items():
        some = rows.filter(near(month))
        if not some.is_empty():
            left = fresh(hub, some, partition=partition, own_too=True)
            rows = rows.filter(~near(month) | pl.col("position").is_in(left["position"].implode()))
    return rows


def near(month: str) -> pl.Expr:
    """Return whether a row's stated time is so near to *month* that it may stand there."""
    reach = timedelta(hours=REACH_HOURS)
    start = datetime.strptime(month, "%Y-%m")  # noqa: DTZ007 - as the store's times
    end = (start + timedelta(days=32)).replace(day=1)
    stated = pl.col("timed") & pl.col("told_at").is_between(start - reach, end + reach)
    return stated.fill_null(value=False)


def _equal_in_other_sources(rows: pl.DataFrame) -> pl.Series:
    """Mark the rows that may stand in another source of *rows* as well."""
    if rows["source_id"].n_unique() == 1:
        return pl.repeat(value=False, n=rows.height, eager=True, dtype=pl.Boolean)
    # A hash of this process only: two rows that share one by chance are compared in full.
    told_by = pl.struct("environment_id", "told_at", "anchor", "text").hash()
    sources = pl.col("source_order")
    return rows.select(
        (sources.min().over(told_by) != sources.max().over(told_by)).alias("doubtful")
    ).to_series()


def covered(
    hub: duckdb.DuckDBPyConnection, rows: pl.DataFrame, *, partition: str, own_too: bool = False
) -> pl.Series:
    """Mark the rows at times and places that another stored source covers: as ``fresh``."""
    rows = rows.with_columns(told=pl.when("timed").then("told_at").otherwise("moment"))
    spans = rows.group_by("environment_id", "source_id", "anchor", "timed").agg(
        low=pl.col("told").min(), high=pl.col("told").max()
    )
    other = "true" if own_too else "c.source_id <> s.source_id"
    hub.register("spans", spans.to_arrow())
    overlaps = hub.execute(
        "SELECT s.source_id, s.environment_id, s.timed, "
        "min(greatest(c.told_from, s.low)) AS low, max(least(c.told_to, s.high)) AS high "
        f"FROM spans s JOIN {partition}.coverage c ON c.environment_id = s.environment_id "
        f"AND c.timed = s.timed AND {other} "
        "LEFT JOIN catalog.sources o ON NOT s.timed AND o.source_id = c.source_id "
        "WHERE (s.timed AND c.told_from <= s.high AND c.told_to >= s.low) "
        "OR o.origin = s.anchor GROUP BY ALL"
    ).pl()
    hub.unregister("spans")
    if overlaps.is_empty():
        return pl.repeat(value=False, n=rows.height, eager=True, dtype=pl.Boolean)
    keys = ["source_id", "environment_id", "timed"]
    found = rows.select("source_id", "environment_id", "told", "timed").join(
        overlaps, on=keys, how="left", maintain_order="left"
    )
    inside = pl.col("told").is_between(pl.col("low"), pl.col("high")) | ~pl.col("timed")
    return found.select((pl.col("low").is_not_null() & inside).alias("doubtful")).to_series()


def copies_of(suspects: pl.DataFrame, *, signatures: str | None = None) -> str:
    """Return which stored events ``e`` may be copies of *suspects*, in SQL.

    Args:
        suspects: Records, with at least the ``COLUMNS``.
        signatures: The names of their signatures, quoted, where no table ``suspects`` can
            be read: some that are no copies are told then as well.
    """
    exactly = f" AND {_TOLD} IN (SELECT told_at FROM suspects)" if signatures is None else ""
    timed = suspects.filter("timed")["told_at"]
    environments = ", ".join(_quoted(e) for e in suspects["environment_id"].unique().sort())
    parts = []
    if timed.len():
        low, high = (f"TIMESTAMP '{moment!s}'" for moment in (timed.min(), timed.max()))
        reach = f"INTERVAL {REACH_HOURS} HOUR"  # the engine skips by what stands in a column
        parts.append(
            f"(e.timed AND e.moment BETWEEN {low} - {reach} AND {high} + {reach} "
            f"AND {_TOLD} BETWEEN {low} AND {high}{exactly})"
        )
    if timed.len() < suspects.height:
        parts.append("NOT e.timed")
    return (
        f"({' OR '.join(parts)}) AND e.environment_id IN ({environments}) "
        f"AND e.signature_id IN ({signatures or LIKELY_SIGNATURES})"
    )


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
