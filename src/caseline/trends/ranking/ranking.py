"""From the question what to fix first to the ranked list."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.errors import InputError
from caseline.records.answers import Table
from caseline.records.tables import Column, TableSchema
from caseline.store.intake import read_table
from caseline.trends.costs.reading import read_books
from caseline.trends.costs.settings import cost_settings
from caseline.trends.ranking.budget import choose
from caseline.trends.ranking.candidates import Stretches, read_candidates, watched_days
from caseline.trends.ranking.fixed import read_fixed
from caseline.trends.ranking.scoring import score
from caseline.trends.ranking.telling import with_reasons

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.trends.costs.reading import Books

EFFORTS = TableSchema(
    name="effort",
    key=("id",),
    columns=(
        Column(name="id", required=True),
        Column(name="days", kind="number", required=True),
    ),
)
COLUMNS = (
    "rank", "id", "kind", "title", "customers", "avoidable_hours", "low", "high", "action",
    "growth", "chosen", "effort_days", "events", "tickets", "hours", "value_share", "cost",
    "severity", "reasons",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a caller wants of the ranking.

    Args:
        limit: Rows at the most.
        budget: Engineering days, or None.
        effort: id, days: what fixes take.
        horizon_days: How far ahead hours are counted.
        hourly_rate: Money for an hour, or None.
        links: ticket_id, id, confidence, besides those stored.
    """

    limit: int
    budget: float | None
    effort: Any
    horizon_days: float
    hourly_rate: float | None
    links: Any


class Priorities(Table):
    """What to fix first, by avoidable support hours.

    Attributes:
        chosen_hours: What the rows chosen under the budget avoid; all rows without one.
        chosen_low: Its lower limit.
        chosen_high: Its upper limit.
        chosen_days: The engineering days they take.
    """

    def __init__(
        self, frame: pl.DataFrame, variance: float, *, as_of: datetime, notes: Sequence[str]
    ) -> None:
        super().__init__("priorities", frame, as_of=as_of, notes=notes)
        mine = frame.filter(pl.col("chosen"))
        reach = NormalDist().inv_cdf(0.5 + cost_settings().level / 2) * variance**0.5
        self.chosen_hours = float(mine["avoidable_hours"].sum())
        self.chosen_low = max(float(mine["low"].max() or 0.0), self.chosen_hours - reach)  # type: ignore[arg-type]
        self.chosen_high = self.chosen_hours + reach
        self.chosen_days = float(mine["effort_days"].sum())


def rank_first(
    engine: Engine, asked: Asked, *, now: datetime, present: datetime, as_of: datetime | None
) -> Priorities:
    """Return what to fix first: see ``Trends.priorities``."""
    settings = cost_settings()
    stretches = Stretches.until(now, settings.stretch_days)
    books = read_books(
        engine, stretches.window, now=now, present=present, as_of=as_of, effort_hours=None,
        links=asked.links,
    )  # fmt: skip
    found, recent = read_candidates(engine, books, stretches, as_of=as_of)
    costs = (
        books.by("issue")
        .join(books.tickets.select("ticket_id", "hours"), on="ticket_id")
        .group_by("id")
        .agg(
            pl.col("share").sum().alias("tickets"),
            (pl.col("share") * pl.col("hours")).sum().alias("hours"),
        )
    )
    joined = found.join(costs, on="id", how="left").with_columns(
        pl.col("tickets", "hours").fill_null(0.0)
    )
    severe = pl.col("severity") >= settings.least_severity
    joined = joined.filter((pl.col("kind") == "issue") | severe | (pl.col("tickets") > 0))
    watched = watched_days(engine, stretches, as_of)
    frame, follows = score(
        joined, watched=watched, usual=_usual(books.tickets), horizon_days=asked.horizon_days,
        settings=settings,
    )  # fmt: skip
    frame = frame.join(_named(engine, books, frame, as_of), on="id", how="left")
    frame = frame.join(_worth(engine, recent, as_of), on="id", how="left")
    frame = frame.join(read_fixed(engine, frame["id"].to_list(), recent, now, as_of), on="id",
                       how="left")  # fmt: skip
    frame = with_reasons(frame, horizon_days=asked.horizon_days, follows=follows)
    return _chosen(frame, asked, now, _notes(follows, asked, books.tickets, watched))


