"""Batches of the small fleet: three months, shared and untold events, copies, wrong clocks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from caseline.records.batches import Part, SignedBatch, Source
from caseline.testing.engines.fleet import CUSTOMERS, SIGNATURES, at

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from caseline.protocols import Engine

_TYPES: dict[str, Any] = {
    "occurred_at": pl.Datetime("us", "UTC"),
    "written_at": pl.Datetime("us", "UTC"),
    "time_quality": pl.String,
    "severity": pl.UInt8,
    "severity_text": pl.String,
    "service": pl.String,
    "host": pl.String,
    "trace_id": pl.String,
    "environment_id": pl.String,
    "customer_id": pl.String,
    "share_group": pl.String,
    "version": pl.String,
    "stage": pl.String,
    "region": pl.String,
    "lines": pl.UInt32,
    "repeats": pl.UInt32,
    "signature_id": pl.String,
    "variables": pl.List(pl.String),
    "message": pl.String,
    "part": pl.UInt32,
    "text": pl.String,
}
_MINTED = pl.DataFrame(
    schema={
        "signature_id": pl.String,
        "scheme": pl.String,
        "kind": pl.String,
        "template": pl.String,
        "parts": pl.List(pl.String),
        "rules": pl.List(pl.String),
    }
)
_VALUES = ("1", "2", "3", "it's", "a\\b", 'q"q', "ü", "", "-- x", "$y", "hole_value__x__")


def drawn_batches(
    rng: np.random.Generator, *, batches: int = 6, rows: int = 40
) -> list[SignedBatch]:
    """Return drawn batches; each second one repeats a part of the one before, as copies do.

    Args:
        rng: Draws them.
        batches: How many.
        rows: Events of each.
    """
    made: list[SignedBatch] = []
    before: list[dict[str, Any]] = []
    for number in range(batches):
        events = [_event(rng) for _ in range(rows)]
        if number % 2 and before:
            events = before[: rows // 2] + events[: rows // 2]
        made.append(batch_of(events, number=number))
        before = events
    return made


def batch_of(events: Sequence[dict[str, Any]], *, number: int, parts: int = 2) -> SignedBatch:
    """Return the batch of *events*, of several files of one collection.

    Args:
        events: Columns of a SignedBatch, but for ``part``.
        number: Of the collection: names, moments and ids follow from it.
        parts: Over how many files the events go.
    """
    sources = [
        Source(
            name=f"{name}.log",
            collection_id=f"col-{number}",
            origin=f"origin-{name}",
            received_at=at(days=40, hours=number),
            environment_id="e1",
        )
        for name in range(parts)
    ]
    rows = [{**event, "part": n % parts} for n, event in enumerate(events)]
    return SignedBatch(
        source=sources[0],
        frame=pl.DataFrame(rows, schema=_TYPES),
        minted=_MINTED,
        parts=tuple(
            Part(source=source, batch_id=f"b-{number}-{n}") for n, source in enumerate(sources)
        ),
    )


def append(engine: Engine, batch: SignedBatch) -> tuple[int, int]:
    """Append *batch* to *engine* as the pipeline does: what it comes from stands before it."""
    sources = [part.source for part in batch.parts]
    received = batch.source.received_at
    collection = {
        "collection_id": batch.source.collection_id, "environment_id": "e1", "name": "a bundle",
        "received_at": received, "status": "complete", "records": batch.frame.height, "rejects": 0,
    }  # fmt: skip
    engine.save("collections", pl.DataFrame([collection]))
    rows = [
        {"source_id": s.source_id, "collection_id": s.collection_id, "name": s.name,
         "origin": s.origin, "received_at": received}
        for s in sources
    ]  # fmt: skip
    engine.save("sources", pl.DataFrame(rows))
    return engine.append(batch)


def _event(rng: np.random.Generator) -> dict[str, Any]:
    signature = str(rng.choice(list(SIGNATURES)))
    parts = SIGNATURES[signature]
    variables = [str(rng.choice(_VALUES)) for _ in parts[1:]]
    text = parts[0] + "".join(v + p for v, p in zip(variables, parts[1:], strict=True))
    whole = _maybe(rng, variables) is None
    owner = _owner(rng)
    occurred, written = _when(rng)
    return {
        "occurred_at": occurred,
        "written_at": written,
        "time_quality": "corrected" if written else ("exact" if occurred else "none"),
        "severity": _maybe(rng, int(rng.integers(9, 21))),
        "severity_text": "ERROR",
        "service": "api",
        "host": _maybe(rng, f"h{rng.integers(3)}"),
        "trace_id": _maybe(rng, f"tr-{rng.integers(5)}", missing=0.5),
        **owner,
        "version": _maybe(rng, f"8.{rng.integers(1, 3)}"),
        "stage": "staging" if owner["environment_id"] == "e3" else _maybe(rng, "production"),
        "region": "eu",
        "lines": int(rng.integers(1, 4)),
        "repeats": int(rng.choice([1, 1, 1, 50])),
        "signature_id": signature,
        "variables": None if whole else variables,
        "message": text if whole else None,
        "text": text,
    }


_OWNERS: tuple[tuple[str, str | None, str | None], ...] = (
    ("e1", "c1", None),
    ("e1", "c1", None),
    ("e1", "c1", None),
    ("e3", "c1", None),
    *(("e2", customer, None) for customer in CUSTOMERS[1:]),
    ("e2", None, "g1"),
    ("e2", None, "g1"),
    ("e2", None, None),
)


def _owner(rng: np.random.Generator) -> dict[str, str | None]:
    environment, customer, group = _OWNERS[int(rng.integers(len(_OWNERS)))]
    return {"environment_id": environment, "customer_id": customer, "share_group": group}


def _when(rng: np.random.Generator) -> tuple[datetime | None, datetime | None]:
    """Return when an event happened and, where that was put right, what its line states."""
    moment = at(days=-2) + timedelta(seconds=int(rng.integers(0, 36 * 86_400)))
    kind = rng.choice(["untimed", "battery", "corrected", "corrected", *["exact"] * 16])
    if kind == "untimed":
        return None, None
    if kind == "battery":
        return datetime(1970, 1, 1, tzinfo=moment.tzinfo), None
    if kind == "corrected":
        return moment, moment + timedelta(hours=3)
    return moment + timedelta(microseconds=int(rng.integers(0, 2))), None


def _maybe(rng: np.random.Generator, value: Any, *, missing: float = 0.1) -> Any:
    """Return *value*, or None by the share of *missing*."""
    return None if rng.random() < missing else value
