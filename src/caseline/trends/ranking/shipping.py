"""If a fix ships on a day to come: what it avoids until the horizon."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.errors import InputError
from caseline.trends.costs.answers import Counterfactual
from caseline.trends.costs.counterfactual import had_it_shipped
from caseline.trends.costs.reading import read_books
from caseline.trends.costs.settings import cost_settings
from caseline.trends.ranking.adopting import fix_shares
from caseline.trends.ranking.forecasting import chance_of_none, counted, limits, times
from caseline.trends.ranking.looking import Asked, days_ahead, look

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.trends.costs.answers import Limits
    from caseline.trends.ranking.looking import Look
    from caseline.trends.ranking.scoring import Outlook, Pair

_DAY = 86_400


def fix_shipping(  # noqa: PLR0913 - the parts of the question
    engine: Engine,
    wanted: str,
    *,
    fixed_on: datetime,
    horizon: timedelta | None,
    links: Any,
    now: datetime,
    present: datetime,
    as_of: datetime | None,
) -> Counterfactual:
    """Return what a fix avoids that ships on a day: see ``Trends.counterfactual``."""
    rng = np.random.default_rng(list(wanted.encode()))
    if fixed_on >= now:
        days = days_ahead(horizon)
        asked = Asked(window=None, horizon_days=days, links=links, wanted=wanted)
        return if_it_ships(
            engine, asked, fixed_on=fixed_on, now=now, present=present, as_of=as_of, rng=rng
        )
    if horizon is not None:
        raise InputError("fixed_on is past: it counts until as_of, not until a horizon")
    books = read_books(
        engine, None, now=now, present=present, as_of=as_of, effort_hours=None, links=links
    )
    return had_it_shipped(engine, books, wanted, fixed_on=fixed_on, now=now, as_of=as_of, rng=rng)


def if_it_ships(  # noqa: PLR0913 - the parts of the question
    engine: Engine,
    asked: Asked,
    *,
    fixed_on: datetime,
    now: datetime,
    present: datetime,
    as_of: datetime | None,
    rng: np.random.Generator,
) -> Counterfactual:
    """Return what a fix of ``asked.wanted`` avoids from *fixed_on* until the horizon.

    Read as ``priorities`` reads it, so that both agree on a fix that ships now.
    """
    seen = look(engine, asked, now=now, present=present, as_of=as_of)
    wanted = asked.wanted or ""
    n = seen.frame["id"].to_list().index(wanted)
    outlook = seen.outlook.of(n)
    whole, level = (np.ones(1), np.zeros(1)), cost_settings().level
    spent, _, most, _ = (float(v[0]) for v in outlook.hours(whole, level))
    days = asked.horizon_days
    told = partial(
        Counterfactual,
        issue_id=wanted,
        fixed_on=fixed_on,
        until=fixed_on + timedelta(days=days),
        as_of=now,
        spent_hours=spent,
        customers=int(seen.frame["customers_recent"][n]),
        notes=_notes(seen, fixed_on, now),
    )
    if not seen.watched[-1]:
        why = f"no logs of the last {seen.stretches.days} days: what goes on is not known"
        none = (None, 0.0, None)
        return told(verdict="cannot tell", hours=None, low=0.0, high=None, tickets=none,
                    customer_days=none, reach=None, reasons=(why,))  # fmt: skip
    if float(outlook.days[0][0]) <= 0:
        return _of_none(told, outlook, days / (3 * seen.stretches.days), 3 * seen.stretches.days)
    if not seen.habits.upgrades:
        tickets, customer_days = _counts(outlook, whole)
        reasons = (
            "no upgrade of any place is known: nothing tells who would take the fix up, and when",
            f"if it ran everywhere at once, {spent:.1f} hours were avoided",
        )
        return told(verdict="cannot tell", hours=None, low=0.0, high=most, reach=None,
                    tickets=(None, 0.0, tickets[2]), customer_days=(None, 0.0, customer_days[2]),
                    reasons=reasons)  # fmt: skip
    share = _of_one(fix_shares(seen.fleet, seen.habits, seen.falls[[n]], days, rng))
    mean, low, high, _ = (float(v[0]) for v in outlook.hours(share, level))
    tickets, customer_days = _counts(outlook, share)
    return told(
        verdict="avoidable", hours=mean, low=low, high=high, tickets=tickets,
        customer_days=customer_days, reach=float(share[0][0]),
        reasons=_reasons(seen, n, spent, float(share[0][0])),
    )  # fmt: skip


def _of_one(share: Pair) -> Pair:
    return share[0][:1], share[1][:1]


def _of_none(
    told: Callable[..., Counterfactual], outlook: Outlook, windows: float, days: int
) -> Counterfactual:
    """Return the answer of what was not seen: at most three in as long again, 95 % sure.

    Source:
        J. A. Hanley and A. Lippman-Hand (1983), J. Am. Med. Assoc. 249, 1743-1745.
    """
    falls = 3 * windows
    tickets = falls * float(outlook.rate[0][0])
    why = f"it fell on nobody within {days} days of logs: if it goes on so, nothing is avoided"
    return told(
        verdict="avoidable", hours=0.0, low=0.0, high=tickets * float(outlook.each[0][0]),
        tickets=(0.0, 0.0, tickets), customer_days=(0.0, 0.0, falls), reach=None, reasons=(why,),
    )  # fmt: skip


def _counts(outlook: Outlook, share: Pair) -> tuple[Limits, Limits]:
    """Return tickets and customer-days avoided, each with limits."""
    found = []
    for mean, variance in (
        counted(outlook.rate, times(outlook.ahead, share)),
        times(outlook.days, share),
    ):
        none = chance_of_none(mean, np.maximum(variance, mean))
        low, high = limits(mean, variance, level=cost_settings().level, none=none)
        found.append((float(mean[0]), float(low[0]), float(high[0])))
    return found[0], found[1]


def _reasons(seen: Look, n: int, spent: float, reach: float) -> tuple[str, ...]:
    row = seen.frame.row(n, named=True)
    days, habits = seen.stretches.days, seen.habits
    mine = seen.found.units.filter(pl.col("id") == row["id"])
    homes = seen.fleet.homes.join(mine, left_on="customer_id", right_on="unit", how="semi")
    places = homes["environment_id"].unique().to_list()
    linked = (
        f"{row['tickets']:.1f} linked tickets with {row['hours']:.1f} hours in {3 * days} days"
        if row["tickets"] > 0
        else f"no ticket is linked: the fleet's usual number per {seen.outlook.follows} is taken"
    )
    return (
        (
            f"{spent:.1f} hours come until then if nothing is done, {reach:.0%} of it where a fix "
            "runs by then"
        ),
        (
            f"it falls on {row['customers_recent']} customers in the last {days} days, on "
            f"{row['days_recent']} customer-days"
        ),
        linked,
        (
            f"{habits.of_their_own(places)} of its {len(places)} places have habits of their own; "
            f"the others do as the fleet: {habits.upgrades} upgrades to {habits.releases} releases "
            f"of {habits.component}"
        ),
    )


def _notes(seen: Look, fixed_on: datetime, now: datetime) -> tuple[str, ...]:
    notes = [
        (
            "what falls on customers now is taken to go on, growing or not; intervals hold "
            "90 %: counts, hours and upgrades at random"
        ),
    ]
    if seen.habits.releases == 1:
        notes.append("one release is known only: how releases differ in pace is not in the limits")
    lead = (fixed_on - now).total_seconds() / _DAY
    if lead > seen.stretches.days:
        notes.append(f"the day is {lead:.0f} days ahead: the farther, the less the rate holds")
    return tuple(notes)
