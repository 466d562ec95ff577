"""What the tests of the store share: batches made by hand."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from caseline.records.batches import Part, SignedBatch, Source
from caseline.store.embedded import EmbeddedStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

sys.path.insert(0, str(Path(__file__).parent))
KEY = "a long random key"
MARCH = datetime(2026, 3, 1, tzinfo=UTC)

_DEFAULTS: dict[str, tuple[Any, Any]] = {
    "occurred_at": (MARCH, pl.Datetime("us", "UTC")),
    "written_at": (None, pl.Datetime("us", "UTC")),
    "time_quality": ("exact", pl.String),
    "severity": (17, pl.UInt8),
    "severity_text": ("ERROR", pl.String),
    "service": ("api", pl.String),
    "host": ("h1", pl.String),
    "trace_id": (None, pl.String),
    "environment_id": ("e1", pl.String),
    "customer_id": ("c1", pl.String),
    "share_group": (None, pl.String),
    "version": ("8.1", pl.String),
    "stage": ("production", pl.String),
    "region": ("eu", pl.String),
    "lines": (1, pl.UInt32),
    "repeats": (1, pl.UInt32),
    "signature_id": ("s-took", pl.String),
}
SIGNATURES = pl.DataFrame(
    {
        "signature_id": ["s-took", "s-lost"],
        "scheme": ["t", "t"],
        "kind": ["log", "log"],
        "template": ["took <*> ms", "lost <*> of <*>"],
        "parts": [["took ", " ms"], ["lost ", " of ", ""]],
        "rules": [["number"], ["number", "number"]],
    }
)


@pytest.fixture(scope="session")
def writer() -> ModuleType:
    """The module crashing_writer: its plans, and the truth about them."""
    path = Path(__file__).with_name("crashing_writer.py")
    spec = importlib.util.spec_from_file_location("crashing_writer", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["crashing_writer"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    opened = EmbeddedStore(tmp_path)
    opened.save("signatures", SIGNATURES)
    yield opened
    opened.close()


@pytest.fixture
def append(store: EmbeddedStore) -> Callable[..., tuple[int, int]]:
    """Append rows given as dicts of what differs from the defaults; `n` fills the variable."""

    def do(
        rows: list[dict[str, Any]],
        *,
        name: str = "app.log",
        collection: str = "col-1",
        batch: str | None = None,
        received_at: datetime = MARCH + timedelta(days=40),
        origin: str = "origin",
    ) -> tuple[int, int]:
        source = Source(
            name=name,
            collection_id=collection,
            origin=origin,
            received_at=received_at,
            environment_id="e1",
        )
        signed = SignedBatch(
            source=source,
            frame=event_frame(rows),
            minted=SIGNATURES.clear(),
            parts=(Part(source=source, batch_id=batch or f"{collection}/{name}/{rows}"),),
        )
        store.save(
            "collections",
            pl.DataFrame(
                {
                    "collection_id": [collection],
                    "environment_id": ["e1"],
                    "name": [collection],
                    "received_at": [received_at],
                    "status": ["complete"],
                    "records": [len(rows)],
                    "rejects": [0],
                }
            ),
        )
        store.save(
            "sources",
            pl.DataFrame(
                {
                    "source_id": [source.source_id],
                    "collection_id": [collection],
                    "name": [name],
                    "origin": [origin],
                    "received_at": [received_at],
                }
            ),
        )
        return store.append(signed)

    return do


def event_frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    columns = {
        name: pl.Series(name, [row.get(name, value) for row in rows], dtype=dtype)
        for name, (value, dtype) in _DEFAULTS.items()
    }
    numbers = [str(row.get("n", i)) for i, row in enumerate(rows)]
    return pl.DataFrame(columns).with_columns(
        variables=pl.Series([[n] for n in numbers], dtype=pl.List(pl.String)),
        message=pl.lit(None, pl.String),
        part=pl.lit(0, pl.UInt32),
        text=pl.Series([f"took {n} ms" for n in numbers], dtype=pl.String),
    )


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workspaces with one customer's data marked, in clear and encrypted, made once."""
    from planted import fill, open_planted  # noqa: PLC0415 - only where it is asked for

    folder = tmp_path_factory.mktemp("made")
    for name, key in (("clear", None), ("encrypted", KEY)):
        ws = open_planted(folder / name, key=key)
        fill(ws, folder)
        ws.close()
    return folder


@pytest.fixture
def copied(request: pytest.FixtureRequest, made: Path, tmp_path: Path) -> tuple[Path, str | None]:
    """One of them, to change: its folder and its key."""
    name = getattr(request, "param", "clear")
    shutil.copytree(made / name, tmp_path / "support")
    return tmp_path / "support", KEY if name == "encrypted" else None
