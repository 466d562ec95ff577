"""Signatures that nobody else has: their templates may hold what only that customer wrote.

A template stays if an event that stays has it, or if it is what rules read one of those
as. What only the leaving events came to goes, with the shapes, aliases and splits of it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from caseline.store.rewriting import columns_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb

_MACHINES = frozenset({"rule", "scheme"})
_SPLIT = "split"
_WORD = re.compile(r"[^\W\d_][\w.$\-]*")
_SEEN = "SELECT DISTINCT t.signature_id, {gone} AS gone FROM {partition}.months t"
_SPLIT_VALUES = (
    "SELECT DISTINCT s.signature_id, s.value, {gone} AS gone FROM {partition}.events t "
    "JOIN catalog.signature_splits s ON s.signature_id = t.signature_id "
    "AND {variable} = s.value"
)


class Split(NamedTuple):
    """A row of the table of splits, as far as it matters here."""

    signature_id: str
    value: str
    into: str


class Found(NamedTuple):
    """What was found: signatures that go, and those that people had merged into one of them."""

    gone: frozenset[str]
    unmerged: tuple[str, ...]


def find_signatures(
    hub: duckdb.DuckDBPyConnection,
    partitions: Mapping[str, str],
    *,
    words: Iterable[str] = (),
) -> Found:
    """Fill the tables of what leaves with signatures, splits and the ends of aliases.

    Args:
        hub: The connection, with these tables.
        partitions: Names of all partitions, attached, each with the condition that an
            event of it, or a sum of events, ``t`` leaves.
        words: Of templates that no event has, those with one of these go too.
    """
    leaving, left = _seen(hub, partitions)
    steps = _steps(hub)
    splits, values = _splits(hub, partitions)
    stay = _reached(left, steps, _parts(splits, values[False]))
    gone_ids = _reached(leaving, steps, _parts(splits, values[True])) - stay
    gone_ids |= _scheme_parts(hub, leaving) - stay - left
    gone_ids |= _nobodys(hub, leaving | stay | gone_ids, frozenset(words))
    gone_ids |= {s.into for s in splits if s.signature_id in gone_ids and s.into not in stay}
    lost = [s for s in splits if (s.signature_id, s.value) in values[True] - values[False]]
    _fill(hub, "gone_signatures", [(name,) for name in sorted(gone_ids)])
    _fill(hub, "gone_splits", sorted((s.signature_id, s.value) for s in lost))
    unmerged = _new_ends(hub, gone_ids)
    _forget_scheme(hub)
    return Found(frozenset(gone_ids), unmerged)


def _seen(
    hub: duckdb.DuckDBPyConnection, partitions: Mapping[str, str]
) -> tuple[set[str], set[str]]:
    """Return the signatures of events that leave, and of those that stay."""
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for partition, gone in partitions.items():
        rows = hub.execute(_SEEN.format(partition=partition, gone=gone)).fetchall()
        for name, leaves in rows:
            found[leaves].add(name)
    return found[True], found[False]


def _steps(hub: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """Return what rules read each signature as, ever: texts that are common to both."""
    rows = hub.execute(
        "SELECT signature_id, coalesce(step_into, merged_into), author, reason "
        "FROM catalog.signature_aliases UNION SELECT signature_id, "
        "coalesce(step_into, merged_into), author, reason FROM catalog.alias_history"
    ).fetchall()
    steps: dict[str, set[str]] = defaultdict(set)
    for name, into, author, reason in rows:
        if author in _MACHINES or reason == _SPLIT:
            steps[name].add(into)
    return steps


def _splits(
    hub: duckdb.DuckDBPyConnection, partitions: Mapping[str, str]
) -> tuple[list[Split], dict[bool, set[tuple[str, str]]]]:
    """Return the splits, and which of their values events that leave, and that stay, have."""
    rows = hub.execute(
        "SELECT signature_id, value, split_into FROM catalog.signature_splits"
    ).fetchall()
    values: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    for partition, gone in partitions.items() if rows else ():
        as_list = columns_of(hub, partition, "events")["variables"].endswith("[]")
        listed = "t.variables" if as_list else "string_split(t.variables, chr(31))"
        sql = _SPLIT_VALUES.format(
            partition=partition, gone=gone, variable=f"({listed})[s.variable]"
        )
        for name, value, leaves in hub.execute(sql).fetchall():
            values[leaves].add((name, value))
    return [Split(*row) for row in rows], values


def _parts(splits: Iterable[Split], values: set[tuple[str, str]]) -> set[str]:
    return {s.into for s in splits if (s.signature_id, s.value) in values}


def _reached(start: set[str], steps: Mapping[str, set[str]], parts: set[str]) -> set[str]:
    """Return *start*, *parts*, and all that these are read as."""
    reached, due = set(start | parts), list(start | parts)
    while due:
        for name in steps.get(due.pop(), ()):
            if name not in reached:
                reached.add(name)
                due.append(name)
    return reached


def _scheme_parts(hub: duckdb.DuckDBPyConnection, leaving: set[str]) -> set[str]:
    """Return what a newer scheme made of texts of groups that *leaving* events have."""
    rows = hub.execute("SELECT from_id, to_id FROM catalog.lineage WHERE author = 'scheme'")
    return {new for old, new in rows.fetchall() if old in leaving}


def _nobodys(hub: duckdb.DuckDBPyConnection, known: set[str], words: frozenset[str]) -> set[str]:
    """Return signatures without any event whose template has one of *words*."""
    if not words:
        return set()
    rows = hub.execute("SELECT signature_id, template FROM catalog.signatures").fetchall()
    return {name for name, text in rows if name not in known and words & set(_WORD.findall(text))}


def _new_ends(hub: duckdb.DuckDBPyConnection, gone: set[str]) -> tuple[str, ...]:
    """Let aliases end before a signature that goes; return what stands alone by that."""
    rows = hub.execute(
        "SELECT signature_id, coalesce(step_into, merged_into), merged_into "
        "FROM catalog.signature_aliases"
    ).fetchall()
    steps = {name: into for name, into, _ in rows if name not in gone}
    ends = []
    for name, _, end in rows:
        if end in gone and name not in gone and steps[name] not in gone:
            ends.append((name, _end(name, steps, gone)))
    _fill(hub, "changed_ends", ends)
    return tuple(sorted(name for name, into in steps.items() if into in gone))


def _end(name: str, steps: Mapping[str, str], gone: set[str]) -> str:
    seen = {name}
    while (into := steps.get(name)) is not None and into not in gone and into not in seen:
        seen.add(into)
        name = into
    return name


def _forget_scheme(hub: duckdb.DuckDBPyConnection) -> None:
    """Have groups of an older scheme read again, where a part of one goes."""
    hub.execute(
        "INSERT INTO gone_meta SELECT 'scheme' WHERE EXISTS (SELECT 1 FROM catalog.lineage "
        "WHERE author = 'scheme' AND (to_id IN (FROM gone_signatures) "
        "OR from_id IN (FROM gone_signatures)))"
    )


def _fill(hub: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[str, ...]]) -> None:
    if rows:
        hub.register("given", pl.DataFrame(rows, orient="row").to_arrow())
        hub.execute(f"INSERT INTO {table} SELECT * FROM given")
        hub.unregister("given")
