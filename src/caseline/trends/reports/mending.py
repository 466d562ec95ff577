"""What is fixed, and what that has saved so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.trends.adoption.fixing import judge_fix
from caseline.trends.adoption.reading import read_ranges
from caseline.trends.costs.placing import versions_at_opening
from caseline.trends.nowcasting.finals import limits

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.trends.adoption.answers import FixVerdict
    from caseline.trends.costs.reading import Books
    from caseline.trends.reports.periods import Period
    from caseline.trends.reports.settings import ReportSettings

_FALLING = ("resolving", "gone")
_LEVEL = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """Support hours that a fix has saved since it runs somewhere.

    Args:
        hours: Expected, with limits low and high that hold at least 90 %.
        days: Customer-days with the fix.
        spent: Hours of linked tickets where it did not run, on so many customer-days.
    """

    hours: float
    low: float
    high: float
    days: int
    spent: float
    days_without: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """A fix, and what it did.

    Args:
        verdict: Whether it holds.
        in_release: Whether the release of the report has it; None without one or a record.
        gain: None where no linked ticket or no day tells.
    """

    verdict: FixVerdict
    in_release: bool | None
    gain: Gain | None


def read_fixes(  # noqa: PLR0913 - what fixes are judged by
    engine: Engine,
    period: Period,
    changes: pl.DataFrame,
    books: Books,
    *,
    now: datetime,
    as_of: datetime | None,
    settings: ReportSettings,
) -> tuple[Mended, ...]:
    """Return what became of recorded fixes, those of the release and the latest first.

    What fades without a recorded fix is judged too: its logs may tell of one.
    """
    records = engine.ask("all_fixes", as_of=as_of).filter(pl.col("recorded_at") <= now)
    latest = records.unique("issue_id", keep="first", maintain_order=True)
    of_release = {
        name: _in_release(engine, period, name, as_of) for name in latest["issue_id"].to_list()
    }
    latest = latest.sort("recorded_at", "issue_id", descending=[True, False])
    ids = sorted(latest["issue_id"].to_list(), key=lambda name: of_release[name] is not True)
    ids = ids[: settings.most_fixes]
    told = set(books.kin.together(ids)) | set(ids) | _members(books, ids)
    fading = changes.filter(pl.col("kind").is_in(_FALLING))["signature_id"].unique(
        maintain_order=True
    )
    ids += [name for name in fading if name not in told][: settings.most_falls]
    spans = engine.ask("version_spans", as_of=as_of)
    tenancies = engine.ask("tenancy_stages", as_of=as_of)
    found = []
    for wanted in ids:
        members = books.members.filter(pl.col("issue_id") == wanted)["signature_id"].to_list()
        verdict = judge_fix(
            engine, members or [wanted], wanted=wanted, component=None, now=now, as_of=as_of
        )
        by = "issue" if members else "signature"
        shares = books.by(by).filter(pl.col("id") == books.kin.head(wanted))
        gain = saved(verdict, books.tickets.join(shares, on="ticket_id"), spans, tenancies)
        found.append(Mended(verdict=verdict, in_release=of_release.get(wanted), gain=gain))
    return tuple(found)


def _members(books: Books, ids: list[str]) -> set[str]:
    mine = books.members.filter(pl.col("issue_id").is_in(ids))["signature_id"].to_list()
    return set(books.kin.together(mine))


def _in_release(engine: Engine, period: Period, wanted: str, as_of: datetime | None) -> bool | None:
    if period.release is None:
        return None
    recorded = read_ranges(engine, wanted, component=period.product, as_of=as_of)
    return None if recorded is None else recorded[0].judge(period.release) == "fixed"


def saved(
    verdict: FixVerdict, tickets: pl.DataFrame, spans: pl.DataFrame, tenancies: pl.DataFrame
) -> Gain | None:
    """Return the hours that the fix saved, if tickets had come on as they came without it.

    Args:
        verdict: Whether the fix holds, with days and events by version.
        tickets: Linked to it: ticket_id, customer_id, environment_id, opened_at, hours, share.
        spans: environment_id, component, value, valid_from, valid_to.
        tenancies: customer_id, environment_id, valid_from, valid_to, stage.
    """
    table = verdict.versions.to_frame()
    with_fix = table.filter(pl.col("has_fix"))
    without = table.filter(~pl.col("has_fix"))
    days, days_without = (int(f["customer_days"].sum()) for f in (with_fix, without))
    if not days or not days_without or verdict.ratio is None or tickets.is_empty():
        return None
    opened = tickets.select("ticket_id", "customer_id", "environment_id", "opened_at").unique()
    ran = versions_at_opening(
        opened, spans.filter(pl.col("value").is_in(without["version"].implode())), tenancies
    )
    old = tickets.join(ran.select("ticket_id").unique(), on="ticket_id")
    weighed = old["hours"] * old["share"]
    spent = float(weighed.sum())
    if spent <= 0:
        return None
    # so many tickets come by chance: the variance of a sum of as many of these hours
    whole = spent / days_without * days
    scatter = float((weighed**2).sum()) * (days / days_without) ** 2
    mean, variance = np.array([whole]), np.array([scatter])
    least, most = (float(x[0]) for x in limits(mean, variance, level=_LEVEL))
    ratio, low, high = (_share(x) for x in (verdict.ratio, verdict.low, verdict.high))
    return Gain(
        hours=whole * (1 - ratio), low=least * (1 - high), high=most * (1 - low), days=days,
        spent=spent, days_without=days_without,
    )  # fmt: skip


def _share(ratio: Any) -> float:
    """Return how much of the old rate goes on: nothing is saved by more than all of it."""
    return 1.0 if ratio is None else min(max(float(ratio), 0.0), 1.0)
