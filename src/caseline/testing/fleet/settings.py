"""The knobs of a simulated fleet."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta

from caseline.clock import in_utc
from caseline.errors import InputError

_SHARES = (
    "share_multi_tenant",
    "push_share",
    "none_share",
    "missing_share",
    "clock_skew_share",
    "tenant_label_share",
    "wording_noise",
    "silent_ticket_share",
    "staging_share",
    "weekend_depth",
)
_COUNTS = {"customers": 4, "days": 1, "events_per_day": 0, "live_versions": 1, "bundle_days": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How large, how uneven and how badly observed a simulated fleet is.

    Args:
        customers: How many, 20 to 500 in the scenarios; at least 4.
        days: Length of the history, in days.
        events_per_day: Mean log records a working day over all environments that
            send logs; planted issues come on top.
        start: First moment of the history, aware; midnight UTC is best.
        share_multi_tenant: Share of customers that live in shared environments.
        hybrid_share: Share of customers that have a place of both kinds.
        staging_share: Share of single-tenant customers with a staging environment.
        live_versions: Versions of the platform that run at the start, on two branches.
        push_share: Share of environments that push their logs.
        none_share: Share that sends nothing; the rest sends bundles.
        bundle_days: Days that one bundle covers.
        reporting_delay_hours: Median time from the end of a bundle to its arrival.
        clock_skew_share: Share of hosts whose clock is wrong.
        clock_skew_seconds: Spread (standard deviation) of those clocks' error.
        missing_share: Share of bundle periods and pushed days that never arrive.
        tenant_label_share: Share of log files in shared environments whose lines
            carry the tenant key.
        everyday_issues: Known small troubles that go on all the time.
        affected_per_day: Customers that one everyday issue hits a day, in the mean.
        bursts_per_customer_month: Harmless loud hours of single customers.
        weekend_depth: How much quieter Sundays are: 0 no difference, 1 silent.
        month_end: Factor on the last two days of a month.
        holidays: Days as quiet as a Sunday.
        customer_growth: Customers that join during the history, as a share of those
            present at its start.
        dispersion: Variance of a day's volume beyond chance, relative to its square.
        wording_noise: 0 careful ticket writers, 1 hurried and vague ones.
        silent_ticket_share: Share of trouble tickets whose cause is in no log.
        questions_per_customer_month: Background tickets: requests and questions.

    Raises:
        InputError: a value out of its range, or a naive *start*.

    >>> Settings(customers=40).end.isoformat()
    '2026-04-01T00:00:00+00:00'
    """

    customers: int = 500
    days: int = 30
    events_per_day: int = 100_000
    start: datetime = datetime(2026, 3, 2, tzinfo=UTC)
    share_multi_tenant: float = 0.3
    hybrid_share: float = 0.03
    staging_share: float = 0.15
    live_versions: int = 4
    push_share: float = 0.55
    none_share: float = 0.1
    bundle_days: int = 7
    reporting_delay_hours: float = 6.0
    clock_skew_share: float = 0.04
    clock_skew_seconds: float = 60.0
    missing_share: float = 0.05
    tenant_label_share: float = 0.8
    everyday_issues: int = 6
    affected_per_day: float = 1.5
    bursts_per_customer_month: float = 0.05
    weekend_depth: float = 0.75
    month_end: float = 1.5
    holidays: tuple[date, ...] = field(default=())
    customer_growth: float = 0.0
    dispersion: float = 0.15
    wording_noise: float = 0.5
    silent_ticket_share: float = 0.17
    questions_per_customer_month: float = 0.25

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", in_utc(self.start, "start"))
        for name, least in _COUNTS.items():
            if getattr(self, name) < least:
                raise InputError(f"{name} is {getattr(self, name)}; give at least {least}")
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} is {getattr(self, name)}; give a share from 0 to 1")
        if self.push_share + self.none_share > 1:
            raise InputError(
                f"push_share + none_share is {self.push_share + self.none_share}; at most 1"
            )

    @property
    def end(self) -> datetime:
        """The moment after the history's last."""
        return self.start + timedelta(days=self.days)


def knob_names() -> list[str]:
    """Return the names of the knobs."""
    return [knob.name for knob in fields(Settings)]
