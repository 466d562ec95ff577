"""Fleets drawn as arrays, in which nothing differs but what is planted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from caseline.trends.upgrades.answering import judge_parts
from caseline.trends.upgrades.designs import Hits, Units
from caseline.trends.upgrades.settings import upgrade_settings
from caseline.trends.upgrades.states import parts_of

START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 80


def moment(day):
    return START + timedelta(days=day)


def spans_of(rows):
    names = ["environment_id", "component", "value", "kind", "valid_from", "valid_to"]
    times = dict.fromkeys(names[-2:], pl.Datetime("us", "UTC"))
    return pl.DataFrame(rows, schema=names, schema_overrides=times, orient="row")


def upgraded(places, days, *, component="app", values=("8.0", "8.1"), kind="version"):
    """Return spans: each place changes from the first value to the other on its day, or not."""
    rows = []
    for place, day in zip(places, days, strict=True):
        at = None if day is None else moment(day)
        rows.append((place, component, values[0], kind, None, at))
        if at is not None:
            rows.append((place, component, values[1], kind, at, None))
    return rows


def hits_of(seen):
    """Return Hits of an array of days with each signature, shape (n, n_units, n_days)."""
    signature, unit, day = np.nonzero(seen)
    return Hits(signature=signature, unit=unit, day=day, events=np.ones(unit.size, np.int64),
                signatures=seen.shape[0])  # fmt: skip


class Drawn:
    """Forty customers; three in four upgrade on days 30 to 50."""

    def __init__(self, rng, *, customers=40, extra=(), one_day=None):
        self.names = [f"e{i:03d}" for i in range(customers)]
        self.days = [None if i % 4 == 0 else 30.4 + i % 20 for i in range(customers)]
        if one_day is not None:
            self.days = [one_day if i % 2 else None for i in range(customers)]
        rows = upgraded(self.names, self.days) + list(extra)
        self.run(rows)
        self.units = Units(
            customer=np.arange(customers), place=np.arange(customers),
            observed=rng.random((customers, DAYS)) < 0.95,
        )  # fmt: skip
        self.level = rng.lognormal(-2.5, 0.5, customers)[:, None]
        began = np.array([np.inf if d is None else d for d in self.days])[:, None]
        self.since = np.arange(DAYS) - np.floor(began)
        self.rng = rng

    def run(self, rows):
        """Let these spans be what ran."""
        self.parts = parts_of(spans_of(rows), self.names, date(2026, 3, 2), DAYS, concurrent=0.3)

    def hits(self, *factors):
        """Return the hits of one signature for each factor of the chance."""
        seen = [
            self.units.observed & (self.rng.random(self.since.shape) < self.level * factor)
            for factor in factors
        ]
        return hits_of(np.array(seen))

    upgraded = staticmethod(upgraded)
    spans_of = staticmethod(spans_of)
    moment = staticmethod(moment)


@pytest.fixture(scope="session")
def fleets():
    """Return what draws fleets."""
    return Drawn


@pytest.fixture(scope="session")
def judge():
    """Return what judges a drawn fleet: the table of all its signatures and values."""

    def judged(drawn, hits, *, every=True):
        names = [f"s-{n}" for n in range(hits.signatures)]
        settings = upgrade_settings()
        return judge_parts(drawn.parts, drawn.units, hits, names, settings, every=every)[0]

    return judged


@pytest.fixture
def drawn():
    return Drawn(np.random.default_rng(5))
