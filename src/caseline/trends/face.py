"""The questions about trends: see ``Workspace.trends``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

import polars as pl

from caseline.clock import in_utc
from caseline.errors import InputError, NotFoundError
from caseline.records.answers import Table
from caseline.records.arguments import checked_id, checked_limit
from caseline.records.windows import Window
from caseline.trends.adoption.fixing import judge_fix
from caseline.trends.changes.finding import find_changes
from caseline.trends.comparing import compare_windows
from caseline.trends.costs.costing import cost_by
from caseline.trends.nowcasting.logs_there import completeness
from caseline.trends.ranking.looking import Asked, days_ahead
from caseline.trends.ranking.ranking import Wish, rank_first
from caseline.trends.ranking.shipping import fix_shipping
from caseline.trends.rates import By
from caseline.trends.showing import show_series
from caseline.trends.upgrades.answering import judge_versions

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.clock import Clock
    from caseline.protocols import Engine
    from caseline.trends.adoption.answers import FixVerdict
    from caseline.trends.costs.answers import Counterfactual
    from caseline.trends.costs.costing import By as CostBy
    from caseline.trends.costs.costing import CostLedger, Rate
from caseline.trends.ranking.ranking import Priorities

_LATEST = timedelta(days=28)
"""What is older is complete."""


class Trends:
    """What grows and fades, measured against what was observed.

    Args:
        engine: Where events and tables are.
        clock: Tells the present, for a question without ``as_of``.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def series(
        self,
        signature: str,
        *,
        by: By = "day",
        window: Window | timedelta | tuple[datetime, datetime] | None = None,
        as_of: datetime | None = None,
    ) -> Table:
        """Return a signature's events in production by day, version or customer.

        A signature and what it became in other versions' words are counted as one; the
        notes say so, and where a version began to log only a sample.

        Args:
            signature: Its id.
            by: What a row is.
            window: When; None for all that is stored.
            as_of: Hide what was received later.

        Logs come late, and errors may come sooner than what else is logged. By day and by
        version the answer tells what will be there once all is received: learned from
        how late logs of the same kind of place came so far. What is older than four
        weeks is complete.

        Returns:
            A Table: day, version or customer_id; events; customers (with events of
            their own); exposure (customer-days with logs); covered (customers with
            logs); host_hours (from first to last line of each host, overlaps once);
            rate, low, high (events per customer-day, 95 %). Without exposure
            there is no rate; a day without logs has no events either, not zero. A
            null customer or version stands for events that name none. By day and by
            version besides: expected, expected_low, expected_high (events in the end,
            90 %), reported (which share of them is there), logs_reported, logs_low,
            logs_high (which share of the customer-days with logs that will come is
            there), expected_rate; null where the past does not tell how late logs come.
            Where one of them is low, the notes say that a fall is not to be trusted yet.

        Raises:
            NotFoundError: the workspace knows no such signature.
            InputError: another *by*, a naive datetime, an empty window.
        """
        if by not in get_args(By):
            raise InputError(f"by is {by!r}; give one of {', '.join(get_args(By))}")
        checked_id(signature, "signature")
        now = self._now(as_of)
        span = None if window is None else Window.of(window, as_of=now)
        chosen = self._signature(signature, as_of)
        return show_series(self._engine, chosen, by=by, window=span, now=now, as_of=as_of)

    def changes(
        self,
        *,
        window: Window | timedelta | tuple[datetime, datetime] = timedelta(days=28),
        as_of: datetime | None = None,
    ) -> Table:
        """Return which signatures emerge, escalate, pulse, resolve or are gone.

        Counted are the customers a day on which a signature falls in production, per
        customer with logs: one loud customer is no change, and neither are more
        customers, weekdays, month ends or holidays. Days on which the feed itself changed
        are left out, and the notes say so. Limits are set to a budget of false changes and
        tried on the workspace's own history with its weeks in another order.

        Args:
            window: Changes that began, ended or went on in it; the last 28 days by
                default.
            as_of: Hide what was received later.

        Returns:
            A Table, those that go on and hit most customers first: signature_id; kind
            (emerging: never seen before; escalating; pulse: some days at most; resolving;
            gone); since with its 90 % interval since_low to since_high; until (null while
            it goes on); noticed; ratio of the rate to the one before, with its 90 %
            interval; customers with it since then, new_customers (without it in the weeks
            before), customers_before; events; shape (step or ramp); evidence: sentences;
            template, severity.

        Raises:
            InputError: a naive datetime, an empty window.

        Source:
            M. Höhle and M. Paul (2008), Comput. Stat. Data Anal. 52, 4357-4368 (cumulative
            sums of likelihood ratios for counts).
        """
        now = self._now(as_of)
        span = Window.of(window, as_of=now)
        found = find_changes(
            self._engine, span, now=now, as_of=as_of, reported=self._reported(now, as_of)
        )
        return Table("changes", found.frame, as_of=now, notes=found.notes)

    def compare(
        self,
        *,
        window: Window | timedelta | tuple[datetime, datetime] = timedelta(days=7),
        as_of: datetime | None = None,
    ) -> Table:
        """Return what every signature did in a window, and in the one before it.

        Both are as long, and their ends are moved back to whole hours. Only production
        counts. The most surely changed come first.

        Args:
            window: The later one; seven days back from *as_of* by default.
            as_of: Hide what was received later.

        Returns:
            A Table: signature_id, template; events, customers and hit_days (customer-days
            with the signature), each with _before; ratio of hit_days, each per
            customer-day with logs, with its limits low and high (95 %); null where one of
            the windows has no logs.

        Raises:
            InputError: a naive datetime, or a window shorter than an hour.
        """
        now = self._now(as_of)
        span = Window.of(window, as_of=now)
        if span.length < timedelta(hours=1):
            raise InputError(f"window is {span.length}; give an hour at least")
        frame, notes = compare_windows(self._engine, span, as_of=as_of)
        return Table("windows compared", frame, as_of=now, notes=notes)

    def versions(
        self,
        signature: str | None = None,
        *,
        window: Window | timedelta | tuple[datetime, datetime] | None = None,
        as_of: datetime | None = None,
    ) -> Table:
        """Return what each version, plug-in, setting and flag does to errors.

        Each customer is compared with itself before its own change, and on the same days
        with those that did not change. The first days after a change are judged apart.
        Changes of other kinds (infrastructure, certificates) count where no span tells them.

        Args:
            signature: Its id; None for all signatures.
            window: When; None for all that is stored.
            as_of: Hide what was received later. Days of which not nearly all logs are
                there, and the last one, are left out.

        Returns:
            A Table, findings first: signature_id; component, value, kind; ratio (of
            customer-days with the signature, after the change to before), low, high (90 %);
            q_value; customers watched before and after; verdict: persistent, transient,
            improved, none (a large change would have been seen), undetermined; first_bad:
            the first bad version of the component; events after the change; days_before,
            days_after (customer-days with logs), rate_before, rate_after; first_days_ratio,
            later_ratio; reasons. For one signature there is a row for each value that came
            anywhere; for all only those with enough to be tested.

        Raises:
            NotFoundError: the workspace knows no such signature.
            InputError: a naive datetime, an empty window.

        Source:
            Two-way Poisson score test, each customer its own control: J. M. Wooldridge
            (1999), J. Econometrics 90, 77-97; Y. Benjamini and Y. Hochberg (1995).
        """
        now = self._now(as_of)
        span = None if window is None else Window.of(window, as_of=now)
        if signature is not None:
            signature = self._signature(checked_id(signature, "signature"), as_of)
        reported = self._reported(now, as_of)
        return judge_versions(
            self._engine, signature, window=span, reported=reported, now=now, as_of=as_of
        )

    def cost(
        self,
        *,
        by: CostBy = "issue",
        window: Window | timedelta | tuple[datetime, datetime] | None = None,
        hourly_rate: Rate = None,
        effort_hours: float | None = None,
        links: Any = None,
        as_of: datetime | None = None,
    ) -> CostLedger:
        """Return what tickets cost, by what caused them; the rows add up to the total.

        A ticket's hours go to the causes it is linked to: whole where a person confirmed
        the link, else as much as its confidence says; the last row is the rest.

        Args:
            by: What a row is. ``version`` is what ran at the customer at the opening.
            window: When tickets were opened; None for all.
            hourly_rate: Money for an hour: a number, or one for each group of tickets,
                with one for None as that of all others.
            effort_hours: Hours of a ticket whose effort nobody recorded; None for the
                mean of those of its category and priority.
            links: ticket_id, id, confidence: proposed causes that are not stored.
            as_of: Hide what was not known then.

        Returns:
            A CostLedger: id, kind, hours, low, high (90 %), share (of all hours), tickets
            (shares summed), customers, open_tickets, recorded_hours, assumed_hours, cost,
            cost_low, cost_high (null without a rate), reasons.

        Raises:
            InputError: another *by*, a negative number, a confidence outside 0 to 1.
        """
        present = self._clock.now()
        now = self._now(as_of)
        span = None if window is None else Window.of(window, as_of=now)
        return cost_by(
            self._engine, by, window=span, now=now, present=present, as_of=as_of,
            hourly_rate=hourly_rate, effort_hours=effort_hours, links=links,
        )  # fmt: skip

    def counterfactual(
        self,
        signature_or_issue: str,
        *,
        fixed_on: datetime,
        horizon: timedelta | None = None,
        links: Any = None,
        as_of: datetime | None = None,
    ) -> Counterfactual:
        """Return what a fix avoids: had it shipped on a past day, or if it ships on one to come.

        Each customer takes it up by its own upgrades; of a day to come, by its habits.

        Args:
            signature_or_issue: An id.
            fixed_on: When the fix ships.
            horizon: For a day to come, how long after it counts; 90 days by default. A
                past day counts until *as_of*.
            links: ticket_id, id, confidence: proposed causes that are not stored.
            as_of: The present if None; what was not known then is hidden.

        Raises:
            NotFoundError: the workspace knows no such signature or issue.
            InputError: *fixed_on* is naive, or past with a horizon; a horizon of nothing.
        """
        wanted = checked_id(signature_or_issue, "signature_or_issue")
        present, now = self._clock.now(), self._now(as_of)
        shipped = in_utc(fixed_on, "fixed_on")
        if self._engine.ask("issue_known", as_of=as_of, issue_id=wanted).is_empty():
            wanted = self._signature(wanted, as_of)
        return fix_shipping(
            self._engine, wanted, fixed_on=shipped, horizon=horizon, links=links, now=now,
            present=present, as_of=as_of,
        )  # fmt: skip

    def priorities(  # noqa: PLR0913 - the parts of the question
        self,
        *,
        limit: int = 20,
        budget: float | None = None,
        effort: Any = None,
        horizon: timedelta | None = None,
        window: Window | timedelta | tuple[datetime, datetime] | None = None,
        hourly_rate: float | None = None,
        links: Any = None,
        as_of: datetime | None = None,
    ) -> Priorities:
        """Return what to fix first: issues and errors by the support hours to be avoided.

        A fix avoids what comes after each customer has taken it up, by its own habits.

        Args:
            limit: Rows at the most; with a budget all that are chosen.
            budget: Engineering days: the fixes that avoid the most hours in them are chosen.
            effort: id, days: what each fix takes; five days where nobody said.
            horizon: How far ahead; 90 days by default.
            window: What the past is read from, in thirds; twelve weeks back by default.
            hourly_rate: Money for an hour.
            links: ticket_id, id, confidence: proposed causes that are not stored.
            as_of: Hide what was not known then.

        Returns:
            Priorities: rank, id, kind, title, customers (of the last third), avoidable_hours,
            low, high (90 %), action (fix; adopt: fixed, not upgraded to; watch), growth (a
            badge), chosen, effort_days, events, tickets and hours (of the window),
            value_share, cost, severity, hours_ahead (if nothing is done), reach (the share
            of it that the action avoids), reasons.

        Raises:
            InputError: *limit* below 1, a negative number, a horizon of nothing, a window
                shorter than three days.
        """
        present, now = self._clock.now(), self._now(as_of)
        span = None if window is None else Window.of(window, as_of=now)
        wish = Wish(
            limit=checked_limit(limit), budget=budget, effort=effort, hourly_rate=hourly_rate
        )
        asked = Asked(window=span, horizon_days=days_ahead(horizon), links=links)
        return rank_first(self._engine, wish, asked, now=now, present=present, as_of=as_of)

    def fixed(
        self, issue: str, *, component: str | None = None, as_of: datetime | None = None
    ) -> FixVerdict:
        """Return whether an issue is fixed, by those who run a version with the fix.

        Each place is its own control: what is seen there with the fix stands beside what
        its own rate before would have brought. Silence where the fix does not run, or where
        nothing is logged, tells nothing; nor do late events of versions without it.

        Args:
            issue: An issue's id, or a signature's.
            component: What the versions are of; as recorded, or as the events tell.
            as_of: Hide what was received or recorded later.

        Returns:
            A FixVerdict: ``fixed``, ``not yet``, ``partly`` or ``cannot tell``, with how
            many more customer-days are needed, and a table of versions.

        Raises:
            NotFoundError: the workspace knows no such issue or signature.
            InputError: a naive datetime.
        """
        checked_id(issue, "issue")
        now = self._now(as_of)
        members = self._members(issue, as_of)
        return judge_fix(
            self._engine, members, wanted=issue, component=component, now=now, as_of=as_of
        )

    def _now(self, as_of: datetime | None) -> datetime:
        return self._clock.now() if as_of is None else in_utc(as_of, "as_of")

    def _members(self, wanted: str, as_of: datetime | None) -> list[str]:
        found = self._engine.ask("issue_known", as_of=as_of, issue_id=wanted)
        if found.is_empty():
            return [self._signature(wanted, as_of)]
        return found["signature_id"].drop_nulls().to_list()

    def _signature(self, wanted: str, as_of: datetime | None) -> str:
        found = self._engine.ask("signature_known", as_of=as_of, signature_id=wanted)
        if found.is_empty():
            ids = self._engine.ask("known_ids", as_of=as_of)
            known = ids.filter(pl.col("kind") == "signature")["id"].to_list()
            raise NotFoundError.of("signature", wanted, known)
        return str(found["signature_id"][0])

    def _reported(self, now: datetime, as_of: datetime | None) -> pl.DataFrame:
        """Return which share of the logs of the last days is there."""
        window = Window(start=now - _LATEST, end=now)
        return completeness(self._engine, window=window, as_of=now, visible=as_of)
