"""Fleets drawn as tables of hits, with versions that come in waves: to judge what blames them.

Customers differ in level (lognormal), have loud weeks of their own, join while the fleet
grows; weekdays and fleet-wide waves of some days shape every signature; events of a
customer-day are over-dispersed. Upgrades go out in waves, plug-ins, settings and flags
come and go. Nothing in it has an effect but what is planted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.trends.upgrades.designs import Hits, Units
from caseline.trends.upgrades.states import Part, parts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FIRST_DAY = date(2026, 3, 2)
START = datetime(2026, 3, 2, tzinfo=UTC)
_TIME = pl.Datetime("us", "UTC")
_LATE, _HEARD, _PLUGGED, _SATURDAY = 0.2, 0.95, 0.25, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A fleet and what was planted in it.

    Args:
        units: Its customers' places.
        hits: Of all signatures.
        parts: What ran where.
        planted: For each planted signature: component, value, kind of effect, ratio.
        real: What the ratio came to, over the customer-days with the effect: where errors
            come on most days already, no ratio can raise a chance above 1.
    """

    units: Units
    hits: Hits
    parts: list[Part]
    planted: dict[int, tuple[str, str, str, float]] = field(default_factory=dict)
    real: dict[int, float] = field(default_factory=dict)


def draw_fleet(  # noqa: PLR0913 - the knobs
    seed: int,
    *,
    customers: int = 200,
    days: int = 90,
    signatures: int = 150,
    versions: Sequence[str] = ("8.0.0", "8.0.1", "8.1.0", "8.1.1"),
    upgraded: float = 0.7,
    planted: Sequence[tuple[str, float]] = (),
    loudness: float = 0.8,
) -> Drawn:
    """Return a fleet.

    Args:
        seed: Of all chance.
        customers: How many; every fifth lives in a shared environment.
        days: How many.
        signatures: How many.
        versions: Of the platform, in order; customers climb them in waves.
        upgraded: The share that takes each of them.
        planted: kind (persistent, transient, improved) and ratio for each planted one.
        loudness: Spread (of the log) of a customer's weeks around its level.
    """
    rng = np.random.default_rng([seed, 11])
    place = np.where(np.arange(customers) % 5 == 0, np.arange(customers) // 40, -1)
    own = np.flatnonzero(place < 0)
    place[own] = int(place.max(initial=-1)) + 1 + np.arange(own.size)
    order = np.argsort(place, kind="stable")
    place = place[order]
    joined = np.where(rng.random(customers) < _LATE, rng.integers(0, days // 2, customers), 0)
    observed = (np.arange(days) >= joined[:, None]) & (rng.random((customers, days)) < _HEARD)
    units = Units(customer=np.arange(customers), place=place, observed=observed)
    names = [f"e{p}" for p in range(int(place.max()) + 1)]
    spans = _rollouts(names, versions, days, upgraded, rng) + _others(names, days, rng)
    frame = pl.DataFrame(
        spans,
        schema=["environment_id", "component", "value", "kind", "valid_from", "valid_to"],
        schema_overrides={"valid_from": _TIME, "valid_to": _TIME},
        orient="row",
    )
    parts = parts_of(frame, names, FIRST_DAY, days, concurrent=0.3)
    effects, truth = _effects(planted, parts, place, versions, rng)
    hits, real = _hits(units, signatures, effects, loudness, rng)
    return Drawn(units=units, hits=hits, parts=parts, planted=truth, real=real)


def _at(day: float) -> datetime:
    return START + timedelta(days=float(day))


def _rollouts(
    names: list[str], versions: Sequence[str], days: int, upgraded: float, rng: Any
) -> list[tuple[Any, ...]]:
    """Return spans: each version goes out in four waves, some places skip it."""
    step = days / len(versions)
    rows: list[tuple[Any, ...]] = []
    for name in names:
        running, since = versions[0], None
        for n, version in enumerate(versions[1:], 1):
            if rng.random() >= upgraded:
                continue
            wave = int(rng.integers(4))
            at = _at(step * (n - 0.4) + wave * step / 4 + rng.uniform(0, 3))
            rows.append((name, "platform", running, "version", since, at))
            running, since = version, at
        rows.append((name, "platform", running, "version", since, None))
    return rows


def _others(names: list[str], days: int, rng: Any) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for name in names:
        for p in range(8):
            if rng.random() < _PLUGGED:
                at = _at(rng.uniform(-days, days))
                end = _at(rng.uniform(days / 2, 2 * days))
                if at < end:
                    rows.append((name, f"plug-{p}", "1.0", "plugin", at, end))
        for c in range(3):
            at = _at(rng.uniform(-days / 2, 1.5 * days))
            old, new = rng.choice(["local", "saml", "ldap"], 2, replace=False)
            rows.append((name, f"setting-{c}", str(old), "configuration", None, at))
            rows.append((name, f"setting-{c}", str(new), "configuration", at, None))
    return rows


def _effects(
    planted: Sequence[tuple[str, float]],
    parts: list[Part],
    place: NDArray[np.int64],
    versions: Sequence[str],
    rng: Any,
) -> tuple[dict[int, NDArray[np.float64]], dict[int, tuple[str, str, str, float]]]:
    """Return the factor of each planted signature, shape (n_units, n_days), and the truth."""
    platform = next(p for p in parts if p.component == "platform")
    codes = platform.codes[place]
    versions = [v for v in versions if v in platform.values]  # what nobody took does nothing
    order = [platform.values.index(v) for v in versions]
    factors, truth = {}, {}
    for n, (kind, ratio) in enumerate(planted):
        first = int(rng.integers(1, len(versions)))
        since = np.isin(codes, order[first:])
        if kind == "transient":
            begun = np.zeros(codes.shape, bool)
            came = (codes == order[first]) & (np.roll(codes, 1, axis=1) != order[first])
            came[:, 0] = False
            begun[:, :] = came
            begun[:, :-1] |= came[:, 1:]  # the day of the change as well
            since = begun
        factors[n] = np.where(since, 1 / ratio if kind == "improved" else ratio, 1.0)
        truth[n] = ("platform", versions[first], kind, ratio)
    return factors, truth


def _hits(
    units: Units, signatures: int, effects: dict[int, NDArray[np.float64]], loudness: float,
    rng: Any,
) -> tuple[Hits, dict[int, float]]:  # fmt: skip
    """Return customer-days with each signature, drawn by their chances, and real ratios."""
    customers, days = units.observed.shape
    weekday = np.where(np.arange(days) % 7 >= _SATURDAY, 0.5, 1.0)
    rows, real = [], {}
    for s in range(signatures):
        rate = float(np.exp(rng.normal(np.log(0.02), 1.2)))
        level = rng.lognormal(0, 1.0, customers)
        weeks = rng.lognormal(0, loudness, (customers, days // 7 + 2))
        loud = np.repeat(weeks, 7, axis=1)[:, int(rng.integers(7)) :][:, :days]
        wave = np.ones(days)
        for _ in range(int(rng.integers(3))):
            begin = int(rng.integers(days))
            wave[begin : begin + int(rng.integers(2, 15))] *= rng.uniform(1.5, 6)
        chance = rate * level[:, None] * loud * (weekday * wave)
        plain = 1 - np.exp(-chance)
        chance = np.minimum(plain * effects.get(s, 1.0), 1.0)
        if s in effects:
            there = units.observed & (effects[s] != 1.0)
            real[s] = float(chance[there].sum() / plain[there].sum())
        unit, day = np.nonzero(units.observed & (rng.random(chance.shape) < chance))
        rows.append((np.full(unit.size, s), unit, day))
    signature, unit, day = (np.concatenate(part) for part in zip(*rows, strict=True))
    events = 1 + rng.negative_binomial(0.3, 0.05, unit.size)
    hits = Hits(signature=signature, unit=unit, day=day, events=events, signatures=signatures)
    return hits, real
