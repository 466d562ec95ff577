"""Hit, clear or unknown: one verdict for every customer of the fleet, with its reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.estimation.exposure import customer_days
from caseline.estimation.observed import Observed
from caseline.impact.ledger.power import Visibility, visibility

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.impact.ledger.evidence import Evidence
    from caseline.impact.ledger.hits import Hits
    from caseline.impact.settings import ImpactSettings
    from caseline.store.coverage import CoveredDays

_ROUNDS = 60
_PRIOR = (0.5, 2.0)
_NOT_SURE = 1 - 1e-9
COLUMNS = (
    "customer_id", "status", "probability", "detection_power", "events", "first_seen",
    "last_seen", "versions", "severity", "reasons", "shared_events", "unplaced_events",
    "covered_days",
)  # fmt: skip


def judge(evidence: Evidence, hits: Hits, settings: ImpactSettings) -> pl.DataFrame:
    """Return one row for each customer: see ``COLUMNS``; hit first, then by events.

    A customer is clear if logs of the days on which the issue was about would have
    shown it with probability ``clear_from`` and did not; without that, unknown. Its
    probability of being hit all the same comes from the share of hit ones in the
    fleet (estimated with them) and the power of its silence.
    """
    covered = _active_days(evidence)
    seen = _visibility(evidence, covered, settings)
    frame = (
        pl.DataFrame({"customer_id": _everyone(evidence, hits)}, schema={"customer_id": pl.String})
        .join(_powers(evidence, covered, seen), on="customer_id", how="left")
        .join(hits.customers, on="customer_id", how="left")
        .join(_near_unplaced(evidence, hits, settings), on="customer_id", how="left")
        .with_columns(pl.max_horizontal("probability", "by_place").alias("probability"))
        .with_columns(pl.col("detection_power", "probability", "shared_events").fill_null(0.0))
        .with_columns(
            pl.col("events", "covered_days", "places", "event_days").fill_null(0).cast(pl.Int64)
        )
        .with_columns(pl.col("versions").fill_null(pl.lit([], dtype=pl.List(pl.String))))
    )
    judged = frame.with_columns(_status(settings))
    possible = _still_possible(
        judged["probability"].to_numpy(),
        judged["detection_power"].to_numpy(),
        judged["status"].to_numpy() == "hit",
    )
    return (
        judged.with_columns(pl.Series("probability", possible))
        .with_columns(_reasons(seen, settings))
        .with_columns(_ORDER.alias("order"), pl.col("near").fill_null(0).alias("unplaced_events"))
        .sort("order", "events", "customer_id", descending=[False, True, False])
        .select(COLUMNS)
    )


_ORDER = pl.col("status").replace_strict({"hit": 0, "unknown": 1, "clear": 2})


def _everyone(evidence: Evidence, hits: Hits) -> list[str]:
    return sorted({*evidence.customers, *hits.customers["customer_id"]})


def _active_days(evidence: Evidence) -> CoveredDays:
    """Return the covered days from the first to the last event; all of them without any."""
    days = evidence.days["day"]
    if days.is_empty():
        return evidence.covered
    return evidence.covered.between(days.min(), days.max())  # type: ignore[arg-type]


def _visibility(evidence: Evidence, covered: CoveredDays, settings: ImpactSettings) -> Visibility:
    """Return how visible the issue is at a customer's place.

    Lines of several customers together show more often than each customer's: they
    teach only where no event has a customer.
    """
    own = pl.col("customer_id").is_not_null()
    unit = pl.coalesce("customer_id", "share_group", "environment_id").alias("unit")
    units = (
        evidence.days.filter(own | ~own.any())
        .group_by(unit, "environment_id")
        .agg(
            pl.col("day").n_unique().alias("event_days"),
            pl.col("events").sum(),
            pl.col("day").min().alias("first_day"),
        )
    )
    since = covered.since(units["environment_id"], units["first_day"])
    return visibility(units["event_days"], since, units["events"], settings)


def _powers(evidence: Evidence, covered: CoveredDays, seen: Visibility) -> pl.DataFrame:
    """Return customer_id, detection_power, covered_days, places.

    An issue may strike at any of a customer's production places: the power is the
    mean over them, and a silent one counts as 0.
    """
    observed = Observed.of(
        covered.environments, covered.first_day, covered.bits, evidence.tenancies
    )
    places = observed.places()
    power = pl.Series("power", seen.power(places["days"].to_numpy()))
    days = observed.customers().filter(pl.col("days") > 0).rename({"days": "covered_days"})
    return (
        places.with_columns(power)
        .group_by("customer_id")
        .agg(pl.col("power").mean().alias("detection_power"), pl.len().alias("places"))
        .join(days, on="customer_id", how="left")
    )


def _near_unplaced(evidence: Evidence, hits: Hits, settings: ImpactSettings) -> pl.DataFrame:
    """Return customer_id, near, by_place: events that name nobody where it was a tenant.

    So many events as a customer that is hit has in the mean are one customer's; which
    of the tenants without events of their own it is, nothing tells.
    """
    there = customer_days(hits.unplaced.select("environment_id", "day"), evidence.tenancies)
    own = hits.customers.filter(pl.col("events") > 0)
    mean = own["events"].mean()
    tenants = pl.col("customer_id").n_unique().over("environment_id")
    found = (
        there.join(own, on="customer_id", how="anti")
        .join(hits.unplaced, on=["environment_id", "day"])
        .group_by("customer_id", "environment_id")
        .agg(pl.col("events").sum().alias("near"))
        .with_columns(tenants.alias("tenants"))
    )
    struck = (pl.col("near") / mean).clip(lower_bound=1.0) if mean else pl.lit(1.0)
    chance = (struck / pl.col("tenants")).clip(upper_bound=settings.most_from_unplaced)
    return (
        found.with_columns(chance.alias("by_place"))
        .group_by("customer_id")
        .agg(pl.col("near").sum(), pl.col("by_place").max())
    )


def _status(settings: ImpactSettings) -> pl.Expr:
    free = pl.col("near").is_null() & (pl.col("shared_events") == 0)
    return (
        pl.when(pl.col("probability") >= settings.hit_probability)
        .then(pl.lit("hit"))
        .when(free & (pl.col("detection_power") >= settings.clear_from))
        .then(pl.lit("clear"))
        .otherwise(pl.lit("unknown"))
        .alias("status")
    )


def _still_possible(
    by_events: NDArray[np.float64], power: NDArray[np.float64], hit: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the probability of being hit: by events, or in spite of there being none.

    The prior, the share of hit customers, is that at which it equals the mean of all
    probabilities (an expectation-maximisation step has no more to add).
    """
    if not hit.size:
        return by_events
    missed = 1 - power
    prior = min(float(by_events.mean()), _NOT_SURE)
    for _ in range(_ROUNDS):
        silent = prior * missed / (prior * missed + 1 - prior)
        found = np.where(hit, by_events, np.maximum(by_events, silent))
        prior = (float(found.sum()) + _PRIOR[0]) / (found.size + sum(_PRIOR))
    return found


