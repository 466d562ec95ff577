"""How right the ledger of impact is, over fleets with a known truth, and how fast.

Small fleets of four scenarios, each of several seeds; every planted issue with lines that
reach us is asked for. The baseline calls a customer hit from its first event on, and
clear without any.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from fleet_filling import filled
from harness import Row, Setting, entry, timed
from question_latency import kept_or_new
from simulated_year import Year
from year_filling import fill_to
from year_fleet import day_of

import caseline
from caseline.store.rollups import read_days
from caseline.testing.fleet import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from caseline.protocols import Engine
    from caseline.testing.fleet.simulation import Simulation

SCENARIOS = ("incident", "S3", "S16", "S23")
_SEEDS = 5
"""Of each scenario, in one round."""
_CUSTOMERS, _DAYS, _EVENTS = 60, 20, 2_500
_BINS = 10
_YEAR_EVENTS = 1_500_000
_PLACES = (0, 5, 60)
"""Which signatures are asked for, by their rank."""
_OTHERS = ("stage", "staging", "test")


@dataclass(slots=True)
class Tally:
    """Counts over all issues and customers."""

    asked: int = 0
    covered: int = 0
    hit_right: int = 0
    hit_told: int = 0
    hit_true: int = 0
    clear_told: int = 0
    clear_wrong: int = 0
    unknown: int = 0
    naive_right: int = 0
    naive_told: int = 0
    naive_clear: int = 0
    naive_wrong: int = 0
    customers: int = 0
    seconds: list[float] = field(default_factory=list)
    probabilities: list[float] = field(default_factory=list)
    truths: list[bool] = field(default_factory=list)
    naive_errors: list[float] = field(default_factory=list)

    def add(self, judged: pl.DataFrame, scope: tuple[int, int]) -> None:
        """Count one answer: columns status, probability, events, shared_events, true."""
        true, status = judged["true"].to_numpy(), judged["status"].to_numpy()
        naive = (judged["events"] + judged["shared_events"] > 0).to_numpy()
        told = status == "hit"
        self.asked += 1
        self.customers += judged.height
        self.covered += scope[0] <= int(true.sum()) <= scope[1]
        self.hit_right += int((told & true).sum())
        self.hit_told += int(told.sum())
        self.hit_true += int((true & naive).sum())
        self.clear_told += int((status == "clear").sum())
        self.clear_wrong += int(((status == "clear") & true).sum())
        self.unknown += int((status == "unknown").sum())
        self.naive_right += int((naive & true).sum())
        self.naive_told += int(naive.sum())
        self.naive_clear += int((~naive).sum())
        self.naive_wrong += int((~naive & true).sum())
        self.probabilities += judged["probability"].to_list()
        self.truths += true.tolist()

    def calibration(self, *, naive: bool = False) -> float:
        """Return the expected calibration error, over bins of equal width."""
        chance, true = np.array(self.probabilities), np.array(self.truths)
        if naive:
            return (self.naive_wrong + self.naive_told - self.naive_right) / len(true)
        bins = np.minimum((chance * _BINS).astype(int), _BINS - 1)
        gaps = [
            abs(chance[bins == b].sum() - true[bins == b].sum())
            for b in range(_BINS)
            if (bins == b).any()
        ]
        return float(sum(gaps) / len(true))


@entry("impact-time")
def measure_time(setting: Setting) -> Iterator[Row]:
    """Yield how long an answer takes over a year of 500 customers' rollups, beside counting."""
    year = Year(events=min(setting.events, _YEAR_EVENTS), days=setting.days, batch=setting.batch)
    with kept_or_new(setting) as kept:
        if kept.filled < year.days:
            fill_to(kept, year, year.days)
        now = caseline.ManualClock(day_of(kept.year.days))
        with caseline.open(kept.workspace, read_only=True, clock=now) as ws:
            engine = ws._store
            for place in _PLACES:
                found = ws.signatures.top(limit=place + 1).to_dicts()[-1]["signature_id"]
                judged = partial(ws.impact.of, found)
                counted = partial(count_customers, engine, found)
                judged()
                yield Row(
                    name=f"impact.of, signature {place + 1} by customers",
                    figures=[1000 * timed(judged) for _ in range(setting.rounds)],
                    unit="ms",
                    better="lower",
                    baseline="count by customer",
                    baseline_figures=[1000 * timed(counted) for _ in range(setting.rounds)],
                )


