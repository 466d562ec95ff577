"""A year of simulated events, put into a workspace by the store's own append.

Ten million lines of text would take minutes to write and read again, and a question
does not see them: so events are drawn as the columns that reach the store. They come in
bursts: a customer shows a signature some twenty times within an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from caseline.records.batches import Part, SignedBatch, Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    import caseline
    from caseline.protocols import Engine

    Array = NDArray[Any]

START = datetime(2025, 3, 1, tzinfo=UTC)
DAYS = 365
END = START + timedelta(days=DAYS)
_AT_ONCE = 500_000
_HOUR = 3_600 * 10**6
_MICROSECONDS = 24 * _HOUR
_BURST = 20
_VERSIONS = np.array(["7.8.4", "8.0.0", "8.0.1", "8.1.0", "8.1.1", "8.2.0"])
_VERBS = ("request", "job", "order", "session", "backup", "import", "query", "upload")


@dataclass(frozen=True, kw_only=True)
class Year:
    """How large it is.

    Args:
        events: All events of the year, evenly over its days.
        customers: Each with one environment; volumes differ by a power law.
        signatures: Their frequencies follow a power law too.
        seed: Start of all chance.
    """

    events: int
    customers: int = 500
    signatures: int = 2_000
    seed: int = 1

    @property
    def customer_ids(self) -> list[str]:
        """The customers' ids."""
        return [f"c-{n:03}" for n in range(self.customers)]

    @property
    def signature_ids(self) -> list[str]:
        """The signatures' ids, the most frequent first."""
        return [f"s-{n:05}" for n in range(self.signatures)]

    @cached_property
    def prefixes(self) -> list[str]:
        """How the text of each signature begins."""
        return [f"{_VERBS[n % len(_VERBS)]} of part {n:05} waited " for n in range(self.signatures)]

    def templates(self) -> pl.DataFrame:
        """Return the signatures as the catalog keeps them."""
        return pl.DataFrame(
            {
                "signature_id": self.signature_ids,
                "scheme": "templates@bench",
                "kind": "log",
                "template": [f"{prefix}<*> ms for <*>" for prefix in self.prefixes],
                "parts": [[prefix, " ms for ", ""] for prefix in self.prefixes],
                "rules": [["number", "number"]] * self.signatures,
            }
        )

    def batches(self) -> Iterator[pl.DataFrame]:
        """Yield the events in order of time, so many at once."""
        rng = np.random.default_rng(self.seed)
        upgraded = np.sort(rng.integers(0, DAYS, (self.customers, len(_VERSIONS) - 1)), axis=1)
        ends = np.append(np.arange(_AT_ONCE, self.events, _AT_ONCE), self.events)
        done = 0
        for end in ends.tolist():
            low, high = (np.array([done, end]) / self.events * DAYS * _MICROSECONDS).astype(int)
            burst, at = _bursts(rng, low, high, end - done)
            customer = _power_law(rng, self.customers, end - done, 0.6)[burst]
            signature = _power_law(rng, self.signatures, end - done, 1.1)[burst]
            done = end
            days = (at // _MICROSECONDS)[:, None]
            version = _VERSIONS[(upgraded[customer] <= days).sum(axis=1)]
            values = rng.integers(1, 9_999, (2, len(at)))
            yield self._frame(at, customer, signature, version, values)

    def _frame(
        self, at: Array, customer: Array, signature: Array, version: Array, values: Array
    ) -> pl.DataFrame:
        waits_text, ids_text = (pl.Series(column).cast(pl.String) for column in values)
        severity = np.where(signature % 7 == 0, 17, np.where(signature % 3 == 0, 13, 9))
        frame = pl.DataFrame(
            {
                "occurred_at": pl.Series(at).cast(pl.Duration("us")) + START,
                "prefix": pl.Series(self.prefixes).gather(signature),
                "wait": waits_text,
                "id": ids_text,
                "environment_id": pl.Series([f"e-{n:03}" for n in range(self.customers)]).gather(
                    customer
                ),
                "customer_id": pl.Series(self.customer_ids).gather(customer),
                "version": version,
                "severity": pl.Series(severity, dtype=pl.UInt8),
                "signature_id": pl.Series(self.signature_ids).gather(signature),
            }
        )
        return frame.select(
            pl.col("occurred_at").cast(pl.Datetime("us", "UTC")),
            "environment_id",
            "customer_id",
            "version",
            "severity",
            "signature_id",
            time_quality=pl.lit("exact"),
            severity_text=pl.lit(None, pl.String),
            service=pl.lit("server"),
            host=pl.lit("h-1"),
            trace_id=pl.lit(None, pl.String),
            share_group=pl.lit(None, pl.String),
            stage=pl.lit("production"),
            region=pl.lit("eu"),
            lines=pl.lit(1, pl.UInt32),
            repeats=pl.lit(1, pl.UInt32),
            variables=pl.concat_list("wait", "id"),
            message=pl.lit(None, pl.String),
            part=pl.lit(0, pl.UInt32),
            text=pl.concat_str("prefix", "wait", pl.lit(" ms for "), "id"),
        )


def fill(ws: caseline.Workspace, engine: Engine, year: Year) -> None:
    """Load the fleet of *year* into *ws*, and append its events to *engine*, its store."""
    environments = [f"e-{n:03}" for n in range(year.customers)]
    ws.fleet.load(
        customers=[{"customer_id": c} for c in year.customer_ids],
        environments=[
            {"environment_id": e, "kind": "single_tenant", "stage": "production"}
            for e in environments
        ],
        tenancies=[
            {"customer_id": c, "environment_id": e}
            for c, e in zip(year.customer_ids, environments, strict=True)
        ],
    )
    engine.save("signatures", year.templates())
    minted = year.templates().clear()
    for number, frame in enumerate(year.batches()):
        received = frame["occurred_at"][-1] + timedelta(hours=1)
        source = Source(
            name="year.log",
            collection_id=f"slice-{number}",
            origin=str(number),
            received_at=received,
        )
        part = Part(source=source, batch_id=f"slice-{number}")
        engine.save("collections", _collection(source, frame.height))
        engine.save("sources", _file(source))
        engine.append(SignedBatch(source=source, frame=frame, minted=minted, parts=(part,)))


def _collection(source: Source, records: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "collection_id": [source.collection_id],
            "environment_id": pl.Series([None], dtype=pl.String),
            "name": [source.name],
            "received_at": [source.received_at],
            "status": ["complete"],
            "records": [records],
            "rejects": [0],
        }
    )


def _file(source: Source) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "source_id": [source.source_id],
            "collection_id": [source.collection_id],
            "name": [source.name],
            "origin": [source.origin],
            "received_at": [source.received_at],
        }
    )


def _bursts(rng: np.random.Generator, low: int, high: int, size: int) -> tuple[Array, Array]:
    """Return, in order of time, which burst each event is of, and when it happens."""
    burst = np.cumsum(rng.random(size) < 1 / _BURST)
    starts = rng.integers(low, high, size)
    at = np.minimum(starts[burst] + rng.integers(0, _HOUR, size), high - 1)
    order = np.argsort(at, kind="stable")
    return burst[order], at[order]


def _power_law(rng: np.random.Generator, kinds: int, size: int, exponent: float) -> Array:
    weights = np.arange(1, kinds + 1, dtype=float) ** -exponent
    return np.searchsorted(np.cumsum(weights / weights.sum()), rng.random(size)).clip(max=kinds - 1)


def size_bytes(folder: Path) -> int:
    """Return what the files of *folder* take on disk."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
