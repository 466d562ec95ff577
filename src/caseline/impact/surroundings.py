"""What happened at a customer around a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.errors import NotFoundError
from caseline.estimation.observed import Observed
from caseline.impact.lift import LiftSettings, lift_settings, with_lift
from caseline.records.answers import Table, plain
from caseline.records.windows import Window
from caseline.store.coverage import read_covered

if TYPE_CHECKING:
    from datetime import datetime

    from caseline.protocols import Engine

_DAY = timedelta(days=1)
_NEAR = timedelta(days=7)
_SHOWN = (
    "signature_id", "template", "severity", "events", "shared_events", "expected", "lift",
    "fleet_lift", "p_more", "p_less", "customers_elsewhere", "first_seen", "last_seen",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Context:
    """What happened at a customer in a window.

    Args:
        versions: environment_id, component, kind, value, valid_from, valid_to.
        changes: Those that touch the week around it and the customer's places (or
            name no place): change_id, kind, component, value, scope, starts_at, ends_at.
        signatures: What was unusual first: signature_id, template, severity, events,
            shared_events, expected (by the customer's own past), lift (seen to
            expected), fleet_lift (to the mean of the others in the same window),
            p_more, p_less, customers_elsewhere, first_seen, last_seen. Lines that
            were to be expected and stayed away are there too, with 0 events.
        tickets: The customer's of the week around it.
        coverage: environment_id, host, starts_at, ends_at, events, received_at: the
            logs that reach into the window. Empty: there is no evidence at all.
        as_of: The moment the answer speaks for.
    """

    customer_id: str
    window: Window
    versions: Table
    changes: Table
    signatures: Table
    tickets: Table
    coverage: Table
    as_of: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        parts = ("versions", "changes", "signatures", "tickets", "coverage")
        return {
            "customer_id": self.customer_id,
            "window": {"start": plain(self.window.start), "end": plain(self.window.end)},
            **{name: getattr(self, name).to_dicts() for name in parts},
            "as_of": plain(self.as_of),
        }

    def __repr__(self) -> str:
        """Return one line of ids and counts."""
        seen = "no logs" if not len(self.coverage) else f"{len(self.signatures)} signatures"
        return (
            f"Context({self.customer_id}, {self.window.start.isoformat()} to "
            f"{self.window.end.isoformat()}: {seen}, {len(self.versions)} versions, "
            f"{len(self.changes)} changes, {len(self.tickets)} tickets)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a customer is: what its questions to the store need.

    Args:
        environments: Its environments, all stages.
        tenants: environment_id, tenants: how many customers each has.
        tenancies: Of the customer.
    """

    customer_id: str
    environments: list[str]
    tenants: pl.DataFrame
    tenancies: pl.DataFrame


def find_place(engine: Engine, customer: str, *, as_of: datetime | None) -> Place:
    """Return where *customer* is.

    Raises:
        NotFoundError: the fleet has no such customer.
    """
    tenancies = engine.ask("tenancy_stages", as_of=as_of)
    own = tenancies.filter(pl.col("customer_id") == customer)
    if own.is_empty():
        known = engine.ask("customer_ids", as_of=as_of)["customer_id"].to_list()
        if customer not in known:
            raise NotFoundError.of("customer", customer, known)
    tenants = tenancies.group_by("environment_id").agg(
        pl.col("customer_id").n_unique().alias("tenants")
    )
    return Place(
        customer_id=customer,
        environments=sorted(own["environment_id"].unique()),
        tenants=tenants,
        tenancies=own,
    )


def weighed(counts: pl.DataFrame, place: Place) -> pl.DataFrame:
    """Add seen: own events, and the customer's part of shared ones.

    Of events that name nobody in an environment of n tenants, 1/n is its part.
    """
    joined = counts.join(place.tenants, on="environment_id", how="left")
    part = pl.col("unplaced") / pl.col("tenants").fill_null(1)
    return joined.with_columns((pl.col("shared") + part).alias("shared")).with_columns(
        (pl.col("events") + pl.col("shared")).alias("seen")
    )


def mean_severity() -> pl.Expr:
    """Return the mean severity number of counted events, null where none has one."""
    graded = pl.col("graded").sum()
    return pl.when(graded > 0).then(pl.col("graveness").sum() / graded)


