"""From the question what something cost to the ledger of hours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

import polars as pl

from caseline.errors import InputError
from caseline.records.answers import Table
from caseline.trends.costs.ledger import UNEXPLAINED, add_up
from caseline.trends.costs.placing import main_component, versions_at_opening
from caseline.trends.costs.reading import read_books

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.records.windows import Window
    from caseline.trends.costs.reading import Books

By = Literal["issue", "signature", "version", "customer"]
Rate = float | Mapping[str | None, float] | None


class CostLedger(Table):
    """What tickets cost, by what caused them; the rows add up to ``total_hours``.

    Attributes:
        total_hours: Of all tickets of the window, recorded and assumed.
        assumed_hours: The part of them that nobody recorded.
        unexplained_hours: The part that no row explains: the last row.
    """

    def __init__(
        self, frame: pl.DataFrame, *, total: float, as_of: datetime, notes: Sequence[str]
    ) -> None:
        super().__init__("cost ledger", frame, as_of=as_of, notes=notes)
        self.total_hours = total
        self.assumed_hours = float(frame["assumed_hours"].sum())
        self.unexplained_hours = float(frame.filter(pl.col("kind") == UNEXPLAINED)["hours"].sum())


def cost_by(  # noqa: PLR0913 - the parts of the question
    engine: Engine,
    by: By,
    *,
    window: Window | None,
    now: datetime,
    present: datetime,
    as_of: datetime | None,
    hourly_rate: Rate,
    effort_hours: float | None,
    links: Any,
) -> CostLedger:
    """Return the ledger of hours: see ``Trends.cost``."""
    if by not in get_args(By):
        raise InputError(f"by is {by!r}; give one of {', '.join(get_args(By))}")
    checked_hours(effort_hours, "effort_hours")
    books = read_books(
        engine, window, now=now, present=present, as_of=as_of, effort_hours=effort_hours,
        links=links,
    )  # fmt: skip
    tickets = priced(books.tickets, hourly_rate)
    notes: list[str] = []
    if by == "customer":
        shares = tickets.select(
            "ticket_id", pl.lit("customer").alias("kind"), pl.col("customer_id").alias("id"),
            pl.lit(1.0).alias("share"), pl.lit(value=True).alias("sure"),
        )  # fmt: skip
    elif by == "version":
        shares, notes = _by_version(engine, tickets, as_of)
    else:
        shares = books.by(by)
    frame = add_up(tickets, shares)
    total = float(tickets["hours"].sum())
    notes += _notes(books, by, effort_hours)
    return CostLedger(frame, total=total, as_of=now, notes=notes)


def _by_version(
    engine: Engine, tickets: pl.DataFrame, as_of: datetime | None
) -> tuple[pl.DataFrame, list[str]]:
    spans = engine.ask("version_spans", as_of=as_of)
    component = main_component(spans)
    chosen = spans.filter(pl.col("component") == pl.lit(component, pl.String))
    tenancies = engine.ask("tenancy_stages", as_of=as_of)
    found = versions_at_opening(tickets, chosen, tenancies)
    return found, [f"versions of {component}, as they ran when tickets were opened"]


def checked_hours(value: Any, name: str) -> None:
    """Refuse what is no number of at least 0; None passes.

    >>> checked_hours(2.5, "effort_hours")
    """
    if value is None:
        return
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value < float("inf"):
        raise InputError(f"{name} is {value!r}; give a number of at least 0")


def priced(tickets: pl.DataFrame, rate: Rate) -> pl.DataFrame:
    """Return *tickets* with the money that an hour of each costs: null without a rate.

    Raises:
        InputError: no number of at least 0, or a group of tickets that has no rate.

    >>> frame = pl.DataFrame({"group": ["desk", None]})
    >>> priced(frame, {"desk": 60.0, None: 80.0})["rate"].to_list()
    [60.0, 80.0]
    """
    if not isinstance(rate, Mapping):
        checked_hours(rate, "hourly_rate")
        return tickets.with_columns(pl.lit(rate, pl.Float64).alias("rate"))
    for value in rate.values():
        checked_hours(value, "hourly_rate")
    groups = tickets["group"].unique().to_list()
    missing = [g for g in groups if g not in rate] if None not in rate else []
    if missing:
        named = ", ".join(sorted(map(str, missing)))
        raise InputError(f"hourly_rate has none for {named}; give one, or one for None: the rest")
    found = {g: float(rate[g]) if g in rate else float(rate[None]) for g in groups}
    frame = pl.DataFrame(
        {"group": list(found), "rate": list(found.values())},
        schema={"group": pl.String, "rate": pl.Float64},
    )
    return tickets.join(frame, on="group", how="left", nulls_equal=True, maintain_order="left")


def _notes(books: Books, by: By, effort_hours: float | None) -> list[str]:
    tickets = books.tickets
    notes = ["intervals hold 90 %: links that may be wrong, and hours that were assumed"]
    missing = int(tickets["effort_hours"].null_count())
    if missing:
        how = (
            f"{effort_hours:g} hours each, as asked"
            if effort_hours is not None
            else "the mean of those of their category and priority"
            if missing < tickets.height
            else "a stated assumption, as no ticket has any recorded"
        )
        notes.append(f"{missing} of {tickets.height} tickets have no effort recorded: {how}")
    waiting = int(tickets["resolved_at"].null_count())
    if waiting:
        notes.append(f"{waiting} tickets are open: their hours so far count, not what may come")
    if by in ("issue", "signature"):
        bare = tickets.join(books.shares, on="ticket_id", how="anti")
        share = float(bare["hours"].sum()) / max(float(tickets["hours"].sum()), 1e-300)
        notes.append(
            f"{share:.0%} of the hours are of {bare.height} tickets without a link: "
            "ws.impact.causes proposes causes, ws.tickets.link keeps them, links= tries them"
        )
    return notes
