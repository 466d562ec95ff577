"""What a report is made of: each question is asked once, and its answer shared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.records.windows import Window
from caseline.store.shared_words import shared_templates
from caseline.trends.changes.finding import find_changes
from caseline.trends.costs.costing import cost_by
from caseline.trends.costs.counterfactual import had_it_shipped
from caseline.trends.costs.ledger import UNEXPLAINED
from caseline.trends.costs.reading import read_books
from caseline.trends.nowcasting.logs_there import completeness_lately
from caseline.trends.ranking.looking import Asked
from caseline.trends.ranking.ranking import Wish, rank_first
from caseline.trends.reports.daily import read_courses
from caseline.trends.reports.mending import read_fixes
from caseline.trends.reports.uptake import read_heard, read_uptake
from caseline.trends.upgrades.answering import judge_versions

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.protocols import Engine
    from caseline.trends.changes.finding import Found
    from caseline.trends.costs.answers import Counterfactual
    from caseline.trends.costs.costing import CostLedger
    from caseline.trends.costs.reading import Books
    from caseline.trends.ranking.ranking import Priorities
    from caseline.trends.reports.daily import Course
    from caseline.trends.reports.mending import Mended
    from caseline.trends.reports.periods import Period
    from caseline.trends.reports.settings import ReportSettings
    from caseline.trends.reports.uptake import Heard, Uptake

_HORIZON_DAYS = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a report is made of.

    Args:
        period: What it is about.
        now: The moment it speaks for.
        changes: See ``Trends.changes``; of the product's signatures.
        changes_notes: What a reader of them must know.
        versions: See ``Trends.versions``, of the period and the weeks before.
        cost: The ledger of the period, by issue.
        cost_before: The hours of the stretch as long before.
        priorities: What to fix first.
        fixes: What of it is fixed.
        had_shipped: What fixes at the beginning of the period would have avoided.
        heard: Who was heard, and how much.
        uptake: Who runs what; None if no version is known.
        reported: day, reported: of the last days of the period.
        courses: Of the changes that are drawn.
        templates: signature_id, template, shared: of all signatures that are told.
        coming: kind, component, value, starts_at of planned or done changes.
        apart: How many changes are not of the product; None where that is not known.
    """

    period: Period
    now: datetime
    changes: pl.DataFrame
    changes_notes: tuple[str, ...]
    versions: pl.DataFrame
    cost: CostLedger
    cost_before: float
    priorities: Priorities
    fixes: tuple[Mended, ...]
    had_shipped: tuple[Counterfactual, ...]
    heard: Heard
    uptake: Uptake | None
    reported: pl.DataFrame
    courses: tuple[Course, ...]
    templates: pl.DataFrame
    coming: pl.DataFrame
    apart: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the questions are asked.

    Args:
        now: The moment that is asked for.
        present: The present.
        as_of: Hide what was received later.
        hourly_rate: Money for an hour, or None.
        links: ticket_id, id, confidence, besides those stored.
    """

    now: datetime
    present: datetime
    as_of: datetime | None
    hourly_rate: float | None
    links: Any


def gather(
    engine: Engine, period: Period, terms: Terms, spans: pl.DataFrame, settings: ReportSettings
) -> Material:
    """Return what is known of *period*."""
    now, as_of = terms.now, terms.as_of
    reported = completeness_lately(engine, now=now, as_of=as_of)
    found = find_changes(engine, period.window, now=now, as_of=as_of, reported=reported)
    changes, apart = _of_product(engine, period, found, as_of)
    earliest = period.window.start - timedelta(days=settings.before_days)
    versions = judge_versions(
        engine, None, window=Window(start=earliest, end=period.window.end), reported=reported,
        now=now, as_of=as_of,
    ).to_frame()  # fmt: skip
    books = read_books(
        engine, None, now=now, present=terms.present, as_of=as_of, effort_hours=None,
        links=terms.links,
    )  # fmt: skip
    cost, before = _costs(engine, period, terms)
    wish = Wish(limit=settings.first_rows, budget=None, effort=None, hourly_rate=terms.hourly_rate)
    asked = Asked(window=None, horizon_days=_HORIZON_DAYS, links=terms.links)
    priorities = rank_first(engine, wish, asked, now=now, present=terms.present, as_of=as_of)
    fixes = read_fixes(engine, period, changes, books, now=now, as_of=as_of, settings=settings)
    heard = read_heard(engine, period, as_of)
    return Material(
        period=period,
        now=now,
        changes=changes,
        changes_notes=tuple(found.notes),
        versions=versions,
        cost=cost,
        cost_before=before,
        priorities=priorities,
        fixes=fixes,
        had_shipped=_had_shipped(
            engine, period, books, _unfixed(cost, fixes), terms=terms, settings=settings
        ),
        heard=heard,
        uptake=read_uptake(engine, period, spans, as_of),
        reported=_within(reported, period),
        courses=read_courses(engine, period, changes, books.kin, as_of=as_of, settings=settings),
        templates=_texts(engine, [changes, versions, cost, priorities, fixes], books, settings),
        coming=_coming(engine, as_of),
        apart=apart,
    )


def _of_product(
    engine: Engine, period: Period, found: Found, as_of: datetime | None
) -> tuple[pl.DataFrame, int | None]:
    """Return the changes of signatures that the product's services write, and how many not.

    Where no service bears the product's name, nothing tells whose a signature is.
    """
    services = engine.ask("signature_services", as_of=as_of)
    own = services.filter(pl.col("service") == pl.lit(period.product, pl.String))["signature_id"]
    if own.is_empty():
        return found.frame, None
    told = pl.col("signature_id").is_in(services["signature_id"].implode())
    kept = found.frame.filter(pl.col("signature_id").is_in(own.implode()) | ~told)
    return kept, found.frame.height - kept.height


def _costs(engine: Engine, period: Period, terms: Terms) -> tuple[CostLedger, float]:
    """Return the ledger of the period, and the hours of the stretch before it."""
    window = period.window
    earlier = Window(start=window.start - window.length, end=window.start)
    here, before = (
        cost_by(
            engine, "issue", window=w, now=terms.now, present=terms.present, as_of=terms.as_of,
            hourly_rate=terms.hourly_rate, effort_hours=None, links=terms.links,
        )
        for w in (window, earlier)
    )  # fmt: skip
    return here, before.total_hours


def _unfixed(cost: CostLedger, fixes: tuple[Mended, ...]) -> list[str]:
    """Return what cost hours and has no fix yet, the most first."""
    fixed = {m.verdict.issue_id for m in fixes if m.verdict.source == "recorded"}
    frame = cost.to_frame().filter(pl.col("kind") != UNEXPLAINED, pl.col("hours") > 0)
    return [name for name in frame["id"].to_list() if name not in fixed]


def _had_shipped(
    engine: Engine,
    period: Period,
    books: Books,
    ids: list[str],
    *,
    terms: Terms,
    settings: ReportSettings,
) -> tuple[Counterfactual, ...]:
    return tuple(
        had_it_shipped(
            engine, books, wanted, fixed_on=period.window.start, now=terms.now,
            as_of=terms.as_of, rng=np.random.default_rng(list(wanted.encode())),
        )
        for wanted in ids[: settings.most_had_shipped]
    )  # fmt: skip


def _within(reported: pl.DataFrame, period: Period) -> pl.DataFrame:
    last = (period.window.end - timedelta(microseconds=1)).date()
    return reported.filter(pl.col("day") >= period.window.start.date(), pl.col("day") <= last)


def _texts(engine: Engine, told: list[Any], books: Books, settings: ReportSettings) -> pl.DataFrame:
    """Return the templates of all that is told; an issue's is that of its first signature."""
    changes, versions, cost, priorities, fixes = told
    ids = {
        *changes["signature_id"],
        *versions["signature_id"],
        *(m.verdict.issue_id for m in fixes),
    }
    ids |= {*cost.to_frame()["id"], *priorities.to_frame()["id"]}
    firsts = books.members.group_by("issue_id").agg(pl.col("signature_id").min())
    of_issue = {i: s for i, s in firsts.iter_rows() if i in ids}
    wanted = sorted(ids | set(of_issue.values()))
    texts = engine.ask("signature_texts", signature_ids=wanted).select("signature_id", "template")
    texts = shared_templates(engine, texts, common_from=settings.common_from)
    named = pl.DataFrame(
        list(of_issue.items()), schema={"id": pl.String, "signature_id": pl.String}, orient="row"
    )
    issues = named.join(texts, on="signature_id").drop("signature_id")
    own = texts.rename({"signature_id": "id"})
    return pl.concat([own, issues.select(own.columns)]).unique("id", keep="first").sort("id")


def _coming(engine: Engine, as_of: datetime | None) -> pl.DataFrame:
    found = engine.ask("fleet_changes", as_of=as_of)
    return found.select(
        "kind", "component", "value", pl.col("starts_at").cast(pl.Datetime("us", "UTC"))
    ).drop_nulls("starts_at")
