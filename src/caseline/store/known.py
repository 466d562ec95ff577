"""What of a batch the months hold already: parts by their ids, untimed records by content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from caseline.store import identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from caseline.records.batches import Part
    from caseline.store.embedded import EmbeddedStore


def untold(
    store: EmbeddedStore, rows: pl.DataFrame, month: str, parts: Sequence[Part]
) -> pl.DataFrame:
    """Return *rows* of *month* without the untimed ones that another month holds already.

    A record without a time stands in the month it was received in; its file may
    have come in an earlier one.
    """
    untimed = rows.filter(~pl.col("timed"))
    if untimed.is_empty():
        return rows
    for other in store.partitions.months:
        if other == month or untimed.is_empty():
            continue
        partition = store.partitions.for_month(other)
        known = known_parts(store.hub, partition, parts, received_in=other)
        untimed = untimed.filter(~pl.col("part").is_in(known))
        untimed = identity.fresh(store.hub, untimed, partition=partition)
    left = pl.col("position").is_in(untimed["position"].implode())
    return rows.filter(pl.col("timed") | left)


def known_parts(
    hub: duckdb.DuckDBPyConnection,
    partition: str,
    parts: Sequence[Part],
    *,
    received_in: str | None = None,
) -> list[int]:
    """Return the numbers of those *parts* that *partition* holds already.

    With *received_in* only those received in that month, the untimed ones' own.
    """
    held = hub.execute(
        f"SELECT batch_id FROM {partition}.batches WHERE batch_id IN (SELECT unnest($ids)) "
        "AND ($month IS NULL OR strftime(received_at, '%Y-%m') = $month)",
        {"ids": [part.batch_id for part in parts], "month": received_in},
    ).fetchall()
    known = {row[0] for row in held}
    return [number for number, part in enumerate(parts) if part.batch_id in known]
