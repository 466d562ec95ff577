"""Hit, clear or unknown: one verdict for every customer of the fleet, with its reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from caseline.estimation.exposure import customer_days
from caseline.impact.ledger.affected import affected_hours
from caseline.impact.ledger.places import places_shown
from caseline.impact.ledger.power import Visibility, visibility
from caseline.impact.ledger.regular_logs import regularity
from caseline.impact.ledger.stages import stage_warnings
from caseline.impact.ledger.trouble import tickets_near
from caseline.impact.ledger.wording import reasons

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caseline.impact.ledger.evidence import Evidence
    from caseline.impact.ledger.hits import Hits
    from caseline.impact.settings import ImpactSettings
    from caseline.store.coverage import CoveredDays

_ROUNDS = 60
_PRIOR = (0.5, 2.0)
_NOT_SURE = 1 - 1e-9
JUDGED_BY = ("regular", "sick_only", "usual_tickets")
"""Columns besides that scope and severity need."""
COLUMNS = (
    "customer_id", "status", "probability", "detection_power", "events", "first_seen",
    "last_seen", "versions", "severity", "reasons", "shared_events", "unplaced_events",
    "covered_days", "affected_hours", "tickets",
)  # fmt: skip


def judge(evidence: Evidence, hits: Hits, settings: ImpactSettings) -> pl.DataFrame:
    """Return one row for each customer: see ``COLUMNS``; hit first, then by events.

    A customer is clear if logs of the days on which the issue was about would have
    shown it with probability ``clear_from`` and did not; without that, unknown. Its
    probability of being hit all the same comes from the share of hit ones in the
    fleet (estimated with them) and the power of its silence.
    """
    covered = evidence.active
    shown = places_shown(evidence, settings)
    seen = _visibility(evidence, covered, settings)
    frame = (
        pl.DataFrame({"customer_id": _everyone(evidence, hits)}, schema={"customer_id": pl.String})
        .join(_powers(evidence, covered, seen, shown), on="customer_id", how="left")
        .join(regularity(evidence, settings), on="customer_id", how="left")
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
    hit = judged["status"].to_numpy() == "hit"
    possible = _still_possible(
        judged["probability"].to_numpy(),
        judged["detection_power"].to_numpy(),
        hit,
        speaking=standing_for_all(judged, settings),
    )
    judged = judged.with_columns(pl.Series("probability", possible))
    return (
        judged.join(_hours(evidence, judged), on="customer_id", how="left")
        .join(
            tickets_near(judged, evidence.around.openings, settings), on="customer_id", how="left"
        )
        .join(stage_warnings(evidence.others), on="customer_id", how="left")
        .with_columns(reasons(seen, settings))
        .with_columns(_ORDER.alias("order"), pl.col("near").fill_null(0).alias("unplaced_events"))
        .sort("order", "events", "customer_id", descending=[False, True, False])
        .with_columns(
            pl.col("affected_hours", "usual_tickets").fill_null(0.0),
            pl.col("tickets").fill_null(0).cast(pl.Int64),
        )
        .select(*COLUMNS, *JUDGED_BY)
    )


_ORDER = pl.col("status").replace_strict({"hit": 0, "unknown": 1, "clear": 2})


def _everyone(evidence: Evidence, hits: Hits) -> list[str]:
    return sorted({*evidence.customers, *hits.customers["customer_id"]})


def _hours(evidence: Evidence, judged: pl.DataFrame) -> pl.DataFrame:
    hours = affected_hours(evidence, judged)
    return hours.group_by("customer_id").agg(pl.col("hours").sum().round(1).alias("affected_hours"))


def standing_for_all(judged: pl.DataFrame, settings: ImpactSettings) -> NDArray[np.bool_]:
    """Return which customers the share of hit ones is learned from, shape (n,).

    Those with regular logs, if there are enough of them; else all.
    """
    regular = judged["regular"].fill_null(value=False).to_numpy()
    enough = int(regular.sum()) >= settings.least_regular
    return regular if enough else np.ones(judged.height, dtype=np.bool_)


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


def _powers(
    evidence: Evidence, covered: CoveredDays, seen: Visibility, shown: pl.DataFrame
) -> pl.DataFrame:
    """Return customer_id, detection_power, covered_days, places, why, telemetry.

    An issue may strike at any of a customer's production places: the power is the
    mean over them, and a silent one counts as 0. Of a place with logs the power is what
    its days say, as far as its logs can show the issue; why tells what the weakest lacks.
    """
    observed = evidence.observed.between(covered.first_day, covered.last_day)
    places = observed.places()
    places = places.join(shown, on="environment_id", how="left").with_columns(
        pl.col("shows", "kept").fill_null(1.0)
    )
    kept = (places["kept"].to_numpy() / _kept_where_hit(evidence, shown)).clip(0.0, 1.0)
    by_days = seen.power(places["days"].to_numpy(), kept)
    power = pl.Series("power", by_days * places["shows"].to_numpy())
    days = observed.customers().filter(pl.col("days") > 0).rename({"days": "covered_days"})
    modes = evidence.tenancies.select("environment_id", "telemetry").unique("environment_id")
    return (
        places.with_columns(power)
        .join(modes, on="environment_id", how="left", maintain_order="left")
        .sort("customer_id", "shows", "kept", "environment_id")
        .group_by("customer_id", maintain_order=True)
        .agg(
            pl.col("power").mean().alias("detection_power"),
            pl.len().alias("places"),
            pl.col("why").filter(pl.col("days") > 0).drop_nulls().first(),
            (pl.col("telemetry").fill_null("") == "none").all().alias("sends_nothing"),
            (pl.col("telemetry").fill_null("") == "bundle").all().alias("sends_bundles"),
        )
        .join(days, on="customer_id", how="left")
    )


def _kept_where_hit(evidence: Evidence, shown: pl.DataFrame) -> float:
    """Return the share of lines that the places which taught the visibility keep themselves."""
    struck = evidence.days.select("environment_id").unique().join(shown, "environment_id", "left")
    middle = struck["kept"].fill_null(1.0).median()
    return float(middle) if isinstance(middle, float) and middle > 0 else 1.0


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
    by_events: NDArray[np.float64],
    power: NDArray[np.float64],
    hit: NDArray[np.bool_],
    *,
    speaking: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return the probability of being hit: by events, or in spite of there being none.

    The prior, the share of hit customers, is that at which it equals the mean of the
    probabilities of those *speaking* for all (an expectation-maximisation step has no
    more to add).
    """
    if not hit.size:
        return by_events
    missed = 1 - power
    prior = min(float(by_events[speaking].mean()), _NOT_SURE)
    for _ in range(_ROUNDS):
        silent = prior * missed / (prior * missed + 1 - prior)
        found = np.where(hit, by_events, np.maximum(by_events, silent))
        counted = found[speaking]
        prior = (float(counted.sum()) + _PRIOR[0]) / (counted.size + sum(_PRIOR))
    return found