def count_customers(engine: Engine, signature_id: str) -> pl.DataFrame:
    """Return the events of each customer: what a count threshold needs."""
    days = read_days(engine, [signature_id])
    return days.group_by("customer_id").agg(pl.col("events").sum())


@entry("impact-ledger")
def measure_ledger(setting: Setting) -> Iterator[Row]:
    """Yield how right verdicts, probabilities and scopes are, over seeds."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for name in SCENARIOS:
        for seed in range(_SEEDS * setting.rounds):
            judge_fleet(name, 1000 + seed, tallies[name])
    for name, tally in (*tallies.items(), ("all", merged(list(tallies.values())))):
        yield from rows_of(name, tally)


def rows_of(name: str, tally: Tally) -> Iterator[Row]:
    """Yield the rows of one scenario."""
    naive = "any event = hit, none = clear"

    def row(what: str, figure: float, base: float | None = None, **kind: str) -> Row:
        better = kind.get("better", "lower")
        return Row(
            name=f"{name}: {what}",
            figures=[figure],
            unit=kind.get("unit", "share"),
            better="higher" if better == "higher" else "lower",
            baseline=naive if base is not None else "",
            baseline_figures=[base] if base is not None else (),
        )

    yield row(
        "precision of hit",
        tally.hit_right / max(1, tally.hit_told),
        tally.naive_right / max(1, tally.naive_told),
        better="higher",
    )
    yield row("recall of hit, of those seen", tally.hit_right / max(1, tally.hit_true),
              tally.naive_right / max(1, tally.hit_true), better="higher")  # fmt: skip
    yield row(
        "false clear",
        tally.clear_wrong / max(1, tally.clear_told),
        tally.naive_wrong / max(1, tally.naive_clear),
    )
    yield row("unknown", tally.unknown / max(1, tally.customers))
    yield row("scope holds the truth", tally.covered / max(1, tally.asked), better="higher")
    yield row("calibration error", tally.calibration(), tally.calibration(naive=True))
    yield Row(name=f"{name}: impact.of", figures=[1000 * s for s in tally.seconds], unit="ms",
              better="lower")  # fmt: skip


def merged(tallies: list[Tally]) -> Tally:
    """Return the sum of *tallies*."""
    whole = Tally()
    for tally in tallies:
        for name in Tally.__dataclass_fields__:
            setattr(whole, name, getattr(whole, name) + getattr(tally, name))
    return whole


def judge_fleet(name: str, seed: int, tally: Tally) -> None:
    """Ask for the planted issues of one fleet; count the answers."""
    fleet = simulate(name, seed=seed, customers=_CUSTOMERS, days=_DAYS, events_per_day=_EVENTS)
    with tempfile.TemporaryDirectory() as folder, filled(fleet, Path(folder)) as ws:
        for issue in fleet.truth.issues.filter(pl.col("events_visible") > 0).iter_rows(named=True):
            start = perf_counter()
            impact = ws.impact.of(issue["issue_id"])
            tally.seconds.append(perf_counter() - start)
            hit = truly_hit(fleet, issue["issue_id"])
            judged = impact.customers.to_frame().with_columns(
                pl.col("customer_id").is_in(hit).alias("true")
            )
            tally.add(judged, (impact.scope.low, impact.scope.high))


def truly_hit(fleet: Simulation, issue_id: str) -> list[str]:
    """Return whom an issue truly hits in production."""
    stages = dict(fleet.environments.select("environment_id", "stage").iter_rows())
    hit = fleet.truth.impact.filter(pl.col("issue_id") == issue_id)
    return [
        row["customer_id"]
        for row in hit.iter_rows(named=True)
        if any(stages[e] not in _OTHERS for e in row["environment_ids"])
    ]
