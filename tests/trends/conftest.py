"""The small fleet made by hand that the tests of impact have."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


def _module_at(name, path):
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules.setdefault(name, module)  # its dataclasses look for it there
    spec.loader.exec_module(module)
    return module


_module = _module_at("hand_made_fleet", _ROOT / "tests/impact/conftest.py")


@pytest.fixture
def fleet(tmp_path):
    store = _module.EmbeddedStore(tmp_path)
    yield _module.Fleet(store)
    store.close()


@pytest.fixture(scope="session")
def fleet_class():
    """What makes a fleet in a store of one's own."""
    return _module.Fleet


@pytest.fixture(scope="session")
def feed():
    """What the benchmarks fill a workspace with a simulated fleet by."""
    return _module_at("fleet_feed", _ROOT / "benchmarks/fleet_feed.py")
