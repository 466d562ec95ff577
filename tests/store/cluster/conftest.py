"""A cluster's engine in this process, and the embedded store beside it."""

from __future__ import annotations

import numpy as np
import pytest

from caseline.store.cluster.catalog import LocalCatalog
from caseline.store.cluster.engine import ClusterEngine
from caseline.store.cluster.local import LocalWarehouse
from caseline.store.embedded import EmbeddedStore
from caseline.testing.engines.batches import append, drawn_batches
from caseline.testing.engines.fleet import decide, load_fleet


@pytest.fixture
def warehouse():
    return LocalWarehouse()


@pytest.fixture
def engine(warehouse):
    opened = ClusterEngine(warehouse, LocalCatalog())
    yield opened
    opened.close()


@pytest.fixture
def oracle(tmp_path):
    (tmp_path / "oracle").mkdir()
    opened = EmbeddedStore(tmp_path / "oracle")
    yield opened
    opened.close()


@pytest.fixture
def filled(engine, oracle):
    """Fill both with the same fleet and batches; what they counted is equal."""
    batches = drawn_batches(np.random.default_rng(7))
    for each in (engine, oracle):
        load_fleet(each)
    for batch in batches:
        assert append(engine, batch) == append(oracle, batch)
    for each in (engine, oracle):
        decide(each)
    return engine
