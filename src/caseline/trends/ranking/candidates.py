"""What could be fixed: issues, and signatures of none, and whom they fell on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from caseline.errors import InputError
from caseline.estimation.exposure import other_stages
from caseline.records.windows import Window
from caseline.trends.running import read_observed

if TYPE_CHECKING:
    from caseline.protocols import Engine
    from caseline.trends.costs.reading import Books

STRETCHES = ("first", "middle", "recent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What could be fixed.

    Args:
        frame: id, kind, severity, events, last_at, and for each stretch days_ (units'
            days) and customers_ (named ones, or places where none is named).
        units: id, unit, customer_id (may be null), last_at, and for each stretch days_.
    """

    frame: pl.DataFrame
    units: pl.DataFrame

    @property
    def recent(self) -> pl.DataFrame:
        """On whom they fell of late: id, customer_id."""
        named = pl.col("customer_id").is_not_null() & (pl.col("days_recent") > 0)
        return self.units.filter(named).select("id", "customer_id").unique().sort("*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretches:
    """Three stretches of equal length, the last one ending now, or with a window."""

    first: date
    middle: date
    recent: date
    last: date

    @classmethod
    def until(cls, now: datetime, days: int) -> Stretches:
        """Return the three of *days* each; the last one ends with the day of *now*.

        >>> Stretches.until(datetime(2026, 3, 31, 12, tzinfo=UTC), 28).recent.isoformat()
        '2026-03-04'
        """
        last = (now - timedelta(microseconds=1)).date() + timedelta(days=1)
        step = timedelta(days=days)
        return cls(first=last - 3 * step, middle=last - 2 * step, recent=last - step, last=last)

    @classmethod
    def of(cls, window: Window) -> Stretches:
        """Return the thirds of *window*, in whole days, up to its end.

        Raises:
            InputError: it is shorter than three days.

        >>> first, end = (datetime(2026, 3, d, tzinfo=UTC) for d in (1, 8))
        >>> Stretches.of(Window(start=first, end=end)).days
        2
        """
        days = window.length // timedelta(days=3)
        if days < 1:
            raise InputError(f"window is {window.length}; give three days at least")
        return cls.until(window.end, days)

    @property
    def days(self) -> int:
        """How long each is."""
        return (self.last - self.recent).days

    @property
    def window(self) -> Window:
        """All of it."""
        return Window(start=_start(self.first), end=_start(self.last))


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def read_candidates(
    engine: Engine, books: Books, stretches: Stretches, *, as_of: datetime | None
) -> Found:
    """Return what could be fixed, and on whom it fell."""
    heads = _heads(books)
    units = engine.ask(
        "candidate_units",
        window=stretches.window,
        as_of=as_of,
        first_day=_start(stretches.first),
        middle_day=_start(stretches.middle),
        recent_day=_start(stretches.recent),
        last_day=_start(stretches.last),
        other_stages=list(other_stages()),
        members=[member for member, _ in heads],
        heads=[head for _, head in heads],
    )
    if engine.scope is not None:  # what names nobody may be another customer's
        units = units.filter(pl.col("customer_id").is_not_null())
    issues = books.members["issue_id"].unique()
    frame = units.group_by("id").agg(
        pl.col("severity").max(),
        pl.col("events").sum(),
        pl.col("last_at").max(),
        *(pl.col(f"days_{s}").sum().alias(f"days_{s}") for s in STRETCHES),
        *(_customers(s) for s in STRETCHES),
    )
    kind = pl.when(pl.col("id").is_in(issues.implode())).then(pl.lit("issue"))
    told = frame.with_columns(kind.otherwise(pl.lit("signature")).alias("kind"))
    days = [f"days_{s}" for s in STRETCHES]
    return Found(
        frame=told.sort("id"), units=units.select("id", "unit", "customer_id", "last_at", *days)
    )


def _customers(stretch: str) -> pl.Expr:
    there = pl.col(f"days_{stretch}") > 0
    named = pl.col("customer_id").filter(there).drop_nulls().n_unique()
    places = pl.col("unit").filter(there).n_unique()
    both = pl.when(named > 0).then(named).otherwise(places)
    return both.cast(pl.Int64).alias(f"customers_{stretch}")


def _heads(books: Books) -> list[tuple[str, str]]:
    """Return what each signature counts as: its issues, else the first of its kin."""
    pairs = {
        (name, issue)
        for issue, signature in books.members.select("issue_id", "signature_id").iter_rows()
        for name in books.kin.together([signature])
    }
    taken = {name for name, _ in pairs}
    kin = {(name, head) for name, head in books.kin.heads.items() if name not in taken}
    return sorted(pairs | kin)


def watched_days(engine: Engine, stretches: Stretches, as_of: datetime | None) -> list[int]:
    """Return the customer-days with logs of each stretch."""
    edges = (stretches.first, stretches.middle, stretches.recent, stretches.last)
    observed = read_observed(engine, stretches.window, as_of)
    day = timedelta(days=1)
    return [
        int(observed.between(low, high - day).customers()["days"].sum())
        for low, high in pairwise(edges)
    ]
