"""Whom signatures fell on, month by month, as bitmaps: exact sets that are added by OR.

Counting distinct customers over a year of sums by place costs a pass over millions of
rows; a month of a signature is one row here, and a year of all of them is added up in
milliseconds. Each name has a number, given once and kept in the catalog.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.store.schema import SETS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb
    from numpy.typing import NDArray

    Bits = NDArray[np.uint8]

_ADDED = (
    pl.col("severity").max(),
    pl.col("events").sum(),
    pl.col("first_at").min(),
    pl.col("last_at").max(),
)
_KNOWN = {"name": pl.String, "number": pl.Int32}
_NUMBERS = {"kind": pl.String, **_KNOWN}


class Numbers:
    """The numbers of names, each kind of them counted from 0.

    Args:
        rows: kind, name, number: what the catalog holds.
    """

    def __init__(self, rows: pl.DataFrame) -> None:
        self._of: dict[str, dict[str, int]] = {column: {} for column in SETS.values()}
        for kind, name, number in rows.select("kind", "name", "number").iter_rows():
            self._of[kind][name] = number

    def add(self, kind: str, names: Iterable[str | None]) -> pl.DataFrame:
        """Give numbers to those of *names* that have none; return them as rows.

        >>> numbers = Numbers(pl.DataFrame(schema=["kind", "name", "number"]))
        >>> numbers.add("customer_id", ["b", "a", None]).rows()
        [('customer_id', 'a', 0), ('customer_id', 'b', 1)]
        """
        known = self._of[kind]
        first = max(known.values(), default=-1) + 1
        fresh = sorted({name for name in names if name is not None} - known.keys())
        rows = [(kind, name, number) for number, name in enumerate(fresh, first)]
        known.update((name, number) for _, name, number in rows)
        return pl.DataFrame(rows, schema=_NUMBERS, orient="row")

    def of(self, kind: str, names: pl.Series) -> pl.Series:
        """Return the numbers of *names*; null for null and for what has none."""
        return _looked_up(names, self._of[kind])

    def provisional(self, kind: str, names: pl.Series) -> pl.Series:
        """Return the numbers of *names*; those without get one beyond all, for this once."""
        known = self._of[kind]
        first = max(known.values(), default=-1) + 1
        new = {name: n for n, name in enumerate(sorted(set(names) - known.keys()), first)}
        return _looked_up(names, {**known, **new})

    def forget(self, rows: pl.DataFrame) -> None:
        """Take back what ``add`` gave, because it could not be saved."""
        for kind, name, _ in rows.iter_rows():
            del self._of[kind][name]


def number_names(numbers: Numbers, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the new numbers that the names in *rows* need, as rows of the catalog's table."""
    return pl.concat([numbers.add(kind, rows[kind].unique()) for kind in SETS.values()])


def reach_of(months: pl.DataFrame, numbers: Numbers) -> pl.DataFrame:
    """Return one row for each signature and month of *months*, with its sets.

    Args:
        months: month, signature_id, environment_id, customer_id, share_group, severity,
            events, first_at, last_at: as the rollup of months has them.
        numbers: All names in it have one.
    """
    by = ["month", "signature_id"]
    grouped = months.group_by(by, maintain_order=True).agg(*_ADDED)
    group = months.select(by).join(
        grouped.select(by).with_row_index("group"),
        on=by,
        nulls_equal=True,
        how="left",
        maintain_order="left",
    )["group"]
    nobodys = months["customer_id"].is_null()
    sets = {}
    for name, column in SETS.items():
        numbered = numbers.of(column, months[column])
        if name == "share_groups":
            numbered = numbered.set(~nobodys, None)
        sets[name] = trimmed(_bits(group, numbered, grouped.height))
    return grouped.with_columns(pl.Series(name, s, dtype=pl.Binary) for name, s in sets.items())


