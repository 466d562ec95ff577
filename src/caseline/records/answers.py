"""What answers are made of: rows, and tables of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


class Row(Mapping[str, Any]):
    """One row of a table: its values by name, as attributes or as keys.

    >>> row = Row({"signature_id": "s-1", "customers": 12})
    >>> row.customers, row["signature_id"]
    (12, 's-1')
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> Any:
        """Return the value of column *name*."""
        return self._values[name]

    def __getattr__(self, name: str) -> Any:
        """Return the value of column *name*."""
        try:
            return object.__getattribute__(self, "_values")[name]
        except KeyError:
            raise AttributeError(f"no column {name!r}; there are {sorted(self._values)}") from None

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the columns."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self._values)

    def __repr__(self) -> str:
        """Return the names only: values may be text of a customer."""
        return f"Row({', '.join(self._values)})"

    def __getstate__(self) -> dict[str, Any]:
        """Return what copy and pickle need."""
        return self._values

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take back what __getstate__ gave."""
        self._values = state


class Table(Sequence[Row]):
    """An answer in rows: iterate it, or turn it into a data frame.

    Args:
        name: What the rows are, in one word: it heads the repr.
        frame: The rows.
        as_of: The moment the answer speaks for.
        notes: What a reader must know besides, one sentence each.
    """

    def __init__(
        self, name: str, frame: pl.DataFrame, *, as_of: datetime, notes: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.as_of = as_of
        self.notes = tuple(notes)
        self._frame = frame

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return self._frame.columns

    def to_frame(self) -> pl.DataFrame:
        """Return the rows as a Polars data frame."""
        return self._frame

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a pandas data frame (pandas must be installed)."""
        return self._frame.to_pandas()

    def to_arrow(self) -> pa.Table:
        """Return the rows as an Arrow table."""
        return self._frame.to_arrow()

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as dicts that json.dumps takes."""
        return [{k: plain(v) for k, v in row.items()} for row in self._frame.to_dicts()]

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._frame.height

    def __getitem__(self, index: Any) -> Any:
        """Return the row at *index*, or the rows of a slice."""
        if isinstance(index, slice):
            return [Row(row) for row in self._frame[index].to_dicts()]
        return Row(self._frame.row(index, named=True))

    def __iter__(self) -> Iterator[Row]:
        """Iterate over the rows."""
        return map(Row, self._frame.iter_rows(named=True))

    def __repr__(self) -> str:
        """Return one line that shows no value of any row."""
        return (
            f"{type(self).__name__}({self.name}: {len(self)} rows, as of {self.as_of.isoformat()})"
        )


def plain(value: Any) -> Any:
    """Return *value* as something that JSON can hold: times as ISO 8601 text."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(k): plain(v) for k, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(v) for v in value]
        case _ if hasattr(value, "to_dict"):
            return value.to_dict()
        case _:
            return value