def past_of(
    engine: Engine, place: Place, *, until: datetime, as_of: datetime | None, days: int
) -> tuple[pl.DataFrame, int]:
    """Return signature_id, before, severity of the *days* before *until*, and the covered days."""
    end = until.replace(hour=0, minute=0, second=0, microsecond=0)
    window = Window(start=end - days * _DAY, end=end)
    counts = engine.ask(
        "customer_baseline",
        window=window,
        as_of=as_of,
        customer=place.customer_id,
        environments=place.environments,
        first_day=window.start,
        last_day=window.end,
    )
    covered = read_covered(engine, window=window, as_of=as_of)
    seen = Observed.of(covered.environments, covered.first_day, covered.bits, place.tenancies)
    observed = len(seen.by_day())
    before = (
        weighed(counts, place)
        .group_by("signature_id")
        .agg(pl.col("seen").sum().alias("before"), mean_severity().alias("usual_severity"))
    )
    return before, observed


def look_around(
    engine: Engine,
    customer: str,
    window: Window,
    *,
    as_of: datetime | None,
    now: datetime,
) -> Context:
    """Return what happened at *customer* in *window*."""
    place = find_place(engine, customer, as_of=as_of)
    near = Window(start=window.start - _NEAR, end=window.end + _NEAR)
    where: dict[str, Any] = {"environments": place.environments}
    versions = engine.ask("versions_at", as_of=as_of, start=window.start, end=window.end, **where)
    changes = engine.ask("changes_between", as_of=as_of, start=near.start, end=near.end)
    tickets = engine.ask(
        "ticket_rows", as_of=as_of, ticket_id=None, customer=customer,
        opened_from=near.start, opened_to=near.end,
    )  # fmt: skip
    coverage = engine.ask("customer_coverage", window=window, as_of=as_of, **where)
    return Context(
        customer_id=customer,
        window=window,
        versions=Table("versions", versions, as_of=now),
        changes=Table("changes", _touching(changes, place.environments), as_of=now),
        signatures=Table("signatures", _unusual(engine, place, window, as_of), as_of=now),
        tickets=Table("tickets", tickets, as_of=now),
        coverage=Table("coverage", coverage, as_of=now),
        as_of=now,
    )


def _touching(changes: pl.DataFrame, environments: list[str]) -> pl.DataFrame:
    """Return the changes whose scope is empty or names one of *environments*."""
    named = pl.col("scope").str.split(",").list.eval(pl.element().str.strip_chars())
    mine = named.list.set_intersection(environments).list.len() > 0
    return changes.filter(pl.col("scope").is_null() | mine)


def _unusual(engine: Engine, place: Place, window: Window, as_of: datetime | None) -> pl.DataFrame:
    settings = lift_settings()
    where = {"customer": place.customer_id, "environments": place.environments}
    found = weighed(engine.ask("customer_events", window=window, as_of=as_of, **where), place)
    before, observed = past_of(
        engine, place, until=window.start, as_of=as_of, days=settings.baseline_days
    )
    counts = (
        found.group_by("signature_id")
        .agg(
            pl.col("events", "seen").sum(),
            pl.col("shared").sum().alias("shared_events"),
            mean_severity().alias("severity"),
            pl.col("first_at").min().alias("first_seen"),
            pl.col("last_at").max().alias("last_seen"),
        )
        .join(before, on="signature_id", how="full", coalesce=True)
        .with_columns(
            pl.col("events", "seen", "before", "shared_events").fill_null(0),
            pl.coalesce("severity", "usual_severity").alias("severity"),
        )
    )
    lifted = with_lift(counts, share=window.length / (max(observed, 1) * _DAY), settings=settings)
    told = lifted.filter(_worth_telling(settings))
    return _beside_the_fleet(engine, told, place, window, as_of).select(_SHOWN)


def _worth_telling(settings: LiftSettings) -> pl.Expr:
    return (pl.col("seen") > 0) | (pl.col("expected") >= settings.least_expected)


def _beside_the_fleet(
    engine: Engine, told: pl.DataFrame, place: Place, window: Window, as_of: datetime | None
) -> pl.DataFrame:
    """Add template, fleet_lift, customers_elsewhere; most unusual first."""
    ids = told["signature_id"].to_list()
    texts = engine.ask("signature_texts", as_of=as_of, signature_ids=ids)
    spread = engine.ask("window_spread", window=window, as_of=as_of, signature_ids=ids,
                        customer=place.customer_id)  # fmt: skip
    customers = max(1, len(engine.ask("customer_ids", as_of=as_of)) - 1)
    usual = lift_settings().usual
    return (
        told.join(texts.select("signature_id", "template"), on="signature_id", how="left")
        .join(spread, on="signature_id", how="left")
        .with_columns(pl.col("elsewhere", "customers_elsewhere").fill_null(0))
        .with_columns(
            ((pl.col("seen") + usual) / (pl.col("elsewhere") / customers + usual)).alias(
                "fleet_lift"
            )
        )
        .with_columns(pl.min_horizontal("p_more", "p_less").alias("p"))
        .sort(["p", "lift", "signature_id"], descending=[False, True, False])
    )
