"""How fast the fleet simulator makes log lines: the goal is 200,000 a second, one core.

Run alone: ``python benchmarks/run.py --only simulator``.
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")

from typing import TYPE_CHECKING

from harness import Row, Setting, entry, timed

from caseline.testing.fleet import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from caseline.testing.fleet import Simulation

_DAYS = 2


@entry("simulator")
def measure_simulator(setting: Setting) -> Iterator[Row]:
    """Make the lines of a large quiet fleet and of a small one with an incident."""
    for scenario, customers in (("S11", 500), ("incident", 50)):
        fleet = simulate(
            scenario, customers=customers, days=_DAYS, events_per_day=2 * setting.lines
        )
        next(fleet.streams())
        yield Row(
            name=f"simulator, {scenario}, {customers} customers",
            figures=[lines_per_second(fleet) for _ in range(setting.rounds)],
            unit="lines/s",
        )


def lines_per_second(fleet: Simulation) -> float:
    """Return how many lines a second all streams of *fleet* give."""
    lines = 0

    def make() -> None:
        nonlocal lines
        lines = sum(chunk.count(b"\n") for _, _, chunks in fleet.streams() for chunk in chunks)

    seconds = timed(make)
    return lines / seconds
