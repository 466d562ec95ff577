"""Everything that candidates are judged by, read once: for the ranking, and for one fix."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.errors import InputError
from caseline.trends.costs.reading import read_books
from caseline.trends.costs.settings import cost_settings
from caseline.trends.ranking.adopting import Fleet, where_it_falls
from caseline.trends.ranking.candidates import (
    STRETCHES,
    Found,
    Stretches,
    read_candidates,
    watched_days,
)
from caseline.trends.ranking.fixed import read_fixed
from caseline.trends.ranking.scoring import look_ahead

if TYPE_CHECKING:
    from datetime import datetime

    from scipy.sparse import csr_matrix

    from caseline.protocols import Engine
    from caseline.records.windows import Window
    from caseline.trends.costs.adoption import Habits
    from caseline.trends.costs.reading import Books
    from caseline.trends.ranking.fixed import Released
    from caseline.trends.ranking.scoring import Outlook

_FOUR_WEEKS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Of what, and how far ahead.

    Args:
        window: What the past is read from; None for twelve weeks until now.
        horizon_days: How far ahead.
        links: ticket_id, id, confidence, besides those stored.
        wanted: A candidate that counts in any case, however harmless.
    """

    window: Window | None
    horizon_days: float
    links: Any = None
    wanted: str | None = None


def days_ahead(horizon: timedelta | None) -> float:
    """Return *horizon* in days; the usual one if None.

    Raises:
        InputError: it is not above 0.

    >>> days_ahead(None)
    90.0
    """
    ahead = timedelta(days=cost_settings().horizon_days) if horizon is None else horizon
    if ahead <= timedelta(0):
        raise InputError(f"horizon is {ahead}; give a positive timedelta")
    return ahead / timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The candidates, and what is ahead of them.

    Args:
        frame: One row for each candidate: see ``read_candidates``; with tickets and hours.
        found: On whom they fell.
        outlook: What goes on if nothing is done.
        books: Tickets and their causes.
        stretches: What the past was read from.
        watched: Customer-days with logs of each stretch.
        fleet: Who is where and runs what.
        habits: How fast releases of the main component are taken up.
        fixes: Fixes that are out, by candidate.
        falls: Which share of each candidate falls on which place.
    """

    frame: pl.DataFrame
    found: Found
    outlook: Outlook
    books: Books
    stretches: Stretches
    watched: list[int]
    fleet: Fleet
    habits: Habits
    fixes: dict[str, Released]
    falls: csr_matrix


def look(
    engine: Engine, asked: Asked, *, now: datetime, present: datetime, as_of: datetime | None
) -> Look:
    """Return the candidates of the window asked for, as known at *now*.

    Raises:
        InputError: a window shorter than three days.
    """
    settings = cost_settings()
    stretches = (
        Stretches.until(now, settings.stretch_days)
        if asked.window is None
        else Stretches.of(asked.window)
    )
    books = read_books(
        engine, stretches.window, now=now, present=present, as_of=as_of, effort_hours=None,
        links=asked.links,
    )  # fmt: skip
    found = read_candidates(engine, books, stretches, as_of=as_of)
    frame = _with_tickets(_with_wanted(found.frame, asked.wanted), books)
    severe = pl.col("severity") >= settings.least_severity
    own = pl.col("id") == pl.lit(asked.wanted, pl.String)
    chosen = (pl.col("kind") == "issue") | severe | (pl.col("tickets") > 0)
    frame = frame.filter(chosen | own.fill_null(value=False))
    watched = watched_days(engine, stretches, as_of)
    outlook = look_ahead(
        frame, watched=watched, usual=usual_hours(books.tickets),
        stretches_ahead=asked.horizon_days / stretches.days,
        weeks=stretches.days / _FOUR_WEEKS, settings=settings,
    )  # fmt: skip
    fleet = Fleet.read(engine, now, as_of)
    return Look(
        frame=frame,
        found=found,
        outlook=outlook,
        books=books,
        stretches=stretches,
        watched=watched,
        fleet=fleet,
        habits=fleet.habits(),
        fixes=read_fixed(engine, frame["id"].to_list(), found, now, as_of),
        falls=where_it_falls(
            frame["id"].to_list(), _weights(frame, found.units, outlook), fleet.homes, fleet.places
        ),
    )


def _with_wanted(frame: pl.DataFrame, wanted: str | None) -> pl.DataFrame:
    """Return *frame* with a row of nothing for *wanted* where it was not seen."""
    if wanted is None or wanted in frame["id"]:
        return frame
    row = pl.DataFrame({"id": [wanted], "kind": ["signature"]})
    counts = [name for name in frame.columns if name.startswith(("days_", "customers_", "events"))]
    joined = pl.concat([frame, row], how="diagonal_relaxed")
    return joined.with_columns(pl.col(counts).fill_null(0)).sort("id")


def _with_tickets(frame: pl.DataFrame, books: Books) -> pl.DataFrame:
    share, effort = pl.col("share"), pl.col("effort_hours")
    costs = (
        books.by("issue")
        .join(books.tickets.select("ticket_id", "hours", "effort_hours"), on="ticket_id")
        .group_by("id")
        .agg(
            share.sum().alias("tickets"),
            (share * pl.col("hours")).sum().alias("hours"),
            share.filter(effort.is_not_null()).sum().alias("told"),
            (share * effort).sum().alias("told_hours"),
            (share * effort**2).sum().alias("told_squares"),
        )
    )
    joined = frame.join(costs, on="id", how="left", maintain_order="left")
    return joined.with_columns(pl.col(costs.columns[1:]).fill_null(0.0))


def _weights(frame: pl.DataFrame, units: pl.DataFrame, outlook: Outlook) -> pl.DataFrame:
    """Return id, unit, weight: the days that count for what is ahead."""
    steady = frame.select("id").with_columns(pl.Series("steady", outlook.steady, dtype=pl.Boolean))
    every = pl.sum_horizontal(f"days_{s}" for s in STRETCHES)
    days = pl.when(pl.col("steady")).then(every).otherwise("days_recent").cast(pl.Float64)
    return units.join(steady, on="id").select("id", "unit", days.alias("weight"))


def usual_hours(tickets: pl.DataFrame) -> tuple[float, float]:
    """Return mean and variance of a ticket's hours, as recorded or assumed.

    Args:
        tickets: effort_hours; null where nobody recorded it.

    >>> usual_hours(pl.DataFrame({"effort_hours": [1.0, 3.0] * 5}))[0]
    2.0
    """
    settings = cost_settings()
    known = tickets["effort_hours"].drop_nulls()
    mean = float(known.sum()) / len(known) if len(known) else settings.hours_per_ticket
    if len(known) < settings.alike_tickets:
        return mean, mean**2 * float(np.expm1(settings.log_spread**2))
    return mean, float(((known - mean) ** 2).sum()) / (len(known) - 1)