def added(rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    r"""Return *rows* of reach with one for each combination of *by*, their sets united.

    >>> day = {"severity": None, "events": 1, "first_at": 1, "last_at": 2}
    >>> sets = {"environments": b"\\x01", "customers": b"", "share_groups": b""}
    >>> two = {**sets, "environments": b"\\x00\\x80"}
    >>> rows = pl.DataFrame([{"s": "a", **day, **sets}, {"s": "a", **day, **two}])
    >>> added(rows, ["s"])["environments"].to_list(), added(rows, ["s"])["events"].to_list()
    ([b'\\x01\\x80'], [2])
    """
    rows = rows.sort(by)
    grouped = rows.group_by(by, maintain_order=True).agg(*_ADDED, pl.len().alias("rows"))
    ends = grouped["rows"].cum_sum().to_numpy()
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    united = {name: trimmed(_united(rows[name], starts)) for name in SETS}
    return grouped.drop("rows").with_columns(
        pl.Series(name, column, dtype=pl.Binary) for name, column in united.items()
    )


def matrix(blobs: pl.Series) -> Bits:
    """Return bitmaps as rows of bytes, shape (n, length of the longest)."""
    values = blobs.to_list()
    width = max(map(len, values), default=0) or 1
    joined = b"".join([value.ljust(width, b"\0") for value in values])
    return np.frombuffer(joined, dtype=np.uint8).reshape(len(values), width)


def trimmed(bits: Bits) -> list[bytes]:
    """Return the rows of *bits* as bitmaps, without zeros at their ends."""
    return [row.tobytes().rstrip(b"\0") for row in bits]


def sizes(bits: Bits) -> NDArray[np.int64]:
    """Return how many members each row of *bits* has."""
    return np.asarray(np.bitwise_count(bits).sum(axis=1), dtype=np.int64)


def read_numbers(hub: duckdb.DuckDBPyConnection) -> Numbers:
    """Return the numbers that the catalog holds."""
    return Numbers(hub.execute("SELECT kind, name, number FROM catalog.numbers").pl())


def compact(hub: duckdb.DuckDBPyConnection, partition: str) -> None:
    """Add up the rows of reach in *partition*; no answer changes."""
    rows = hub.execute(f"SELECT * FROM {partition}.reach").pl()
    _write(hub, partition, added(rows, ["month", "signature_id"]))


def recount(hub: duckdb.DuckDBPyConnection, partition: str, numbers: Numbers) -> pl.DataFrame:
    """Return the rows of reach as the rollup of months in *partition* tells them."""
    names = ", ".join(SETS.values())
    months = hub.execute(
        f"SELECT month, signature_id, {names}, max(severity) AS severity, "
        "CAST(sum(events) AS BIGINT) AS events, min(first_at) AS first_at, "
        f"max(last_at) AS last_at FROM {partition}.months GROUP BY ALL"
    ).pl()
    return added(reach_of(months, numbers), ["month", "signature_id"])


def _write(hub: duckdb.DuckDBPyConnection, partition: str, rows: pl.DataFrame) -> None:
    hub.register("given", rows.to_arrow())
    hub.execute(f"DELETE FROM {partition}.reach")
    hub.execute(f"INSERT INTO {partition}.reach BY NAME SELECT * FROM given")
    hub.unregister("given")


def _looked_up(names: pl.Series, numbers: dict[str, int]) -> pl.Series:
    known = pl.DataFrame({"name": list(numbers), "number": list(numbers.values())}, schema=_KNOWN)
    asked = names.cast(pl.String).alias("name").to_frame()
    return asked.join(known, on="name", how="left", maintain_order="left")["number"]


def _bits(group: pl.Series, numbered: pl.Series, groups: int) -> Bits:
    there = numbered.is_not_null()
    rows, number = group.filter(there).to_numpy(), numbered.drop_nulls().to_numpy()
    width = int(number.max()) // 8 + 1 if number.size else 1
    bits = np.zeros((groups, width), dtype=np.uint8)
    np.bitwise_or.at(bits, (rows, number // 8), np.left_shift(1, number % 8).astype(np.uint8))
    return bits


def _united(blobs: pl.Series, starts: Any) -> Bits:
    bits = matrix(blobs)
    return np.bitwise_or.reduceat(bits, starts, axis=0) if len(bits) else bits
