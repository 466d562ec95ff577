"""What all tests share: where the real data is, a clock, and how Hypothesis runs."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from caseline.clock import ManualClock

ROOT = Path(__file__).resolve().parents[1]

# A busy machine is no bug: no deadline. A failure prints what replays it.
settings.register_profile(
    "caseline",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("caseline")


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data; a test that needs it is skipped where it is absent."""
    folder = Path(os.environ.get("CASELINE_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("no real data here: set CASELINE_DATA to its folder")
    return folder


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still at noon of a spring day."""
    return ManualClock(datetime(2026, 3, 16, 12, tzinfo=UTC))
