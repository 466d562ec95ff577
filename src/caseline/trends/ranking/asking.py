"""The questions about hours: a part of ``Workspace.trends``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from caseline.clock import in_utc
from caseline.records.arguments import checked_id, checked_limit
from caseline.records.windows import Window
from caseline.trends.asking import Asking
from caseline.trends.costs.costing import cost_by
from caseline.trends.ranking.looking import Asked, days_ahead
from caseline.trends.ranking.ranking import Wish, rank_first
from caseline.trends.ranking.shipping import fix_shipping

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from caseline.trends.costs.answers import Counterfactual
    from caseline.trends.costs.costing import By as CostBy
    from caseline.trends.costs.costing import CostLedger, Rate
    from caseline.trends.ranking.ranking import Priorities


class Hours(Asking):
    """What tickets cost, what a fix avoids, what to fix first."""

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
