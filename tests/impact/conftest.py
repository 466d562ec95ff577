"""A small fleet made by hand in a real store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from caseline.clock import ManualClock
from caseline.impact.face import Impacts
from caseline.records.batches import Part, SignedBatch, Source
from caseline.store.embedded import EmbeddedStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARCH = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
TEMPLATES = {
    "s-lock": "Transaction <*> rolled back: deadlock on index <*>",
    "s-save": "Could not persist order <*>",
    "s-info": "Handled request <*> in <*> ms",
    "s-disk": "Disk <*> is full",
}
_TYPES = {
    "occurred_at": pl.Datetime("us", "UTC"),
    "severity": pl.UInt8,
    "lines": pl.UInt32,
    "repeats": pl.UInt32,
    "variables": pl.List(pl.String),
}
_DEFAULTS: dict[str, Any] = {
    "occurred_at": MARCH,
    "time_quality": "exact",
    "severity": 17,
    "severity_text": "ERROR",
    "service": "api",
    "host": "h1",
    "trace_id": None,
    "environment_id": "e1",
    "customer_id": "c1",
    "share_group": None,
    "version": "8.1",
    "stage": "production",
    "region": "eu",
    "lines": 1,
    "repeats": 1,
    "signature_id": "s-lock",
}


class Fleet:
    """A store with customers c1..cN, each in its own production environment e1..eN."""

    def __init__(self, store: EmbeddedStore) -> None:
        self.store = store
        self.clock = ManualClock(self.at(days=30))
        self._loads = 0
        rows = [
            {"signature_id": s, "scheme": "t", "kind": "log", "template": text,
             "parts": text.split("<*>"), "rules": [""] * text.count("<*>")}
            for s, text in TEMPLATES.items()
        ]  # fmt: skip
        store.save("signatures", pl.DataFrame(rows))

    @staticmethod
    def at(**step: float) -> datetime:
        return MARCH + timedelta(**step)

    @staticmethod
    def errors(customer: str, *moments: datetime, **other: Any) -> list[dict[str, Any]]:
        place = customer.replace("c", "e")
        base = {"customer_id": customer, "environment_id": place} | other
        return [base | {"occurred_at": moment} for moment in moments]

    @property
    def impact(self) -> Impacts:
        return Impacts(self.store, self.clock)

    def customers(self, count: int) -> None:
        names = [f"c{i}" for i in range(1, count + 1)]
        self.store.save("customers", pl.DataFrame({"customer_id": names}))
        for i, name in enumerate(names, 1):
            self.place(f"e{i}", name)

    def place(
        self, environment: str, *customers: str, stage: str = "production", kind: str | None = None
    ) -> None:
        kind = kind or ("single_tenant" if len(customers) == 1 else "multi_tenant")
        row = {"environment_id": environment, "kind": kind, "stage": stage}
        self.store.save("environments", pl.DataFrame([row]))
        held = [{"customer_id": c, "environment_id": environment} for c in customers]
        self.store.save("tenancies", pl.DataFrame(held))

    def share(self, group: str, weights: dict[str, float]) -> None:
        rows = [{"share_group": group, "customer_id": c, "weight": w} for c, w in weights.items()]
        self.store.save("share_groups", pl.DataFrame(rows))

    def add(self, rows: list[dict[str, Any]], *, received_at: datetime | None = None) -> None:
        """Append rows given as dicts of what differs from the defaults."""
        self._loads += 1
        source = Source(
            name=f"{self._loads}.log",
            collection_id=f"col-{self._loads}",
            origin=f"origin-{self._loads}",
            received_at=received_at or self.at(days=29),
        )
        columns = {
            name: pl.Series(name, [r.get(name, value) for r in rows], dtype=_TYPES.get(name))
            for name, value in _DEFAULTS.items()
        }
        for name in ("customer_id", "share_group", "version", "stage", "trace_id"):
            columns[name] = columns[name].cast(pl.String)
        texts = [f"line {self._loads}/{i}" for i in range(len(rows))]
        frame = pl.DataFrame(columns).with_columns(
            variables=pl.Series([[]] * len(rows), dtype=pl.List(pl.String)),
            message=pl.Series(texts),
            part=pl.lit(0, pl.UInt32),
            text=pl.Series(texts),
        )
        minted = pl.DataFrame(schema={"signature_id": pl.String})
        parts = (Part(source=source, batch_id=f"b{self._loads}"),)
        self.store.append(SignedBatch(source=source, frame=frame, minted=minted, parts=parts))
        row = {
            "collection_id": source.collection_id, "environment_id": "e1", "name": source.name,
            "received_at": source.received_at, "status": "complete", "records": len(rows),
            "rejects": 0,
        }  # fmt: skip
        self.store.save("collections", pl.DataFrame([row]))

    def talk(self, customers: range, days: range, *, signature: str = "s-info") -> None:
        """Let each customer write one harmless line at the start and end of each day."""
        self.add(
            [
                {
                    "customer_id": f"c{i}", "environment_id": f"e{i}", "signature_id": signature,
                    "occurred_at": self.at(days=d, hours=h), "severity": 9,
                }
                for d in days for i in customers for h in (1, 20)
            ]
        )  # fmt: skip


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    store = EmbeddedStore(tmp_path)
    yield Fleet(store)
    store.close()


@pytest.fixture(scope="session")
def fleet_class() -> type[Fleet]:
    """What makes a fleet in a store of one's own."""
    return Fleet
