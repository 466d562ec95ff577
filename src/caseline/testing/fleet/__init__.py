"""Simulated fleets with a known truth: logs, tickets and tables from a seed.

>>> from caseline.testing.fleet import simulate
>>> fleet = simulate("S11", seed=1, customers=20, days=2, events_per_day=200)
>>> fleet.truth.issues.height
0
>>> sum(len(chunk) for _, _, chunks in fleet.streams() for chunk in chunks) > 10_000
True
"""

from __future__ import annotations

from caseline.testing.fleet.scenario import Scenario
from caseline.testing.fleet.settings import Settings
from caseline.testing.fleet.simulation import Simulation, simulate
from caseline.testing.fleet.truth import Truth

__all__ = ["Scenario", "Settings", "Simulation", "Truth", "simulate"]
