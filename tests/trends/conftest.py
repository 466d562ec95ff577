"""The small fleet made by hand that the tests of impact have."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

_PATH = Path(__file__).parents[1] / "impact" / "conftest.py"
_spec = spec_from_file_location("hand_made_fleet", _PATH)
assert _spec is not None
assert _spec.loader is not None
_module = module_from_spec(_spec)
_spec.loader.exec_module(_module)


@pytest.fixture
def fleet(tmp_path):
    store = _module.EmbeddedStore(tmp_path)
    yield _module.Fleet(store)
    store.close()


@pytest.fixture(scope="session")
def fleet_class():
    """What makes a fleet in a store of one's own."""
    return _module.Fleet
