"""What holds of verdicts whatever the evidence: properties, against drawn fleets."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseline.estimation.observed import Observed
from caseline.impact.ledger.circumstances import Circumstances
from caseline.impact.ledger.evidence import Evidence
from caseline.impact.ledger.hits import find_hits
from caseline.impact.ledger.power import Visibility, visibility
from caseline.impact.ledger.scope import estimate_scope
from caseline.impact.ledger.verdicts import judge
from caseline.impact.settings import shipped_settings
from caseline.store.coverage import CoveredDays

FIRST = date(2026, 3, 2)
TIME = pl.Datetime("us", "UTC")
SETTINGS = shipped_settings()
DAYS = {
    "day": pl.Date, "signature_id": pl.String, "environment_id": pl.String,
    "customer_id": pl.String, "share_group": pl.String, "version": pl.String, "stage": pl.String,
    "severity": pl.UInt8, "events": pl.Int64, "first_at": TIME, "last_at": TIME,
}  # fmt: skip
CUSTOMERS = [f"c{n}" for n in range(6)]


def around(covered):
    def empty(**schema):
        return pl.DataFrame(schema=schema)

    text, number = pl.String, pl.Float64
    held = {"valid_from": TIME, "valid_to": TIME}
    return Circumstances(
        first_day=FIRST, last_day=FIRST + timedelta(days=9), covered=covered,
        months=[FIRST.replace(day=1)], fullest=FIRST.replace(day=1),
        levels=empty(environment_id=text, customer_id=text, severity=pl.UInt8, events=pl.Int64),
        widespread=empty(signature_id=text, environment_id=text, events=pl.Int64),
        told=empty(environment_id=text, share=number, level=pl.Int64, **held),
        heard=empty(environment_id=text, service=text),
        writers=empty(service=text, signatures=pl.Int64),
        sampled=empty(from_id=text, since_version=text, ratio=number),
        versions=empty(environment_id=text, component=text, value=text, **held),
        openings=empty(ticket_id=text, customer_id=text, environment_id=text, opened_at=TIME),
        accounts=empty(customer_id=text, tier=text, annual_value=number),
    )  # fmt: skip


def evidence(events, covered):
    """Return the evidence of *events* (customer or None, group or None, day, count)."""
    rows = [
        {
            "day": FIRST + timedelta(days=day), "signature_id": "s",
            "environment_id": customer.replace("c", "e") if customer else "shared",
            "customer_id": customer, "share_group": group, "version": "8", "stage": "production",
            "severity": 17, "events": count,
            "first_at": datetime(2026, 3, 2, 5, tzinfo=UTC) + timedelta(days=day),
            "last_at": datetime(2026, 3, 2, 6, tzinfo=UTC) + timedelta(days=day),
        }
        for customer, group, day, count in events
    ]  # fmt: skip
    seen = [
        {"environment_id": f"e{place}", "day": FIRST + timedelta(days=day)}
        for place, day in covered
    ]
    days = CoveredDays.of(pl.DataFrame(seen, schema={"environment_id": pl.String, "day": pl.Date}))
    held = [
        {"customer_id": c, "environment_id": e, "valid_from": None, "valid_to": None,
         "stage": "production", "kind": "single_tenant", "telemetry": None}
        for c in CUSTOMERS for e in (c.replace("c", "e"), "shared")
    ]  # fmt: skip
    types = {"valid_from": TIME, "valid_to": TIME, "telemetry": pl.String}
    tenancies = pl.DataFrame(held, schema_overrides=types)
    return Evidence(
        days=pl.DataFrame(rows, schema=DAYS),
        others=pl.DataFrame(schema=DAYS),
        customers=CUSTOMERS,
        tenancies=tenancies,
        observed=Observed.of(days.environments, days.first_day, days.bits, tenancies),
        covered=days,
        members=pl.DataFrame(
            {"share_group": ["g"] * 3, "customer_id": ["c0", "c1", "c2"], "weight": [0.5, 0.2, 0.2]}
        ),
        around=around(days),
    )


OWNERS = st.sampled_from([*((c, None) for c in CUSTOMERS), (None, "g"), (None, None)])
EVENTS = st.lists(
    st.tuples(OWNERS, st.integers(0, 9), st.integers(1, 60)).map(lambda t: (*t[0], t[1], t[2])),
    max_size=12,
)
COVERED = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(EVENTS, COVERED)
def test_attributed_and_unattributed_events_are_all_events(events, covered):
    hits = find_hits(evidence(events, covered), SETTINGS)
    attributed = float((hits.customers["events"] + hits.customers["shared_events"]).sum())
    assert attributed + hits.unattributed == pytest.approx(sum(e[-1] for e in events))
    assert hits.unattributed >= 0


@settings(max_examples=40, deadline=None)
@given(EVENTS, COVERED, st.randoms(use_true_random=False))
def test_verdicts_do_not_depend_on_the_order_of_rows(events, covered, random):
    given_ = evidence(events, covered)
    random.shuffle(events)
    again = evidence(events, covered)
    judged = [judge(e, find_hits(e, SETTINGS), SETTINGS) for e in (given_, again)]
    exact = pl.exclude("probability", "detection_power")
    assert judged[0].select(exact).equals(judged[1].select(exact))
    for name in ("probability", "detection_power"):
        assert np.allclose(judged[0][name], judged[1][name])


@settings(max_examples=60, deadline=None)
@given(EVENTS, COVERED)
def test_verdicts_keep_their_promises(events, covered):
    given_ = evidence(events, covered)
    hits = find_hits(given_, SETTINGS)
    judged = judge(given_, hits, SETTINGS)
    scope = estimate_scope(judged, hits, SETTINGS)
    assert judged["customer_id"].sort().to_list() == CUSTOMERS
    assert judged["probability"].is_between(0, 1).all()
    assert judged["detection_power"].is_between(0, 1).all()
    clear = judged.filter(pl.col("status") == "clear")
    assert (clear["detection_power"] >= SETTINGS.clear_from).all()
    assert (clear["events"] == 0).all()
    assert (judged.filter(pl.col("events") > 0)["status"] == "hit").all()
    silent = judged.filter((pl.col("covered_days") == 0) & (pl.col("events") == 0))
    assert (silent["status"] != "clear").all()
    assert scope.low <= scope.point + 1e-6
    assert scope.point <= scope.high + 1e-6
    assert judged["reasons"].list.len().min() >= 1


CHANCES = st.lists(st.floats(0.001, 1), min_size=1, max_size=8)


@given(CHANCES, st.integers(0, 300), st.integers(0, 60), st.floats(0, 1), st.floats(0, 1))
def test_power_grows_with_covered_days_and_kept_lines(chances, days, more, kept, less):
    daily = np.array(chances)
    seen = Visibility(
        daily=daily, weights=np.full(daily.size, 1 / daily.size), singles=daily[::-1].copy()
    )
    assert seen.power([days + more])[0] >= seen.power([days])[0] - 1e-12
    low, high = sorted((kept, less))
    assert seen.power([days], [high])[0] >= seen.power([days], [low])[0] - 1e-12
    assert 0 <= seen.power([days], [low])[0] <= 1 + 1e-12
    assert seen.power([days], [0.0])[0] == pytest.approx(0)


def test_a_thinned_place_shows_as_often_as_a_simulation_says():
    rng = np.random.default_rng(7)
    seen = visibility([10], [10], [40], SETTINGS)
    counts = rng.geometric(seen.singles[0], size=200_000)
    shown = (rng.binomial(counts, 0.2) > 0).mean()
    assert seen.power([1], [0.2])[0] == pytest.approx(seen.daily[0] * shown, abs=0.005)