def _reasons(seen: Visibility, settings: ImpactSettings) -> pl.Expr:
    own = pl.format(
        "{} events on {} days from {} to {}",
        "events", "event_days",
        pl.col("first_seen").dt.date(), pl.col("last_seen").dt.date(),
    )  # fmt: skip
    shared = pl.format(
        "shared: its part of lines that up to {} customers share is {} events",
        "sharers", pl.col("shared_events").round(1),
    )  # fmt: skip
    silent = pl.lit("silent: no logs of its production in this time")
    nowhere = pl.lit("no production environment is known")
    enough = pl.format(
        "no event on {} covered days, where a hit one shows on {} % of days",
        "covered_days", round(100 * seen.mean),
    )  # fmt: skip
    thin = pl.format(
        "no event on {} covered days, which says little: power {}, clear needs {}",
        "covered_days", pl.col("detection_power").round(2), settings.clear_from,
    )  # fmt: skip
    near = pl.format("{} events at its places name no customer", "near")
    none = (pl.col("events") == 0) & (pl.col("shared_events") == 0)
    covered = pl.col("covered_days") > 0
    return (
        pl.concat_list(
            _if(pl.col("events") > 0, own),
            _if(pl.col("shared_events") > 0, shared),
            _if(none & (pl.col("places") == 0), nowhere),
            _if(none & (pl.col("places") > 0) & ~covered, silent),
            _if(none & covered & (pl.col("detection_power") >= settings.clear_from), enough),
            _if(none & covered & (pl.col("detection_power") < settings.clear_from), thin),
            _if(pl.col("near").is_not_null(), near),
        )
        .list.drop_nulls()
        .alias("reasons")
    )


def _if(condition: pl.Expr, text: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(text)
