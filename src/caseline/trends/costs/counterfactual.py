"""Had the fix shipped on a past day: the hours, tickets and customer-days it had avoided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.estimation.exposure import in_production
from caseline.store.rollups import read_days
from caseline.trends.costs.adoption import Habits, upgrade_waits
from caseline.trends.costs.answers import Counterfactual
from caseline.trends.costs.placing import main_component
from caseline.trends.costs.settings import cost_settings

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from caseline.protocols import Engine
    from caseline.trends.costs.reading import Books

_DRAWS = 1000
_DAY = 86_400e6


def had_it_shipped(  # noqa: PLR0913 - the parts of the question
    engine: Engine,
    books: Books,
    wanted: str,
    *,
    fixed_on: datetime,
    now: datetime,
    as_of: datetime | None,
    rng: np.random.Generator,
) -> Counterfactual:
    """Return what would have been avoided from *fixed_on* until *now*.

    Each customer takes the fix up with its own next upgrade after *fixed_on*, if one came
    by now; of whom nothing is known to run, after a delay drawn from the fleet's own
    curve. Its tickets and days with the error after that fall away. Links are right or wrong, and
    assumed hours scatter, in each draw.
    """
    members = books.members.filter(pl.col("issue_id") == wanted)["signature_id"].to_list()
    names = books.kin.together(members or [wanted])
    spans = engine.ask("version_spans", as_of=as_of)
    component = main_component(spans)
    mine = spans.filter(pl.col("component") == pl.lit(component, pl.String))
    habits = Habits(
        waits=upgrade_waits(mine, now), weight=cost_settings().habit_weight, component=component
    )
    shares = books.by("issue" if members else "signature").filter(pl.col("id") == wanted)
    tickets = books.tickets.join(shares, on="ticket_id").filter(pl.col("opened_at") >= fixed_on)
    days = (
        read_days(engine, names, as_of=as_of)
        .filter(in_production() & pl.col("customer_id").is_not_null())
        .filter(pl.col("day") >= fixed_on.date())
        .select("customer_id", "day").unique()
    )  # fmt: skip
    people = pl.concat([tickets["customer_id"], days["customer_id"]]).unique().sort()
    index = {name: n for n, name in enumerate(people)}
    own = _own_delays(engine, mine, fixed_on, as_of)
    known = [name for name in people if name in own]
    unknown = not habits.upgrades and not own
    delays = habits.draw([""] * len(index), _DRAWS, rng)
    doubt = rng.normal(0.0, cost_settings().upgrade_doubt_days, (_DRAWS, len(known)))
    delays[:, [index[name] for name in known]] = np.array([own[name] for name in known]) + doubt
    if unknown:
        delays = np.zeros(delays.shape)
    opened = (tickets["opened_at"] - fixed_on).dt.total_microseconds().to_numpy() / _DAY
    hit = (days["day"].cast(pl.Datetime("us", "UTC")) - fixed_on).dt.total_microseconds()
    late = opened >= delays[:, [index[c] for c in tickets["customer_id"]]]
    right = rng.random(late.shape) < tickets["share"].to_numpy()
    noise = rng.standard_normal(late.shape) * np.sqrt(tickets["own_variance"].to_numpy())
    hours = np.maximum(tickets["hours"].to_numpy() + noise, 0.0)
    avoided = hit.to_numpy() / _DAY >= delays[:, [index[c] for c in days["customer_id"]]]
    drawn = ((late * right * hours).sum(axis=1), (late * right).sum(axis=1), avoided.sum(axis=1))
    found = [_bounds(values) if unknown else _limits(values) for values in drawn]
    return Counterfactual(
        issue_id=wanted,
        verdict="cannot tell" if unknown else "avoided",
        fixed_on=fixed_on,
        until=now,
        hours=found[0][0],
        low=found[0][1],
        high=found[0][2],
        tickets=found[1],
        customer_days=found[2],
        spent_hours=float((tickets["hours"] * tickets["share"]).sum()),
        reach=None if unknown else float((late * right).sum() / max(int(right.sum()), 1)),
        customers=len(index),
        as_of=now,
        reasons=(
            f"{tickets.height} linked tickets and {days.height} customer-days since then",
            "no upgrade is known: nothing tells who would have taken the fix; high is what it "
            "is if it had run everywhere at once"
            if unknown
            else f"{len(known)} of {len(index)} customers take it up with their own next upgrade "
            f"of {component}, the others as fast as the fleet's upgrades went ({habits.upgrades})",
        ),
        notes=(
            (
                "a customer's next upgrade after that day is taken to have the fix; what was hit "
                "and asked before it stays as it was; intervals hold 90 %"
            ),
        ),
    )


def _own_delays(
    engine: Engine, spans: pl.DataFrame, fixed_on: datetime, as_of: datetime | None
) -> dict[str, float]:
    """Return for each customer after how many days its first upgrade since then came.

    Empty where no place of the fleet upgraded since: then nobody's staying tells anything.
    """
    held = engine.ask("tenancy_stages", as_of=as_of).filter(in_production())
    changed = (pl.col("valid_from") > fixed_on) & pl.col("valid_to").is_null().or_(
        pl.col("valid_to") > fixed_on
    )
    firsts = (
        spans.sort("environment_id", "valid_from", nulls_last=False)
        .with_columns(pl.col("value").shift(1).over("environment_id").alias("before"))
        .with_columns(
            pl.when(
                changed & pl.col("before").is_not_null() & (pl.col("before") != pl.col("value"))
            )
            .then((pl.col("valid_from") - fixed_on).dt.total_microseconds() / _DAY)
            .alias("days")
        )
        .group_by("environment_id")
        .agg(pl.col("days").min())
        .join(held.select("customer_id", "environment_id").unique(), on="environment_id")
        .group_by("customer_id")
        .agg(pl.col("days").min().fill_null(float("inf")))
    )
    found = dict(firsts.select("customer_id", "days").iter_rows())
    return found if any(np.isfinite(list(found.values()))) else {}


def _bounds(drawn: NDArray[Any]) -> tuple[None, float, float]:
    return None, 0.0, _limits(drawn)[2]


def _limits(drawn: NDArray[Any]) -> tuple[float, float, float]:
    tail = (1 - cost_settings().level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(drawn.mean()), float(low), float(high)
