"""Fleets drawn as tables, with one issue carried by something: to judge what finds it.

500 customers, a third of them in shared environments; two releases of two components in
four waves each, one going by region; plug-ins, settings, flags, certificates that end at
dates of their own. The issue strikes places while they have its vector, at rates that
differ from place to place; a fifth of the draws have one hit of another cause besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.impact.spreading.exposures import Vector, exposed_on, pair_of
from caseline.impact.spreading.fleet import Fleet, spells_of
from caseline.impact.spreading.ground import Ground
from caseline.impact.spreading.risk import DAY, Risk
from caseline.impact.spreading.settings import spread_settings

if TYPE_CHECKING:
    from collections.abc import Callable

START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS, AHEAD = 60, 14
KINDS = (
    "version", "version", "plugin", "plugin", "configuration", "flag", "region", "placement",
    "date", "wave", "volume", "pair", "environment",
)  # fmt: skip
_REGIONS = ("eu", "us", "ap", "sa")
_TIME = pl.Datetime("us", "UTC")
_STRAY, _RATE, _AGAIN = 0.2, 0.15, 0.4
Bits = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A fleet with an issue, as of the moment after its n-th hit.

    Args:
        ground: What is known.
        now: The moment.
        truth: What carries the issue; None if nothing does.
        chance: Of each place to be hit within the next days, by the true rule.
        next_hit: Which places are hit within the next days.
    """

    ground: Ground
    now: datetime
    truth: Vector | None
    chance: np.ndarray
    next_hit: np.ndarray


def at_day(day: float) -> datetime:
    """Return the moment so many days after the start."""
    return START + timedelta(days=float(day))


def draw(seed: int, *, hits: int, null: bool = False) -> Drawn | None:
    """Return a fleet whose issue has struck *hits* places; None if its draw reaches fewer.

    Args:
        seed: Of all chance; it also picks the kind of vector.
        hits: So many places.
        null: True for hits that nothing carries.
    """
    rng = np.random.default_rng([seed, 7])
    fleet = _fleet(rng)
    units = fleet.tenancies.select("customer_id", "environment_id").sort("*")
    starts = np.array([round(at_day(d).timestamp() * 1e6) for d in range(DAYS + AHEAD)])
    days = len(starts)
    heard = rng.random(units.height)[:, None] < 0.9  # noqa: PLR2004 - a tenth is silent
    observed = (
        rng.random((units.height, days)) < rng.uniform(0.5, 1, units.height)[:, None]
    ) & heard
    quiet = _risk(units, observed, np.zeros(observed.shape), np.zeros(observed.shape, np.int64))
    settings = spread_settings()
    spells = spells_of(fleet, now=at_day(DAYS), settings=settings)
    ground = Ground(spells, quiet, slack_hours=0)
    exposed = _Exposed(ground, starts)
    truth, bits = (
        (None, np.ones_like(observed)) if null else exposed.pick(seed, hits, observed, rng)
    )
    if bits is None:
        return None
    struck = _strike(bits, rng)
    firsts = np.where(struck.any(axis=1), struck.argmax(axis=1), days)
    order = np.argsort(firsts, kind="stable")[:hits]
    if int(firsts[order[-1]]) >= DAYS:
        return None
    if not null and rng.random() < _STRAY:
        order[int(rng.integers(hits))] = int(rng.integers(units.height))
    last = int(np.sort(firsts)[hits - 1])
    hit = _hits((order, np.sort(firsts)[:hits]), (units.height, last + 1), rng)
    risk = _risk(units, observed[:, : last + 1] | (hit[0] > 0), *hit)
    free, ahead = ~(hit[0] > 0).any(axis=1), slice(last + 1, last + 1 + AHEAD)
    return Drawn(
        ground=Ground(spells, risk, slack_hours=settings.slack_hours),
        now=at_day(last + 1),
        truth=truth,
        chance=np.where(free, 1 - (1 - _RATE) ** bits[:, ahead].sum(axis=1), 0.0),
        next_hit=free & struck[:, ahead].any(axis=1),
    )


