"""The questions about trends: see ``Workspace.trends``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, get_args

from caseline.errors import InputError
from caseline.records.answers import Table
from caseline.records.arguments import checked_id
from caseline.records.windows import Window
from caseline.trends.adoption.fixing import judge_fix
from caseline.trends.changes.finding import find_changes
from caseline.trends.comparing import compare_windows
from caseline.trends.nowcasting.logs_there import completeness_lately
from caseline.trends.ranking.asking import Hours
from caseline.trends.rates import By
from caseline.trends.reports.asking import Reports
from caseline.trends.showing import show_series
from caseline.trends.upgrades.answering import judge_versions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from caseline.trends.adoption.answers import FixVerdict


class Trends(Reports, Hours):
    """What grows and fades, measured against what was observed: see ``Asking``."""

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
            self._engine,
            span,
            now=now,
            as_of=as_of,
            reported=completeness_lately(self._engine, now=now, as_of=as_of),
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
        branches: Mapping[str, Mapping[str, str | None]] | None = None,
        as_of: datetime | None = None,
    ) -> Table:
        """Return what each version, plug-in, setting and flag does to errors.

        Each customer is compared with itself before its own change, and on the same days
        with those that did not change. The first days after a change are judged apart.
        Changes of other kinds (infrastructure, certificates) count where no span tells them.

        Args:
            signature: Its id; None for all signatures.
            window: When; None for all that is stored.
            branches: For components the versions that lines were cut from, where they do
                not come in order: ``{"app": {"8.1": "8.0.3"}}``; as for ``record_fix``.
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
            InputError: a naive datetime, an empty window, lines that make no graph.

        Source:
            Two-way Poisson score test, each customer its own control: J. M. Wooldridge
            (1999), J. Econometrics 90, 77-97; Y. Benjamini and Y. Hochberg (1995).
        """
        now = self._now(as_of)
        span = None if window is None else Window.of(window, as_of=now)
        if signature is not None:
            signature = self._signature(checked_id(signature, "signature"), as_of)
        reported = completeness_lately(self._engine, now=now, as_of=as_of)
        return judge_versions(
            self._engine, signature, window=span, reported=reported, branches=branches,
            now=now, as_of=as_of,
        )  # fmt: skip

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

    def _members(self, wanted: str, as_of: datetime | None) -> list[str]:
        found = self._engine.ask("issue_known", as_of=as_of, issue_id=wanted)
        if found.is_empty():
            return [self._signature(wanted, as_of)]
        return found["signature_id"].drop_nulls().to_list()
