"""What months hold, one by one: a month that nothing was added to is not asked again."""

from __future__ import annotations

from datetime import UTC, datetime, time
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.records.windows import Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from caseline.protocols import Engine

_DECEMBER = 12


def months_between(first: date, last: date) -> list[date]:
    """Return the first days of the months from that of *first* to that of *last*.

    >>> from datetime import date
    >>> [m.month for m in months_between(date(2025, 11, 30), date(2026, 1, 1))]
    [11, 12, 1]
    """
    found = [first.replace(day=1)]
    while next_month(found[-1]) <= last:
        found.append(next_month(found[-1]))
    return found


def next_month(day: date) -> date:
    """Return the first day of the month after that of *day*."""
    if day.month == _DECEMBER:
        return day.replace(year=day.year + 1, month=1, day=1)
    return day.replace(month=day.month + 1, day=1)


def read_months(
    engine: Engine, question: str, months: Sequence[date], *, as_of: datetime | None, **values: Any
) -> pl.DataFrame:
    """Return the answers to *question* for each of *months*, one below the other.

    Args:
        engine: Where the rollups are.
        question: One with ``$first_month`` and ``$last_month``.
        months: Their first days; at least one.
        as_of: Hide what was received later; nothing is kept then.
        values: The question's other ones.
    """

    def ask(month: date) -> pl.DataFrame:
        end = next_month(month)
        window = Window(start=_midnight(month), end=_midnight(end))
        return engine.ask(
            question, window=window, as_of=as_of, first_month=month, last_month=end, **values
        )

    if as_of is not None:
        return pl.concat([ask(month) for month in months])
    return pl.concat(
        [
            engine.remember(
                f"{question} of {month:%Y-%m} {values}",
                (f"months of {month:%Y-%m}", "signature_aliases", "tenancies"),
                partial(ask, month),
            )
            for month in months
        ]
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