def _hits(
    first: tuple[np.ndarray, np.ndarray], shape: tuple[int, int], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return who was hit on which day, first and again, and when."""
    hits, moments = np.zeros(shape), np.zeros(shape, np.int64)
    begin = np.array([round(at_day(d).timestamp() * 1e6) for d in range(shape[1])])
    for unit, day in zip(*first, strict=True):
        again = np.flatnonzero(rng.random(shape[1] - int(day) - 1) < _AGAIN) + int(day) + 1
        for at in (int(day), *again.tolist()):
            hits[unit, at], moments[unit, at] = 1, begin[at] + DAY - 1
    return hits, moments


def _strike(bits: Bits, rng: np.random.Generator) -> Bits:
    rate = np.minimum(rng.lognormal(0, 0.8, (bits.shape[0], 1)) * _RATE, 0.95)
    found: Bits = bits & (rng.random(bits.shape) < rate)
    return found


class _Exposed:
    """Who has what on all days, and a vector to carry the issue."""

    def __init__(self, ground: Ground, starts: np.ndarray) -> None:
        self._ground = ground
        self._bits = exposed_on(
            ground.rows, len(ground.vectors), ground.risk, starts, slack_hours=0
        )

    def pick(
        self, seed: int, hits: int, observed: Bits, rng: np.random.Generator
    ) -> tuple[Vector | None, Bits | None]:
        kind = KINDS[seed % len(KINDS)]
        if kind == "pair":
            one = self._one(lambda v: v.kind == "plugin" and v.value is None, hits, observed, rng)
            other = self._one(_is_new, hits, observed, rng)
            if one is None or other is None:
                return None, None
            vectors = self._ground.vectors
            return pair_of(vectors[one], vectors[other]), self._bits[one] & self._bits[other]
        test = _is_new if kind == "version" else lambda v: v.kind == kind and v.attribute != "kind"
        found = self._one(test, hits, observed, rng)
        return (None, None) if found is None else (self._ground.vectors[found], self._bits[found])

    def _one(
        self, test: Callable[[Vector], bool], hits: int, observed: Bits, rng: np.random.Generator
    ) -> int | None:
        wide = self._bits[:, :, :DAYS]
        able = [
            n
            for n, vector in enumerate(self._ground.vectors)
            if test(vector)
            and 0.01 < wide[n, :, -1].mean() < 0.7  # noqa: PLR2004 - neither nobody nor all
            and (wide[n] & observed[:, :DAYS]).any(axis=1).sum() >= hits + 3
        ]
        return able[int(rng.integers(len(able)))] if able else None


def _is_new(vector: Vector) -> bool:
    return vector.kind == "version" and vector.value in ("8.1.0", "2.0")


def _risk(units: pl.DataFrame, observed: Bits, hits: Bits, first: np.ndarray) -> Risk:
    return Risk(
        units=units, first_day=START.date(), observed=observed, hits=hits, events=hits, first=first
    )


def _fleet(rng: np.random.Generator, count: int = 500) -> Fleet:
    regions = rng.choice(_REGIONS, count, p=[0.4, 0.3, 0.2, 0.1])
    shared = rng.random(count) < 0.3  # noqa: PLR2004 - a third
    house = rng.integers(6, size=count)
    own = [(f"e{i}", "single_tenant", "production", regions[i]) for i in np.flatnonzero(~shared)]
    own += [(f"shared-{k}", "multi_tenant", "production", _REGIONS[k % 4]) for k in range(6)]
    places = [row[0] for row in own]
    region_of = {row[0]: row[3] for row in own}
    tenancies = [
        {
            "customer_id": f"c{i}",
            "environment_id": f"shared-{house[i]}" if shared[i] else f"e{i}",
            "placement": f"cell-{rng.integers(4)}" if shared[i] else None,
            "valid_from": None,
            "valid_to": None,
        }
        for i in range(count)
    ]
    spans, changes = _rollouts(places, region_of, rng)
    spans += _parts(places, rng)
    for place in places:
        at = at_day(rng.uniform(-60, 120))
        row = ("certificate", "ingress", "expiry", place, at, at)
        changes.append((f"cert-{place}", *row))
    names = {"valid_from": _TIME, "valid_to": _TIME}
    return Fleet(
        customers=pl.DataFrame(
            {
                "customer_id": [f"c{i}" for i in range(count)],
                "tier": rng.choice(["gold", "silver", "bronze"], count),
                "region": regions,
            }
        ),
        environments=pl.DataFrame(
            own, schema=["environment_id", "kind", "stage", "region"], orient="row"
        ),
        tenancies=pl.DataFrame(tenancies, schema_overrides=names),
        spans=pl.DataFrame(
            spans,
            schema=["environment_id", "component", "value", "kind", "valid_from", "valid_to"],
            schema_overrides=names,
            orient="row",
        ),
        changes=pl.DataFrame(
            changes,
            schema=["change_id", "kind", "component", "value", "scope", "starts_at", "ends_at"],
            schema_overrides={"starts_at": _TIME, "ends_at": _TIME},
            orient="row",
        ),
        volumes=pl.DataFrame(
            {
                "environment_id": places,
                "events": rng.lognormal(8, 1.5, len(places)).astype(np.int64),
            }
        ),
    )


def _rollouts(
    places: list[str], region_of: dict[str, str], rng: np.random.Generator
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    spans: list[tuple[Any, ...]] = []
    changes: list[tuple[Any, ...]] = []
    for component, old, new, by_region in (
        ("platform", ("8.0.0", "8.0.1", "7.4.2"), "8.1.0", True),
        ("agent", ("1.8", "1.9"), "2.0", False),
    ):
        start = rng.uniform(5, 20)
        turns = {r: start + 7 * k for k, r in enumerate(rng.permutation(_REGIONS).tolist())}
        waves: dict[float, list[str]] = {}
        for place in places:
            before = old[int(rng.integers(len(old)))]
            if rng.random() >= 0.75:  # noqa: PLR2004 - a quarter stays
                spans.append((place, component, before, "version", None, None))
                continue
            by_turn = by_region and rng.random() < 0.8  # noqa: PLR2004 - most go by region
            wave = (
                turns[region_of[place]] if by_turn else list(turns.values())[int(rng.integers(4))]
            )
            at = at_day(wave + rng.uniform(0, 4))
            spans.append((place, component, before, "version", None, at))
            spans.append((place, component, new, "version", at, None))
            waves.setdefault(wave, []).append(place)
        for k, (wave, scope) in enumerate(waves.items()):
            row = ("release", component, new, ",".join(scope), at_day(wave), at_day(wave + 4))
            changes.append((f"{component}-{k}", *row))
    return spans, changes


def _parts(places: list[str], rng: np.random.Generator) -> list[tuple[Any, ...]]:
    settings = {
        "auth": ("local", "saml", "ldap"),
        "database": ("pg-15", "pg-16", "ora"),
        "storage": ("s3", "nfs"),
    }
    rows: list[tuple[Any, ...]] = []
    for place in places:
        rows += [
            (place, f"plug-{p}", f"{rng.integers(1, 4)}.0", "plugin", None, None)
            for p in range(12)
            if rng.random() < 0.6 / (p + 1.5)
        ]
        rows += [
            (place, name, values[int(rng.integers(len(values)))], "configuration", None, None)
            for name, values in settings.items()
        ]
        rows += [
            (place, f"flag-{f}", "on", "flag", at_day(rng.uniform(-30, 50)), None)
            for f in range(3)
            if rng.random() < 0.25  # noqa: PLR2004 - a quarter has it
        ]
    return rows
