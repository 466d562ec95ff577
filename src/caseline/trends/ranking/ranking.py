"""From the question what to fix first to the ranked list."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.errors import InputError
from caseline.records.answers import Table
from caseline.records.tables import Column, TableSchema
from caseline.store.intake import read_table
from caseline.trends.costs.costing import checked_hours
from caseline.trends.costs.settings import cost_settings
from caseline.trends.ranking.adopting import fix_shares, left_shares
from caseline.trends.ranking.budget import choose
from caseline.trends.ranking.looking import look
from caseline.trends.ranking.telling import Told, with_reasons

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.trends.costs.reading import Books
    from caseline.trends.ranking.looking import Asked, Look

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
    "severity", "hours_ahead", "reach", "reasons",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a caller wants of the ranking.

    Args:
        limit: Rows at the most.
        budget: Engineering days, or None.
        effort: id, days: what fixes take.
        hourly_rate: Money for an hour, or None.
    """

    limit: int
    budget: float | None
    effort: Any
    hourly_rate: float | None


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
    engine: Engine,
    wish: Wish,
    asked: Asked,
    *,
    now: datetime,
    present: datetime,
    as_of: datetime | None,
) -> Priorities:
    """Return what to fix first: see ``Trends.priorities``."""
    checked_hours(wish.budget, "budget")
    checked_hours(wish.hourly_rate, "hourly_rate")
    seen = look(engine, asked, now=now, present=present, as_of=as_of)
    frame = with_hours_ahead(seen, asked.horizon_days, np.random.default_rng([0]))
    frame = frame.join(_named(engine, seen.books, frame, as_of), on="id", how="left")
    frame = frame.join(_worth(engine, seen.found.recent, as_of), on="id", how="left")
    told = Told(
        horizon_days=asked.horizon_days, days=seen.stretches.days, follows=seen.outlook.follows
    )
    frame = with_reasons(frame, told)
    return _chosen(frame, wish, now, _notes(seen, asked))


def with_hours_ahead(seen: Look, horizon_days: float, rng: np.random.Generator) -> pl.DataFrame:
    """Return the candidates with action, hours_ahead, reach, avoidable_hours, limits, variance.

    A fix that ships now avoids what comes after each place has taken it up (``fix``); one
    that is out avoids, if all take it now, what comes until they would have (``adopt``).
    """
    level = cost_settings().level
    count = seen.frame.height
    whole = (np.ones(count), np.zeros(count))
    share = whole
    if seen.habits.upgrades:
        share = fix_shares(seen.fleet, seen.habits, seen.falls, horizon_days, rng)
    ids = seen.frame["id"].to_list()
    out = {n: seen.fixes[name] for n, name in enumerate(ids) if name in seen.fixes}
    wanting = {n: fix for n, fix in out.items() if fix.holds}
    left = left_shares(seen.fleet, wanting, seen.falls, horizon_days, rng)
    for n, unreached in left.items():
        share[0][n], share[1][n] = unreached
    mean, low, high, variance = seen.outlook.hours(share, level)
    columns: dict[str, Any] = {
        "hours_ahead": seen.outlook.hours(whole, level)[0], "reach": share[0],
        "avoidable_hours": mean, "low": low, "high": high, "variance": variance,
        "ratio": seen.outlook.ratio,
    }  # fmt: skip
    fixed_in = [", ".join(wanting[n].fixed_in) if n in wanting else None for n in range(count)]
    return seen.frame.with_columns(
        *(pl.Series(name, values, dtype=pl.Float64) for name, values in columns.items()),
        pl.Series("growth", seen.outlook.growth.tolist(), dtype=pl.String),
        pl.Series("fixed_in", fixed_in, dtype=pl.String),
    )


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


def _chosen(frame: pl.DataFrame, asked: Wish, now: datetime, notes: list[str]) -> Priorities:
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


def _notes(seen: Look, asked: Asked) -> list[str]:
    habits = seen.habits
    notes = [
        f"avoidable is what a fix that ships now avoids within {asked.horizon_days:g} days",
        f"places take it up as they took {habits.releases} releases of {habits.component}: "
        f"{habits.upgrades} upgrades are known"
        if habits.upgrades
        else "no upgrade is known: a fix counts as if it ran everywhere at once",
        "what falls on customers now is taken to go on as it is; intervals hold 90 %",
        (
            f"tickets follow {seen.outlook.follows} here; where few are linked, the fleet's usual "
            "rate counts"
        ),
        "growth is a badge: it moves nothing in this list",
    ]
    tickets = seen.books.tickets
    spent, told = float(tickets["hours"].sum()), float(seen.frame["hours"].sum())
    if spent > 0 and told < spent:
        notes.append(f"{1 - told / spent:.0%} of the hours spent are linked to none of these")
    if tickets.is_empty():
        notes.append("no tickets at all: hours are the customers affected at a stated rate")
    if seen.watched[-1] == 0:
        days = seen.stretches.days
        notes.append(f"no logs in the last {days} days: nobody can tell what goes on")
    return notes
