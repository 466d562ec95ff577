"""The questions about impact: see ``Workspace.impact``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from caseline.clock import in_utc
from caseline.impact.causes.explaining import explain
from caseline.impact.causes.learning import learn
from caseline.impact.detections import Detection, Detections
from caseline.impact.fixes.recording import RecordedFix, listed_versions, save_fix
from caseline.impact.fixes.tracking import track_fix
from caseline.impact.issues import detect_issues
from caseline.impact.ledger.assessment import assess, signatures_of
from caseline.impact.linking.gathering import gather_tickets
from caseline.impact.reports.composing import compose_report
from caseline.impact.spreading.spreading import spread_of
from caseline.impact.surroundings import look_around
from caseline.records.arguments import checked_id, checked_limit
from caseline.records.windows import Window
from caseline.versions import Branches, Ranges

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from caseline.clock import Clock
    from caseline.impact.causes.explaining import Causes
    from caseline.impact.causes.learning import CausesFit
    from caseline.impact.fixes.answers import FixStates
    from caseline.impact.ledger.answers import Impact
    from caseline.impact.linking.answers import IssueTickets
    from caseline.impact.reports.answers import Audience, IssueReport
    from caseline.impact.spreading.answers import Spread
    from caseline.impact.surroundings import Context
    from caseline.protocols import Engine


class Impacts:
    """Whom errors hit, what is newly wrong, what explains a ticket.

    Args:
        engine: Where events and tables are.
        clock: Tells the present, for a question without ``as_of``.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def of(
        self,
        signature_or_issue: str,
        *,
        window: Window | timedelta | tuple[datetime, datetime] | None = None,
        as_of: datetime | None = None,
    ) -> Impact:
        """Return whom a signature or an issue hits.

        Args:
            signature_or_issue: An id.
            window: When; None for all that is stored.
            as_of: Hide what was received later; the present if None.

        Returns:
            An Impact; its ``customers`` has one row for every customer of the fleet.

        Raises:
            NotFoundError: the workspace knows no such signature or issue.
            InputError: a naive datetime or an empty window.
        """
        return assess(self._engine, **self._asked(signature_or_issue, window, as_of))

    def detect(self, *, since: datetime, as_of: datetime | None = None) -> Detections:
        """Return the issues that began, or rose, since a moment: new ones first, then by width.

        New is a signature that was first seen in production since then, at several
        customers or severe; a jump is one that fell on more customers a day than its
        own past, the weekday and the fleet's business explain. Signatures that
        started together at the same customers are one issue. A found issue is kept
        under an id of its content: asking twice gives the same one.

        Args:
            since: The start of the window; the past before it is what is compared with.
            as_of: Hide what was received later; the present if None.

        Returns:
            Rows with issue_id, signature_ids, detected_at, customers, kind (new, jump),
            severity, template, since, observed and expected (customer-days), q_value,
            events, reasons, ``.impact``, and ``.cascade``: which of its signatures comes
            before which; ``signature_ids`` are in that order. The notes state the budget of false
            findings and what could not be judged.

        Raises:
            InputError: a naive datetime, or *since* not before the present.
        """
        now = self._now(as_of)
        start = Window(start=in_utc(since, "since"), end=now).start
        frame, cascades, notes = detect_issues(self._engine, since=start, now=now, as_of=as_of)

        def impact_of(found: Detection) -> Impact:
            window = Window(start=min(found.since, start), end=now)
            return assess(
                self._engine,
                tuple(found.signature_ids),
                wanted=found.issue_id,
                window=window,
                as_of=as_of,
                now=now,
            )

        return Detections(frame, as_of=now, assess=impact_of, cascades=cascades, notes=notes)

    def causes(self, ticket: str, *, limit: int = 5, as_of: datetime | None = None) -> Causes:
        """Return the signatures that best explain a ticket, or say that none does.

        Args:
            ticket: Its id.
            limit: Rows at the most.
            as_of: Hide what was received later.

        Returns:
            Rows with signature_id, score, probability, reasons, template, the most
            probable first; ``.verdict`` and ``.none``, the probability that none of
            the signatures seen at the customer is the cause. What a person confirmed is
            certain, what a person rejected is left out.

        Raises:
            NotFoundError: the workspace knows no such ticket.
            InputError: *limit* below 1, or a naive datetime.
        """
        checked_id(ticket, "ticket")
        limit = checked_limit(limit)
        now = self._now(as_of)
        return explain(self._engine, ticket, limit=limit, now=now, as_of=as_of)

    def spread(
        self,
        signature_or_issue: str,
        *,
        window: Window | timedelta | tuple[datetime, datetime] | None = None,
        as_of: datetime | None = None,
    ) -> Spread:
        """Return what carries a signature or an issue, how it spreads, and who is next.

        Args:
            signature_or_issue: An id.
            window: When; None for all that is stored.
            as_of: Hide what was received later; what starts later is planned.

        Returns:
            A Spread: ``vectors`` (ranked, with a verdict that may be "undetermined" or
            "cannot separate"), ``timeline``, ``at_risk``, ``blame``.

        Raises:
            NotFoundError: the workspace knows no such signature or issue.
            InputError: a naive datetime or an empty window.
        """
        return spread_of(self._engine, **self._asked(signature_or_issue, window, as_of))

    def fit(self) -> CausesFit:
        """Learn from confirmed and rejected causes how much each kind of evidence counts here.

        The causes are links of kind ``cause`` between a ticket and a signature or an
        issue: see ``tickets.link``; one to anything else says that the cause is not in
        the logs. Tickets are split by time; what was learned on the earlier ones is used
        by ``causes`` from now on, if it is not worse on the later ones. It also learns
        how long before its tickets a customer's troubles begin.

        Returns:
            A CausesFit: adopted, reason, confirmed, rejected, tickets, judged,
            loss_before, loss_after, temperature, weights, version.

        Raises:
            ReadOnlyError: opened read-only, or asked by a viewer.
        """
        return learn(self._engine, now=self._clock.now())

    def context(
        self,
        customer: str,
        *,
        around: datetime,
        window: Window | timedelta | tuple[datetime, datetime] = timedelta(minutes=30),
        as_of: datetime | None = None,
    ) -> Context:
        """Return what happened at a customer around a moment.

        Args:
            customer: Its id.
            around: The moment.
            window: How far to look before and after it; or from when to when.
            as_of: Hide what was received later.

        Raises:
            NotFoundError: the fleet has no such customer.
            InputError: a naive datetime, or a window that is not positive.
        """
        checked_id(customer, "customer")
        now = self._now(as_of)
        moment = in_utc(around, "around")
        span = Window.of(window, as_of=moment)
        if isinstance(window, timedelta):
            span = Window(start=span.start, end=moment + window)
        return look_around(self._engine, customer, span, as_of=as_of, now=now)

    def tickets(self, issue: str, *, as_of: datetime | None = None) -> IssueTickets:
        """Return the tickets of an issue: those that its signatures explain best.

        Tickets of its time are looked at, of customers whom it hits. Several of one
        customer are duplicates of its first; what says nothing is told as ``vague``.

        Args:
            issue: The id of an issue or signature.
            as_of: Hide what was received or opened later.

        Returns:
            Rows with ticket_id, customer_id, opened_at, probability, vague, duplicate_of,
            reasons, the oldest first; ``.customers`` are those who wrote them.

        Raises:
            NotFoundError: the workspace knows no such issue or signature.
            InputError: a naive datetime.
        """
        now = self._now(as_of)
        impact = self.of(issue, as_of=as_of)

        def causes_of(ticket: str, limit: int) -> Causes:
            return explain(self._engine, ticket, limit=limit, now=now, as_of=as_of)

        return gather_tickets(self._engine, impact, causes_of, as_of=as_of)

    def report(
        self,
        issue: str,
        *,
        audience: Audience = "internal",
        customer: str | None = None,
        as_of: datetime | None = None,
    ) -> IssueReport:
        """Return a report on an issue to send on: Markdown, with figures as files.

        Args:
            issue: The id of an issue or signature.
            audience: ``internal``: all of it; ``partner``: rough numbers, from which no
                customer can be told; ``customer``: one customer's own data, plain words.
            customer: Whose, for the audience ``customer``.
            as_of: Hide what was received later.

        Returns:
            An IssueReport: ``.to_markdown()``, ``.write(folder)``, ``.figures``, ``.to_dict()``.

        Raises:
            NotFoundError: the workspace knows no such issue, signature or customer.
            InputError: an unknown audience, or one and a customer that do not go together.
        """
        now = self._now(as_of)
        return compose_report(
            self._engine,
            signatures_of(self._engine, checked_id(issue, "issue or signature"), as_of=as_of),
            wanted=issue,
            audience=audience,
            customer=customer,
            now=now,
            as_of=as_of,
        )

    def record_fix(  # noqa: PLR0913 - one for each part of the record
        self,
        issue: str,
        *,
        component: str,
        fixed_in: Sequence[str] | str = (),
        affected_from: Sequence[str] | str = (),
        affected: Sequence[str] | str = (),
        branches: Mapping[str, str | None] | None = None,
        by: str,
        as_of: datetime | None = None,
    ) -> RecordedFix:
        """Record which versions have an issue and which its fix; the latest record counts.

        Every record is kept with its author: ``as_of`` reads those of then.

        Args:
            issue: The id of an issue or signature.
            component: What the versions are of, as spans name it.
            fixed_in: Where the fix came in, one version for each line that got it. A fix in
                the newest of them is in all later ones; the others are backports.
            affected_from: Where the error came in; nothing: it was always there.
            affected: The affected versions one by one, in place of *affected_from*.
            branches: For each line, such as ``8.1``, the version that it was cut from; only
                where lines are not what the custom says (see ``caseline.versions``).
            by: Who says so.
            as_of: Since when it is known, for records of the past; the present if None.

        Returns:
            What was recorded.

        Raises:
            NotFoundError: the workspace knows no such issue or signature.
            InputError: no version, or versions that cannot be compared or contradict,
                or a naive datetime.
            ReadOnlyError: the workspace cannot be written to.
        """
        signatures_of(self._engine, checked_id(issue, "issue or signature"), as_of=None)
        return save_fix(
            self._engine,
            RecordedFix(
                issue_id=issue,
                component=checked_id(component, "component"),
                ranges=Ranges(
                    fixed_in=listed_versions(fixed_in, "fixed_in"),
                    affected_from=listed_versions(affected_from, "affected_from"),
                    affected=listed_versions(affected, "affected"),
                    branches=Branches(cuts=branches or {}),
                ),
                author=checked_id(by, "by"),
                recorded_at=self._now(as_of),
            ),
        )

    def fix_state(
        self, issue: str, *, component: str | None = None, as_of: datetime | None = None
    ) -> FixStates:
        """Return which customers still run what has an issue, and which have its fix.

        Where nobody recorded a fix, versions are judged by their logs: those with the
        error, and those that ran long enough without it where it used to come.

        Args:
            issue: The id of an issue or signature.
            component: Whose versions; None for that of the latest record, or of the events.
            as_of: The moment; what was received or recorded later is hidden.

        Returns:
            One row for each customer and production environment: customer_id,
            environment_id, state (vulnerable, protected, upgrading, unknown), version,
            since, planned_at, probability (that the error may come there), reasons; with
            ``.counts``, ``.versions`` and ``.contradictions``.

        Raises:
            NotFoundError: the workspace knows no such issue or signature.
            InputError: a naive datetime.
        """
        checked_id(issue, "issue or signature")
        now = self._now(as_of)
        ids = signatures_of(self._engine, issue, as_of=as_of)
        return track_fix(self._engine, ids, wanted=issue, component=component, now=now, as_of=as_of)

    def _asked(
        self,
        wanted: str,
        window: Window | timedelta | tuple[datetime, datetime] | None,
        as_of: datetime | None,
    ) -> dict[str, Any]:
        """Return what a question about an issue or signature hands on."""
        now = self._now(as_of)
        span = None if window is None else Window.of(window, as_of=now)
        ids = signatures_of(self._engine, checked_id(wanted, "signature or issue"), as_of=as_of)
        return {
            "signature_ids": ids, "wanted": wanted, "window": span, "as_of": as_of, "now": now,
        }  # fmt: skip

    def _now(self, as_of: datetime | None) -> datetime:
        return self._clock.now() if as_of is None else in_utc(as_of, "as_of")