def _usual(tickets: pl.DataFrame) -> tuple[float, float]:
    """Return mean and variance of a ticket's hours, as recorded or assumed."""
    settings = cost_settings()
    known = tickets["effort_hours"].drop_nulls()
    spread = settings.log_spread
    mean = float(known.sum()) / len(known) if len(known) else settings.hours_per_ticket
    if len(known) < settings.alike_tickets:
        return mean, mean**2 * (2.718281828 ** (spread**2) - 1)
    return mean, float(((known - mean) ** 2).sum()) / (len(known) - 1)


def _named(
    engine: Engine, books: Books, frame: pl.DataFrame, as_of: datetime | None
) -> pl.DataFrame:
    """Return id, title: the template of a signature, or of an issue's first one."""
    own = frame.filter(pl.col("kind") == "signature").select("id", pl.col("id").alias("text"))
    firsts = books.members.group_by("issue_id").agg(pl.col("signature_id").min())
    issues = firsts.select(pl.col("issue_id").alias("id"), pl.col("signature_id").alias("text"))
    both = pl.concat([own, issues.join(own, on="id", how="anti")])
    ids = both["text"].to_list()
    texts = engine.ask("signature_texts", as_of=as_of, signature_ids=ids)
    named = texts.select(pl.col("signature_id").alias("text"), pl.col("template").alias("title"))
    return both.join(named, on="text", how="left").select("id", "title")


def _worth(engine: Engine, recent: pl.DataFrame, as_of: datetime | None) -> pl.DataFrame:
    """Return id, value_share: of the annual value of all customers, that of those affected."""
    worth = engine.ask("fleet_customers", as_of=as_of).select("customer_id", "annual_value")
    total = float(worth["annual_value"].sum() or 0.0)
    mine = recent.join(worth, on="customer_id").group_by("id")
    share = pl.col("annual_value").sum() / total if total > 0 else pl.lit(None, pl.Float64).first()
    return mine.agg(share.alias("value_share"))


def _chosen(frame: pl.DataFrame, asked: Asked, now: datetime, notes: list[str]) -> Priorities:
    settings = cost_settings()
    ordered = frame.with_columns(
        pl.lit(settings.effort_days).alias("effort_days"),
        (pl.col("avoidable_hours") * pl.lit(asked.hourly_rate, pl.Float64)).alias("cost"),
    )
    if asked.effort is not None:
        taken = read_table(asked.effort, EFFORTS).frame
        if taken.filter(~(pl.col("days") > 0)).height:
            raise InputError("effort holds days that are not above 0; give the days of each fix")
        ordered = (
            ordered.join(taken, on="id", how="left")
            .with_columns(pl.coalesce("days", "effort_days").alias("effort_days"))
            .drop("days")
        )
    ordered = ordered.sort(
        ["avoidable_hours", "customers_recent", "id"], descending=[True, True, False]
    ).with_row_index("rank", offset=1)
    ordered = ordered.with_columns(pl.lit(value=True).alias("chosen"))
    if asked.budget is not None:
        fixes = ordered.filter(pl.col("action") == "fix")
        picked, best = choose(
            fixes["avoidable_hours"].to_list(), fixes["effort_days"].to_list(), asked.budget
        )
        ids = fixes["id"].gather(picked)
        ordered = ordered.with_columns(pl.col("id").is_in(ids.implode()).alias("chosen"))
        how = "no other choice avoids more" if best else "the most hours per day first"
        notes.append(f"chosen is what {asked.budget:g} engineering days do: {how}")
        ordered = ordered.sort(["chosen", "rank"], descending=[True, False])
    else:
        ordered = ordered.head(asked.limit)
    variance = float(ordered.filter(pl.col("chosen"))["variance"].sum())
    shown = ordered.head(max(asked.limit, int(ordered["chosen"].sum()) if asked.budget else 0))
    columns = shown.with_columns(
        pl.col("rank").cast(pl.Int64), pl.col("customers_recent").alias("customers")
    ).select(COLUMNS)
    return Priorities(columns, variance, as_of=now, notes=notes)


def _notes(follows: str, asked: Asked, tickets: pl.DataFrame, watched: Sequence[int]) -> list[str]:
    notes = [
        f"avoidable is what comes within {asked.horizon_days:g} days if nothing is done",
        "what falls on customers now is taken to go on as it is; intervals hold 90 %",
        f"tickets follow {follows} here; where few are linked, the fleet's usual rate counts",
        "growth is a badge: it moves nothing in this list",
    ]
    if tickets.is_empty():
        notes.append("no tickets at all: hours are the customers affected at a stated rate")
    if watched[-1] == 0:
        notes.append("no logs in the last four weeks: nobody can tell what goes on")
    return notes
