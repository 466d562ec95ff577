"""Which records of a batch are new: the same content counts once, whichever way it came.

A record is told by where and when it happened and what it says. The n-th of several
equal records is known if one other file or stream brought n of them: overlapping,
rotated and renamed copies count once, and a line that really came twice in one file
counts twice. Records without a time are compared only with files that begin alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.store.moments import CAN_BE
from caseline.store.views import TEXT

if TYPE_CHECKING:
    import duckdb

_SAME = (
    "{0}.environment_id = {1}.environment_id AND {0}.anchor = {1}.anchor "
    "AND {0}.occurred_at IS NOT DISTINCT FROM {1}.occurred_at "
    "AND {0}.text = {1}.text AND {0}.repeats = {1}.repeats"
)
_HOSTS_AGREE = "({0}.host = {1}.host OR {0}.host IS NULL OR {1}.host IS NULL)"
# The hosts stand in a CASE, not in the join: an OR there makes it a nested loop.
_FRESH = f"""
    WITH numbered AS (
        SELECT *, row_number() OVER (
            PARTITION BY source_id, environment_id, host, occurred_at, anchor, text, repeats
            ORDER BY position) AS nth
        FROM suspects),
    counted AS (
        SELECT source_id, source_order, environment_id, host, occurred_at, anchor, text, repeats,
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
          ON {_SAME.format("k", "i")} AND k.source_id <> i.source_id
        GROUP BY i.position)
    SELECT i.position
    FROM numbered i
    LEFT JOIN beside b ON b.position = i.position
    LEFT JOIN stored s ON s.position = i.position
    WHERE i.nth > greatest(coalesce(b.n, 0), coalesce(s.n, 0))
"""
_KNOWN = """
    CREATE OR REPLACE TEMP TABLE known AS
    SELECT source_id, environment_id, host, occurred_at, anchor, text, repeats, count(*) AS n
    FROM (
        SELECT e.source_id, e.environment_id, e.host, e.occurred_at, e.repeats, {text} AS text,
               CASE WHEN {timed} THEN '' ELSE o.origin END AS anchor
        FROM {partition}.events e
        LEFT JOIN catalog.signatures t ON t.signature_id = e.signature_id
        LEFT JOIN catalog.sources o ON o.source_id = e.source_id
        WHERE {condition})
    GROUP BY ALL
"""
_LIKELY_SIGNATURES = """
    SELECT signature_id FROM suspects UNION
    SELECT a.signature_id FROM catalog.signature_aliases a JOIN (
        SELECT coalesce(a.merged_into, s.signature_id) AS signature_id FROM suspects s
        LEFT JOIN catalog.signature_aliases a ON a.signature_id = s.signature_id) c
    ON c.signature_id = a.merged_into UNION
    SELECT a.merged_into FROM catalog.signature_aliases a
    JOIN suspects s ON s.signature_id = a.signature_id
"""
_COLUMNS = (
    "position",
    "source_id",
    "source_order",
    "environment_id",
    "host",
    "occurred_at",
    "anchor",
    "text",
    "repeats",
    "signature_id",
    "timed",
)


def fresh(hub: duckdb.DuckDBPyConnection, rows: pl.DataFrame, *, partition: str) -> pl.DataFrame:
    """Return those of *rows* that no other source has brought to *partition* before.

    Args:
        hub: The connection.
        rows: Records of one or more sources, with the columns of the table of events
            and: position, source_order, anchor, text, timed.
        partition: The partition they belong to.
    """
    stored = _stored_overlap(hub, rows, partition)
    doubtful = stored | _equal_in_other_sources(rows)
    if not doubtful.any():
        return rows
    suspects = rows.filter(doubtful).select(_COLUMNS)
    hub.register("suspects", suspects.to_arrow())
    condition = _condition(suspects) if stored.any() else "false"
    hub.execute(
        _KNOWN.format(
            partition=partition, condition=condition, text=TEXT, timed=CAN_BE.format("e.")
        )
    )
    kept = hub.execute(_FRESH).pl()["position"]
    hub.execute("DROP TABLE known")
    hub.unregister("suspects")
    return rows.filter(~doubtful | pl.col("position").is_in(kept.implode()))


def _equal_in_other_sources(rows: pl.DataFrame) -> pl.Series:
    """Mark the rows that may stand in another source of *rows* as well."""
    if rows["source_id"].n_unique() == 1:
        return pl.repeat(value=False, n=rows.height, eager=True, dtype=pl.Boolean)
    # A hash of this process only: two rows that share one by chance are compared in full.
    told_by = pl.struct("environment_id", "occurred_at", "anchor", "text").hash()
    sources = pl.col("source_order")
    return rows.select(
        (sources.min().over(told_by) != sources.max().over(told_by)).alias("doubtful")
    ).to_series()


def _stored_overlap(
    hub: duckdb.DuckDBPyConnection, rows: pl.DataFrame, partition: str
) -> pl.Series:
    """Mark the rows at times and places that another stored source covers."""
    spans = rows.group_by("environment_id", "source_id", "anchor", "timed").agg(
        low=pl.col("moment").min(), high=pl.col("moment").max()
    )
    hub.register("spans", spans.to_arrow())
    overlaps = hub.execute(
        "SELECT s.source_id, s.environment_id, s.timed, "
        "min(greatest(c.starts_at, s.low)) AS low, max(least(c.ends_at, s.high)) AS high "
        f"FROM spans s JOIN {partition}.coverage c ON c.environment_id = s.environment_id "
        "AND c.timed = s.timed AND c.source_id <> s.source_id "
        "LEFT JOIN catalog.sources o ON NOT s.timed AND o.source_id = c.source_id "
        "WHERE (s.timed AND c.starts_at <= s.high AND c.ends_at >= s.low) "
        "OR o.origin = s.anchor GROUP BY ALL"
    ).pl()
    hub.unregister("spans")
    if overlaps.is_empty():
        return pl.repeat(value=False, n=rows.height, eager=True, dtype=pl.Boolean)
    keys = ["source_id", "environment_id", "timed"]
    found = rows.select("source_id", "environment_id", "moment", "timed").join(
        overlaps, on=keys, how="left", maintain_order="left"
    )
    inside = pl.col("moment").is_between(pl.col("low"), pl.col("high")) | ~pl.col("timed")
    return found.select((pl.col("low").is_not_null() & inside).alias("doubtful")).to_series()


def _condition(suspects: pl.DataFrame) -> str:
    """Return which stored events may be copies of *suspects*."""
    timed = suspects.filter("timed")["occurred_at"]
    environments = ", ".join(_quoted(e) for e in suspects["environment_id"].unique().sort())
    parts = []
    if timed.len():
        low, high = str(timed.min()), str(timed.max())
        parts.append(f"e.occurred_at BETWEEN '{low}' AND '{high}'")
    if timed.len() < suspects.height:
        parts.append(f"NOT coalesce({CAN_BE.format('e.')}, false)")
    return (
        f"({' OR '.join(parts)}) AND e.environment_id IN ({environments}) "
        f"AND e.signature_id IN ({_LIKELY_SIGNATURES})"
    )


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
