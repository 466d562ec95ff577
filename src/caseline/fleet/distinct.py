"""Asking once for each distinct value of a batch, not once for each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

    from caseline.fleet.timelines import Codes

Value = TypeVar("Value")

NOT_SAID = -1
"""The code of a row whose column says nothing."""


def resolved(
    environments: pl.Series, values: pl.Series, resolve: Callable[[str, str], int]
) -> Codes:
    """Return the code of each row, shape (n,); NOT_SAID where its value is null.

    Args:
        environments: Each row's environment.
        values: Each row's value, text.
        resolve: Gives the code of an environment and a value.

    >>> resolved(pl.Series(["e", "e"]), pl.Series(["ab", None]), lambda e, v: len(v)).tolist()
    [2, -1]
    """
    if values.null_count() == len(values):
        return np.full(len(values), NOT_SAID, dtype=np.int64)
    rows = pl.DataFrame({"environment": environments, "value": values})
    # One environment is the rule: then the values alone tell the rows apart.
    keys = ["value"] if environments.n_unique() == 1 else ["environment", "value"]
    distinct = rows.unique(subset=keys)
    codes = [
        NOT_SAID if value is None else resolve(environment, value)
        for environment, value in distinct.iter_rows()
    ]
    known = distinct.select(keys).with_columns(pl.Series("code", codes, dtype=pl.Int64))
    joined = rows.join(known, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return joined["code"].to_numpy()


class Labels(Generic[Value]):
    """Values by number; number 0 is the first.

    >>> labels = Labels("nothing")
    >>> labels.number("something"), labels.number("nothing"), labels.values
    (1, 0, ['nothing', 'something'])
    """

    def __init__(self, first: Value) -> None:
        self.values = [first]
        self._numbers = {first: 0}

    def number(self, value: Value) -> int:
        """Return the number of *value*, a new one if it is new."""
        if value not in self._numbers:
            self._numbers[value] = len(self.values)
            self.values.append(value)
        return self._numbers[value]
