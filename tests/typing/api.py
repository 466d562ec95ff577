"""The public face as users call it: checked by types, never run.

``make check`` reads this file with mypy. A change of the face that would break a user's
code breaks it here first.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_type

import caseline
from caseline.testing.fleet import Simulation, simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import polars as pl
    import pyarrow as pa

NOON = datetime(2026, 3, 16, 12, tzinfo=UTC)


class OwnClock:
    """A user's clock needs a `now`, and no base class."""

    def now(self) -> datetime:
        return NOON


def opening() -> None:
    assert_type(caseline.open("support"), caseline.Workspace)
    caseline.open(Path("support"), key="word", read_only=True, clock=OwnClock())
    caseline.open("support", key=b"bytes", clock=caseline.ManualClock(NOON))
    clock: caseline.Clock = caseline.SystemClock()
    with caseline.open("support", clock=clock) as ws:
        assert_type(ws, caseline.Workspace)
        assert_type(ws.as_viewer("ana", customers=["c-17"]), caseline.View)


def keeping(ws: caseline.Workspace) -> None:
    ws.refresh()
    assert_type(ws.backup("backup"), caseline.BackupReport)
    assert_type(caseline.restore(Path("backup"), "support"), caseline.BackupReport)


def tables(ws: caseline.Workspace, frame: pl.DataFrame, other: pd.DataFrame) -> None:
    ws.fleet.load(customers=frame, environments=other, tenancies="tenancies.csv")
    ws.fleet.load(spans=[{"environment_id": "acme-prod", "component": "server", "value": "8.1"}])
    ws.tickets.load(frame, messages=Path("messages.jsonl"))
    assert_type(ws.fleet.versions("acme", at=NOON), caseline.Table)
    assert_type(ws.fleet.exposure(window=timedelta(days=7)), caseline.Table)


def ingest(ws: caseline.Workspace) -> None:
    def told(progress: caseline.Progress) -> None:
        assert_type(progress.events, int)

    report = ws.ingest("bundle.tar.gz", environment="acme-prod", progress=told)
    assert_type(report, caseline.IngestReport)
    assert_type(report.events + report.duplicates + report.rejects, int)
    assert_type(report.lines_per_second, float)
    assert_type(report.coverage, caseline.Table)
    ws.ingest([b"one line", b"another"], environment="acme-prod")
    shop = caseline.LineFormat(name="shop", pattern="{time}#{message}", samples=())
    ws.ingest("a.log", environment="acme-prod", formats=[shop, "own.toml", Path("more.toml")])
    caseline.open("support", formats=(shop,))


def questions(view: caseline.View) -> None:
    window = caseline.Window(start=NOON - timedelta(days=1), end=NOON)
    assert_type(view.signatures.top(by="customers", window=window, limit=20), caseline.Table)
    assert_type(view.signatures.top(by="events", window=(NOON, NOON)), caseline.Table)
    assert_type(view.trends.series("s-1", by="version", window=timedelta(days=7)), caseline.Table)
    assert_type(view.events(customer="acme", window=timedelta(hours=1), text="x"), caseline.Table)
    found: caseline.Table = view.impact.detect(since=NOON - timedelta(days=1))
    del found
    impact = view.impact.of("s-1", window=timedelta(days=7))
    assert_type(impact.customers, caseline.Table)
    assert_type(impact.unattributed, float)
    assert_type(view.signatures.get("s-1"), caseline.Row)
    assert_type(view.signatures.lineage("s-1", as_of=NOON), caseline.Table)
    assert_type(view.signatures.split("s-1", by="ana"), str)
    assert_type(view.signatures.split("s-1", variable=1, values=["x"]), caseline.Table)
    assert_type(view.signatures.merge(["s-1", "s-2"], into="s-3", by="ana"), str)
    view.signatures.confirm("s-1", "s-2", by="ana")
    view.signatures.reject("s-1", "s-2")
    view.signatures.explain("s-1", as_of=NOON)
    view.impact.causes("t-1", limit=5)
    view.impact.context("acme", around=NOON)


def answers(table: caseline.Table) -> None:
    rows: Iterator[caseline.Row] = iter(table)
    assert_type(next(rows), caseline.Row)
    assert_type(len(table), int)
    assert_type(table.as_of, datetime)
    frame: pl.DataFrame = table.to_frame()
    pandas_frame: pd.DataFrame = table.to_pandas()
    arrow: pa.Table = table.to_arrow()
    dicts: list[dict[str, Any]] = table.to_dicts()
    del frame, pandas_frame, arrow, dicts


def mining() -> None:
    mined = caseline.mine(["took 5 ms", b"took 7 ms"], header="auto")
    assert_type(mined.signature_ids, list[str])
    assert_type(mined.templates, dict[str, str])
    caseline.mine(["x"], header=caseline.LineFormat(name="own", pattern="{time} {message}"))


def errors() -> tuple[type[caseline.CaselineError], ...]:
    value_errors: tuple[type[ValueError], ...] = (caseline.InputError, caseline.TableError)
    key_errors: tuple[type[KeyError], ...] = (caseline.NotFoundError,)
    os_errors: tuple[type[OSError], ...] = (caseline.SourceError,)
    import_errors: tuple[type[ImportError], ...] = (caseline.MissingExtraError,)
    del value_errors, key_errors, os_errors, import_errors
    return (
        caseline.WorkspaceError,
        caseline.WorkspaceLockedError,
        caseline.ReadOnlyError,
        caseline.StorageFullError,
        caseline.KeyMismatchError,
        caseline.DamagedError,
    )


def simulation() -> None:
    fleet = simulate("S1", seed=1, customers=20, days=5, events_per_day=300, wording_noise=0.2)
    assert_type(fleet, Simulation)
    assert_type(fleet.write("folder"), Path)
    tickets: pl.DataFrame = fleet.tickets
    del tickets
