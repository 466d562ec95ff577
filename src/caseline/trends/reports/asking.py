"""The question for a report: a part of ``Workspace.trends``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from caseline.trends.asking import Asking
from caseline.trends.costs.costing import checked_hours
from caseline.trends.reports.composing import compose_report
from caseline.trends.reports.material import Terms

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from caseline.records.windows import Window
    from caseline.trends.reports.answers import Audience, TrendReport


class Reports(Asking):
    """What is written down of trends."""

    def report(  # noqa: PLR0913 - the parts of the question
        self,
        *,
        release: str | None = None,
        window: Window | timedelta | tuple[datetime, datetime] | str | None = None,
        product: str | None = None,
        audience: Audience = "internal",
        hourly_rate: float | None = None,
        links: Any = None,
        figures: bool = True,
        as_of: datetime | None = None,
    ) -> TrendReport:
        """Return a report for product management: of a release, or of a stretch of time.

        It tells in words, tables and figures what grew, came and went, faded or is gone, each
        since when, since which version and at how many customers; what the release brought and
        mended, and who runs it; what it cost, and what nothing explains; what is fixed and
        what that saved; what to fix first; and what is not known.

        Args:
            release: A version; the report begins on its first day if no window is given.
            window: When; also a year, quarter or month as text (``2026``, ``2026-Q2``,
                ``2026-04``, in UTC); the last 91 days by default.
            product: The component whose versions count; if None the one that has the
                release, or that most places run. Where services bear its name, changes of
                others are left out.
            audience: ``internal`` (all), or ``partner``: no customer can be told from it;
                numbers of customers are rough, and of messages only those words are
                repeated that are common to many customers.
            hourly_rate: Money for an hour.
            links: ticket_id, id, confidence: proposed causes that are not stored.
            figures: Whether there are any: drawing them takes ``caseline[reports]``.
            as_of: Hide what was not known then.

        Returns:
            A TrendReport: ``.summary``, ``.sections``, ``.figures``, ``.to_markdown()``,
            ``.write(folder)``, ``.to_dict()``. Without logs or tickets it says so.

        Raises:
            NotFoundError: nothing is known of such a release or product.
            InputError: another audience, a window that is empty or still to come.
        """
        checked_hours(hourly_rate, "hourly_rate")
        present = self._clock.now()
        terms = Terms(
            now=self._now(as_of), present=present,
            as_of=as_of, hourly_rate=hourly_rate, links=links,
        )  # fmt: skip
        return compose_report(
            self._engine, terms, release=release, window=window, product=product,
            audience=audience, figures=figures,
        )  # fmt: skip
