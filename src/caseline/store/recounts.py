"""What can be counted anew from the events: how each rollup should be, and whether it is.

A new rollup gets an entry in ``RECOUNTS``; ``verify`` goes through all of them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from caseline.store import appending, reach
from caseline.store.schema import DIMENSIONS, ROLLUPS, SETS

if TYPE_CHECKING:
    from collections.abc import Callable

    from caseline.store.embedded import EmbeddedStore

_BY = ", ".join(DIMENSIONS)
_TOLD = "CASE WHEN timed THEN coalesce(written_at, moment) ELSE moment END"
_SPAN = "min(first_at) AS first_at, max(last_at) AS last_at"
_DAYS = "CAST(unnest(generate_series(date_trunc('day', {}), {}, INTERVAL 1 DAY)) AS DATE) AS day"


def _moments_kept(table: str, unit: str) -> str:
    return (
        f"SELECT {unit}, {_BY}, CAST(sum(events) AS BIGINT) AS events, {_SPAN} "
        f"FROM {{p}}.{table} GROUP BY ALL"
    )


def _moments_counted(unit: str) -> str:
    kind = "TIMESTAMP" if unit == "hour" else "DATE"
    return (
        f"SELECT CAST(date_trunc('{unit}', moment) AS {kind}) AS {unit}, {_BY}, "
        "CAST(sum(repeats) AS BIGINT) AS events, min(moment) AS first_at, "
        f"max(moment) AS last_at FROM {{p}}.events GROUP BY ALL"
    )


_COVERAGE_KEPT = (
    "SELECT source_id, environment_id, host, timed, min(starts_at) AS starts_at, "
    "max(ends_at) AS ends_at, min(told_from) AS told_from, max(told_to) AS told_to, "
    "max(received_at) AS received_at, CAST(sum(events) AS BIGINT) AS events "
    "FROM {p}.coverage GROUP BY ALL"
)
_COVERAGE_COUNTED = (
    "SELECT source_id, environment_id, host, timed, min(moment) AS starts_at, "
    f"max(moment) AS ends_at, min({_TOLD}) AS told_from, max({_TOLD}) AS told_to, "
    f"max(received_at) AS received_at, count(*) AS events FROM {{p}}.events GROUP BY ALL"
)
_COVERED_AT_LEAST = (
    "SELECT DISTINCT environment_id, CAST(moment AS DATE) AS day FROM {p}.events WHERE timed"
)
_COVERED_AT_MOST = (
    f"SELECT DISTINCT environment_id, {_DAYS.format('s', 'e')} FROM (SELECT environment_id, "
    f"min(moment) AS s, max(moment) AS e FROM {{p}}.events WHERE timed "
    "GROUP BY source_id, environment_id, host)"
)
_TRACES_KEPT = "SELECT DISTINCT trace_key, day FROM {p}.traces"
_TRACES_COUNTED = (
    "SELECT DISTINCT md5_number_lower(trace_id) AS trace_key, CAST(moment AS DATE) AS day "
    "FROM {p}.events WHERE trace_id IS NOT NULL"
)
_WRONG = (
    "WITH kept AS MATERIALIZED ({kept}), least AS MATERIALIZED ({least}), "
    "most AS MATERIALIZED ({most}), "
    "missing AS (FROM least EXCEPT ALL FROM kept), surplus AS (FROM kept EXCEPT ALL FROM most) "
    "SELECT (SELECT count(*) FROM most), (SELECT count(*) FROM missing), "
    "(SELECT count(*) FROM surplus)"
)


def _compare(
    store: EmbeddedStore, partition: str, *, kept: str, least: str, most: str | None = None
) -> tuple[int, int]:
    """Return the rows that there should be, and how many are missing or too many.

    Args:
        store: The open store.
        partition: Which month.
        kept: SELECT of a rollup's table, its deltas merged; ``{p}`` is the partition.
        least: SELECT of the rows that must be there.
        most: SELECT of the rows that may be there, if these are more.
    """
    texts = {"kept": kept, "least": least, "most": most or least}
    sql = _WRONG.format(**{name: text.format(p=partition) for name, text in texts.items()})
    rows, missing, surplus = store.hub.execute(sql).fetchone() or (0, 0, 0)
    return int(rows), max(int(missing), int(surplus))


def _compare_reach(store: EmbeddedStore, partition: str) -> tuple[int, int]:
    counted = store.hub.execute(_moments_counted("month").format(p=partition)).pl()
    kept = store.hub.execute(f"SELECT * FROM {partition}.reach").pl()
    due = reach.reach_of(counted, store.numbers)
    found = reach.added(kept, ["month", "signature_id"]).select(due.columns)
    frames = {"due": due, "found": found}
    for name, frame in frames.items():
        store.hub.register(name, frame.to_arrow())
    try:
        return _compare(store, partition, kept="FROM found", least="FROM due")
    finally:
        for name in frames:
            store.hub.unregister(name)


RECOUNTS: dict[str, Callable[[EmbeddedStore, str], tuple[int, int]]] = {
    **{
        table: partial(_compare, kept=_moments_kept(table, unit), least=_moments_counted(unit))
        for table, unit in ROLLUPS.items()
    },
    "coverage": partial(_compare, kept=_COVERAGE_KEPT, least=_COVERAGE_COUNTED),
    "covered_days": partial(
        _compare,
        kept="SELECT DISTINCT * FROM {p}.covered_days",
        least=_COVERED_AT_LEAST,
        most=_COVERED_AT_MOST,
    ),
    "traces": partial(_compare, kept=_TRACES_KEPT, least=_TRACES_COUNTED),
    "reach": _compare_reach,
}
"""Every rollup of a partition: gives the rows it should have, and how many are wrong."""


def rebuild(store: EmbeddedStore, partition: str) -> None:
    """Make all rollups of *partition* anew from its events, in one transaction."""
    names = ", ".join(SETS.values())
    held = store.hub.execute(f"SELECT DISTINCT {names} FROM {partition}.events").pl()
    store.save("numbers", reach.number_names(store.numbers, held))
    with store.transaction():
        store.hub.execute(
            f"CREATE OR REPLACE TABLE {partition}.coverage AS "
            f"{_COVERAGE_COUNTED.format(p=partition)} ORDER BY ALL"
        )
        appending.recount(store.hub, partition, store.numbers)
