"""A fleet in the making: what the quiet world draws and injections then change.

Indices, not ids, tie the parts together; moments are microseconds since 1970, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from caseline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np

    from caseline.testing.fleet.bundles import Courier, Parcel
    from caseline.testing.fleet.catalog import Catalog, Template
    from caseline.testing.fleet.settings import Settings

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOBODY = -1


def micros(moment: datetime) -> int:
    """Return *moment* as microseconds since 1970."""
    return round(moment.timestamp() * 1_000_000)


def moment(at: int) -> datetime:
    """Return the aware datetime of *at* microseconds since 1970."""
    return datetime.fromtimestamp(at / 1_000_000, UTC)


@dataclass(slots=True, kw_only=True)
class Customer:
    """A customer; *weight* is its share of the fleet's volume, *joined_at* its start."""

    customer_id: str
    tier: str
    region: str
    annual_value: float
    weight: float
    joined_at: int


@dataclass(slots=True, kw_only=True)
class Tenancy:
    """A customer in an environment. Empty *tenant_key* and *placement* mean none."""

    customer: int
    environment: int
    tenant_key: str
    placement: str
    weight: float
    valid_from: int
    valid_to: int | None = None


@dataclass(slots=True, kw_only=True)
class Environment:
    """An installation. *calm* scales its weekend, *weight* its volume."""

    environment_id: str
    kind: str
    stage: str
    region: str
    telemetry: str
    timezone: str
    weight: float
    calm: float
    services: list[str]
    plugins: list[str]
    cells: list[str] = field(default_factory=lambda: [""])
    versions: list[tuple[str, int]] = field(default_factory=list)

    def version_at(self, at: int) -> str:
        """Return the version of the platform that runs *at* a moment."""
        return [value for value, since in self.versions if since <= at][-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something besides the platform's version that is in place over an interval."""

    environment: int
    component: str
    kind: str
    value: str
    valid_from: int
    valid_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something planned or done to *environments*."""

    kind: str
    component: str
    value: str
    environments: tuple[int, ...]
    starts_at: int
    ends_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of time in which one place is hit *per_day* times a day in the mean.

    *customer* is ``NOBODY`` where the lines speak for a whole *placement*. *said* are the
    issue's templates that are written there: the first, and how many; all if None.
    """

    environment: int
    customer: int
    placement: str
    start: int
    end: int
    per_day: float
    said: tuple[int, int] | None = None


@dataclass(slots=True, kw_only=True)
class PlannedIssue:
    """A cause with its lines, its places and its times.

    Args:
        kind: ``error``, ``noise`` (harmless), ``outage``.
        vector: (kind, attribute, value) of what carries it, e.g.
            ("release", "platform", "8.1.0"); kind "none" if nothing does.
        repeats: Each hit is followed by "last message repeated N times".
        ticket_rate: Probability that an affected customer writes a ticket.
        effort_scale: Hours of its tickets, as a multiple of the usual ones.
        every_days: While it is affected, a customer that wrote once writes again after
            about so many days; 0 for never.
        steady: True if rates follow the season of the fleet.
        chained: Each hit writes all templates, the cause first, with one id of a
            distributed trace.
    """

    family: str
    kind: str
    owner: str
    vector: tuple[str, str, str]
    templates: tuple[Template, ...]
    segments: list[Segment]
    repeats: int = 0
    ticket_rate: float = 0.35
    effort_scale: float = 1.0
    every_days: float = 0.0
    steady: bool = False
    chained: bool = False


@dataclass(slots=True, kw_only=True)
class Plan:
    """The whole fleet in the making.

    Args:
        facts: What a scenario knows besides the tables, for ``Truth.facts``.
        courier: Makes what hands bundles over; None for a reliable one.
        assured: Environments whose logs always arrive.
        ordinary_share: Factor on all ordinary traffic, where a flood takes its place.
        bursts: Harmless loud hours of single customers; no issue, so not in ``issues``.
        formats: The format of a service in an environment, where it must be a certain one.
        posted: What arrives besides what the courier carries, by arrival.
        heard: Environments of which only the logs of some days arrive, with these days.
    """

    settings: Settings
    catalog: Catalog
    customers: list[Customer] = field(default_factory=list)
    environments: list[Environment] = field(default_factory=list)
    tenancies: list[Tenancy] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    issues: list[PlannedIssue] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    courier: Callable[[np.random.Generator], Courier] | None = None
    assured: set[int] = field(default_factory=set)
    ordinary_share: float = 1.0
    bursts: list[PlannedIssue] = field(default_factory=list)
    formats: dict[tuple[int, str], str] = field(default_factory=dict)
    posted: list[Parcel] = field(default_factory=list)
    heard: dict[int, set[int]] = field(default_factory=dict)

    @property
    def planted(self) -> list[PlannedIssue]:
        """All that is planted: the issues, then the bursts."""
        return [*self.issues, *self.bursts]

    @property
    def start(self) -> int:
        """The first moment."""
        return micros(self.settings.start)

    @property
    def end(self) -> int:
        """The moment after the last."""
        return self.start + self.settings.days * DAY

    def at_day(self, day: float) -> int:
        """Return the moment *day* days after the start, or before the end if negative."""
        return (self.end if day < 0 else self.start) + round(day * DAY)

    def tenants(self, environment: int) -> list[Tenancy]:
        """Return the tenancies of *environment*."""
        return [t for t in self.tenancies if t.environment == environment]

    def production(self, *, kind: str | None = None) -> list[int]:
        """Return the production environments, of one *kind* if given."""
        return [
            i
            for i, e in enumerate(self.environments)
            if e.stage == "production" and kind in (None, e.kind)
        ]

    def upgrade(self, environment: int, version: str, at: int) -> None:
        """Let *environment* run *version* from *at* on; later upgrades are dropped."""
        timeline = self.environments[environment].versions
        timeline[:] = [(value, since) for value, since in timeline if since < at]
        timeline.append((version, at))

    def segments_of(
        self, environments: Iterable[int], *, start: int, end: int, per_day: float
    ) -> list[Segment]:
        """Return one segment for each customer of *environments*, from *start* to *end*."""
        wanted = set(environments)
        return [
            Segment(
                environment=t.environment,
                customer=t.customer,
                placement=t.placement,
                start=max(start, t.valid_from),
                end=end,
                per_day=per_day,
            )
            for t in self.tenancies
            if t.environment in wanted and max(start, t.valid_from) < end
        ]

    def add_issue(
        self,
        family: str,
        segments: list[Segment],
        *,
        vector: tuple[str, str, str] = ("none", "", ""),
        **options: Any,
    ) -> PlannedIssue:
        """Plant an issue of *family*: its lines appear in *segments*.

        With ``reworded=True`` its templates are the usual ones and then the later ones:
        each segment must say which of them it has.

        Raises:
            InputError: the vocabulary has no such family, or it is planted already.
        """
        if family not in self.catalog.families:
            raise InputError(f"no issue family {family!r}; see issues.toml")
        if any(issue.family == family for issue in self.issues):
            raise InputError(f"issue family {family!r} is planted already; take another")
        known = self.catalog.families[family]
        issue = PlannedIssue(
            family=family,
            kind=options.pop("kind", "error"),
            owner=options.pop("owner", known.owner),
            vector=vector,
            templates=known.templates + (known.later if options.pop("reworded", False) else ()),
            segments=segments,
            **options,
        )
        for i in {segment.environment for segment in segments}:
            services = self.environments[i].services
            needed = dict.fromkeys(t.service for t in issue.templates)
            services += [service for service in needed if service not in services]
        self.issues.append(issue)
        return issue


def draw_some(rng: np.random.Generator, items: list[int], share: float) -> list[int]:
    """Return a random *share* of *items*, at least one, in their order."""
    count = max(1, round(share * len(items)))
    return sorted(int(i) for i in rng.choice(items, size=min(count, len(items)), replace=False))
